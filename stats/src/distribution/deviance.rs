//! The two ingredients of Loader's method.

use std::f64::consts::PI;

/// The probability of `successes` in `trials`, continued to real numbers; `failure = 1 - success`, given
/// apart so that neither is rounded away.
pub(super) fn binomial(successes: f64, trials: f64, success: f64, failure: f64) -> f64 {
    let failures = trials - successes;
    let exponent = stirling_error(trials)
        - stirling_error(successes)
        - stirling_error(failures)
        - deviance(successes, trials * success)
        - deviance(failures, trials * failure);
    libm::exp(exponent) * (trials / (2.0 * PI * successes * failures)).sqrt()
}

/// The probability of `count` under a Poisson distribution of that mean, continued to real numbers.
pub(super) fn poisson(count: f64, mean: f64) -> f64 {
    libm::exp(-stirling_error(count) - deviance(count, mean)) / (2.0 * PI * count).sqrt()
}

/// `x ln(x / mean) + mean - x`, without cancellation where the two are close.
fn deviance(x: f64, mean: f64) -> f64 {
    if (x - mean).abs() >= 0.1 * (x + mean) {
        return x * libm::log(x / mean) + mean - x;
    }
    let ratio = (x - mean) / (x + mean);
    let mut sum = (x - mean) * ratio;
    let mut term = 2.0 * x * ratio;
    for step in 1..1000 {
        term *= ratio * ratio;
        let next = sum + term / f64::from(2 * step + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `ln Γ(n + 1)` less Stirling's approximation of it.
fn stirling_error(n: f64) -> f64 {
    if n <= 15.0 {
        return libm::lgamma(n + 1.0) - (n + 0.5) * libm::log(n) + n - 0.5 * libm::log(2.0 * PI);
    }
    const SERIES: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
        -3617.0 / 122_400.0,
    ];
    let square = n * n;
    SERIES.iter().rev().fold(0.0, |sum, coefficient| sum / square + coefficient) / n
}
