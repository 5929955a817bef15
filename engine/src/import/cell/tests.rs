#![allow(clippy::unwrap_used)]

use notochord_proto::variable::Level;

use super::*;
use crate::import::style::Decimal;

const CODES: Style = Style { encoding: Encoding::Codes, boxes: Boxes::Ticks, decimal: Decimal::Point };

fn read(expected: &Expected, cell: &str) -> Result<Option<Value>, Wrong> {
    expected.read(cell, CODES, &MissingCodes::new(&Default::default()))
}

fn finding(expected: &Expected, cell: &str) -> String {
    read(expected, cell).err().unwrap().finding
}

fn holds(expected: &Expected, cell: &str, value: Option<Value>) -> bool {
    read(expected, cell).is_ok_and(|found| found == value)
}

fn choice() -> Expected {
    let level = |code: &str, label: &str| Level { code: code.into(), label: label.into() };
    Expected::Choice(Choices::new(&[level("Obs", "Observation"), level("Lev", "Levamisole")]))
}

#[test]
fn an_empty_cell_is_missing_whatever_the_field() {
    for expected in [Expected::TrueFalse, Expected::Date, choice(), Expected::Number { bounds: None }] {
        assert!(holds(&expected, "", None));
    }
}

#[test]
fn whole_numbers_may_carry_zeros_after_the_point_and_nothing_else() {
    let expected = Expected::Integer { bounds: (-5, 120) };
    for (cell, value) in [("12", 12), ("12.0", 12), ("-3", -3), ("-0", 0), ("+7.00", 7), ("120", 120)] {
        assert!(holds(&expected, cell, Some(Value::Integer(value))), "{cell}");
    }
    for cell in ["12.", "1e2", ".0", "121", "-6", "0x10", "99999999999999999999", "٣"] {
        assert!(
            finding(&expected, cell).starts_with(&format!("`{cell}` is not a whole number from -5 to 120"))
        );
    }
}

#[test]
fn an_integer_without_bounds_still_fits_a_float_exactly() {
    let expected = Expected::Integer { bounds: (-GREATEST_INTEGER, GREATEST_INTEGER) };
    assert!(holds(&expected, "9007199254740992", Some(Value::Integer(GREATEST_INTEGER))));
    assert!(read(&expected, "9007199254740993").is_err());
}

#[test]
fn numbers_are_finite_and_within_the_dictionarys_bounds() {
    let expected = Expected::Number { bounds: Some((0.0, 10.5)) };
    for (cell, value) in [("10.5", 10.5), ("1e1", 10.0), (".5", 0.5), ("3", 3.0)] {
        assert!(holds(&expected, cell, Some(Value::Number(value))), "{cell}");
    }
    assert_eq!(finding(&expected, "10.6"), "`10.6` is not a number from 0 to 10.5");
    assert_eq!(finding(&expected, "inf"), "`inf` is not a number from 0 to 10.5");
    assert_eq!(finding(&expected, "3,5"), "`3,5` is not a number from 0 to 10.5; write a decimal point");
}

#[test]
fn a_comma_stands_before_a_fraction_only_where_it_divides_no_cells() {
    let style = Style { decimal: Decimal::PointOrComma, ..CODES };
    let missing = MissingCodes::new(&Default::default());
    let read = |cell: &str| Expected::Number { bounds: None }.read(cell, style, &missing);
    assert!(read("3,5").is_ok_and(|value| value == Some(Value::Number(3.5))));
    assert!(read("3.5").is_ok_and(|value| value == Some(Value::Number(3.5))));
    assert!(
        read("-0,0").is_ok_and(|value| matches!(value, Some(Value::Number(zero)) if zero.to_bits() == 0))
    );
    assert!(read("1.234,5").is_err() && read("1,2,3").is_err() && read(",").is_err());
}

#[test]
fn a_finding_quotes_little_and_no_control_characters() {
    let found = finding(&choice(), &"x".repeat(500));
    assert_eq!(found, format!("`{}…` is not one of the field's codes", "x".repeat(40)));
    assert_eq!(excerpt("a\u{1b}[2J\nb"), "a\u{fffd}[2J\u{fffd}b");
}
