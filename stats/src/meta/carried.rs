//! A number of a site's own fit as one integer of the vector.
//!
//! Only that site adds to the place, so the number is carried whole: `digits · 2^power` with 53 binary digits, as
//! `digits · 2^12 + power + 2^11`. Nothing there at all is 0.

/// No carried number is further from 0.
pub(super) const MOST: i128 = 1 << 66;

const POWERS: i128 = 1 << 12;

/// The integer of a finite number.
pub(super) fn carry(number: f64) -> Option<i128> {
    if !number.is_finite() {
        return None;
    }
    let (part, power) = libm::frexp(number);
    let digits = (part * 9_007_199_254_740_992.0) as i64;
    Some(i128::from(digits) * POWERS + i128::from(power - 53) + POWERS / 2)
}

/// The number of an integer; none where nothing was carried, or what no site carries.
pub(super) fn number(integer: i128) -> Option<f64> {
    if integer == 0 || integer.checked_abs()? > MOST {
        return None;
    }
    let (digits, power) = (integer.div_euclid(POWERS), integer.rem_euclid(POWERS) - POWERS / 2);
    let number = libm::ldexp(i64::try_from(digits).ok()? as f64, i32::try_from(power).ok()?);
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_carried_to_the_last_bit() {
        let numbers = [0.0, 1.0, -1.0 / 3.0, 1e300, -f64::MAX, f64::MIN_POSITIVE, 5e-324, -2.5e-17];
        for whole in numbers {
            let integer = carry(whole);
            assert_eq!(integer.and_then(number), Some(whole), "{whole:e}");
            assert!(integer.is_some_and(|integer| integer != 0 && integer.abs() <= MOST), "{whole:e}");
        }
    }

    #[test]
    fn what_no_site_carries_is_no_number() {
        for integer in [0, i128::MIN, i128::MAX, MOST + 1] {
            assert_eq!(number(integer), None);
        }
        assert_eq!(carry(f64::NAN), None);
        assert_eq!(carry(f64::INFINITY), None);
    }
}
