//! Newton's method on the partial likelihood, with step halving, as public state. It starts from zeros.

use serde::{Deserialize, Serialize};

use super::partial::entry;
use crate::cholesky::Cholesky;
use crate::twofold::Twofold;

/// The log partial likelihood and its derivatives at some estimates.
#[derive(Debug, Clone)]
pub(super) struct Evaluation {
    pub(super) loglik: Twofold,
    pub(super) score: Vec<Twofold>,
    pub(super) information: Vec<Vec<Twofold>>,
    /// The derivative of the information, as a lower pyramid; empty where nobody asks for it.
    pub(super) third: Vec<Twofold>,
}

/// A fit between two rounds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Fit {
    pub(super) estimates: Vec<f64>,
    previous: Vec<f64>,
    /// The objective at the previous estimates; none at the start.
    before: Option<f64>,
    /// How long each step taken was, squared and in standard errors.
    steps: Vec<f64>,
    /// What came out; none while the fit is on its way.
    pub(super) done: Option<Done>,
}

/// A fit that has come to its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Done {
    pub(super) loglik: f64,
    /// The inverse of the information.
    pub(super) inverse: Vec<Vec<f64>>,
    /// Half the logarithm of the determinant of the information.
    pub(super) penalty: f64,
}

/// What is taken from the likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Penalty {
    /// Nothing.
    None,
    /// Jeffreys' prior (Heinze and Schemper, Biometrics 57, 2001).
    Firth,
}

/// Why a fit cannot go on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stuck {
    /// Estimates, by their positions, that grow without bound.
    Endless(Vec<usize>),
    /// An estimate about which the data say nothing any more.
    NoInformation(usize),
}

/// The square of the last step, in standard errors.
const CONVERGED: f64 = 1e-20;
/// A likelihood that falls by less than this share of itself may be rounding.
const ROUNDING: f64 = 1e-11;
/// Newton's steps shrink by squares; ones shorter than a standard error that shrink less than tenfold three times in a
/// row lead to infinity.
const SLOW: f64 = 0.1;
const SLOW_STEPS: usize = 3;

impl Fit {
    /// A fit of so many coefficients, all 0.
    pub(super) fn new(count: usize) -> Self {
        let zeros = vec![0.0; count];
        Self { estimates: zeros.clone(), previous: zeros, before: None, steps: Vec::new(), done: None }
    }

    /// Whether a state from outside is one of so many coefficients.
    pub(super) fn is_sound(&self, count: usize) -> bool {
        let inverse = self.done.as_ref().is_none_or(|done| {
            done.inverse.len() == count && done.inverse.iter().all(|row| row.len() == count)
        });
        inverse && self.estimates.len() == count && self.previous.len() == count
    }

    /// Whether no step has been taken yet.
    pub(super) fn is_at_start(&self) -> bool {
        self.before.is_none()
    }

    /// Goes back half of the last step.
    pub(super) fn halve(&mut self) {
        for (own, before) in self.estimates.iter_mut().zip(&self.previous) {
            *own = before + (*own - before) / 2.0;
        }
    }

    /// Takes the next step.
    pub(super) fn advance(&mut self, at: &Evaluation, penalty: Penalty) -> Result<(), Stuck> {
        let count = self.estimates.len();
        let factors = Cholesky::new(&at.information, &least(&at.information));
        if let Some(lost) = (0..count).find(|place| !factors.kept.contains(place)) {
            return Err(Stuck::NoInformation(lost));
        }
        let inverse = factors.inverse();
        let half_determinant = 0.5 * factors.log_determinant();
        let mut objective = at.loglik.rounded();
        let mut score = at.score.clone();
        if penalty == Penalty::Firth {
            objective += half_determinant;
            penalise(&mut score, at, &inverse);
        }
        if self.before.is_some_and(|before| objective < before - ROUNDING * (before.abs() + 1.0)) {
            self.halve();
            return Ok(());
        }
        let dot =
            |row: &[Twofold]| row.iter().zip(&score).fold(Twofold::ZERO, |sum, (one, two)| sum + *one * *two);
        let direction: Vec<Twofold> = inverse.iter().map(|row| dot(row)).collect();
        let length = dot(&direction).rounded().abs();
        self.previous = self.estimates.clone();
        self.before = Some(objective);
        for (own, change) in self.estimates.iter_mut().zip(&direction) {
            *own += change.rounded();
        }
        self.steps.push(length);
        if length <= CONVERGED {
            let rounded = |row: &Vec<Twofold>| row.iter().map(|entry| entry.rounded()).collect();
            self.done = Some(Done {
                loglik: at.loglik.rounded(),
                inverse: inverse.iter().map(rounded).collect(),
                penalty: half_determinant,
            });
            return Ok(());
        }
        match penalty {
            Penalty::None => self.endless(&direction),
            // Firth's estimates are finite, and its steps shrink evenly.
            Penalty::Firth => Ok(()),
        }
    }

    /// Whether the estimates run away.
    fn endless(&self, direction: &[Twofold]) -> Result<(), Stuck> {
        let slow = |pair: &[f64]| pair[0] < 1.0 && pair[1] > SLOW * pair[0] && pair[1] > CONVERGED;
        let pairs: Vec<bool> = self.steps.windows(2).map(slow).collect();
        if pairs.len() < SLOW_STEPS || !pairs[pairs.len() - SLOW_STEPS..].iter().all(|slow| *slow) {
            return Ok(());
        }
        let sizes: Vec<f64> = direction.iter().map(|change| change.rounded().abs()).collect();
        let largest = sizes.iter().copied().fold(0.0, f64::max);
        Err(Stuck::Endless((0..sizes.len()).filter(|at| sizes[*at] > 0.3 * largest).collect()))
    }
}

impl Evaluation {
    /// The same of some of the columns, each divided by a scale.
    pub(super) fn scaled(&self, kept: &[usize], scales: &[f64]) -> Self {
        let scale = |at: &usize| Twofold::from(scales[*at]);
        let mut third = Vec::new();
        if !self.third.is_empty() {
            for (one, i) in kept.iter().enumerate() {
                for (two, j) in kept[..=one].iter().enumerate() {
                    for k in &kept[..=two] {
                        third.push(self.third(*i, *j, *k) / (scale(i) * scale(j) * scale(k)));
                    }
                }
            }
        }
        let row = |one: &usize| -> Vec<Twofold> {
            kept.iter().map(|two| self.information[*one][*two] / (scale(one) * scale(two))).collect()
        };
        Self {
            loglik: self.loglik,
            score: kept.iter().map(|at| self.score[*at] / scale(at)).collect(),
            information: kept.iter().map(row).collect(),
            third,
        }
    }

    fn third(&self, one: usize, two: usize, three: usize) -> Twofold {
        let mut order = [one, two, three];
        order.sort_unstable();
        let [low, middle, high] = order;
        self.third[super::partial::pyramid(high) + entry(middle, low)]
    }

    /// Rao's statistic `Uᵀ I⁻¹ U`.
    pub(super) fn score_statistic(&self) -> f64 {
        quadratic(&self.score, &self.information).0
    }
}

/// `uᵀ M⁻¹ u` and the rank of `M`.
pub(super) fn quadratic(vector: &[Twofold], matrix: &[Vec<Twofold>]) -> (f64, usize) {
    let factors = Cholesky::new(matrix, &least(matrix));
    let inverse = factors.inverse();
    let mut statistic = Twofold::ZERO;
    for (row, one) in inverse.iter().zip(&factors.kept) {
        for (entry, two) in row.iter().zip(&factors.kept) {
            statistic = statistic + *entry * vector[*one] * vector[*two];
        }
    }
    (statistic.rounded().max(0.0), factors.kept.len())
}

/// What a pivot must exceed: less is rounding.
fn least(matrix: &[Vec<Twofold>]) -> Vec<Twofold> {
    let least = |(at, row): (usize, &Vec<Twofold>)| row[at].max_zero() * Twofold::from(1e-14);
    matrix.iter().enumerate().map(least).collect()
}

/// Firth's score, Biometrika 80 (1993): `U + ½ tr(I⁻¹ ∂I/∂β)`.
fn penalise(score: &mut [Twofold], of: &Evaluation, inverse: &[Vec<Twofold>]) {
    for (at, score) in score.iter_mut().enumerate() {
        let mut trace = Twofold::ZERO;
        for (one, row) in inverse.iter().enumerate() {
            for (two, entry) in row.iter().enumerate() {
                trace = trace + *entry * of.third(at, one, two);
            }
        }
        *score = *score + trace * Twofold::from(0.5);
    }
}
