//! McNemar's test of a square table, and Bowker's of a larger one, as `mcnemar.test` has them; for two levels the exact
//! test beside them, which is `binom.test` of the discordant pairs.

use super::association::{OddsRatio, Ratio, Test};
use crate::distribution::{beta_quantile, beta_upper_quantile, binomial_cdf, chi_squared_survival};
use crate::figure::Figure;

/// The tests of a table whose rows and columns have the same levels.
pub(super) fn tests(counts: &[Vec<u64>]) -> Vec<(&'static str, Test)> {
    let pairs: Vec<(u64, u64)> = (0..counts.len())
        .flat_map(|row| (0..row).map(move |column| (row, column)))
        .map(|(row, column)| (counts[column][row], counts[row][column]))
        .filter(|(above, below)| above + below > 0)
        .collect();
    if pairs.is_empty() {
        return vec![("mcnemar", Test::refused("no pair is discordant"))];
    }
    let df = pairs.len() as u64;
    let test = |correction: f64, method: &'static str| {
        let term = |(above, below): &(u64, u64)| {
            let distance = above.abs_diff(*below) as f64 - correction;
            distance * distance / (above + below) as f64
        };
        let statistic: f64 = pairs.iter().map(term).sum();
        Test {
            statistic: Some(Figure::finite(statistic)),
            df: Some(df),
            p: Some(chi_squared_survival(statistic, df as f64)),
            method: Some(method),
            ..Test::default()
        }
    };
    let occupied =
        |level: &usize| counts.iter().any(|row| row[*level] > 0) || counts[*level].iter().any(|n| *n > 0);
    let levels = (0..counts.len()).filter(occupied).count();
    let [(above, below)] = pairs[..] else {
        return vec![(
            "mcnemar",
            test(0.0, "Bowker's test of symmetry; pairs of levels that nobody has are left out"),
        )];
    };
    if levels > 2 {
        return vec![(
            "mcnemar",
            test(0.0, "Bowker's test of symmetry; pairs of levels that nobody has are left out"),
        )];
    }
    // R corrects only where the two differ.
    let correction = if above == below { 0.0 } else { 1.0 };
    vec![
        ("mcnemar", test(0.0, "McNemar's, without continuity correction")),
        ("mcnemar_continuity", test(correction, "McNemar's, with continuity correction")),
        ("mcnemar_exact", exact(above, below)),
    ]
}

/// The binomial test that discordant pairs go either way alike, with their odds and Clopper and Pearson's interval of
/// them.
fn exact(above: u64, below: u64) -> Test {
    let n = above + below;
    let p = (2.0 * binomial_cdf(above.min(below), n, 0.5)).min(1.0);
    let odds = |share: f64| if share >= 1.0 { Ratio::INFINITE } else { Ratio::Finite(share / (1.0 - share)) };
    let (x, rest) = (above as f64, below as f64);
    let lower = if above == 0 { 0.0 } else { beta_quantile(0.025, x, rest + 1.0) };
    let upper = if below == 0 { 1.0 } else { beta_upper_quantile(0.025, x + 1.0, rest) };
    Test {
        p: Some(p),
        odds_ratio: Some(OddsRatio { estimate: odds(x / n as f64), lower: odds(lower), upper: odds(upper) }),
        method: Some("exact binomial test of the discordant pairs"),
        ..Test::default()
    }
}
