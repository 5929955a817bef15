//! What a field may hold, from its type, its validation, its choices and its bounds.

use super::column::{CHOICES, MAX, MIN, NAME, TYPE, VALIDATION};
use super::table::Row;
use super::validation::{self, Validation};
use super::{CheckboxLevel, FieldKind, choices};
use crate::fields::written_date;
use crate::name::VariableName;
use crate::problem::{Problem, suggestion};
use crate::variable::Level;

/// The types of REDCap.
const TYPES: [&str; 12] = [
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
];

/// Integers beyond this are not exact in every tool that reads them.
const LARGEST: u64 = 1 << 53;

/// The bounds of a slider that names none.
const SLIDER: (i64, i64) = (0, 100);

/// The most labels of a slider: left, middle and right.
const SLIDER_LABELS: usize = 3;

pub(super) fn kind(row: &Row<'_>) -> Result<FieldKind, Problem> {
    let written = row.cell(TYPE);
    if !TYPES.contains(&written) {
        let message = format!("unknown field type `{written}`{}", suggestion(written, TYPES));
        return Err(row.problem(TYPE, message));
    }
    only(row, VALIDATION, written)?;
    Ok(match written {
        "text" => text(row)?,
        "calc" => FieldKind::Calc { bounds: calculated(row).and_then(|()| bounds(row))? },
        "radio" | "dropdown" => FieldKind::Choice { levels: levels(row)? },
        "checkbox" => FieldKind::Checkbox { levels: checkbox_levels(row)? },
        "slider" => FieldKind::Slider { bounds: slider(row).and_then(|()| bounds(row))?.unwrap_or(SLIDER) },
        "sql" => FieldKind::Text,
        other => {
            without(row, CHOICES, &format!("a `{other}` field has no choices of its own; clear them"))?;
            unbounded(row)?;
            match other {
                "notes" => FieldKind::Notes,
                "yesno" => FieldKind::YesNo,
                "truefalse" => FieldKind::TrueFalse,
                "file" => FieldKind::File,
                _ => FieldKind::Descriptive,
            }
        }
    })
}

/// A cell that must be empty, or `message` is the problem.
fn without(row: &Row<'_>, column: &str, message: &str) -> Result<(), Problem> {
    if row.cell(column).is_empty() { Ok(()) } else { Err(row.problem(column, message)) }
}

/// What the validation of a field that is no text may say.
fn only(row: &Row<'_>, column: &str, kind: &str) -> Result<(), Problem> {
    let allowed = match kind {
        "text" => return Ok(()),
        "slider" => "number",
        "file" => "signature",
        "dropdown" | "sql" => "autocomplete",
        _ => "",
    };
    match row.cell(column) {
        written if written == allowed => Ok(()),
        _ => without(row, column, &format!("a `{kind}` field has no validation; clear it")),
    }
}

fn unbounded(row: &Row<'_>) -> Result<(), Problem> {
    let message = "only numbers, dates and times have bounds; clear it, or validate the field";
    without(row, MIN, message).and_then(|()| without(row, MAX, message))
}

fn text(row: &Row<'_>) -> Result<FieldKind, Problem> {
    if !row.cell(CHOICES).is_empty() && !is_ontology(row.cell(CHOICES)) {
        return Err(row.problem(CHOICES, "a `text` field has no choices; clear them, or make it `radio`"));
    }
    let validation = validation::of(row.cell(VALIDATION));
    Ok(match validation.map_err(|message| row.problem(VALIDATION, message))? {
        Validation::Integer => FieldKind::Integer { bounds: bounds(row)? },
        Validation::Number => FieldKind::Number { bounds: bounds(row)? },
        Validation::Date => {
            bounds::<Moment>(row)?;
            FieldKind::Date
        }
        Validation::Bounded => FieldKind::Text,
        Validation::Text => {
            unbounded(row)?;
            FieldKind::Text
        }
    })
}

/// `BIOPORTAL:ICD10`: the ontology that completes a text as it is typed.
fn is_ontology(written: &str) -> bool {
    let parts = written.split_once(':');
    parts.is_some_and(|(service, name)| !name.is_empty() && service.bytes().all(|b| b.is_ascii_uppercase()))
        && !written.contains(char::is_whitespace)
}

fn calculated(row: &Row<'_>) -> Result<(), Problem> {
    match row.cell(CHOICES) {
        "" => Err(row.problem(CHOICES, "has no calculation; write one, such as `[weight] / 2`")),
        _ => Ok(()),
    }
}

fn slider(row: &Row<'_>) -> Result<(), Problem> {
    match row.cell(CHOICES).split('|').count() {
        0..=SLIDER_LABELS => Ok(()),
        _ => Err(row.problem(CHOICES, "a slider has at most three labels, `left | middle | right`")),
    }
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

/// What may bound a field.
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

/// A bound of a date, which REDCap asks for and no import does.
enum Moment {
    /// A date, and the time of day as written.
    Fixed(time::Date, String),
    /// `today`, `now` or another field: not known here.
    Moving,
}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Fixed(date, time), Self::Fixed(other, other_time)) => {
                (date, time).partial_cmp(&(other, other_time))
            }
            // What moves is taken to lie on the right side.
            _ => Some(std::cmp::Ordering::Less),
        }
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(std::cmp::Ordering::Equal)
    }
}

impl Bound for Moment {
    const WANTED: &'static str = "a date written YYYY-MM-DD";
    fn read(written: &str) -> Option<Self> {
        if matches!(written, "today" | "now") || (written.starts_with('[') && written.ends_with(']')) {
            return Some(Self::Moving);
        }
        let (date, time) = written.split_once(' ').unwrap_or((written, ""));
        let is_time = |byte: u8| byte.is_ascii_digit() || byte == b':';
        let time = Some(time).filter(|time| time.bytes().all(is_time))?;
        written_date(date).map(|date| Self::Fixed(date, time.to_owned()))
    }
}

fn levels(row: &Row<'_>) -> Result<Vec<Level>, Problem> {
    unbounded(row)?;
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
