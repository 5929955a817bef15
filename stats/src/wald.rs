//! An estimate with its standard error, and a share with its exact interval.

use serde::Serialize;

use crate::distribution::{normal_quantile, normal_two_sided};
use crate::figure::Figure;
use crate::proportion::clopper_pearson;

/// An estimate, its error, the test that it is what the null hypothesis says, and its 95 % interval, all by the normal
/// distribution. What does not exist, such as the statistic of an error of 0, is null.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Wald {
    pub(crate) estimate: Figure<f64>,
    pub(crate) se: Figure<f64>,
    pub(crate) statistic: Figure<f64>,
    pub(crate) p: Figure<f64>,
    pub(crate) lower: Figure<f64>,
    pub(crate) upper: Figure<f64>,
}

/// A share of some units, with Clopper and Pearson's interval (`binom.test`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct ExactShare {
    pub(crate) estimate: Figure<f64>,
    pub(crate) lower: Figure<f64>,
    pub(crate) upper: Figure<f64>,
}

impl Wald {
    /// An estimate that is `null` under the null hypothesis.
    pub(crate) fn new(estimate: f64, se: f64, null: f64) -> Self {
        Self::within(estimate, se, null, f64::NEG_INFINITY, f64::INFINITY)
    }

    /// As [`Wald::new`], of what cannot be below `lowest` or above `highest`.
    pub(crate) fn within(estimate: f64, se: f64, null: f64, lowest: f64, highest: f64) -> Self {
        let statistic = Figure::finite((estimate - null) / se);
        let reach = normal_quantile(0.975) * se;
        let end = |end: f64| {
            if end.is_nan() { Figure::Undefined } else { Figure::finite(end.max(lowest).min(highest)) }
        };
        Self {
            estimate: Figure::finite(estimate),
            se: Figure::finite(se),
            statistic,
            p: statistic.map(normal_two_sided),
            lower: end(estimate - reach),
            upper: end(estimate + reach),
        }
    }
}

impl ExactShare {
    /// The share that `count` is of `n`; none of nobody.
    pub(crate) fn new(count: u64, n: u64) -> Self {
        if n == 0 || count > n {
            return Self { estimate: Figure::Undefined, lower: Figure::Undefined, upper: Figure::Undefined };
        }
        let [lower, upper] = clopper_pearson(count as f64, n as f64);
        let estimate = Figure::finite(count as f64 / n as f64);
        Self { estimate, lower: Figure::finite(lower), upper: Figure::finite(upper) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_zero_gives_an_interval_and_no_test() {
        let sure = Wald::new(1.0, 0.0, 0.0);
        assert_eq!(
            (sure.lower, sure.upper, sure.p),
            (Figure::Known(1.0), Figure::Known(1.0), Figure::Undefined)
        );
        assert_eq!(Wald::new(1.0, f64::NAN, 0.0).lower, Figure::Undefined);
        assert_eq!(Wald::within(0.9, 0.2, 0.5, 0.0, 1.0).upper, Figure::Known(1.0));
        assert_eq!(ExactShare::new(0, 0).estimate, Figure::Undefined);
    }
}
