//! Fisher's exact test, as R's `fisher.test` defines it, but with the odds ratio of two rows and two columns and its
//! interval solved to full precision.

use super::association::{OddsRatio, Ratio, Test};
use super::{network, sampled};
use crate::root::last_where;

/// The most tables with the same margins that are gone through.
const MOST_TABLES: u64 = 100_000;

/// How much more likely a table may seem and still count as no likelier than the observed one (R's rule).
const TIE: f64 = 1.0 + 1e-7;

/// Fisher's test of the occupied part of a table.
pub(crate) fn test(counts: &[Vec<u64>]) -> Test {
    let columns = counts.first().map_or(0, Vec::len);
    if counts.len() < 2 || columns < 2 {
        return Test::refused("fewer than two rows or columns have anybody in them");
    }
    let [first, second] = counts else { return of_any_shape(counts) };
    let (&[a, b], &[c, d]) = (first.as_slice(), second.as_slice()) else { return of_any_shape(counts) };
    let tables = Hypergeometric::new(a, b, c, d);
    if tables.highest - tables.lowest > MOST_TABLES {
        return Test::refused("the counts are so large that chi_squared answers as well");
    }
    let weights = tables.weights(0.0);
    let observed = weights[(a - tables.lowest) as usize];
    let extreme: f64 = weights.iter().filter(|weight| **weight <= observed * TIE).sum();
    let p = Some((extreme / weights.iter().sum::<f64>()).min(1.0));
    let method = Some("exact; the odds ratio is the conditional maximum likelihood estimate");
    Test { p, odds_ratio: Some(tables.odds_ratio(a)), method, ..Test::default() }
}

/// The test of more rows or columns: exact where the tables with these margins can be gone through, sampled where not.
fn of_any_shape(counts: &[Vec<u64>]) -> Test {
    if let Some(p) = network::p_value(counts, TIE) {
        return Test { p: Some(p), method: Some("exact"), ..Test::default() };
    }
    match sampled::p_value(counts) {
        Some((p, sampling)) => Test {
            p: Some(p),
            method: Some("sampled from the tables with these margins (Monte Carlo)"),
            sampling: Some(sampling),
            ..Test::default()
        },
        None => Test::refused("the counts are so large that chi_squared answers as well"),
    }
}

/// The tables with given margins, by their first cell, under any odds ratio.
struct Hypergeometric {
    lowest: u64,
    highest: u64,
    /// The logarithm of each table's probability under an odds ratio of 1, up to a constant.
    logarithms: Vec<f64>,
}

impl Hypergeometric {
    fn new(a: u64, b: u64, c: u64, d: u64) -> Self {
        let (row, column) = (a + b, a + c);
        let lowest = a.saturating_sub(d);
        let highest = row.min(column);
        let mut logarithms = vec![0.0];
        let mut logarithm = 0.0;
        for x in (lowest..highest).take(MOST_TABLES as usize) {
            let more = (row - x) as f64 * (column - x) as f64;
            let fewer = (x + 1) as f64 * (d + x + 1 - a) as f64;
            logarithm += libm::log(more / fewer);
            logarithms.push(logarithm);
        }
        Self { lowest, highest, logarithms }
    }

    /// The probability of each table, up to a constant, under an odds ratio of this logarithm.
    fn weights(&self, log_ratio: f64) -> Vec<f64> {
        let tilted =
            self.logarithms.iter().enumerate().map(|(at, logarithm)| logarithm + at as f64 * log_ratio);
        let tilted: Vec<f64> = tilted.collect();
        let largest = tilted.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        tilted.iter().map(|logarithm| libm::exp(logarithm - largest)).collect()
    }

    /// The conditional maximum likelihood estimate of the odds ratio and its exact 95 % interval.
    fn odds_ratio(&self, observed: u64) -> OddsRatio {
        let at = (observed - self.lowest) as usize;
        let share = |log_ratio: f64, part: std::ops::Range<usize>| {
            let weights = self.weights(log_ratio);
            weights[part].iter().sum::<f64>() / weights.iter().sum::<f64>()
        };
        let mean_is_below = |log_ratio: f64| {
            let weights = self.weights(log_ratio);
            let moment: f64 =
                weights.iter().enumerate().map(|(x, weight)| (x as f64 - at as f64) * weight).sum();
            moment <= 0.0
        };
        let tables = self.logarithms.len();
        let ratio =
            |holds: &dyn Fn(f64) -> bool| Ratio::Finite(libm::exp(last_where(-WIDEST, WIDEST, holds)));
        let at_lowest = observed == self.lowest;
        let at_highest = observed == self.highest;
        OddsRatio {
            estimate: match (at_lowest, at_highest) {
                (true, _) => Ratio::Finite(0.0),
                (_, true) => Ratio::INFINITE,
                _ => ratio(&mean_is_below),
            },
            lower: match at_lowest {
                true => Ratio::Finite(0.0),
                false => ratio(&|log_ratio| share(log_ratio, at..tables) <= 0.025),
            },
            upper: match at_highest {
                true => Ratio::INFINITE,
                false => ratio(&|log_ratio| share(log_ratio, 0..at + 1) >= 0.025),
            },
        }
    }
}

/// The widest logarithm of an odds ratio that is looked for.
const WIDEST: f64 = 700.0;
