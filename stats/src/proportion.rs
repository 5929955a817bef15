//! A share and its intervals.

use serde::Serialize;

use crate::distribution::{beta_quantile, beta_upper_quantile, normal_quantile};
use crate::figure::Figure;

/// How large a share of `n` is, with 95 % intervals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Proportion {
    /// The share, between 0 and 1.
    pub(crate) share: Figure<f64>,
    /// Wilson's score interval (`prop.test(correct = FALSE)`).
    pub(crate) wilson: [Figure<f64>; 2],
    /// Clopper and Pearson's exact interval (`binom.test`).
    pub(crate) clopper_pearson: [Figure<f64>; 2],
}

impl Proportion {
    /// The share that `count` is of `n`; there is none of nobody.
    pub(crate) fn new(count: Figure<u64>, n: Figure<u64>) -> Self {
        let both = count.and(n);
        let share = both.and_then(|(count, n)| {
            if n == 0 || count > n { Figure::Undefined } else { Figure::Known((count as f64, n as f64)) }
        });
        let interval = |ends: fn(f64, f64) -> [f64; 2], end: usize| {
            share.and_then(|(count, n)| Figure::finite(ends(count, n)[end]))
        };
        Self {
            share: share.and_then(|(count, n)| Figure::finite(count / n)),
            wilson: [interval(wilson, 0), interval(wilson, 1)],
            clopper_pearson: [interval(clopper_pearson, 0), interval(clopper_pearson, 1)],
        }
    }
}

fn wilson(count: f64, n: f64) -> [f64; 2] {
    let z = normal_quantile(0.975);
    let (share, scale) = (count / n, 1.0 + z * z / n);
    let centre = (share + z * z / (2.0 * n)) / scale;
    let reach = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt() / scale;
    let lower = if count == 0.0 { 0.0 } else { (centre - reach).max(0.0) };
    let upper = if count == n { 1.0 } else { (centre + reach).min(1.0) };
    [lower, upper]
}

/// The ends of the exact 95 % interval of the share that `count` is of `n`, which is above 0.
pub(crate) fn clopper_pearson(count: f64, n: f64) -> [f64; 2] {
    let rest = n - count;
    let lower = if count == 0.0 { 0.0 } else { beta_quantile(0.025, count, rest + 1.0) };
    let upper = if rest == 0.0 { 1.0 } else { beta_upper_quantile(0.025, count + 1.0, rest) };
    [lower, upper]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fixture::published::answers;

    #[test]
    fn the_intervals_are_those_of_r() {
        let own = answers("own/describe.json");
        for point in own["proportions"].as_array().unwrap() {
            let number = |name: &str| point[name].as_u64().unwrap();
            let found = Proportion::new(Figure::Known(number("count")), Figure::Known(number("n")));
            for (name, interval) in [("wilson", found.wilson), ("clopper_pearson", found.clopper_pearson)] {
                for (end, figure) in interval.into_iter().enumerate() {
                    let expected = point[name][end].as_f64().unwrap();
                    let found = figure.known().unwrap();
                    assert!((found - expected).abs() <= 1e-13 * expected.max(1e-3), "{point}: {found}");
                }
            }
        }
        assert_eq!(Proportion::new(Figure::Known(0), Figure::Known(0)).share, Figure::Undefined);
        assert_eq!(Proportion::new(Figure::Withheld, Figure::Known(3)).wilson, [Figure::Withheld; 2]);
    }
}
