//! Sums of real numbers as sums of integers.
//!
//! A term of a row, such as a weight times two columns, is a floating-point number. Rounded to a whole number of
//! `2^-60` it adds up exactly, in any order and over any split. A term of `2^46` or more, or one that is no number,
//! cannot be added; the row is counted in an overflow cell instead, and a fit that meets one takes a shorter step.

use crate::twofold::Twofold;

/// The greatest absolute value of a term as an integer.
pub(crate) const BOUND: i128 = 1 << 106;

/// `2^60`, one over the step, and the first number too large to be a term.
const STEPS: f64 = (1_u64 << 60) as f64;
const TOO_LARGE: f64 = (1_u64 << 46) as f64;

/// A term as an integer; none where it is too large or no number.
pub(crate) fn quantised(term: f64) -> Option<i128> {
    (term.abs() < TOO_LARGE).then(|| (term * STEPS).round() as i128)
}

/// What an added-up integer is.
pub(crate) fn number(total: i128) -> Twofold {
    Twofold::from(total) * Twofold::from(1.0 / STEPS)
}

/// A symmetric matrix from its lower triangle.
pub(crate) fn symmetric(
    columns: usize,
    totals: &mut dyn Iterator<Item = Twofold>,
) -> Option<Vec<Vec<Twofold>>> {
    let mut matrix: Vec<Vec<Twofold>> = Vec::with_capacity(columns);
    for one in 0..columns {
        let row: Vec<Twofold> = (0..=one).map(|_| totals.next()).collect::<Option<_>>()?;
        for (above, entry) in matrix.iter_mut().zip(&row) {
            above.push(*entry);
        }
        matrix.push(row);
    }
    Some(matrix)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_term_is_kept_to_the_sixtieth_binary_digit() {
        assert_eq!(quantised(-1.5), Some(-3 << 59));
        assert_eq!(number(quantised(0.1).unwrap()).rounded(), 0.1);
        let largest = quantised(-TOO_LARGE * (1.0 - f64::EPSILON)).unwrap();
        assert!(largest.abs() <= BOUND);
    }

    #[test]
    fn a_term_too_large_or_no_number_has_no_integer() {
        for term in [TOO_LARGE, -TOO_LARGE, f64::INFINITY, f64::NAN] {
            assert_eq!(quantised(term), None);
        }
    }
}
