//! The data dictionary: REDCap's own, with REDCap's 18 columns.
//!
//! It says what every field may hold. Bounds and choices are public: they scale sums and list levels, and are
//! never learnt from data. Events, missing-data codes, rules and migrations stand in files beside it.

mod advice;
mod annotation;
mod choices;
mod column;
pub mod difference;
mod event;
mod field;
mod field_name;
mod fields_file;
pub mod files;
mod findings;
mod kind;
mod lines;
mod logic;
mod matrix;
mod migration;
mod migrations_file;
mod network_file;
mod parse;
mod rule;
mod settings;
mod table;
mod validation;

use std::collections::{BTreeMap, HashMap};

pub use annotation::Annotations;
pub use event::{BASELINE, Event, MOST_EVENTS};
pub use field::{CheckboxLevel, Field, FieldKind};
pub use files::DictionaryFiles;
pub use migration::{Change, Migration};
pub use network_file::NetworkFile;
pub use rule::{ContradictionRule, MOST_RULES};
pub use settings::{MissingCode, Settings};

use crate::digest::Digest;
use crate::name::VariableName;
use crate::problem::Problem;
use crate::variable::{Variable, VariableKind};

/// A data dictionary: one field or more, the first the record id.
#[derive(Debug, Clone, PartialEq)]
pub struct Dictionary {
    digest: Digest,
    record_id: VariableName,
    fields: Vec<Field>,
    /// Where in `fields` a name stands: a field's own, or a checkbox column's.
    positions: HashMap<String, usize>,
    has_day_zero: bool,
    forms: Vec<String>,
    events: Vec<Event>,
    settings: Settings,
    rules: Vec<ContradictionRule>,
    migrations: Vec<Migration>,
    warnings: Vec<Problem>,
}

/// The variable of the year of a patient's day 0, in a dictionary that marks it.
pub const DAY0_YEAR: &str = "day0_year";

/// Years that a day 0 may be of.
const YEARS: (i64, i64) = (1900, 2100);

impl Dictionary {
    /// Parses the exact bytes of a dictionary of one file; `file` is its name in problems.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Dictionary, Vec<Problem>> {
        parse::dictionary(file, &DictionaryFiles::of_fields(bytes))
    }

    /// Parses the exact bytes of a dictionary's files.
    pub fn from_files(files: &DictionaryFiles) -> Result<Dictionary, Vec<Problem>> {
        parse::dictionary(files::DICTIONARY, files)
    }

    /// Its version, for people.
    pub fn version(&self) -> &str {
        &self.settings.version
    }

    /// The names of its forms, in the order of the file.
    pub fn forms(&self) -> &[String] {
        &self.forms
    }

    /// The events of a longitudinal registry, in order; none where rows have no event.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Version, missing-data codes and linkage keys.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Contradictions between fields.
    pub fn rules(&self) -> &[ContradictionRule] {
        &self.rules
    }

    /// The steps from earlier versions to this one, oldest first.
    pub fn migrations(&self) -> &[Migration] {
        &self.migrations
    }

    /// The digest of the exact bytes it was parsed from ([`DictionaryFiles::digest`]).
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The fields, in the order of the file.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.at(name).filter(|field| field.name.as_str() == name)
    }

    /// The field that an export's column belongs to: `pmh` for its column `pmh___1`. A checkbox has no column of
    /// its own name.
    pub fn field_of(&self, column: &str) -> Option<&Field> {
        self.at(column).filter(|field| {
            field.name.as_str() != column || !matches!(field.kind, FieldKind::Checkbox { .. })
        })
    }

    /// The form that a variable of a snapshot belongs to; none for [`DAY0_YEAR`] and for what is no variable.
    pub fn form_of(&self, variable: &str) -> Option<&str> {
        let field = self.field_of(variable).filter(|field| self.why_withheld(field).is_none())?;
        Some(&field.form)
    }

    fn at(&self, name: &str) -> Option<&Field> {
        self.positions.get(name).and_then(|at| self.fields.get(*at))
    }

    /// The field that tells records apart: the first.
    pub fn record_id(&self) -> &VariableName {
        &self.record_id
    }

    /// Whether some field marks a patient's day 0, from which dates are counted.
    pub fn has_day_zero(&self) -> bool {
        self.has_day_zero
    }

    /// What reaches a snapshot, in the order of the file: no record id, identifier, free text or file, and dates
    /// as days since day 0. Last the year of day 0, where some field marks that day.
    pub fn variables(&self) -> Vec<Variable> {
        let entered = self.fields.iter().filter(|field| self.why_withheld(field).is_none());
        entered.flat_map(Field::variables).chain(self.day_zero_year()).collect()
    }

    fn day_zero_year(&self) -> Option<Variable> {
        Some(Variable {
            name: VariableName::new(DAY0_YEAR).ok().filter(|_| self.has_day_zero)?,
            label: "Year of day 0".to_owned(),
            kind: VariableKind::Integer { bounds: Some(YEARS) },
            unit: None,
            grid: None,
            sensitive: false,
        })
    }

    /// What is legal in the files and yet unwise, such as a number without bounds.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The steps from a version to this one, oldest first: none for this version itself, and no answer for a
    /// version that is not known.
    pub fn migrations_from(&self, version: &str) -> Option<Vec<&Migration>> {
        if version == self.version() {
            return Some(Vec::new());
        }
        let first = self.migrations.iter().position(|step| step.from == version)?;
        Some(self.migrations.iter().skip(first).collect())
    }

    /// The fields that never reach a study, and what they are.
    pub(crate) fn withheld(&self) -> BTreeMap<String, &'static str> {
        let why = |field: &Field| Some((field.name.as_str().to_owned(), self.why_withheld(field)?));
        self.fields.iter().filter_map(why).collect()
    }

    /// What keeps a field out of a snapshot, in words: "an identifier"; `None` where it enters one.
    pub fn why_withheld(&self, field: &Field) -> Option<&'static str> {
        match &field.kind {
            _ if field.name == self.record_id => Some("the record id"),
            _ if field.identifier => Some("an identifier"),
            FieldKind::Date if !self.has_day_zero => Some("a date; no field is marked `@DAY0`"),
            FieldKind::Text | FieldKind::Notes => Some("free text"),
            FieldKind::Descriptive => Some("descriptive text without data"),
            FieldKind::File => Some("an uploaded file"),
            _ => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
