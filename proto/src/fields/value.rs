//! Values of a TOML document and the types they turn into.

use std::collections::BTreeMap;

use time::{Date, Month};
use toml::value::Datetime;

use super::Section;
use crate::digest::Digest;
use crate::name::{Address, AnalysisId, NetworkName, RunId, SiteId, StudyId, VariableName};
use crate::problem::suggestion;

/// A value as it stands in the document.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    /// `"…"`
    Text(String),
    /// `12`
    Integer(i64),
    /// `1.5`; always finite.
    Number(f64),
    /// `true` or `false`
    Truth(bool),
    /// `2027-06-30`
    Date(Date),
    /// `[…]`
    List(Vec<FieldValue>),
    /// `{…}` or a table of its own.
    Section(Section),
}

impl FieldValue {
    /// What it is, in words, for "expected …, found …".
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Number(_) => "a number",
            Self::Truth(_) => "true or false",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Section(_) => "a table",
        }
    }

    /// The error of a value of the wrong type.
    pub fn expected(&self, wanted: &str) -> String {
        format!("expected {wanted}, found {}", self.kind())
    }
}

/// A type that a value of a document turns into. The error says what is wrong in one line.
pub trait FromField: Sized {
    /// Converts the value.
    fn from_field(value: &FieldValue) -> Result<Self, String>;
}

/// One value or a list of them: `by = "rx"` or `by = ["rx", "sex"]`.
#[derive(Debug, Clone, PartialEq)]
pub struct OneOrMany<T>(
    /// The values, one where no list was written.
    pub Vec<T>,
);

/// One of a closed list of words, for [`FromField`] of enums; another word is an error that names the nearest.
pub fn one_of<T: Copy>(value: &FieldValue, words: &[(&str, T)]) -> Result<T, String> {
    let written = String::from_field(value)?;
    let found = words.iter().find(|(word, _)| *word == written);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let near = suggestion(&written, known.iter().copied());
        format!("`{written}` is not one of {}{near}", known.join(", "))
    })
}

impl FromField for FieldValue {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        Ok(value.clone())
    }
}

impl FromField for String {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        match value {
            // What is read here is printed to people: a line break is a blank, and nothing may move their cursor.
            FieldValue::Text(text) => match text.replace(['\n', '\t'], " ") {
                line if line.contains(char::is_control) => {
                    Err("a text without control characters".to_owned())
                }
                line => Ok(line),
            },
            _ => Err(value.expected("a text in quotes")),
        }
    }
}

impl FromField for i64 {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        match value {
            FieldValue::Integer(integer) => Ok(*integer),
            _ => Err(value.expected("a whole number")),
        }
    }
}

impl FromField for u32 {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let integer = i64::from_field(value)?;
        u32::try_from(integer).map_err(|_| format!("{integer} is not between 0 and {}", u32::MAX))
    }
}

impl FromField for f64 {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        match value {
            FieldValue::Integer(integer) => Ok(*integer as f64),
            FieldValue::Number(number) => Ok(*number),
            _ => Err(value.expected("a number")),
        }
    }
}

impl FromField for bool {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        match value {
            FieldValue::Truth(truth) => Ok(*truth),
            _ => Err(value.expected("true or false")),
        }
    }
}

/// A date of the document, or a text `YYYY-MM-DD`.
impl FromField for Date {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        match value {
            FieldValue::Date(date) => Ok(*date),
            FieldValue::Text(text) => {
                written_date(text).ok_or_else(|| format!("`{text}` is not a date such as 2027-06-30"))
            }
            _ => Err(value.expected("a date such as 2027-06-30")),
        }
    }
}

impl FromField for Section {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        match value {
            FieldValue::Section(section) => Ok(section.clone()),
            _ => Err(value.expected("a table")),
        }
    }
}

impl<T: FromField> FromField for Vec<T> {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        match value {
            FieldValue::List(values) => values.iter().map(T::from_field).collect(),
            _ => Err(value.expected("a list `[…]`")),
        }
    }
}

impl<T: FromField> FromField for OneOrMany<T> {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        match value {
            FieldValue::List(_) => Vec::from_field(value).map(Self),
            _ => T::from_field(value).map(|one| Self(vec![one])),
        }
    }
}

/// A table whose keys are not known beforehand: `reference = { rx = "Lev" }`.
impl<T: FromField> FromField for BTreeMap<String, T> {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        let section = Section::from_field(value)?;
        let pair = |entry: &super::Entry| match T::from_field(&entry.value) {
            Ok(value) => Ok((entry.key.clone(), value)),
            Err(message) => Err(format!("{}: {message}", entry.key)),
        };
        section.entries.iter().map(pair).collect()
    }
}

macro_rules! parsed_from_text {
    ($($type:ty),+) => {$(
        impl FromField for $type {
            fn from_field(value: &FieldValue) -> Result<Self, String> {
                String::from_field(value)?.parse::<$type>().map_err(|error| error.to_string())
            }
        }
    )+};
}
parsed_from_text!(Address, VariableName, SiteId, NetworkName, StudyId, AnalysisId, RunId, Digest);

/// `YYYY-MM-DD` as a date.
pub(crate) fn written_date(text: &str) -> Option<Date> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return None;
    }
    date(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// A date of the document without a time of day.
pub(super) fn date_of(written: &Datetime) -> Result<Date, String> {
    let alone = written.date.filter(|_| written.time.is_none());
    let found = alone.and_then(|written| date(written.year, written.month, written.day));
    found.ok_or_else(|| format!("{written} is not a date such as 2027-06-30"))
}

/// A date of the calendar, where there is one.
fn date(year: u16, month: u8, day: u8) -> Option<Date> {
    Date::from_calendar_date(year.into(), Month::try_from(month).ok()?, day).ok()
}
