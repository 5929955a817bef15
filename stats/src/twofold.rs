//! Numbers of twice the precision, without fused multiply-add.
//!
//! A [`Twofold`] is an unevaluated sum of two `f64`, about 32 digits. Exact integer sums of a million rows
//! enter it unrounded, so a model solved in it loses nothing to the solving. Dekker, Numerische Mathematik 18
//! (1971).

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number of about 106 bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Twofold {
    high: f64,
    low: f64,
}

impl Twofold {
    /// Nothing.
    pub(crate) const ZERO: Self = Self { high: 0.0, low: 0.0 };

    /// The nearest `f64`.
    pub(crate) fn rounded(self) -> f64 {
        self.high
    }

    /// The number, or 0 where it is negative.
    pub(crate) fn max_zero(self) -> Self {
        if self > Self::ZERO { self } else { Self::ZERO }
    }

    /// Renormalises: `|low|` becomes at most half a unit in the last place of `high`.
    fn from_parts(high: f64, low: f64) -> Self {
        let sum = high + low;
        Self { high: sum, low: low - (sum - high) }
    }
}

/// The sum of two numbers and its rounding error, exactly.
fn sum_with_error(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

/// The product of two numbers and its rounding error, exactly unless it overflows.
fn product_with_error(a: f64, b: f64) -> (f64, f64) {
    let (a_high, a_low) = halves(a);
    let (b_high, b_low) = halves(b);
    let product = a * b;
    (product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low)
}

/// A number as a sum of two numbers of 26 bits (Veltkamp).
fn halves(a: f64) -> (f64, f64) {
    const SPLITTER: f64 = 134_217_729.0; // 2^27 + 1
    let scaled = SPLITTER * a;
    let high = scaled - (scaled - a);
    (high, a - high)
}

impl From<f64> for Twofold {
    fn from(value: f64) -> Self {
        Self { high: value, low: 0.0 }
    }
}

impl From<i128> for Twofold {
    fn from(value: i128) -> Self {
        let high = value as f64;
        Self::from_parts(high, value.saturating_sub(high as i128) as f64)
    }
}

impl From<u64> for Twofold {
    fn from(value: u64) -> Self {
        i128::from(value).into()
    }
}

impl Add for Twofold {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (high, error) = sum_with_error(self.high, other.high);
        let (low, low_error) = sum_with_error(self.low, other.low);
        let partial = Self::from_parts(high, error + low);
        Self::from_parts(partial.high, partial.low + low_error)
    }
}

impl Neg for Twofold {
    type Output = Self;
    fn neg(self) -> Self {
        Self { high: -self.high, low: -self.low }
    }
}

impl Sub for Twofold {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Twofold {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let (high, error) = product_with_error(self.high, other.high);
        Self::from_parts(high, error + (self.high * other.low + self.low * other.high))
    }
}

impl Div for Twofold {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = self.high / other.high;
        let rest = self - other * Self::from(first);
        let second = rest.high / other.high;
        let rest = rest - other * Self::from(second);
        Self::from_parts(first, second) + Self::from(rest.high / other.high)
    }
}

impl PartialOrd for Twofold {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match self.high.partial_cmp(&other.high) {
            Some(std::cmp::Ordering::Equal) => self.low.partial_cmp(&other.low),
            order => order,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_three_times_is_one_to_thirty_digits() {
        let third = Twofold::from(1.0) / Twofold::from(3.0);
        let error = third + third + third - Twofold::from(1.0);
        assert!(error.rounded().abs() < 1e-31, "{error:?}");
    }

    #[test]
    fn integers_of_a_hundred_bits_are_carried_exactly() {
        let large = (1_i128 << 100) + 1;
        let difference = Twofold::from(large) - Twofold::from(1_i128 << 100);
        assert_eq!(difference.rounded(), 1.0);
    }

    #[test]
    fn a_product_keeps_what_one_number_loses() {
        let near_one = Twofold::from(1.0 + f64::EPSILON);
        let square = near_one * near_one;
        assert_eq!((square - Twofold::from(1.0 + 2.0 * f64::EPSILON)).rounded(), f64::EPSILON * f64::EPSILON);
    }
}
