//! Tails and quantiles of the distributions that tests need.
//!
//! Relative accuracy is about 1e-13 down to the smallest normal numbers, because the leading factors are
//! built from deviances (Loader, "Fast and accurate computation of binomial probabilities", 2000), as in R,
//! and never from differences of large logarithms. Quantiles are solved to the last bit of the tail they are asked
//! by. Why no crate is used: `docs/decisions/0022-distributions-of-our-own.md`.

mod beta;
mod deviance;
mod gamma;
mod normal;
mod ranks;

use crate::root::last_where;

pub(crate) use normal::{normal_quantile, normal_two_sided};
pub(crate) use ranks::Ranks;

/// The probability that Student's t with `df` degrees of freedom is at least `|t|` away from 0.
pub(crate) fn t_two_sided(t: f64, df: f64) -> f64 {
    let square = t * t;
    if square.is_infinite() {
        return 0.0;
    }
    let total = df + square;
    beta::regularised(df / 2.0, 0.5, df / total, square / total)
}

/// The distance from 0 that Student's t stays within with probability `confidence`.
pub(crate) fn t_critical(confidence: f64, df: f64) -> f64 {
    let outside = 1.0 - confidence;
    let mut high = 2.0;
    while t_two_sided(high, df) > outside && high < 1e300 {
        high *= 2.0;
    }
    last_where(0.0, high, |t| t_two_sided(t, df) > outside)
}

/// The probability that F with these degrees of freedom is at most `f` (`pf`).
pub(crate) fn f_cdf(f: f64, numerator: f64, denominator: f64) -> f64 {
    f_survival(1.0 / f.max(0.0), denominator, numerator)
}

/// The probability that F with these degrees of freedom is at least `f`.
pub(crate) fn f_survival(f: f64, numerator: f64, denominator: f64) -> f64 {
    if f.is_infinite() {
        return 0.0;
    }
    let scaled = numerator * f.max(0.0);
    let total = denominator + scaled;
    beta::regularised(denominator / 2.0, numerator / 2.0, denominator / total, scaled / total)
}

/// The value that F with these degrees of freedom is above with probability `p`
/// (`qf(p, …, lower.tail = FALSE)`), for `0 < p < 1`.
pub(crate) fn f_upper_quantile(p: f64, numerator: f64, denominator: f64) -> f64 {
    let mut high = 2.0;
    while f_survival(high, numerator, denominator) > p && high < 1e300 {
        high *= 2.0;
    }
    last_where(0.0, high, |f| f_survival(f, numerator, denominator) > p)
}

/// The probability that chi-squared with `df` degrees of freedom is at least `x`.
pub(crate) fn chi_squared_survival(x: f64, df: f64) -> f64 {
    gamma::upper(df / 2.0, x.max(0.0) / 2.0)
}

/// The value that a beta variable is below with probability `p` (`qbeta(p, a, b)`), for `0 < p < 1`.
pub(crate) fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    last_where(0.0, 1.0, |x| beta::regularised(a, b, x, 1.0 - x) < p)
}

/// The value that a beta variable is above with probability `p`, for `0 < p < 1`.
pub(crate) fn beta_upper_quantile(p: f64, a: f64, b: f64) -> f64 {
    1.0 - beta_quantile(p, b, a)
}

/// The probability of at most `successes` in `trials`, each of which succeeds with probability `success`
/// (`pbinom`).
pub(crate) fn binomial_cdf(successes: u64, trials: u64, success: f64) -> f64 {
    if successes >= trials {
        return 1.0;
    }
    let (failures, next) = ((trials - successes) as f64, (successes + 1) as f64);
    beta::regularised(failures, next, 1.0 - success, success)
}

#[cfg(test)]
mod tests;
