//! The test of Cochran, Mantel and Haenszel over layers of two rows and two columns, and their common odds ratio with the
//! interval of Robins, Breslow and Greenland, as `mantelhaen.test` has them.

use super::association::{OddsRatio, Ratio, Test};
use crate::distribution::{chi_squared_survival, normal_quantile};
use crate::figure::Figure;

/// The tests of layers `[[a, b], [c, d]]`. Layers of fewer than two units say nothing and are passed over.
pub(super) fn tests(layers: &[[[u64; 2]; 2]]) -> Vec<(&'static str, Test)> {
    let (mut distance, mut variance) = (0.0, 0.0);
    let (mut agree, mut disagree) = (0.0, 0.0);
    let (mut first, mut mixed, mut last) = (0.0, 0.0, 0.0);
    for layer in layers {
        let [[a, b], [c, d]] = layer.map(|row| row.map(|count| count as f64));
        let n = a + b + c + d;
        if n < 2.0 {
            continue;
        }
        let (row, column) = (a + b, a + c);
        distance += a - row * column / n;
        variance += row * (c + d) * column * (b + d) / (n * n * (n - 1.0));
        let (with, against) = (a * d / n, b * c / n);
        let (same, other) = ((a + d) / n, (b + c) / n);
        agree += with;
        disagree += against;
        first += same * with;
        mixed += same * against + other * with;
        last += other * against;
    }
    if variance <= 0.0 {
        let reason = "no layer has somebody in both rows and both columns";
        return vec![("mantel_haenszel", Test::refused(reason))];
    }
    let test = |correction: f64, method: &'static str| {
        let distance = distance.abs() - correction;
        let statistic = distance * distance / variance;
        Test {
            statistic: Some(Figure::finite(statistic)),
            df: Some(1),
            p: Some(chi_squared_survival(statistic, 1.0)),
            method: Some(method),
            ..Test::default()
        }
    };
    let plain = test(0.0, "Cochran-Mantel-Haenszel, without continuity correction");
    let correction = f64::min(0.5, distance.abs());
    let corrected = test(correction, "Cochran-Mantel-Haenszel, with continuity correction");
    let odds_ratio = common(agree, disagree, [first, mixed, last]);
    vec![("mantel_haenszel", Test { odds_ratio, ..plain }), ("mantel_haenszel_continuity", corrected)]
}

/// The common odds ratio; the interval of one that is 0 or infinite is everything.
fn common(agree: f64, disagree: f64, [first, mixed, last]: [f64; 3]) -> Option<OddsRatio> {
    let everything = |estimate| OddsRatio { estimate, lower: Ratio::Finite(0.0), upper: Ratio::INFINITE };
    match (agree > 0.0, disagree > 0.0) {
        (false, false) => None,
        (false, true) => Some(everything(Ratio::Finite(0.0))),
        (true, false) => Some(everything(Ratio::INFINITE)),
        (true, true) => {
            let variance = first / (2.0 * agree * agree)
                + mixed / (2.0 * agree * disagree)
                + last / (2.0 * disagree * disagree);
            let (centre, reach) = (libm::log(agree / disagree), normal_quantile(0.975) * variance.sqrt());
            Some(OddsRatio {
                estimate: Ratio::Finite(agree / disagree),
                lower: Ratio::Finite(libm::exp(centre - reach)),
                upper: Ratio::Finite(libm::exp(centre + reach)),
            })
        }
    }
}
