//! Whole and decimal numbers, and what a cell is that is none.

use super::{Wrong, remedy_of_missing};
use crate::import::FindingKind;
use crate::import::style::Decimal;

/// A whole number from `least` to `greatest`: `12`, `-3` and `12.0`, but not `12.5`, `1e3` or `12.`.
pub(super) fn whole(cell: &str, (least, greatest): (i64, i64)) -> Result<i64, Wrong> {
    let wanted = || format!("a whole number from {least} to {greatest}");
    if let Some(value) = integer(cell) {
        if (least..=greatest).contains(&value) {
            return Ok(value);
        }
        return Err(Wrong::new(FindingKind::WholeNumberOutOfBounds, cell, &wanted(), ""));
    }
    let kind = match diagnosis(cell) {
        Some(kind) => kind,
        None if is_long_integer(cell) => FindingKind::WholeNumberOutOfBounds,
        None if decimal(cell).is_some_and(|value| value.fract() != 0.0) => FindingKind::FractionalNumber,
        None => FindingKind::NotAWholeNumber,
    };
    Err(Wrong::new(kind, cell, &wanted(), remedy(kind, cell)))
}

/// A finite number within the bounds.
pub(super) fn real(cell: &str, bounds: Option<(f64, f64)>, with: Decimal) -> Result<f64, Wrong> {
    let value = match with {
        Decimal::PointOrComma if has_decimal_comma(cell) => decimal(&cell.replacen(',', ".", 1)),
        _ => decimal(cell),
    };
    let wanted = || match bounds {
        Some((least, greatest)) => format!("a number from {least} to {greatest}"),
        None => "a number".to_owned(),
    };
    match value {
        Some(value) if bounds.is_none_or(|(least, greatest)| (least..=greatest).contains(&value)) => {
            Ok(value)
        }
        Some(_) => Err(Wrong::new(FindingKind::NumberOutOfBounds, cell, &wanted(), "")),
        None => {
            let kind = diagnosis(cell).unwrap_or(FindingKind::NotANumber);
            Err(Wrong::new(kind, cell, &wanted(), remedy(kind, cell)))
        }
    }
}

fn integer(cell: &str) -> Option<i64> {
    let (whole, zeros) = cell.split_once('.').unwrap_or((cell, "0"));
    let exact = !zeros.is_empty() && zeros.bytes().all(|digit| digit == b'0');
    whole.parse().ok().filter(|_| exact)
}

/// A finite decimal number; minus zero is zero, so that equal values have equal bits. Rust also reads `inf`
/// and `NaN`, which no patient has.
fn decimal(cell: &str) -> Option<f64> {
    let spelt_out = cell.bytes().any(|byte| byte.is_ascii_alphabetic() && !byte.eq_ignore_ascii_case(&b'e'));
    let value = cell.parse::<f64>().ok().filter(|value| value.is_finite() && !spelt_out)?;
    Some(value + 0.0)
}

/// What a cell is that is no number, where there is more to say.
fn diagnosis(cell: &str) -> Option<FindingKind> {
    let unsigned = cell.trim_start_matches(['-', '+']);
    let lower = unsigned.to_ascii_lowercase();
    let number = unsigned.find(|c: char| !(c.is_ascii_digit() || ".,".contains(c))).unwrap_or(unsigned.len());
    let (digits, rest) = unsigned.split_at(number);
    let begins_with_digit = digits.starts_with(|c: char| c.is_ascii_digit());
    if remedy_of_missing(cell).is_some() {
        Some(FindingKind::UndeclaredMissing)
    } else if lower == "inf" || lower == "infinity" || decimal_overflows(cell) {
        Some(FindingKind::NotFinite)
    } else if cell.starts_with(['<', '>', '≤', '≥', '~', '≈']) {
        Some(FindingKind::ComparedNumber)
    } else if is_grouped(unsigned) {
        Some(FindingKind::GroupedDigits)
    } else if has_decimal_comma(cell) {
        Some(FindingKind::DecimalComma)
    } else if begins_with_digit && is_unit(rest) {
        Some(FindingKind::NumberWithUnit)
    } else {
        None
    }
}

fn remedy(kind: FindingKind, cell: &str) -> &'static str {
    match kind {
        FindingKind::UndeclaredMissing => remedy_of_missing(cell).unwrap_or_default(),
        FindingKind::DecimalComma => "; write a decimal point",
        FindingKind::GroupedDigits => "; write the digits without gaps, commas or points between them",
        FindingKind::NumberWithUnit => "; write the number without its unit",
        FindingKind::ComparedNumber => "; write a number alone, or leave the cell empty",
        FindingKind::FractionalNumber => "; the field takes no fractions",
        _ => "",
    }
}

/// `3,5` or `-12,75`
fn has_decimal_comma(cell: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = cell.trim_start_matches(['-', '+']);
    unsigned
        .split_once(',')
        .is_some_and(|(whole, rest)| digits(whole) && digits(rest) && !(whole.is_empty() && rest.is_empty()))
}

/// `1,234.5`, `1.234,5`, `1 234` or `1'234`
fn is_grouped(unsigned: &str) -> bool {
    let marks: Vec<char> = unsigned.chars().filter(|c| !c.is_ascii_digit()).collect();
    let only = |allowed: &[char]| marks.iter().all(|mark| allowed.contains(mark));
    let blanks = [' ', '\u{a0}', '\u{202f}', '\'', '’'];
    let begins_with_digit = unsigned.starts_with(|c: char| c.is_ascii_digit());
    let has_blank = marks.iter().any(|mark| blanks.contains(mark));
    let all = [' ', '\u{a0}', '\u{202f}', '\'', '’', '.', ','];
    begins_with_digit && only(&all) && (has_blank || (marks.len() > 1 && only(&['.', ','])))
}

fn is_unit(rest: &str) -> bool {
    let rest = rest.trim_start();
    !rest.is_empty() && rest.len() <= 20 && rest.chars().all(|c| c.is_alphabetic() || "%/°²³.µ ".contains(c))
}

fn is_long_integer(cell: &str) -> bool {
    let unsigned = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    unsigned.len() > 15 && unsigned.bytes().all(|byte| byte.is_ascii_digit())
}

fn decimal_overflows(cell: &str) -> bool {
    cell.starts_with(|c: char| c.is_ascii_digit() || "-+.".contains(c))
        && cell.ends_with(|c: char| c.is_ascii_digit())
        && cell.parse::<f64>().is_ok_and(f64::is_infinite)
}
