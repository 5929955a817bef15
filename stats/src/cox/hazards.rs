//! The steps of a stratum's hazard at the final estimates, and what each row's score is with them.

use serde::{Deserialize, Serialize};

use super::partial::Term;
use super::risk::{EventTime, Row};

/// The hazard of a stratum.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Hazards {
    pub(super) times: Vec<f64>,
    deaths: Vec<u64>,
    pub(super) terms: Vec<Term>,
}

/// The hazard with its sums so far.
pub(super) struct Cumulative<'a> {
    hazards: &'a Hazards,
    /// After each event time; before the first one, 0.
    hazard: Vec<f64>,
    means: Vec<Vec<f64>>,
}

impl Hazards {
    pub(super) fn new(times: &[EventTime]) -> Self {
        Self {
            times: times.iter().map(|at| at.time).collect(),
            deaths: times.iter().map(|at| at.deaths).collect(),
            terms: times.iter().map(|at| at.term.clone()).collect(),
        }
    }

    /// Whether hazards from outside are of so many columns.
    pub(super) fn is_sound(&self, columns: usize) -> bool {
        let of_columns = |term: &Term| {
            [&term.means, &term.hazard_means, &term.spared_means].iter().all(|own| own.len() == columns)
        };
        self.times.len() == self.terms.len()
            && self.deaths.len() == self.terms.len()
            && self.terms.iter().all(of_columns)
    }

    pub(super) fn cumulative(&self, columns: usize) -> Cumulative<'_> {
        let (mut hazard, mut means) = (vec![0.0], vec![vec![0.0; columns]]);
        for (at, term) in self.terms.iter().enumerate() {
            hazard.push(hazard[at] + term.hazard);
            let next = means[at].iter().zip(&term.hazard_means).map(|(sum, own)| sum + own).collect();
            means.push(next);
        }
        Cumulative { hazards: self, hazard, means }
    }
}

impl Cumulative<'_> {
    /// The derivative of the log partial likelihood by the row's weight in it: R's `residuals(type = "score")`.
    pub(super) fn score(&self, row: &Row, weight: f64) -> Vec<f64> {
        let Hazards { times, deaths, terms } = self.hazards;
        let from = times.partition_point(|time| *time <= row.interval.start);
        let to = times.partition_point(|time| *time <= row.interval.stop).max(from);
        let hazard = self.hazard[to] - self.hazard[from];
        let own = to.checked_sub(1).filter(|at| row.event && times[*at] == row.interval.stop);
        let score = |(at, z): (usize, &f64)| {
            let mut score = -weight * (z * hazard - (self.means[to][at] - self.means[from][at]));
            if let Some(time) = own {
                let term = &terms[time];
                score += z - term.means[at] / deaths[time] as f64;
                score += weight * (z * term.spared - term.spared_means[at]);
            }
            score
        };
        row.z.iter().enumerate().map(score).collect()
    }
}
