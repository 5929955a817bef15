//! What a mixed model reports.

use std::f64::consts::PI;

use serde::Serialize;

use super::coordinates::Point;
use super::likelihood::{Method, Sums};
use super::means::Estimated;
use super::patient::{Shape, product, triangle};
use super::progress::is_singular;
use super::state::State;
use super::{Mixed, has_patient_variance};
use crate::outcome::{Cell, Outcome, Status, Table};
use crate::standard::Estimates;
use crate::terms::{self, Covariance, Reference, Term};
use crate::totals::Totals;
use crate::twofold::Twofold;

/// The result.
#[derive(Serialize)]
struct Report {
    method: &'static str,
    n: u64,
    patients: u64,
    /// How many rows lack a variable of the model.
    missing: Option<u64>,
    terms: Vec<Term>,
    /// Terms that earlier ones give.
    aliased: Vec<String>,
    covariance: Covariance,
    variance: Variance,
    /// The share of the variance that is not the residual's: the correlation of two rows of a patient, or of a site.
    icc: Option<f64>,
    /// The covariance of every two visits.
    visits: Option<Covariance>,
    /// Whether a variance is 0, or a correlation 1 or -1.
    singular: bool,
    loglik: f64,
    deviance: f64,
    aic: f64,
    bic: f64,
    /// Regression, residual.
    df: [u64; 2],
    means: Vec<Term>,
    contrasts: Vec<Term>,
    /// How many rounds were asked.
    iterations: u32,
}

/// The variances; null where there is none.
#[derive(Serialize)]
struct Variance {
    /// Of the random intercept.
    patient: Option<f64>,
    /// Of the random slope.
    slope: Option<f64>,
    /// Of intercept and slope.
    covariance: Option<f64>,
    correlation: Option<f64>,
    site: Option<f64>,
    residual: Option<f64>,
}

impl Mixed {
    /// The outcome of a fit, from the sums at its end.
    pub(super) fn report(&self, totals: &Totals, state: &State, point: &Point, sums: &Sums) -> Outcome {
        let Some(solved) = sums.solve() else {
            return Outcome::refused(
                "the model fits the outcome exactly, which leaves no errors to estimate",
            );
        };
        let method = self.asked.method;
        let shape = self.asked.shape();
        let degrees = solved.degrees(method, state.rows);
        let quantity = &self.design.columns[self.design.columns.len() - 1].quantity;
        let unit = quantity.step() * Twofold::from(state.scale);
        let square = unit * unit;
        let residual = solved.residual * square.rounded();
        let variance = residual / degrees;
        let natural =
            self.natural(state, &solved.estimates, &solved.inverse, unit, solved.residual / degrees);
        let values: Vec<f64> = natural.values.iter().map(|value| value.rounded()).collect();
        let covariance: Vec<Vec<f64>> =
            natural.covariance.iter().map(|row| row.iter().map(|entry| entry.rounded()).collect()).collect();
        if values.iter().chain(covariance.iter().flatten()).any(|number| !number.is_finite()) {
            return Outcome::refused("the estimates left the numbers that can be computed with");
        }
        let reference = Reference::Normal;
        let names = self.names(state);
        let aliased: Vec<usize> = self.without_estimate(state);
        let mut terms: Vec<(usize, Term)> = Vec::new();
        for (at, (name, column)) in names.iter().enumerate() {
            let se = covariance[at][at].max(0.0).sqrt();
            let term = Term::estimated(name.clone(), values[at], se, reference, reference.critical());
            terms.push((column.map_or(0, |column| column + 1), term));
        }
        terms.extend(
            aliased
                .iter()
                .map(|column| (column + 1, Term::aliased(self.design.columns[*column].name.clone()))),
        );
        terms.sort_by_key(|(place, _)| *place);
        let terms: Vec<Term> = terms.into_iter().map(|(_, term)| term).collect();
        let covariance =
            Covariance { terms: names.iter().map(|(name, _)| name.clone()).collect(), values: covariance };
        let estimated =
            Estimated { names, aliased, values: &values, covariance: &covariance.values, reference };
        let (means, contrasts) = self.means_and_contrasts(state, &estimated);
        let aliased: Vec<String> =
            estimated.aliased.iter().map(|column| self.design.columns[*column].name.clone()).collect();
        drop(estimated);

        let units = state.standard.log_units(&state.kept, &self.design);
        let determinant = if method == Method::Reml { solved.log_determinant + 2.0 * units } else { 0.0 };
        let deviance = degrees * (1.0 + libm::log(2.0 * PI * residual / degrees)) + sums.log.0 + determinant;
        let variances = if shape == Shape::Visits { 0 } else { 1 };
        let parameters = (state.kept.len() + triangle(point.patient.matrix.len()) + variances) as f64
            + f64::from(u8::from(self.sites.is_some()));
        let fixed = state.kept.len() as u64;
        let constant = u64::from(self.design.intercept);
        let report = Report {
            method: if method == Method::Reml { "reml" } else { "ml" },
            n: state.rows,
            patients: state.patients,
            missing: state.lost,
            icc: self.icc(point),
            visits: self.visits_covariance(state, point, variance),
            singular: is_singular(shape, state),
            variance: self.variance(state, point, variance),
            loglik: -deviance / 2.0,
            deviance,
            aic: deviance + 2.0 * parameters,
            bic: deviance + libm::log(state.rows as f64) * parameters,
            df: [fixed - constant.min(fixed), state.rows - fixed],
            terms,
            aliased,
            covariance,
            means,
            contrasts,
            iterations: state.round,
        };
        let mut tidy = terms::tidy("mixed", &report.terms);
        tidy.rows.extend(terms::tidy("mixed", &report.means).rows);
        tidy.rows.extend(terms::tidy("mixed", &report.contrasts).rows);
        let mut outcome = Outcome::answered(totals, &report, tidy, self.shown(&report));
        if state.lost.is_none() && outcome.status == Status::Released {
            outcome.status = Status::PartlySuppressed;
            outcome.reason = Some("the number of rows lost was withheld by a disclosure rule".to_owned());
        }
        outcome
    }

    /// The estimates in the columns' and the outcome's own units.
    fn natural(
        &self,
        state: &State,
        estimates: &[Twofold],
        inverse: &[Vec<Twofold>],
        unit: Twofold,
        variance: f64,
    ) -> Estimates {
        let quantity = &self.design.columns[self.design.columns.len() - 1].quantity;
        let factor = unit * unit * Twofold::from(variance);
        let mut values: Vec<Twofold> = estimates.iter().map(|estimate| *estimate * unit).collect();
        if let (Some(first), Some(0)) = (values.first_mut(), state.kept.first()) {
            let origin = Twofold::from(i128::from(quantity.origin())) + Twofold::from(state.centre);
            *first = *first + origin * quantity.step();
        }
        let covariance =
            inverse.iter().map(|row| row.iter().map(|entry| *entry * factor).collect()).collect();
        state.standard.natural(&state.kept, &Estimates { values, covariance }, &self.design)
    }

    /// The columns of the model that have no estimate, because earlier ones give them.
    fn without_estimate(&self, state: &State) -> Vec<usize> {
        let columns = state.standard.columns.iter().enumerate();
        let without = columns.filter(|(at, column)| {
            !(state.kept.contains(&(at + 1)) || self.added && Some(**column) == self.slope)
        });
        without.map(|(_, column)| *column).collect()
    }

    fn variance(&self, state: &State, point: &Point, residual: f64) -> Variance {
        let shape = self.asked.shape();
        let matrix =
            match self.slope.and_then(|slope| state.standard.columns.iter().position(|own| *own == slope)) {
                Some(at) if shape == Shape::Slope => {
                    // From coordinates of the number to its own units.
                    let unit = state.standard.unit(at, &self.design).rounded();
                    let shift = state.standard.shift(at, &self.design).rounded();
                    let turn = [vec![1.0, -shift], vec![0.0, 1.0 / unit]];
                    let transposed = [vec![1.0, 0.0], vec![-shift, 1.0 / unit]];
                    product(&product(&turn, &point.patient.matrix), &transposed)
                }
                _ => point.patient.matrix.clone(),
            };
        let finite = |number: f64| Some(number).filter(|number| number.is_finite());
        let entry = |one: usize, two: usize| {
            let own =
                has_patient_variance(shape).then(|| matrix.get(one).and_then(|row| row.get(two))).flatten();
            own.and_then(|ratio| finite(ratio * residual))
        };
        let (patient, slope, covariance) = (entry(0, 0), entry(1, 1), entry(0, 1));
        let correlation = patient.zip(slope).zip(covariance);
        let correlation = correlation.and_then(|((one, two), both)| finite(both / (one * two).sqrt()));
        Variance {
            patient,
            slope,
            covariance,
            correlation: correlation.map(|correlation| correlation.clamp(-1.0, 1.0)),
            site: point.site.and_then(|ratio| finite(ratio * residual)),
            residual: (shape != Shape::Visits).then_some(residual),
        }
    }

    fn icc(&self, point: &Point) -> Option<f64> {
        let patient = match self.asked.shape() {
            Shape::Independent => 0.0,
            Shape::Intercept => point.patient.matrix[0][0],
            Shape::Slope | Shape::Visits => return None,
        };
        let shared = patient + point.site.unwrap_or(0.0);
        Some(shared / (1.0 + shared))
    }

    fn visits_covariance(&self, state: &State, point: &Point, residual: f64) -> Option<Covariance> {
        let levels = self.visits.as_ref()?;
        let row = |row: &Vec<f64>| row.iter().map(|ratio| ratio * residual).collect();
        Some(Covariance {
            terms: state.visits.iter().map(|level| levels.code(*level).to_owned()).collect(),
            values: point.patient.matrix.iter().map(row).collect(),
        })
    }

    fn shown(&self, report: &Report) -> Vec<Table> {
        let symbol = Reference::Normal.symbol();
        let title =
            format!("Linear mixed model of {} ({})", self.design.outcome, report.method.to_uppercase());
        let mut shown = vec![terms::shown(title, &report.terms, symbol)];
        if !report.means.is_empty() {
            shown.push(terms::shown("Estimated marginal means".to_owned(), &report.means, symbol));
        }
        if !report.contrasts.is_empty() {
            shown.push(terms::shown("Contrasts".to_owned(), &report.contrasts, symbol));
        }
        let mut variances = Table::new("Variance components", ["Component", "Variance", "SD"]);
        let own = &report.variance;
        for (name, value) in
            [("Patient", own.patient), ("Slope", own.slope), ("Site", own.site), ("Residual", own.residual)]
        {
            if let Some(value) = value {
                variances.rows.push(vec![name.into(), value.into(), value.sqrt().into()]);
            }
        }
        if let Some(visits) = &report.visits {
            for (at, (name, row)) in visits.terms.iter().zip(&visits.values).enumerate() {
                variances.rows.push(vec![Cell::Text(name.clone()), row[at].into(), row[at].sqrt().into()]);
            }
        }
        shown.push(variances);
        let headings = ["Rows used", "Rows lost", "Patients", "ICC", "Log-likelihood", "AIC", "BIC"];
        let mut table = Table::new("Model", headings);
        table.rows.push(vec![
            report.n.into(),
            report.missing.map_or(Cell::Withheld, Cell::from),
            report.patients.into(),
            report.icc.map_or(Cell::Empty, Cell::from),
            report.loglik.into(),
            report.aic.into(),
            report.bic.into(),
        ]);
        shown.push(table);
        shown
    }
}
