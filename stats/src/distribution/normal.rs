//! The standard normal distribution.

use std::f64::consts::SQRT_2;

use crate::root::last_where;

/// The probability of a value above `z` (`pnorm(z, lower.tail = FALSE)`); the one below is that above `-z`.
pub(super) fn normal_survival(z: f64) -> f64 {
    libm::erfc(z / SQRT_2) / 2.0
}

/// The probability of a value at least `|z|` away from 0.
pub(crate) fn normal_two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() / SQRT_2)
}

/// The value below which a share `p` lies (`qnorm(p)`): infinite where `p` is 0 or 1, not a number outside.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    if p < 0.5 {
        -normal_upper_quantile(p)
    } else if p > 0.5 {
        normal_upper_quantile(1.0 - p)
    } else if p == 0.5 {
        0.0
    } else {
        f64::NAN
    }
}

/// The value above which a share `p` of less than a half lies.
fn normal_upper_quantile(p: f64) -> f64 {
    if p == 0.0 {
        return f64::INFINITY;
    }
    if p < 0.0 {
        return f64::NAN;
    }
    last_where(0.0, FURTHEST, |z| normal_survival(z) > p)
}

/// Beyond it the tail is no longer a number above 0.
const FURTHEST: f64 = 39.0;
