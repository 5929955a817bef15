//! What one row adds to a likelihood: families and links of R's `glm`.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The distribution of the outcome, with its link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// 0 or 1.
    Binomial(Link),
    /// A count, with the logarithm of its mean.
    Poisson,
    /// A number with constant variance, with its mean.
    Gaussian,
    /// A count of variance `mu + mu²/theta`, with the logarithm of its mean.
    NegativeBinomial,
}

/// The function of a probability that is linear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// `ln(mu / (1 - mu))`
    Logit,
    /// The normal quantile.
    Probit,
    /// `ln(mu)`
    Log,
}

/// What a row adds, at a linear predictor `eta`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// The mean.
    pub(crate) mean: f64,
    /// The derivative of the log-likelihood by `eta`.
    pub(crate) score: f64,
    /// Minus its second derivative.
    pub(crate) observed: f64,
    /// Minus the expectation of the second derivative: R's working weight.
    pub(crate) expected: f64,
    /// The deviance.
    pub(crate) deviance: f64,
    /// The log-likelihood, where the family has one without a dispersion.
    pub(crate) loglik: f64,
    /// The square of Pearson's residual.
    pub(crate) pearson: f64,
}

/// Where a fit starts in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// R's working weight.
    pub(crate) weight: f64,
    /// R's working response, before an offset is taken away.
    pub(crate) response: f64,
}

impl Family {
    /// R's name of it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Binomial(_) => "binomial",
            Self::Poisson => "poisson",
            Self::Gaussian => "gaussian",
            Self::NegativeBinomial => "negative binomial",
        }
    }

    /// R's name of its link.
    pub(crate) fn link(self) -> &'static str {
        match self {
            Self::Binomial(link) => link.name(),
            Self::Poisson | Self::NegativeBinomial => "log",
            Self::Gaussian => "identity",
        }
    }

    /// Whether the second derivative is its own expectation.
    pub(crate) fn is_canonical(self) -> bool {
        matches!(self, Self::Binomial(Link::Logit) | Self::Poisson | Self::Gaussian)
    }

    /// The first working weight and response, from R's `mustart`, a function of the outcome alone.
    pub(crate) fn start(self, y: f64) -> Start {
        let (mean, slope, variance) = match self {
            Self::Binomial(link) => {
                let mean = (y + 0.5) / 2.0;
                (mean, link.slope(link.of(mean)), mean * (1.0 - mean))
            }
            Self::Poisson => (y + 0.1, y + 0.1, y + 0.1),
            // As MASS glm.nb, whose first fit is a Poisson one, but for counts of 0.
            Self::NegativeBinomial => (y + 0.1, y + 0.1, y + 0.1),
            Self::Gaussian => (y, 1.0, 1.0),
        };
        Start { weight: slope * slope / variance, response: self.linear(mean) + (y - mean) / slope }
    }

    /// The linear predictor of a mean.
    pub(crate) fn linear(self, mean: f64) -> f64 {
        match self {
            Self::Binomial(link) => link.of(mean),
            Self::Poisson | Self::NegativeBinomial => libm::log(mean),
            Self::Gaussian => mean,
        }
    }

    /// What a row with outcome `y` adds at a linear predictor; numbers that are not finite where the predictor is
    /// none of the family's. The negative binomial's needs [`super::overdispersed`].
    pub(crate) fn at(self, y: f64, eta: f64) -> Row {
        match self {
            Self::Binomial(link) => link.row(y, eta),
            Self::Poisson | Self::NegativeBinomial => poisson(y, eta),
            Self::Gaussian => {
                let rest = y - eta;
                let square = rest * rest;
                Row {
                    mean: eta,
                    score: rest,
                    observed: 1.0,
                    expected: 1.0,
                    deviance: square,
                    loglik: 0.0,
                    pearson: square,
                }
            }
        }
    }
}

impl Link {
    /// R's name of it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Logit => "logit",
            Self::Probit => "probit",
            Self::Log => "log",
        }
    }

    /// The linear predictor of a probability; only those of `mustart` and of means are asked for.
    fn of(self, mean: f64) -> f64 {
        match self {
            Self::Logit => libm::log(mean / (1.0 - mean)),
            Self::Probit => normal_quantile(mean),
            Self::Log => libm::log(mean),
        }
    }

    /// The derivative of the probability by the linear predictor.
    fn slope(self, eta: f64) -> f64 {
        match self {
            Self::Logit => {
                let mean = 1.0 / (1.0 + libm::exp(-eta));
                mean * (1.0 - mean)
            }
            Self::Probit => density(eta),
            Self::Log => libm::exp(eta),
        }
    }

    fn row(self, y: f64, eta: f64) -> Row {
        let event = y > 0.5;
        // The probability of what happened and of what did not, its logarithm, and the derivatives.
        let (mean, loglik, score, observed, expected, odds_against) = match self {
            Self::Logit => {
                let against = if event { -eta } else { eta };
                let small = libm::exp(-eta.abs());
                let (near, far) = (1.0 / (1.0 + small), small / (1.0 + small));
                let (mean, rest) = if eta >= 0.0 { (near, far) } else { (far, near) };
                let loglik = -(against.max(0.0) + libm::log1p(small));
                let score = if event { rest } else { -mean };
                (mean, loglik, score, near * far, near * far, libm::exp(against))
            }
            Self::Probit => {
                let sign = if event { 1.0 } else { -1.0 };
                let (own, other) = (normal(sign * eta), normal(-sign * eta));
                let ratio = density(eta) / own;
                let expected = density(eta) / own * (density(eta) / other);
                let mean = if event { own } else { other };
                let observed = ratio * (ratio + sign * eta);
                (mean, libm::log(own), sign * ratio, observed, expected, other / own)
            }
            Self::Log => {
                let mean = libm::exp(eta);
                let rest = -libm::expm1(eta);
                if rest <= 0.0 {
                    return Row::none();
                }
                let odds = mean / rest;
                match event {
                    true => (mean, eta, 1.0, 0.0, odds, rest / mean),
                    false => (mean, libm::log(rest), -odds, odds / rest, odds, odds),
                }
            }
        };
        Row { mean, score, observed, expected, deviance: -2.0 * loglik, loglik, pearson: odds_against }
    }
}

impl Row {
    /// A row that cannot be added.
    pub(crate) fn none() -> Self {
        let none = f64::NAN;
        Self {
            mean: none,
            score: none,
            observed: none,
            expected: none,
            deviance: none,
            loglik: none,
            pearson: none,
        }
    }
}

fn poisson(y: f64, eta: f64) -> Row {
    let mean = libm::exp(eta);
    let rest = y - mean;
    let surprise = if y > 0.0 { y * (libm::log(y) - eta) } else { 0.0 };
    Row {
        mean,
        score: rest,
        observed: mean,
        expected: mean,
        deviance: 2.0 * (surprise - rest),
        loglik: y * eta - mean - libm::lgamma(y + 1.0),
        pearson: rest * rest / mean,
    }
}

/// The normal distribution function.
fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

fn density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x) / (2.0 * PI).sqrt()
}

/// The normal quantile, by Newton's method from 0, for probabilities that are not extreme.
fn normal_quantile(probability: f64) -> f64 {
    let mut x = 0.0;
    for _ in 0..100 {
        let change: f64 = (normal(x) - probability) / density(x);
        x -= change.clamp(-0.5, 0.5);
        if change.abs() < 1e-15 {
            break;
        }
    }
    x
}
