//! The test of proportional hazards: R's `cox.zph(transform = "km")` of survival 3.5-3.
//!
//! It is Rao's test of each term times one less survival, as Kaplan and Meier estimate it of everybody just before an
//! event, beside the model (Grambsch and Therneau, Biometrika 81, 1994; Therneau's exact form of 2020).

use serde::{Deserialize, Serialize};

use super::newton::quadratic;
use super::partial::{entry, triangle};
use super::risk::EventTime;
use crate::design::Design;
use crate::distribution::chi_squared_survival;
use crate::standard::Standard;
use crate::term_tests::TermTest;
use crate::twofold::Twofold;

/// The score of the interactions of columns with time, their information, and that of both with the columns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Interactions {
    pub(super) score: Vec<f64>,
    /// `Σ g I`, as a lower triangle.
    pub(super) cross: Vec<f64>,
    /// `Σ g² I`, likewise.
    pub(super) own: Vec<f64>,
}

/// One less survival before each position of the grid that has an event, and last after all of them, from how many
/// leave with an event and without, and enter, at each position.
pub(super) fn transform(events: &[u64], others: &[u64], entering: &[u64]) -> Vec<(usize, f64)> {
    let mut at_risk = vec![0_u64; events.len()];
    let mut left = 0_u64;
    for at in (0..events.len()).rev() {
        let entered = entering.get(at).copied().unwrap_or_default();
        left = left.saturating_add(events[at]).saturating_add(others[at]).saturating_sub(entered);
        at_risk[at] = left;
    }
    let mut survival = 1.0;
    let mut found = Vec::new();
    for (at, deaths) in events.iter().enumerate().filter(|(_, deaths)| **deaths > 0) {
        found.push((at, 1.0 - survival));
        survival *= 1.0 - (*deaths as f64 / at_risk[at].max(1) as f64).min(1.0);
    }
    found.push((events.len(), 1.0 - survival));
    found
}

/// The transformed time at a position of the grid; none is past its end.
pub(super) fn value(transform: &[(usize, f64)], position: Option<usize>) -> f64 {
    let found = position.and_then(|at| transform.binary_search_by_key(&at, |own| own.0).ok());
    found.map_or(transform.last(), |at| transform.get(at)).map_or(0.0, |own| own.1)
}

impl Interactions {
    pub(super) fn zero(columns: usize) -> Self {
        let empty = vec![0.0; triangle(columns)];
        Self { score: vec![0.0; columns], cross: empty.clone(), own: empty }
    }

    pub(super) fn is_sound(&self, columns: usize) -> bool {
        self.score.len() == columns
            && self.cross.len() == triangle(columns)
            && self.own.len() == triangle(columns)
    }

    /// Adds an event time, which the transform maps to `g`.
    pub(super) fn add(&mut self, time: &EventTime, g: f64) {
        let scores = time.columns.iter().zip(&time.term.means).map(|(sum, means)| sum - means);
        self.score.iter_mut().zip(scores).for_each(|(own, score)| *own += g * score);
        let of = |own: &mut [f64], g: f64| {
            own.iter_mut().zip(&time.term.information).for_each(|(own, term)| *own += g * term);
        };
        of(&mut self.cross, g);
        of(&mut self.own, g * g);
    }

    /// The tests of each term, and of all.
    pub(super) fn tests(&self, inverse: &[Vec<f64>], design: &Design, standard: &Standard) -> Vec<TermTest> {
        let count = self.score.len();
        let cross = |one: usize, two: usize| Twofold::from(self.cross[entry(one, two)]);
        // What the columns leave of the information of their interactions.
        let rest = |one: usize, two: usize| {
            let mut rest = Twofold::from(self.own[entry(one, two)]);
            for (at, row) in inverse.iter().enumerate() {
                for (next, own) in row.iter().enumerate() {
                    rest = rest - cross(one, at) * Twofold::from(*own) * cross(next, two);
                }
            }
            rest
        };
        let test = |term: String, places: &[usize]| {
            let matrix: Vec<Vec<Twofold>> =
                places.iter().map(|one| places.iter().map(|two| rest(*one, *two)).collect()).collect();
            let score: Vec<Twofold> = places.iter().map(|at| Twofold::from(self.score[*at])).collect();
            let (statistic, rank) = quadratic(&score, &matrix);
            let p = chi_squared_survival(statistic, rank as f64);
            (rank > 0 && statistic.is_finite()).then_some(TermTest {
                term,
                statistic,
                df: vec![rank as u64],
                p,
            })
        };
        let terms = design.terms.iter().filter_map(|term| {
            let own = |at: &usize| term.columns.contains(&standard.columns[*at]);
            let places: Vec<usize> = (0..count).filter(own).collect();
            test(term.name.clone(), &places)
        });
        let all: Vec<usize> = (0..count).collect();
        terms.chain(test("GLOBAL".to_owned(), &all)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_is_one_less_survival_just_before_each_event() {
        // Four at risk at position 1, of whom one dies; two at position 3, of whom one dies; one enters at 2.
        let found = transform(&[0, 1, 0, 1], &[0, 2, 0, 1], &[0, 0, 1, 0]);
        assert_eq!(found, [(1, 0.0), (3, 0.25), (4, 1.0 - 0.75 * 0.5)]);
        assert_eq!(value(&found, Some(3)), 0.25);
        assert_eq!(value(&found, None), 0.625);
    }
}
