//! A numeric variable as an integer with public bounds.
//!
//! `x = (origin + q) · 10^-decimals` with `|q| <= 2^40`, so the products of a million rows fit 128 bits.
//! Whole numbers are exact, counted from their lower bound. Real numbers are counted from the middle of their
//! bounds with as many decimals as keep `|q| <= 2^40`: decimals of the usual length are exact too, and others
//! are rounded to twelve or eleven digits of their range.

use notochord_proto::name::VariableName;
use notochord_proto::variable::{Variable, VariableKind};

use arrow_array::Array;

use crate::contribution::ContributeError;
use crate::frame::{Column, Frame};
use crate::twofold::Twofold;

/// The greatest absolute value of an integer.
const GREATEST: i64 = 1 << 40;

/// What a numeric variable holds in one row.
#[derive(Clone, Copy)]
pub(crate) enum Value {
    /// A whole number.
    Integer(i64),
    /// A real number.
    Number(f64),
}

/// The public bounds of a numeric variable, and so its fixed point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Quantity {
    /// Whole numbers from `lower` to `upper`, at most `2^40` apart.
    Integer { lower: i64, upper: i64 },
    /// Real numbers from `lower` to `upper`, in steps of `10^-decimals`, `origin` steps from 0.
    Number { lower: f64, upper: f64, origin: i64, decimals: i32 },
}

impl Quantity {
    /// The fixed point of a variable, or why it has none.
    pub(crate) fn of(variable: &Variable) -> Result<Self, String> {
        let name = &variable.name;
        let no_bounds = || {
            format!(
                "`{name}` has no bounds in the dictionary; sums are scaled by its validation minimum and maximum"
            )
        };
        match variable.kind {
            VariableKind::Factor { .. } => Err(format!("`{name}` is a factor, not a number")),
            VariableKind::Integer { bounds } => {
                let (lower, upper) = bounds.ok_or_else(no_bounds)?;
                Self::integer(lower.into(), upper.into())
                    .ok_or_else(|| format!("the bounds of `{name}` are more than 2^40 apart"))
            }
            VariableKind::Number { bounds } => {
                let (lower, upper) = bounds.ok_or_else(no_bounds)?;
                Self::number(lower, upper)
                    .ok_or_else(|| format!("the bounds of `{name}` are not finite and in order"))
            }
        }
    }

    /// Whole numbers between bounds at most `2^40` apart.
    pub(crate) fn integer(lower: i128, upper: i128) -> Option<Self> {
        let fits = lower <= upper && upper.checked_sub(lower)? <= GREATEST.into();
        let (lower, upper) = (i64::try_from(lower).ok()?, i64::try_from(upper).ok()?);
        fits.then_some(Self::Integer { lower, upper })
    }

    /// Real numbers between bounds of at most `10^30`.
    pub(crate) fn number(lower: f64, upper: f64) -> Option<Self> {
        let (half, largest) = (upper / 2.0 - lower / 2.0, lower.abs().max(upper.abs()));
        if !(lower <= upper && largest <= WIDEST) {
            return None;
        }
        let fits = |decimals: &i32| {
            scaled(half, *decimals) < GREATEST as f64 && scaled(largest, *decimals) < FURTHEST
        };
        let decimals = (-FINEST..=FINEST).rev().find(fits)?;
        let origin = scaled(lower + half, decimals).round() as i64;
        Some(Self::Number { lower, upper, origin, decimals })
    }

    /// The integer of a value; none outside the bounds.
    pub(crate) fn encode(&self, value: Value) -> Option<i64> {
        match (*self, value) {
            (Self::Integer { lower, upper }, Value::Integer(value)) => {
                (lower..=upper).contains(&value).then(|| value - lower)
            }
            (Self::Integer { .. }, Value::Number(_)) => None,
            (Self::Number { lower, upper, origin, decimals }, value) => {
                let value = value.to_number();
                let within = (lower..=upper).contains(&value);
                within.then(|| scaled(value, decimals).round() as i64 - origin)
            }
        }
    }

    /// How many steps from 0 the integers start.
    pub(crate) fn origin(&self) -> i64 {
        match *self {
            Self::Integer { lower, .. } => lower,
            Self::Number { origin, .. } => origin,
        }
    }

    /// The difference between the values of neighbouring integers.
    pub(crate) fn step(&self) -> Twofold {
        match *self {
            Self::Integer { .. } => Twofold::from(1.0),
            Self::Number { decimals, .. } => {
                Twofold::from(scaled(1.0, (-decimals).max(0))) / Twofold::from(scaled(1.0, decimals.max(0)))
            }
        }
    }

    /// The greatest absolute value of an integer.
    pub(crate) fn bound(&self) -> i128 {
        match *self {
            Self::Integer { lower, upper } => i128::from(upper) - i128::from(lower),
            Self::Number { .. } => GREATEST.into(),
        }
    }
}

/// The widest bounds of real numbers, and the furthest they reach from 0 in steps: there `f64` itself has no
/// finer digits.
const WIDEST: f64 = 1e30;
const FURTHEST: f64 = (1_i64 << 60) as f64;

/// The most decimals; `10^22` is the largest exact power of ten.
const FINEST: i32 = 22;

/// A number times a power of ten, rounded once.
fn scaled(number: f64, power: i32) -> f64 {
    let ten = (0..power.unsigned_abs()).fold(1.0, |product, _| product * 10.0);
    if power < 0 { number / ten } else { number * ten }
}

impl Value {
    /// The value as a real number.
    pub(crate) fn to_number(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Number(value) => value,
        }
    }
}

/// A numeric variable of a frame.
#[derive(Debug, Clone)]
pub(crate) struct Numeric {
    pub(crate) name: VariableName,
    pub(crate) quantity: Quantity,
}

impl Numeric {
    /// The variable, where it has a fixed point.
    pub(crate) fn of(variable: &Variable) -> Result<Self, String> {
        Ok(Self { name: variable.name.clone(), quantity: Quantity::of(variable)? })
    }

    /// Its column in a frame.
    pub(crate) fn read<'a>(&'a self, frame: &'a Frame) -> Result<NumericColumn<'a>, ContributeError> {
        let column = frame.column(&self.name).ok_or_else(|| ContributeError::NoColumn(self.name.clone()))?;
        match (&self.quantity, column) {
            (Quantity::Integer { .. }, Column::Integer(_)) | (Quantity::Number { .. }, Column::Number(_)) => {
                Ok(NumericColumn { numeric: self, column })
            }
            _ => Err(ContributeError::WrongKind(self.name.clone())),
        }
    }
}

/// A numeric column being read.
pub(crate) struct NumericColumn<'a> {
    numeric: &'a Numeric,
    column: &'a Column,
}

impl NumericColumn<'_> {
    /// The value of a row and its integer; none where it is missing.
    pub(crate) fn at(&self, row: usize) -> Result<Option<(Value, i64)>, ContributeError> {
        let value = match self.column {
            Column::Integer(values) if values.is_valid(row) => Value::Integer(values.value(row)),
            Column::Number(values) if values.is_valid(row) => Value::Number(values.value(row)),
            _ => return Ok(None),
        };
        let integer = self.numeric.quantity.encode(value);
        let outside = || ContributeError::OutOfBounds(self.numeric.name.to_string());
        Ok(Some((value, integer.ok_or_else(outside)?)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn number(lower: f64, upper: f64) -> Quantity {
        Quantity::number(lower, upper).unwrap()
    }

    #[test]
    fn whole_numbers_are_exact() {
        let age = Quantity::Integer { lower: 18, upper: 100 };
        assert_eq!(age.encode(Value::Integer(60)), Some(42));
        assert_eq!(age.encode(Value::Integer(17)), None);
    }

    #[test]
    fn decimals_are_exact_and_other_numbers_good_to_eleven_digits_of_their_range() {
        let bilirubin = number(0.0, 50.0);
        assert_eq!((bilirubin.origin(), bilirubin.step().rounded()), (250_000_000_000, 1e-10));
        assert_eq!(bilirubin.encode(Value::Number(14.5)), Some(-105_000_000_000));
        assert_eq!(bilirubin.encode(Value::Number(0.1)), Some(-249_000_000_000));
        assert_eq!(bilirubin.encode(Value::Number(50.1)), None);
        assert_eq!(bilirubin.encode(Value::Number(f64::NAN)), None);
        let third = bilirubin.encode(Value::Number(100.0 / 3.0)).unwrap();
        assert!((25.0 + third as f64 * 1e-10 - 100.0 / 3.0).abs() <= 0.5e-10);
    }

    #[test]
    fn every_bound_has_an_integer_within_two_to_the_fortieth() {
        let bounds = [
            (3.0, 3.0),
            (-1e29, 1e29),
            (1e-12, 2e-12),
            (-273.15, 1e6),
            (0.01, 0.011),
            (1e15, 1e15 + 1.0),
            (-1e30, -1e30),
        ];
        for (lower, upper) in bounds {
            let quantity = number(lower, upper);
            for bound in [lower, upper] {
                let integer = quantity.encode(Value::Number(bound)).unwrap();
                assert!(i128::from(integer).abs() <= quantity.bound(), "{lower} {upper}");
            }
        }
        assert_eq!(Quantity::number(0.0, f64::INFINITY), None);
        assert_eq!(Quantity::number(1.0, 0.0), None);
    }
}
