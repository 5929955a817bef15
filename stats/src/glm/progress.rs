//! One maximum-likelihood fit on its way: Newton's method with step halving, as public state.
//!
//! A round tells the sums at the current estimates. Where these are worse than the ones before, or cannot be
//! computed, the next round asks halfway back. Otherwise Newton's step is taken, with the observed information, or
//! the expected one where that is not positive. A fit whose next step is less than [`CONVERGED`] in standard errors
//! (squared) takes it and is done: the step after it would change nothing that is reported.

use serde::{Deserialize, Serialize};

use crate::cholesky::Cholesky;
use crate::glm::family::Family;
use crate::glm::sums::{Extra, Sums, Wanted};
use crate::twofold::Twofold;

/// A fit between two rounds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Its columns: 0 is the intercept, then those of the state's coordinates from 1.
    pub(super) places: Vec<usize>,
    /// The coefficients, and last the logarithm of theta where the fit has one of its own.
    pub(super) estimates: Vec<f64>,
    /// What they were before, and how good they were; none at the start.
    previous: Previous,
    /// How long each step taken was, squared and in standard errors.
    steps: Vec<f64>,
    /// What came out; none while the fit is on its way.
    pub(super) done: Option<Done>,
}

/// Where a fit goes back to.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Previous {
    estimates: Vec<f64>,
    /// Minus twice the log-likelihood; none where nobody asked.
    objective: Option<f64>,
}

/// A fit that has come to its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Done {
    pub(super) deviance: f64,
    pub(super) loglik: f64,
    pub(super) pearson: f64,
    pub(super) squares: f64,
    /// The inverse of the expected information of the coefficients.
    pub(super) inverse: Vec<Vec<f64>>,
    /// The observed information of theta alone.
    pub(super) theta_information: Option<f64>,
    /// Half the logarithm of the determinant of the information.
    pub(super) penalty: f64,
}

/// Why a fit cannot go on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stuck {
    /// Estimates, by their positions, that grow without bound.
    Endless(Vec<usize>),
    /// The logarithm of theta does.
    EndlessTheta,
    /// An estimate about which the data say nothing any more.
    NoInformation(usize),
}

/// The square of the last step, in standard errors.
const CONVERGED: f64 = 1e-20;
/// A likelihood that falls by less than this share of itself may be rounding.
const ROUNDING: f64 = 1e-11;
/// Newton's steps shrink by squares; ones that shrink less than tenfold three times in a row, when they are shorter
/// than a standard error, lead to infinity. There a step is one unit of the predictor and the likelihood's slope falls
/// by e each time.
const SLOW: f64 = 0.1;
const SLOW_STEPS: usize = 3;

impl Progress {
    /// A fit that starts at some estimates and, where nothing can be computed there, goes towards others.
    pub(super) fn new(places: Vec<usize>, estimates: Vec<f64>, fallback: Vec<f64>) -> Self {
        let previous = Previous { estimates: fallback, objective: None };
        Self { places, estimates, previous, steps: Vec::new(), done: None }
    }

    /// Whether a state from outside is one of a fit with that many columns to choose from.
    pub(super) fn is_sound(&self, columns: usize, theta: bool) -> bool {
        let parameters = self.places.len() + usize::from(theta);
        let rising = self.places.windows(2).all(|pair| pair[0] < pair[1]);
        let inverse = self.done.as_ref().is_none_or(|done| {
            let count = self.places.len();
            done.inverse.len() == count && done.inverse.iter().all(|row| row.len() == count)
        });
        rising
            && inverse
            && self.places.last().is_none_or(|last| *last <= columns)
            && self.estimates.len() == parameters
            && self.previous.estimates.len() == parameters
    }

    /// The coefficients without theta.
    pub(super) fn coefficients(&self) -> &[f64] {
        &self.estimates[..self.places.len()]
    }

    /// Goes back half of the last step.
    pub(super) fn halve(&mut self) {
        for (own, before) in self.estimates.iter_mut().zip(&self.previous.estimates) {
            *own = before + (*own - before) / 2.0;
        }
    }

    /// Takes the next step from what the rows add up to. `ending` is whether a fit that has converged is done.
    pub(super) fn advance(&mut self, wanted: &Wanted, sums: &Sums, ending: Ending) -> Result<(), Stuck> {
        let count = self.places.len();
        let expected = Cholesky::new(&sums.expected, &least(&sums.expected));
        if let Some(lost) = (0..count).find(|place| !expected.kept.contains(place)) {
            return Err(Stuck::NoInformation(lost));
        }
        let inverse = expected.inverse();
        let penalty = 0.5 * expected.log_determinant();
        let mut objective = match wanted.family {
            Family::NegativeBinomial => -2.0 * sums.loglik.rounded(),
            _ => sums.deviance.rounded(),
        };
        let mut score = sums.score.clone();
        if wanted.extra == Extra::Third {
            objective -= 2.0 * penalty;
            penalise(&mut score, sums, &inverse);
        }
        if ending == Ending::Awaited {
            // The likelihood is another one in each round.
            self.previous.objective = None;
        }
        if self.previous.objective.is_some_and(|before| objective > before + ROUNDING * (before.abs() + 1.0))
        {
            self.halve();
            return Ok(());
        }
        let direction = direction(wanted, sums, &inverse, &score);
        let length = direction.iter().zip(&score).fold(Twofold::ZERO, |sum, (one, two)| sum + *one * *two);
        let length = length.rounded().abs();
        let objective = (ending == Ending::Allowed).then_some(objective);
        self.previous = Previous { estimates: self.estimates.clone(), objective };
        for (own, change) in self.estimates.iter_mut().zip(&direction) {
            *own += change.rounded();
        }
        self.steps.push(length);
        if length <= CONVERGED && ending == Ending::Allowed {
            let rounded = |row: &Vec<Twofold>| row.iter().map(|entry| entry.rounded()).collect();
            let theta = (wanted.extra == Extra::Theta).then(|| {
                let theta = libm::exp(self.previous.estimates[count]);
                ((sums.observed[count][count] + sums.score[count]).rounded()) / (theta * theta)
            });
            self.done = Some(Done {
                deviance: sums.deviance.rounded(),
                loglik: sums.loglik.rounded(),
                pearson: sums.pearson.rounded(),
                squares: sums.squares.rounded(),
                inverse: inverse.iter().map(rounded).collect(),
                theta_information: theta,
                penalty,
            });
            return Ok(());
        }
        self.endless(wanted, &direction)
    }

    /// Whether the estimates run away.
    fn endless(&self, wanted: &Wanted, direction: &[Twofold]) -> Result<(), Stuck> {
        let slow = |pair: &[f64]| pair[0] < 1.0 && pair[1] > SLOW * pair[0] && pair[1] > CONVERGED;
        let pairs: Vec<bool> = self.steps.windows(2).map(slow).collect();
        // Firth's estimates are finite, and its steps shrink evenly.
        if wanted.extra == Extra::Third || pairs.len() < SLOW_STEPS {
            return Ok(());
        }
        if !pairs[pairs.len() - SLOW_STEPS..].iter().all(|slow| *slow) {
            return Ok(());
        }
        let sizes: Vec<f64> = direction.iter().map(|change| change.rounded().abs()).collect();
        let count = self.places.len();
        if sizes.get(count).is_some_and(|tau| sizes[..count].iter().all(|other| other < tau)) {
            return Err(Stuck::EndlessTheta);
        }
        let slopes: Vec<usize> = (0..count).filter(|at| self.places[*at] > 0).collect();
        let largest = slopes.iter().map(|at| sizes[*at]).fold(0.0, f64::max);
        let growing = slopes.into_iter().filter(|at| sizes[*at] > 0.3 * largest);
        Err(Stuck::Endless(growing.collect()))
    }
}

/// Whether a fit that has converged may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Yes.
    Allowed,
    /// No: it hangs on a number of another fit that has not come to its end.
    Awaited,
}

/// Newton's step with the observed information where that is positive, or else with the expected one.
fn direction(wanted: &Wanted, sums: &Sums, inverse: &[Vec<Twofold>], score: &[Twofold]) -> Vec<Twofold> {
    let times = |matrix: &[Vec<Twofold>], vector: &[Twofold]| -> Vec<Twofold> {
        let dot = |row: &Vec<Twofold>| {
            row.iter().zip(vector).fold(Twofold::ZERO, |sum, (one, two)| sum + *one * *two)
        };
        matrix.iter().map(dot).collect()
    };
    if wanted.extra == Extra::Third || (wanted.family.is_canonical() && wanted.extra == Extra::None) {
        return times(inverse, score);
    }
    let observed = Cholesky::new(&sums.observed, &least(&sums.observed));
    if observed.kept.len() == score.len() {
        return times(&observed.inverse(), score);
    }
    let mut direction = times(inverse, score);
    if wanted.extra == Extra::Theta {
        let count = inverse.len();
        let curvature = sums.observed[count][count].rounded().abs().max(1e-3);
        let change = (score[count].rounded() / curvature).clamp(-2.0, 2.0);
        direction.push(Twofold::from(change));
    }
    direction
}

/// What a pivot must exceed: the columns have about unit size, so less is rounding.
fn least(matrix: &[Vec<Twofold>]) -> Vec<Twofold> {
    let least = |(at, row): (usize, &Vec<Twofold>)| row[at].max_zero() * Twofold::from(1e-15);
    matrix.iter().enumerate().map(least).collect()
}

/// Firth's score, Biometrika 80 (1993): `U + ½ tr(I⁻¹ ∂I/∂β)`.
fn penalise(score: &mut [Twofold], sums: &Sums, inverse: &[Vec<Twofold>]) {
    for (at, score) in score.iter_mut().enumerate() {
        let mut trace = Twofold::ZERO;
        for (one, row) in inverse.iter().enumerate() {
            for (two, entry) in row.iter().enumerate() {
                trace = trace + *entry * sums.third(at, one, two);
            }
        }
        *score = *score + trace * Twofold::from(0.5);
    }
}
