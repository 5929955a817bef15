//! What one row adds to a negative binomial likelihood in the linear predictor and `tau = ln theta`.
//!
//! Written so that nothing cancels where theta is large: `lgamma(theta + y) - lgamma(theta)` is a sum of `y`
//! logarithms. Lawless, Canadian Journal of Statistics 15 (1987); MASS `glm.nb` and `theta.ml`.

use super::family::Row;

/// The derivatives by `tau`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// The derivative of the log-likelihood.
    pub(crate) score: f64,
    /// Minus its second derivative, once by the linear predictor.
    pub(crate) cross: f64,
    /// Minus its second derivative.
    pub(crate) observed: f64,
}

/// How many steps of a sum are taken one by one; the rest is Stirling's series, exact to the last digit from here.
const ONE_BY_ONE: u32 = 64;

/// What a row of outcome `y` adds.
pub(crate) fn at(y: f64, eta: f64, tau: f64) -> (Row, Shape) {
    let (mean, theta) = (libm::exp(eta), libm::exp(tau));
    let ratio = mean / theta;
    let spread = libm::log1p(ratio);
    let total = theta + mean;
    let rising = Rising::new(theta, y);
    let weight = mean / (1.0 + ratio);
    let rest = y - mean;
    let by_theta = rising.inverses - spread - rest / total;
    let twice = 1.0 / theta - 2.0 / total + (theta + y) / (total * total) - rising.squares;
    let surprise = if y > 0.0 { y * (libm::log(y) - eta) } else { 0.0 };
    let loglik = rising.logarithms - libm::lgamma(y + 1.0) + y * eta - (theta + y) * spread;
    let row = Row {
        mean,
        score: rest / (1.0 + ratio),
        observed: weight * ((1.0 + y / theta) / (1.0 + ratio)),
        expected: weight,
        deviance: 2.0 * (surprise - (y + theta) * libm::log1p(rest / total)),
        loglik,
        pearson: rest * rest / (mean * (1.0 + ratio)),
    };
    let shape = Shape {
        score: theta * by_theta,
        cross: -theta * (rest / total) * (mean / total),
        observed: -theta * by_theta - theta * theta * twice,
    };
    (row, shape)
}

/// Sums over `theta, theta + 1, …, theta + y - 1`.
struct Rising {
    /// Of `ln((theta + k) / theta)`.
    logarithms: f64,
    /// Of `1 / (theta + k)`.
    inverses: f64,
    /// Of `1 / (theta + k)²`.
    squares: f64,
}

impl Rising {
    fn new(theta: f64, y: f64) -> Self {
        let mut sums = Self { logarithms: 0.0, inverses: 0.0, squares: 0.0 };
        for step in 0..ONE_BY_ONE {
            let step = f64::from(step);
            if step >= y {
                return sums;
            }
            let inverse = 1.0 / (theta + step);
            sums.logarithms += libm::log1p(step / theta);
            sums.inverses += inverse;
            sums.squares += inverse * inverse;
        }
        let (from, to) = (theta + f64::from(ONE_BY_ONE), theta + y);
        let logarithms = libm::lgamma(to) - libm::lgamma(from) - (to - from) * libm::log(theta);
        sums.logarithms += logarithms;
        sums.inverses += digamma(to) - digamma(from);
        sums.squares += trigamma(from) - trigamma(to);
        sums
    }
}

/// The derivative of `ln Γ`, for arguments of at least 64.
fn digamma(x: f64) -> f64 {
    let square = 1.0 / (x * x);
    let series = square * (1.0 / 12.0 - square * (1.0 / 120.0 - square * (1.0 / 252.0 - square / 240.0)));
    libm::log(x) - 0.5 / x - series
}

/// Its second derivative, for arguments of at least 64.
fn trigamma(x: f64) -> f64 {
    let (inverse, square) = (1.0 / x, 1.0 / (x * x));
    let series = square * (1.0 / 6.0 - square * (1.0 / 30.0 - square * (1.0 / 42.0 - square / 30.0)));
    inverse * (1.0 + 0.5 * inverse + series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derivatives_are_those_of_the_likelihood() {
        for (y, eta, tau) in [(0.0, 0.3, 0.2), (3.0, 1.2, -0.5), (17.0, 2.0, 3.0), (150.0, 4.5, 0.7)] {
            let loglik = |eta: f64, tau: f64| at(y, eta, tau).0.loglik;
            let (row, shape) = at(y, eta, tau);
            let step = 1e-5;
            let by_eta = (loglik(eta + step, tau) - loglik(eta - step, tau)) / (2.0 * step);
            let by_tau = (loglik(eta, tau + step) - loglik(eta, tau - step)) / (2.0 * step);
            let near = |found: f64, expected: f64| (found - expected).abs() < 1e-6 * (1.0 + expected.abs());
            assert!(near(row.score, by_eta), "{y}: {} {by_eta}", row.score);
            assert!(near(shape.score, by_tau), "{y}: {} {by_tau}", shape.score);
            let change = |read: fn((Row, Shape)) -> f64, eta_step: f64, tau_step: f64| {
                let (up, down) =
                    (at(y, eta + eta_step, tau + tau_step), at(y, eta - eta_step, tau - tau_step));
                -(read(up) - read(down)) / (2.0 * step)
            };
            assert!(near(row.observed, change(|both| both.0.score, step, 0.0)));
            assert!(near(shape.cross, change(|both| both.1.score, step, 0.0)));
            assert!(near(shape.observed, change(|both| both.1.score, 0.0, step)));
        }
    }
}
