//! What a linear model reports.

use serde::Serialize;

use super::Linear;
use super::fit::Fit;
use crate::figure::Figure;
use crate::outcome::{Cell, Outcome, Table};
use crate::terms::{self, Covariance, Reference, Term};
use crate::totals::Totals;

/// The result.
#[derive(Serialize)]
struct Report {
    n: u64,
    /// How many rows lack a variable of the model.
    missing: Figure<u64>,
    terms: Vec<Term>,
    /// Terms that earlier ones give.
    aliased: Vec<String>,
    covariance: Covariance,
    sigma: f64,
    /// Regression, residual.
    df: [u64; 2],
    rss: f64,
    r_squared: f64,
    adjusted_r_squared: f64,
    f: Option<F>,
    loglik: f64,
    aic: f64,
    bic: f64,
}

/// The test of all terms but the intercept.
#[derive(Serialize)]
struct F {
    statistic: f64,
    df: [u64; 2],
    p: f64,
}

pub(super) fn outcome(
    linear: &Linear,
    totals: &Totals,
    fit: &Fit,
    columns: Vec<String>,
    lost: Figure<u64>,
) -> Outcome {
    let intercept = linear.design.intercept.then(|| "(Intercept)".to_owned());
    let names = intercept.into_iter().chain(columns);
    let reference = Reference::T(fit.df[1] as f64);
    let critical = reference.critical();
    let mut variances = fit.covariance.iter().enumerate().map(|(at, row)| row[at]);
    let term = |(name, estimate): (String, &Option<f64>)| match estimate {
        Some(estimate) => {
            let se = variances.next().unwrap_or_default().sqrt();
            Term::estimated(name, *estimate, se, reference, critical)
        }
        None => Term::aliased(name),
    };
    let terms: Vec<Term> = names.zip(&fit.coefficients).map(term).collect();
    let named = |aliased: bool| {
        let chosen = terms.iter().filter(move |term| term.estimate.is_none() == aliased);
        chosen.map(|term| term.name.clone()).collect::<Vec<_>>()
    };
    let report = Report {
        n: fit.n,
        missing: lost,
        aliased: named(true),
        covariance: Covariance { terms: named(false), values: fit.covariance.clone() },
        sigma: fit.sigma,
        df: fit.df,
        rss: fit.rss,
        r_squared: fit.r_squared,
        adjusted_r_squared: fit.adjusted_r_squared,
        f: fit.f.map(|(statistic, p)| F { statistic, df: fit.df, p }),
        loglik: fit.loglik,
        aic: fit.aic,
        bic: fit.bic,
        terms,
    };
    let title = format!("Linear model of {}", linear.design.outcome);
    let shown = vec![terms::shown(title, &report.terms, reference.symbol()), report.summary()];
    Outcome::answered(totals, &report, terms::tidy("linear", &report.terms), shown)
}

impl Report {
    fn summary(&self) -> Table {
        let headings =
            ["Rows used", "Rows lost", "Residual SD", "Residual df", "R²", "Adjusted R²", "F", "p of F"];
        let mut table = Table::new("Model", headings);
        let f = |number: fn(&F) -> f64| self.f.as_ref().map(number).map_or(Cell::Empty, Cell::from);
        table.rows.push(vec![
            self.n.into(),
            self.missing.into(),
            self.sigma.into(),
            self.df[1].into(),
            self.r_squared.into(),
            self.adjusted_r_squared.into(),
            f(|f| f.statistic),
            f(|f| f.p),
        ]);
        table
    }
}
