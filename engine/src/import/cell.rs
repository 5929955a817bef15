//! One cell against the dictionary.

use notochord_proto::dictionary::FieldKind;
use notochord_proto::problem::suggestion;
use notochord_proto::variable::{Level, VariableKind};

use crate::rows::GREATEST_INTEGER;

/// How much of a cell a finding may quote.
const QUOTED_CHARACTERS: usize = 40;
/// The longest cell that is compared with the codes of a field.
const LONGEST_CODE: usize = 200;
/// What other software writes where a value is missing.
const MISSING_ELSEWHERE: [&str; 8] = ["na", "n/a", "nan", "null", "none", ".", "-", "?"];

/// What the cells of a variable must be.
pub(super) enum Expected {
    Integer { least: i64, greatest: i64 },
    Number { bounds: Option<(f64, f64)> },
    TrueFalse,
    Choice { levels: Vec<Level> },
}

/// What a cell holds.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum CellValue {
    Missing,
    Integer(i64),
    Number(f64),
    /// A position in the variable's levels.
    Level(i32),
}

impl Expected {
    pub(super) fn of(field: &FieldKind, variable: &VariableKind) -> Self {
        match variable {
            _ if matches!(field, FieldKind::TrueFalse) => Self::TrueFalse,
            VariableKind::Integer { bounds } => {
                let (least, greatest) = bounds.unwrap_or((-GREATEST_INTEGER, GREATEST_INTEGER));
                Self::Integer { least, greatest }
            }
            VariableKind::Number { bounds } => Self::Number { bounds: *bounds },
            VariableKind::Factor { levels } => Self::Choice { levels: levels.clone() },
        }
    }

    /// The value of a cell, or what is wrong with it. An empty cell is missing.
    pub(super) fn read(&self, cell: &str) -> Result<CellValue, String> {
        if cell.is_empty() {
            return Ok(CellValue::Missing);
        }
        let value = match self {
            Self::Integer { least, greatest } => {
                integer(cell).filter(|value| (least..=greatest).contains(&value)).map(CellValue::Integer)
            }
            Self::Number { bounds } => number(cell)
                .filter(|value| bounds.is_none_or(|(least, greatest)| (least..=greatest).contains(value)))
                .map(CellValue::Number),
            Self::TrueFalse => truth(cell).map(CellValue::Integer),
            Self::Choice { levels } => {
                let position = levels.iter().position(|level| level.code == cell);
                position.and_then(|position| i32::try_from(position).ok()).map(CellValue::Level)
            }
        };
        value.ok_or_else(|| format!("`{}` is not {}{}", excerpt(cell), self.in_words(), self.remedy(cell)))
    }

    fn in_words(&self) -> String {
        match self {
            Self::Integer { least: 0, greatest: 1 } => "0 or 1".into(),
            Self::Integer { least, greatest } => format!("a whole number from {least} to {greatest}"),
            Self::Number { bounds: Some((least, greatest)) } => {
                format!("a number from {least} to {greatest}")
            }
            Self::Number { bounds: None } => "a number".into(),
            Self::TrueFalse => "true, false, 0 or 1".into(),
            Self::Choice { .. } => "one of the field's codes".into(),
        }
    }

    fn remedy(&self, cell: &str) -> String {
        if MISSING_ELSEWHERE.contains(&cell.to_ascii_lowercase().as_str()) {
            return "; leave the cell empty where the value is missing".into();
        }
        match self {
            Self::Number { .. } if cell.contains(',') => "; write a decimal point".into(),
            Self::Choice { levels } => match levels.iter().find(|level| level.label == cell) {
                Some(level) => format!("; that is the label of `{}`", level.code),
                None if cell.len() > LONGEST_CODE => String::new(),
                None => suggestion(cell, levels.iter().map(|level| level.code.as_str())),
            },
            _ => String::new(),
        }
    }
}

/// The start of a text from a file, on one line and harmless to a terminal.
pub(super) fn excerpt(text: &str) -> String {
    let mut characters = text.chars();
    let shown = characters.by_ref().take(QUOTED_CHARACTERS);
    let shown: String = shown.map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if characters.next().is_some() { format!("{shown}…") } else { shown }
}

/// `12`, `-3` and `12.0`, but not `12.5`, `1e3` or `12.`.
fn integer(cell: &str) -> Option<i64> {
    let (whole, zeros) = cell.split_once('.').unwrap_or((cell, "0"));
    let exact = !zeros.is_empty() && zeros.bytes().all(|digit| digit == b'0');
    whole.parse().ok().filter(|_| exact)
}

/// A finite decimal number; minus zero is zero, so that equal values have equal bits. Rust also reads `inf`
/// and `NaN`, which no patient has.
fn number(cell: &str) -> Option<f64> {
    let spelt_out = cell.bytes().any(|byte| byte.is_ascii_alphabetic() && !byte.eq_ignore_ascii_case(&b'e'));
    let value = cell.parse::<f64>().ok().filter(|value| value.is_finite() && !spelt_out)?;
    Some(value + 0.0)
}

fn truth(cell: &str) -> Option<i64> {
    match cell.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(1),
        "false" | "0" => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn choice() -> Expected {
        let level = |code: &str, label: &str| Level { code: code.into(), label: label.into() };
        Expected::Choice { levels: vec![level("Obs", "Observation"), level("Lev", "Levamisole")] }
    }

    fn finding(expected: &Expected, cell: &str) -> String {
        expected.read(cell).err().unwrap()
    }

    #[test]
    fn an_empty_cell_is_missing_whatever_the_field() {
        for expected in [Expected::TrueFalse, choice(), Expected::Number { bounds: None }] {
            assert!(expected.read("") == Ok(CellValue::Missing));
        }
    }

    #[test]
    fn whole_numbers_may_carry_zeros_after_the_point_and_nothing_else() {
        let expected = Expected::Integer { least: -5, greatest: 120 };
        for (cell, value) in [("12", 12), ("12.0", 12), ("-3", -3), ("-0", 0), ("+7.00", 7), ("120", 120)] {
            assert!(expected.read(cell) == Ok(CellValue::Integer(value)), "{cell}");
        }
        for cell in ["12.5", "12.", "1e2", ".0", "121", "-6", "0x10", "1 2", "99999999999999999999", "٣"] {
            assert_eq!(finding(&expected, cell), format!("`{cell}` is not a whole number from -5 to 120"));
        }
    }

    #[test]
    fn an_integer_without_bounds_still_fits_a_float_exactly() {
        let expected = Expected::of(&FieldKind::YesNo, &VariableKind::Integer { bounds: None });
        assert!(expected.read("9007199254740992") == Ok(CellValue::Integer(GREATEST_INTEGER)));
        assert!(expected.read("9007199254740993").is_err());
    }

    #[test]
    fn numbers_are_finite_and_within_the_dictionarys_bounds() {
        let expected = Expected::Number { bounds: Some((0.0, 10.5)) };
        for (cell, value) in [("10.5", 10.5), ("1e1", 10.0), (".5", 0.5), ("3", 3.0)] {
            assert!(expected.read(cell) == Ok(CellValue::Number(value)), "{cell}");
        }
        assert_eq!(finding(&expected, "10.6"), "`10.6` is not a number from 0 to 10.5");
        assert_eq!(finding(&expected, "inf"), "`inf` is not a number from 0 to 10.5");
        let nan = "`NaN` is not a number from 0 to 10.5; leave the cell empty where the value is missing";
        assert_eq!(finding(&expected, "NaN"), nan);
        assert_eq!(finding(&expected, "3,5"), "`3,5` is not a number from 0 to 10.5; write a decimal point");
        assert_eq!(finding(&Expected::Number { bounds: None }, "1e999"), "`1e999` is not a number");
    }

    #[test]
    fn minus_zero_is_stored_as_zero() {
        assert_eq!(number("-0.0").unwrap().to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn yesno_and_truefalse_are_zero_and_one() {
        let yesno = Expected::Integer { least: 0, greatest: 1 };
        assert_eq!(finding(&yesno, "2"), "`2` is not 0 or 1");
        assert_eq!(finding(&yesno, "yes"), "`yes` is not 0 or 1");
        assert!(Expected::TrueFalse.read("TRUE") == Ok(CellValue::Integer(1)));
        assert_eq!(finding(&Expected::TrueFalse, "yes"), "`yes` is not true, false, 0 or 1");
    }

    #[test]
    fn an_unknown_code_names_the_nearest_one() {
        assert!(choice().read("Lev") == Ok(CellValue::Level(1)));
        assert_eq!(finding(&choice(), "lev"), "`lev` is not one of the field's codes; did you mean `Lev`?");
        let label = "`Levamisole` is not one of the field's codes; that is the label of `Lev`";
        assert_eq!(finding(&choice(), "Levamisole"), label);
        assert_eq!(finding(&choice(), "something else"), "`something else` is not one of the field's codes");
    }

    #[test]
    fn a_finding_quotes_little_and_no_control_characters() {
        let found = finding(&choice(), &"x".repeat(500));
        assert_eq!(found, format!("`{}…` is not one of the field's codes", "x".repeat(40)));
        assert_eq!(excerpt("a\u{1b}[2J\nb"), "a\u{fffd}[2J\u{fffd}b");
    }
}
