//! What estimating equations report.

use serde::Serialize;

use super::section::Correlation;
use super::{Gee, State};
use crate::figure::Figure;
use crate::outcome::{Cell, Outcome, Status, Table};
use crate::standard::Estimates;
use crate::terms::{self, Covariance, Reference, Term};
use crate::totals::Totals;
use crate::twofold::Twofold;

/// The result.
#[derive(Serialize)]
struct Report {
    family: &'static str,
    link: &'static str,
    correlation: &'static str,
    n: u64,
    /// How many clusters, where they are patients.
    clusters: Option<u64>,
    /// How many rows lack a variable of the model.
    missing: Option<u64>,
    terms: Vec<Term>,
    /// Terms that earlier ones give.
    aliased: Vec<String>,
    covariance: Covariance,
    /// The correlation of two rows of a cluster; null for independence.
    alpha: Option<f64>,
    /// The mean of the squared Pearson residuals.
    dispersion: f64,
    errors: &'static str,
    /// How many rounds were asked.
    iterations: u32,
}

impl Gee {
    /// The outcome of a fit, with the robust covariance in the coordinates of the fit.
    pub(super) fn report(
        &self,
        totals: &Totals,
        state: &State,
        dispersion: f64,
        covariance: &[Vec<Twofold>],
    ) -> Outcome {
        let design = self.glm.design();
        let scale = Twofold::from(self.glm.scale());
        let values = state.estimates.iter().map(|estimate| Twofold::from(*estimate) * scale).collect();
        let scaled =
            covariance.iter().map(|row| row.iter().map(|entry| *entry * scale * scale).collect()).collect();
        let natural = state.standard.natural(&state.kept, &Estimates { values, covariance: scaled }, design);
        let covariance: Vec<Vec<f64>> =
            natural.covariance.iter().map(|row| row.iter().map(|entry| entry.rounded()).collect()).collect();
        let values: Vec<f64> = natural.values.iter().map(|value| value.rounded()).collect();
        if values.iter().chain(covariance.iter().flatten()).any(|number| !number.is_finite()) {
            return Outcome::refused("the estimates left the numbers that can be computed with");
        }
        let reference = Reference::Normal;
        let name = |place: usize| match place.checked_sub(1) {
            None => "(Intercept)".to_owned(),
            Some(at) => design.columns[state.standard.columns[at]].name.clone(),
        };
        let term = |place: usize| match state.kept.iter().position(|own| *own == place) {
            Some(at) => {
                let se = covariance[at][at].max(0.0).sqrt();
                Term::estimated(name(place), values[at], se, reference, reference.critical())
            }
            None => Term::aliased(name(place)),
        };
        let places = usize::from(!design.intercept)..state.standard.columns.len() + 1;
        let terms: Vec<Term> = places.map(term).collect();
        let aliased =
            terms.iter().filter(|term| term.estimate.is_none()).map(|term| term.name.clone()).collect();
        let clusters = match (&self.sites, totals.count(1)) {
            (None, Figure::Known(patients)) => Some(patients),
            _ => None,
        };
        let squared = self.glm.scale() * self.glm.scale();
        let report = Report {
            family: self.asked.family.name(),
            link: self.asked.family.link(),
            correlation: self.asked.correlation.name(),
            n: state.rows,
            clusters,
            missing: state.lost,
            terms,
            aliased,
            covariance: Covariance {
                terms: state.kept.iter().map(|place| name(*place)).collect(),
                values: covariance,
            },
            alpha: (self.asked.correlation == Correlation::Exchangeable).then_some(state.alpha),
            dispersion: dispersion * squared,
            errors: "robust",
            iterations: state.round,
        };
        let title =
            format!("Estimating equations of {} ({}, {})", design.outcome, report.family, report.correlation);
        let shown = vec![terms::shown(title, &report.terms, reference.symbol()), report.summary()];
        let mut outcome = Outcome::answered(totals, &report, terms::tidy("gee", &report.terms), shown);
        if state.lost.is_none() && outcome.status == Status::Released {
            outcome.status = Status::PartlySuppressed;
            outcome.reason = Some("the number of rows lost was withheld by a disclosure rule".to_owned());
        }
        outcome
    }
}

impl Report {
    fn summary(&self) -> Table {
        let mut table = Table::new("Model", ["Rows used", "Rows lost", "Clusters", "Correlation", "Scale"]);
        table.rows.push(vec![
            self.n.into(),
            self.missing.map_or(Cell::Withheld, Cell::from),
            self.clusters.map_or(Cell::Empty, Cell::from),
            self.alpha.map_or(Cell::Empty, Cell::from),
            self.dispersion.into(),
        ]);
        table
    }
}
