//! The logit of the outcome as a line of the logit of the prediction, by Newton's method.

use serde::{Deserialize, Serialize};

use crate::glm::{Family, Link};
use crate::twofold::Twofold;
use crate::wald::Wald;

/// What a round adds up for a fit. One of the intercept alone needs no others than it has uses for.
pub(super) const SUMS: [&str; 6] = [
    "log-likelihood",
    "score of the intercept",
    "score of the slope",
    "information of the intercept",
    "information of both",
    "information of the slope",
];

/// The most rounds of a fit, and how small its last step is.
const MOST_ROUNDS: u32 = 18;
const LAST_STEP: f64 = 1e-10;

/// A fit on its way or done: all of it public.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Fit {
    /// Whether the slope is estimated, or 1.
    sloped: bool,
    /// The intercept and the slope.
    at: [f64; 2],
    /// What is tried next is `at + step`.
    step: [f64; 2],
    /// That of `at`, once it is known.
    loglik: Option<f64>,
    rounds: u32,
    end: Option<End>,
}

/// How a fit ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum End {
    /// With standard errors.
    Done([f64; 2]),
    /// Without numbers, in words.
    Failed(String),
}

impl Fit {
    /// Starts from predictions that are right.
    pub(super) fn start(sloped: bool) -> Self {
        Self { sloped, at: [0.0, 1.0], step: [0.0, 0.0], loglik: None, rounds: 0, end: None }
    }

    pub(super) fn is_running(&self) -> bool {
        self.end.is_none()
    }

    /// Whether a state from outside has its numbers.
    pub(super) fn is_sound(&self, sloped: bool) -> bool {
        self.sloped == sloped
            && self.rounds <= MOST_ROUNDS
            && self.at.iter().chain(&self.step).all(|number| number.is_finite())
    }

    fn trial(&self) -> [f64; 2] {
        [self.at[0] + self.step[0], self.at[1] + self.step[1]]
    }

    /// What a row adds, in the order of [`SUMS`].
    pub(super) fn terms(&self, risk: f64, class: usize) -> [f64; 6] {
        let logit = libm::log(risk) - libm::log1p(-risk);
        let [intercept, slope] = self.trial();
        let row = Family::Binomial(Link::Logit).at(class as f64, intercept + slope * logit);
        let weighted = row.expected * logit;
        [row.loglik, row.score, row.score * logit, row.expected, weighted, weighted * logit]
    }

    /// Goes on from the sums at the trial; none where a row was out of range.
    pub(super) fn advance(&mut self, sums: Option<[Twofold; 6]>) {
        self.rounds += 1;
        let worse = |loglik: f64| self.loglik.is_some_and(|best| loglik < best - 1e-12 * best.abs());
        match sums {
            Some(sums) if !worse(sums[0].rounded()) => self.accept(sums),
            _ => self.step = self.step.map(|part| part / 2.0),
        }
        if self.is_running() && self.rounds >= MOST_ROUNDS {
            self.fail("the fit of the outcome to the predictions did not converge; they may separate it");
        }
    }

    fn accept(&mut self, [loglik, first, second, a, b, c]: [Twofold; 6]) {
        self.at = self.trial();
        self.loglik = Some(loglik.rounded());
        let determinant = a * c - b * b;
        let variances = if self.sloped {
            let least = 1e-14 * (a * c).rounded();
            if least.is_nan() || determinant.rounded() <= least {
                return self.fail("all predictions are the same, or nearly so, and have no slope");
            }
            self.step = [
                ((c * first - b * second) / determinant).rounded(),
                ((a * second - b * first) / determinant).rounded(),
            ];
            [(c / determinant).rounded(), (a / determinant).rounded()]
        } else {
            if a.rounded().is_nan() || a.rounded() <= 0.0 {
                return self.fail("the rows say nothing about the intercept");
            }
            self.step = [(first / a).rounded(), 0.0];
            [(Twofold::from(1.0) / a).rounded(), 0.0]
        };
        if !self.step.iter().chain(&variances).all(|number| number.is_finite()) {
            return self.fail(
                "the fit of the outcome to the predictions left the numbers that can be computed with",
            );
        }
        let small = |(step, at): (&f64, &f64)| step.abs() <= LAST_STEP * (1.0 + at.abs());
        if self.step.iter().zip(&self.at).all(small) {
            self.at = self.trial();
            self.step = [0.0, 0.0];
            self.end = Some(End::Done(variances.map(f64::sqrt)));
        }
    }

    /// Ends without numbers.
    pub(super) fn fail(&mut self, reason: &str) {
        self.step = [0.0, 0.0];
        self.end = Some(End::Failed(reason.to_owned()));
    }

    /// Why there are no numbers.
    pub(super) fn reason(&self) -> Option<&str> {
        match &self.end {
            Some(End::Failed(reason)) => Some(reason),
            _ => None,
        }
    }

    /// The intercept against 0.
    pub(super) fn intercept(&self) -> Option<Wald> {
        match self.end {
            Some(End::Done(se)) => Some(Wald::new(self.at[0], se[0], 0.0)),
            _ => None,
        }
    }

    /// The slope against 1.
    pub(super) fn slope(&self) -> Option<Wald> {
        match self.end {
            Some(End::Done(se)) => Some(Wald::new(self.at[1], se[1], 1.0)),
            _ => None,
        }
    }
}
