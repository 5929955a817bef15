//! Tails of the distributions that tests need.
//!
//! Relative accuracy is about 1e-13 down to the smallest normal numbers, because the leading factors are
//! built from deviances (Loader, "Fast and accurate computation of binomial probabilities", 2000), as in R,
//! and never from differences of large logarithms.

mod beta;
mod deviance;
mod gamma;

use crate::root::last_where;

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

/// The probability that F with these degrees of freedom is at least `f`.
pub(crate) fn f_survival(f: f64, numerator: f64, denominator: f64) -> f64 {
    if f.is_infinite() {
        return 0.0;
    }
    let scaled = numerator * f.max(0.0);
    let total = denominator + scaled;
    beta::regularised(denominator / 2.0, numerator / 2.0, denominator / total, scaled / total)
}

/// The probability that chi-squared with `df` degrees of freedom is at least `x`.
pub(crate) fn chi_squared_survival(x: f64, df: f64) -> f64 {
    gamma::upper(df / 2.0, x.max(0.0) / 2.0)
}

#[cfg(test)]
mod tests;
