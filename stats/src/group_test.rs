//! A test that several groups are alike, from their scores.

use serde::Serialize;
use serde_json::Value;

use crate::cholesky::Cholesky;
use crate::distribution::chi_squared_survival;
use crate::figure::Figure;
use crate::outcome::Cell;
use crate::twofold::Twofold;

/// A chi-squared test of groups; one that these data do not allow has a reason and no number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct GroupTest {
    pub(crate) statistic: Figure<f64>,
    pub(crate) df: Option<usize>,
    pub(crate) p: Figure<f64>,
    /// The groups, in the order of what follows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) levels: Vec<Value>,
    /// The weighted numbers of events.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) observed: Vec<f64>,
    /// The weighted numbers expected where all groups are alike.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) expected: Vec<f64>,
    /// The covariance of the differences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) variance: Vec<Vec<f64>>,
    /// The variables within whose levels groups were compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) strata: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl GroupTest {
    /// No test, and why.
    pub(crate) fn refused(reason: &str) -> Self {
        Self {
            statistic: Figure::Undefined,
            df: None,
            p: Figure::Undefined,
            levels: Vec::new(),
            observed: Vec::new(),
            expected: Vec::new(),
            variance: Vec::new(),
            strata: Vec::new(),
            reason: Some(reason.to_owned()),
        }
    }

    /// No test, because of a disclosure rule.
    pub(crate) fn withheld() -> Self {
        let reason = "numbers it needs were withheld by a disclosure rule";
        Self { statistic: Figure::Withheld, p: Figure::Withheld, ..Self::refused(reason) }
    }

    /// The test of scores that are 0 in the mean: `sᵀ V⁻¹ s`. A score that the others give is left out.
    pub(crate) fn of_scores(scores: &[f64], variance: &[Vec<f64>]) -> Self {
        if !scores.iter().chain(variance.iter().flatten()).all(|value| value.is_finite()) {
            return Self::refused("the variance of the difference cannot be estimated");
        }
        let twofold = |row: &[f64]| row.iter().map(|value| Twofold::from(*value)).collect::<Vec<_>>();
        let gram: Vec<Vec<Twofold>> = variance.iter().map(|row| twofold(row)).collect();
        let least: Vec<Twofold> =
            (0..scores.len()).map(|at| Twofold::from(variance[at][at].max(0.0) * LEAST)).collect();
        let factors = Cholesky::new(&gram, &least);
        let df = factors.kept.len();
        let statistic = -factors.project(&twofold(scores), Twofold::ZERO).1.rounded();
        if df == 0 || !statistic.is_finite() {
            return Self::refused("the groups were never under observation together at an event");
        }
        let statistic = statistic.max(0.0);
        Self {
            statistic: Figure::finite(statistic),
            df: Some(df),
            p: Figure::finite(chi_squared_survival(statistic, df as f64)),
            reason: None,
            ..Self::refused("")
        }
    }

    /// For people: the name, the statistic, its degrees of freedom and p.
    pub(crate) fn shown(&self, name: &str) -> Vec<Cell> {
        let df = self.df.map_or(Cell::Empty, |df| (df as u64).into());
        let note = self.reason.as_deref().map_or(Cell::Empty, Cell::from);
        vec![name.into(), self.statistic.into(), df, self.p.into(), note]
    }

    /// The headings of [`GroupTest::shown`].
    pub(crate) const SHOWN: [&'static str; 5] = ["Test", "Chi-squared", "df", "p", "Note"];
}

/// The share of a score's variance that the others must leave for it to count.
const LEAST: f64 = 1e-11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_that_the_others_give_takes_no_degree_of_freedom() {
        let variance = vec![vec![2.0, -2.0], vec![-2.0, 2.0]];
        let test = GroupTest::of_scores(&[1.0, -1.0], &variance);
        assert_eq!((test.statistic, test.df), (Figure::Known(0.5), Some(1)));
        let none = GroupTest::of_scores(&[0.0], &[vec![0.0]]);
        assert!(none.reason.is_some() && none.p == Figure::Undefined);
    }
}
