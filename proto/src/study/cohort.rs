//! Whose rows a study uses.

use crate::expression::Expression;
use crate::fields::{FieldValue, FromField, Section, one_of};
use crate::problem::{Place, Problem};

/// The rows of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct Cohort {
    /// What a row is.
    pub rows: Rows,
    /// Which rows are used: those where it is true. `TRUE` means everybody.
    pub condition: Expression,
    /// Where the condition stands.
    pub place: Place,
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// One row per patient.
    Patient,
    /// One row per patient and visit.
    Visit,
}

impl FromField for Rows {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        one_of(value, &[("patient", Self::Patient), ("visit", Self::Visit)])
    }
}

impl FromField for Expression {
    fn from_field(value: &FieldValue) -> Result<Self, String> {
        match value {
            FieldValue::Text(text) => Expression::parse(text).map_err(|error| error.to_string()),
            _ => Err(value.expected("a text in quotes")),
        }
    }
}

pub(super) fn cohort(section: &Section) -> Result<Cohort, Problem> {
    let mut fields = section.fields();
    let rows = fields.required("rows")?;
    let condition = fields.required("where")?;
    let place = fields.place("where");
    fields.finish()?;
    Ok(Cohort { rows, condition, place })
}
