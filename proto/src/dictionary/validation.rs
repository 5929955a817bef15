//! The text validations of REDCap.

use crate::problem::suggestion;

/// What a validation makes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validation {
    /// A whole number.
    Integer,
    /// A number with a decimal point.
    Number,
    /// A date, with or without a time of day.
    Date,
    /// Text to us, to which REDCap gives bounds.
    Bounded,
    /// Text.
    Text,
}

use Validation::{Bounded, Date, Integer, Number, Text};

const KNOWN: [(&str, Validation); 39] = [
    ("integer", Integer),
    ("number", Number),
    ("number_1dp", Number),
    ("number_2dp", Number),
    ("number_3dp", Number),
    ("number_4dp", Number),
    ("date_ymd", Date),
    ("date_mdy", Date),
    ("date_dmy", Date),
    ("datetime_ymd", Date),
    ("datetime_mdy", Date),
    ("datetime_dmy", Date),
    ("datetime_seconds_ymd", Date),
    ("datetime_seconds_mdy", Date),
    ("datetime_seconds_dmy", Date),
    ("number_comma_decimal", Bounded),
    ("number_1dp_comma_decimal", Bounded),
    ("number_2dp_comma_decimal", Bounded),
    ("number_3dp_comma_decimal", Bounded),
    ("number_4dp_comma_decimal", Bounded),
    ("time", Bounded),
    ("time_hh_mm_ss", Bounded),
    ("time_mm_ss", Bounded),
    ("alpha_only", Text),
    ("email", Text),
    ("mrn_7d", Text),
    ("mrn_10d", Text),
    ("mrn_generic", Text),
    ("phone", Text),
    ("phone_australia", Text),
    ("phone_uk", Text),
    ("postalcode_australia", Text),
    ("postalcode_canada", Text),
    ("postalcode_french", Text),
    ("postalcode_germany", Text),
    ("postalcode_uk", Text),
    ("ssn", Text),
    ("vmrn", Text),
    ("zipcode", Text),
];

/// What a written validation means; empty is text.
pub(super) fn of(written: &str) -> Result<Validation, String> {
    if written.is_empty() {
        return Ok(Text);
    }
    let found = KNOWN.iter().find(|(name, _)| *name == written);
    found.map(|(_, validation)| *validation).ok_or_else(|| {
        let near = suggestion(written, KNOWN.iter().map(|(name, _)| *name));
        let remedy = if near.is_empty() { "; leave it empty for free text" } else { "" };
        format!("unknown validation `{written}`{near}{remedy}")
    })
}
