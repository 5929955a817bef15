//! What a field may hold, from its type, its validation, its choices and its bounds.

use super::column::{CHOICES, MAX, MIN, NAME, TYPE, VALIDATION};
use super::table::Row;
use super::{CheckboxLevel, FieldKind, choices};
use crate::name::VariableName;
use crate::problem::{Problem, nearest, suggestion};
use crate::variable::Level;

/// The types of REDCap.
const TYPES: [&str; 13] = [
    "text",
    "notes",
    "calc",
    "dropdown",
    "radio",
    "checkbox",
    "yesno",
    "truefalse",
    "slider",
    "file",
    "descriptive",
    "sql",
    "signature",
];

/// The validations whose values we read as data; any other text is free text.
const VALIDATIONS: [&str; 3] = ["integer", "number", "date_ymd"];

/// Integers beyond this are not exact in every tool that reads them.
const LARGEST: u64 = 1 << 53;

/// The bounds of a slider that names none.
const SLIDER: (i64, i64) = (0, 100);

pub(super) fn kind(row: &Row<'_>) -> Result<FieldKind, Problem> {
    Ok(match row.cell(TYPE) {
        "text" => text(row)?,
        "notes" => FieldKind::Notes,
        "calc" => FieldKind::Calc { bounds: bounds(row)? },
        "radio" | "dropdown" => FieldKind::Choice { levels: levels(row)? },
        "checkbox" => FieldKind::Checkbox { levels: checkbox_levels(row)? },
        "yesno" => FieldKind::YesNo,
        "truefalse" => FieldKind::TrueFalse,
        "slider" => FieldKind::Slider { bounds: bounds(row)?.unwrap_or(SLIDER) },
        "file" | "signature" => FieldKind::File,
        "descriptive" => FieldKind::Descriptive,
        "sql" => FieldKind::Text,
        other => {
            let message = format!("unknown field type `{other}`{}", suggestion(other, TYPES));
            return Err(row.problem(TYPE, message));
        }
    })
}

fn text(row: &Row<'_>) -> Result<FieldKind, Problem> {
    Ok(match row.cell(VALIDATION) {
        "integer" => FieldKind::Integer { bounds: bounds(row)? },
        "number" | "number_1dp" | "number_2dp" | "number_3dp" | "number_4dp" => {
            FieldKind::Number { bounds: bounds(row)? }
        }
        // REDCap exports every date as YYYY-MM-DD, however it was typed.
        "date_ymd" | "date_mdy" | "date_dmy" => FieldKind::Date,
        "datetime_ymd" | "datetime_mdy" | "datetime_dmy" => FieldKind::Date,
        "datetime_seconds_ymd" | "datetime_seconds_mdy" | "datetime_seconds_dmy" => FieldKind::Date,
        other => match nearest(other, VALIDATIONS) {
            Some(known) if !other.is_empty() && strsim::damerau_levenshtein(other, known) <= 2 => {
                let message = format!("unknown validation `{other}`; did you mean `{known}`?");
                return Err(row.problem(VALIDATION, message));
            }
            _ => FieldKind::Text,
        },
    })
}

/// The bounds of a field; none where the row lacks one of them.
fn bounds<T: Bound>(row: &Row<'_>) -> Result<Option<(T, T)>, Problem> {
    match (bound::<T>(row, MIN)?, bound::<T>(row, MAX)?) {
        (Some(min), Some(max)) if min < max => Ok(Some((min, max))),
        (Some(_), Some(_)) => Err(row.problem(MAX, "the maximum must be above the minimum")),
        _ => Ok(None),
    }
}

fn bound<T: Bound>(row: &Row<'_>, column: &str) -> Result<Option<T>, Problem> {
    let written = row.cell(column);
    if written.is_empty() {
        return Ok(None);
    }
    let wrong = || row.problem(column, format!("`{written}` is not {}", T::WANTED));
    T::read(written).map(Some).ok_or_else(wrong)
}

/// A number that may bound a field.
trait Bound: PartialOrd + Sized {
    /// What is wanted, in words.
    const WANTED: &'static str;
    fn read(written: &str) -> Option<Self>;
}

impl Bound for i64 {
    const WANTED: &'static str = "a whole number";
    fn read(written: &str) -> Option<Self> {
        written.parse().ok().filter(|whole: &i64| whole.unsigned_abs() <= LARGEST)
    }
}

impl Bound for f64 {
    const WANTED: &'static str = "a number with a decimal point";
    fn read(written: &str) -> Option<Self> {
        written.parse().ok().filter(|number: &f64| number.is_finite())
    }
}

fn levels(row: &Row<'_>) -> Result<Vec<Level>, Problem> {
    choices::levels(row.cell(CHOICES)).map_err(|message| row.problem(CHOICES, message))
}

fn checkbox_levels(row: &Row<'_>) -> Result<Vec<CheckboxLevel>, Problem> {
    let with_column = |level: Level| match checkbox_column(row.cell(NAME), &level.code) {
        Some(column) => Ok(CheckboxLevel { level, column }),
        None => Err(row.problem(CHOICES, format!("the code `{}` makes no column name", level.code))),
    };
    levels(row)?.into_iter().map(with_column).collect()
}

/// REDCap's name of the column of one choice: lower case, `_` for anything but letters and digits.
fn checkbox_column(field: &str, code: &str) -> Option<VariableName> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    VariableName::new(format!("{field}___{}", code.chars().map(plain).collect::<String>())).ok()
}
