//! What a linear model reports.

use serde::Serialize;

use super::Linear;
use super::fit::{Coefficient, Fit};
use crate::figure::Figure;
use crate::outcome::{Cell, Outcome, Table};
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

/// A term; its numbers are null where it is aliased.
#[derive(Serialize)]
struct Term {
    name: String,
    estimate: Option<f64>,
    se: Option<f64>,
    statistic: Option<f64>,
    p: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
}

/// The covariance matrix of the terms that are not aliased.
#[derive(Serialize)]
struct Covariance {
    terms: Vec<String>,
    values: Vec<Vec<f64>>,
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
    let terms: Vec<Term> = names
        .zip(&fit.coefficients)
        .map(|(name, coefficient)| Term::new(name, coefficient.as_ref()))
        .collect();
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
    let shown = vec![report.coefficients(&linear.design.outcome), report.summary()];
    Outcome::answered(totals, &report, report.tidy(), shown)
}

impl Term {
    fn new(name: String, coefficient: Option<&Coefficient>) -> Self {
        let pick = |number: fn(&Coefficient) -> f64| coefficient.map(number);
        Self {
            name,
            estimate: pick(|c| c.estimate),
            se: pick(|c| c.se),
            statistic: pick(|c| c.statistic),
            p: pick(|c| c.p),
            lower: pick(|c| c.lower),
            upper: pick(|c| c.upper),
        }
    }

    fn cells(&self) -> Vec<Cell> {
        let numbers = [self.estimate, self.se, self.statistic, self.p, self.lower, self.upper];
        let numbers = numbers.into_iter().map(|number| number.map_or(Cell::Empty, Cell::from));
        std::iter::once(self.name.as_str().into()).chain(numbers).collect()
    }
}

impl Report {
    fn tidy(&self) -> Table {
        let mut table = Table::new("linear", ["term", "estimate", "se", "statistic", "p", "lower", "upper"]);
        table.rows.extend(self.terms.iter().map(Term::cells));
        table
    }

    fn coefficients(&self, outcome: &str) -> Table {
        let headings = ["Term", "Estimate", "SE", "t", "p", "Lower", "Upper"];
        let mut table = Table::new(format!("Linear model of {outcome}"), headings);
        table.rows.extend(self.terms.iter().map(Term::cells));
        table
    }

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
