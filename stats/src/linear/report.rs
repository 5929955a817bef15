//! What a linear model reports.

use serde::Serialize;

use super::Linear;
use super::fit::{Fit, Moments, residual};
use crate::distribution::f_survival;
use crate::figure::Figure;
use crate::outcome::{Cell, Outcome, Table};
use crate::sandwich::Errors;
use crate::term_tests::{self, TermTest};
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
    /// How the standard errors were found.
    errors: &'static str,
    /// How many patients the rows are of, where errors are by patient.
    clusters: Option<u64>,
    tests: Tests,
    /// How many rounds were asked.
    iterations: u32,
}

/// Tests of whole terms, where they were asked for.
#[derive(Serialize)]
struct Tests {
    type2: Option<Vec<TermTest>>,
    wald: Option<Vec<TermTest>>,
}

/// The test of all terms but the intercept.
#[derive(Serialize)]
struct F {
    statistic: f64,
    df: [u64; 2],
    p: f64,
}

impl Linear {
    /// The outcome of a fit. `totals` are those of the first round.
    pub(super) fn report(
        &self,
        totals: &Totals,
        moments: &Moments,
        columns: &[usize],
        fit: &Fit,
        (errors, clusters): (Errors, Option<u64>),
    ) -> Outcome {
        let intercept = self.design.intercept.then(|| terms::INTERCEPT.to_owned());
        let names =
            intercept.into_iter().chain(columns.iter().map(|at| self.design.columns[*at].name.clone()));
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
        let tests = Tests { type2: self.type2(moments, columns, fit), wald: self.wald(columns, fit) };
        let report = Report {
            n: fit.n,
            missing: totals.count(self.census.lost),
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
            errors: errors.name(),
            clusters,
            tests,
            iterations: if errors == Errors::Model { 1 } else { 2 },
            terms,
        };
        let title = format!("Linear model of {}", self.design.outcome);
        let mut shown = vec![terms::shown(title, &report.terms, reference.symbol()), report.summary()];
        shown.extend(
            report.tests.type2.iter().map(|tests| term_tests::shown("Tests of terms (type II)", tests)),
        );
        shown.extend(report.tests.wald.iter().map(|tests| term_tests::shown("Tests of terms (Wald)", tests)));
        Outcome::answered(totals, &report, terms::tidy("linear", &report.terms), shown)
    }

    /// The test of each term against the model without it.
    fn type2(&self, moments: &Moments, columns: &[usize], fit: &Fit) -> Option<Vec<TermTest>> {
        if !self.tests.contains(&term_tests::Asked::Type2) {
            return None;
        }
        let residual = |of: &[usize]| residual(&moments.of(columns, of), self.design.intercept).ok();
        let compared = term_tests::compared(&self.design, columns).into_iter();
        let tests = compared.filter_map(|term| {
            let (without, fewer) = residual(&term.smaller)?;
            let (with, more) = residual(term.larger.as_deref().unwrap_or(columns))?;
            let df = more.checked_sub(fewer).filter(|df| *df > 0)?;
            let variance = fit.rss / fit.df[1] as f64;
            let statistic = ((without - with).rounded() / df as f64 / variance).max(0.0);
            let p = f_survival(statistic, df as f64, fit.df[1] as f64);
            Some(TermTest { term: term.term, statistic, df: vec![df, fit.df[1]], p })
        });
        Some(tests.collect())
    }

    /// The test of each term's coefficients.
    fn wald(&self, columns: &[usize], fit: &Fit) -> Option<Vec<TermTest>> {
        if !self.tests.contains(&term_tests::Asked::Wald) {
            return None;
        }
        let estimates: Vec<f64> = fit.coefficients.iter().flatten().copied().collect();
        // The design's column of each estimate; none is the intercept's.
        let of_estimates: Vec<Option<usize>> = self
            .design
            .intercept
            .then_some(None)
            .into_iter()
            .chain(columns.iter().map(|column| Some(*column)))
            .zip(&fit.coefficients)
            .filter_map(|(column, estimate)| estimate.map(|_| column))
            .collect();
        let tests = self.design.terms.iter().filter_map(|term| {
            let of_term = |at: &usize| of_estimates[*at].is_some_and(|column| term.columns.contains(&column));
            let places: Vec<usize> = (0..of_estimates.len()).filter(of_term).collect();
            let (statistic, df) = term_tests::wald(&estimates, &fit.covariance, &places);
            let reference = Reference::T(fit.df[1] as f64);
            (df > 0).then(|| TermTest::wald(term.name.clone(), statistic, df, reference))
        });
        Some(tests.collect())
    }
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
