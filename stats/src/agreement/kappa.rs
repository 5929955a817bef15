//! Kappa of two raters, and of several.

use serde::Serialize;

use super::counted::Tallies;
use crate::distribution::{normal_quantile, normal_two_sided, t_critical};
use crate::figure::Figure;

/// A coefficient of agreement.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Coefficient {
    pub(super) name: &'static str,
    pub(super) estimate: Figure<f64>,
    /// Its standard error; none of an intraclass correlation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) se: Option<Figure<f64>>,
    pub(super) lower: Figure<f64>,
    pub(super) upper: Figure<f64>,
    /// The standard error where ratings have nothing to do with each other, by which kappa is tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) null_se: Option<Figure<f64>>,
    /// `z` of a kappa, `F` of an intraclass correlation.
    pub(super) statistic: Figure<f64>,
    /// Of `F`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) df: Option<[f64; 2]>,
    pub(super) p: Figure<f64>,
    /// The agreement observed, and that expected by chance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) observed: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expected: Option<f64>,
}

/// How much two categories of so many agree, by their positions.
pub(super) type Weights = fn(usize, usize, usize) -> f64;

pub(super) fn unweighted(one: usize, two: usize, _: usize) -> f64 {
    if one == two { 1.0 } else { 0.0 }
}

pub(super) fn linear(one: usize, two: usize, categories: usize) -> f64 {
    1.0 - one.abs_diff(two) as f64 / (categories - 1) as f64
}

pub(super) fn quadratic(one: usize, two: usize, categories: usize) -> f64 {
    let share = one.abs_diff(two) as f64 / (categories - 1) as f64;
    1.0 - share * share
}

/// Kappa of a square table of counts (Cohen 1960, 1968), with the errors of Fleiss, Cohen and Everitt (Psychological
/// Bulletin 72, 1969); none where both raters always say the same.
pub(super) fn of_two(name: &'static str, counts: &[Vec<u64>], weights: Weights) -> Option<Coefficient> {
    let categories = counts.len();
    let n: f64 = counts.iter().flatten().map(|count| *count as f64).sum();
    let share = |one: usize, two: usize| counts[one][two] as f64 / n;
    let rows: Vec<f64> =
        (0..categories).map(|one| (0..categories).map(|two| share(one, two)).sum()).collect();
    let columns: Vec<f64> =
        (0..categories).map(|two| (0..categories).map(|one| share(one, two)).sum()).collect();
    let weight = |one: usize, two: usize| weights(one, two, categories);
    let cells = || (0..categories).flat_map(|one| (0..categories).map(move |two| (one, two)));
    let observed: f64 = cells().map(|(one, two)| weight(one, two) * share(one, two)).sum();
    let expected: f64 = cells().map(|(one, two)| weight(one, two) * rows[one] * columns[two]).sum();
    let rest: f64 = cells().map(|(one, two)| (1.0 - weight(one, two)) * rows[one] * columns[two]).sum();
    // One category alone is in use, or nothing at all.
    if rest.is_nan() || rest <= 0.0 {
        return None;
    }
    let disagreement: f64 = cells().map(|(one, two)| (1.0 - weight(one, two)) * share(one, two)).sum();
    let (kappa, apart) = (1.0 - disagreement / rest, disagreement / rest);
    let of_row = |one: usize| (0..categories).map(|two| weight(one, two) * columns[two]).sum::<f64>();
    let of_column = |two: usize| (0..categories).map(|one| weight(one, two) * rows[one]).sum::<f64>();
    let (of_rows, of_columns): (Vec<f64>, Vec<f64>) =
        ((0..categories).map(of_row).collect(), (0..categories).map(of_column).collect());
    let square = |x: f64| x * x;
    let spread: f64 = cells()
        .map(|(one, two)| {
            share(one, two) * square(weight(one, two) - (of_rows[one] + of_columns[two]) * apart)
        })
        .sum();
    let spread_by_chance: f64 = cells()
        .map(|(one, two)| {
            rows[one] * columns[two] * square(weight(one, two) - (of_rows[one] + of_columns[two]))
        })
        .sum();
    let error = |spread: f64| (spread.max(0.0) / n).sqrt() / rest;
    let se = error(spread - square(kappa - expected * apart));
    let null_se = error(spread_by_chance - square(expected));
    let reach = normal_quantile(0.975) * se;
    let interval = [kappa - reach, (kappa + reach).min(1.0)];
    Some(Coefficient::kappa(name, kappa, [se, null_se], interval, [observed, expected]))
}

/// Fleiss' kappa (Psychological Bulletin 76, 1971): its error for subjects drawn from many (Gwet, Educational and
/// Psychological Measurement 81, 2021) with an interval of Student's t, and for the test that of no agreement (Fleiss, Nee
/// and Landis 1979). None where one category alone is in use.
pub(super) fn of_many(tallies: &Tallies) -> Option<Coefficient> {
    let (n, raters) = (tallies.subjects as f64, tallies.raters as f64);
    let all = n * raters;
    let shares: Vec<f64> = tallies.times.iter().map(|times| *times as f64 / all).collect();
    let expected: f64 = shares.iter().map(|share| share * share).sum();
    let rest: f64 = shares.iter().map(|share| share * (1.0 - share)).sum();
    if tallies.times.iter().filter(|times| **times > 0).count() < 2 || rest.is_nan() || rest <= 0.0 {
        return None;
    }
    let pairs = raters * (raters - 1.0);
    let observed = (tallies.agreement as f64 / n - raters) / pairs;
    let kappa = (observed - expected) / rest;
    // A subject's part is linear in its agreement and its ratings: constant + first · agreement + Σ second · ratings.
    let first = 1.0 / (pairs * rest);
    let second: Vec<f64> =
        shares.iter().map(|share| -2.0 * (1.0 - kappa) * share / (raters * rest)).collect();
    let constant = -raters * first - expected / rest + 2.0 * (1.0 - kappa) * expected / rest - kappa;
    let mut squares = n * constant * constant
        + first * first * tallies.agreement_squared as f64
        + 2.0 * constant * first * tallies.agreement as f64;
    for (one, factor) in second.iter().enumerate() {
        squares +=
            2.0 * factor * (constant * tallies.times[one] as f64 + first * tallies.agreement_by[one] as f64);
        for (two, other) in second.iter().enumerate() {
            squares += factor * other * tallies.product(one, two) as f64;
        }
    }
    let se = (squares.max(0.0) / (n * (n - 1.0))).sqrt();
    let third: f64 = shares.iter().map(|share| share * (1.0 - share) * (1.0 - 2.0 * share)).sum();
    let null_se = (2.0 * (rest * rest - third).max(0.0) / (n * pairs)).sqrt() / rest;
    let reach = if tallies.subjects > 1 { t_critical(0.95, n - 1.0) * se } else { f64::NAN };
    let interval =
        [kappa - reach, kappa + reach].map(|end| if end.is_nan() { end } else { end.clamp(-1.0, 1.0) });
    Some(Coefficient::kappa("fleiss", kappa, [se, null_se], interval, [observed, expected]))
}

impl Coefficient {
    fn kappa(
        name: &'static str,
        estimate: f64,
        [se, null_se]: [f64; 2],
        [lower, upper]: [f64; 2],
        [observed, expected]: [f64; 2],
    ) -> Self {
        let statistic = Figure::finite(estimate / null_se);
        Self {
            name,
            estimate: Figure::finite(estimate),
            se: Some(Figure::finite(se)),
            lower: Figure::finite(lower),
            upper: Figure::finite(upper),
            null_se: Some(Figure::finite(null_se)),
            statistic,
            df: None,
            p: statistic.map(normal_two_sided),
            observed: Some(observed).filter(|share| share.is_finite()),
            expected: Some(expected).filter(|share| share.is_finite()),
        }
    }
}
