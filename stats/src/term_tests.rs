//! Tests of whole terms of a formula.

use notochord_proto::fields::{FieldValue, FromField, one_of};
use serde::Serialize;

use crate::cholesky::Cholesky;
use crate::design::Design;
use crate::distribution::{chi_squared_survival, f_survival};
use crate::outcome::{Cell, Table};
use crate::terms::Reference;
use crate::twofold::Twofold;

/// A test of terms that a study asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Each term against the model without it, both without the terms that contain it: `car::Anova(type = 2)`.
    Type2,
    /// All coefficients of a term at once, from the covariance that the model reports.
    Wald,
}

/// A test of one term.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TermTest {
    pub(crate) term: String,
    pub(crate) statistic: f64,
    /// One number for chi-squared, two for F.
    pub(crate) df: Vec<u64>,
    pub(crate) p: f64,
}

/// The columns of the two models that a type II test compares.
pub(crate) struct Compared {
    pub(crate) term: String,
    /// All columns but those of terms that contain the term; none where no other term does.
    pub(crate) larger: Option<Vec<usize>>,
    /// These without the term.
    pub(crate) smaller: Vec<usize>,
}

impl FromField for Asked {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("type2", Self::Type2), ("wald", Self::Wald)])
    }
}

impl TermTest {
    /// A Wald test: F where the errors have a t distribution, or else chi-squared.
    pub(crate) fn wald(term: String, statistic: f64, df: u64, reference: Reference) -> Self {
        match reference {
            Reference::Normal => {
                Self { term, statistic, df: vec![df], p: chi_squared_survival(statistic, df as f64) }
            }
            Reference::T(residual) => {
                let f = statistic / df as f64;
                Self {
                    term,
                    statistic: f,
                    df: vec![df, residual as u64],
                    p: f_survival(f, df as f64, residual),
                }
            }
        }
    }
}

/// What type II tests of a design compare, term by term; of its columns only those in use.
pub(crate) fn compared(design: &Design, used: &[usize]) -> Vec<Compared> {
    let compared = design.terms.iter().map(|term| {
        let contains = |other: &&crate::design::Term| {
            other.name != term.name && term.atoms.iter().all(|atom| other.atoms.contains(atom))
        };
        let above: Vec<&crate::design::Term> = design.terms.iter().filter(contains).collect();
        let is_above = |column: &usize| above.iter().any(|other| other.columns.contains(column));
        let larger: Vec<usize> = used.iter().copied().filter(|column| !is_above(column)).collect();
        let smaller = larger.iter().copied().filter(|column| !term.columns.contains(column)).collect();
        let larger = (!above.is_empty()).then_some(larger);
        Compared { term: term.name.clone(), larger, smaller }
    });
    compared.collect()
}

/// Wald's statistic of some estimates: `bᵀ V⁻¹ b`, with its degrees of freedom.
pub(crate) fn wald(estimates: &[f64], covariance: &[Vec<f64>], places: &[usize]) -> (f64, u64) {
    let matrix: Vec<Vec<Twofold>> = places
        .iter()
        .map(|one| places.iter().map(|two| Twofold::from(covariance[*one][*two])).collect())
        .collect();
    let least: Vec<Twofold> =
        matrix.iter().enumerate().map(|(at, row)| row[at].max_zero() * Twofold::from(1e-14)).collect();
    let factors = Cholesky::new(&matrix, &least);
    let inverse = factors.inverse();
    let kept = |at: usize| Twofold::from(estimates[places[factors.kept[at]]]);
    let mut statistic = Twofold::ZERO;
    for (one, row) in inverse.iter().enumerate() {
        for (two, entry) in row.iter().enumerate() {
            statistic = statistic + *entry * kept(one) * kept(two);
        }
    }
    (statistic.rounded().max(0.0), factors.kept.len() as u64)
}

/// A table of tests for people.
pub(crate) fn shown(title: &str, tests: &[TermTest]) -> Table {
    let mut table = Table::new(title, ["Term", "Statistic", "df", "p"]);
    table.rows.extend(tests.iter().map(|test| {
        let df: Vec<String> = test.df.iter().map(u64::to_string).collect();
        vec![test.term.as_str().into(), test.statistic.into(), Cell::Text(df.join(", ")), test.p.into()]
    }));
    table
}
