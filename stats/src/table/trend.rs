//! The Cochran–Armitage test for a trend in proportions, as `prop.trend.test` has it: the variance is that of a share
//! in `n` (not `n - 1`) units.

use super::association::Test;
use crate::distribution::chi_squared_survival;
use crate::figure::Figure;

/// The test of an ordered factor against two columns, or of two rows against one: an `events` count for each score.
/// `trials` are the totals.
pub(super) fn test(scores: Vec<f64>, events: &[u64], trials: &[u64]) -> Test {
    let (all_events, all): (u64, u64) = (events.iter().sum(), trials.iter().sum());
    if scores.len() < 2 || all_events == 0 || all_events == all {
        return Test::refused("fewer than two rows or columns have anybody in them");
    }
    let n = all as f64;
    let share = all_events as f64 / n;
    let mean = scores.iter().zip(trials).map(|(score, trials)| score * *trials as f64).sum::<f64>() / n;
    let (mut covariance, mut squares) = (0.0, 0.0);
    for ((score, events), trials) in scores.iter().zip(events).zip(trials) {
        let trials = *trials as f64;
        covariance += (score - mean) * (*events as f64 - trials * share);
        squares += trials * (score - mean) * (score - mean);
    }
    if squares <= 0.0 {
        return Test::refused("the scores of the ordered levels are all the same");
    }
    let statistic = covariance * covariance / (squares * share * (1.0 - share));
    Test {
        statistic: Some(Figure::finite(statistic)),
        df: Some(1),
        p: Some(chi_squared_survival(statistic, 1.0)),
        method: Some("Cochran-Armitage, as prop.trend.test"),
        scores: Some(scores),
        ..Test::default()
    }
}
