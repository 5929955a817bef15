//! The data dictionary: REDCap's own, with REDCap's 18 columns.
//!
//! It says what every field may hold. Bounds and choices are public: they scale sums and list levels, and are
//! never learnt from data.

mod annotation;
mod choices;
mod column;
mod event;
pub mod files;
mod kind;
mod migration;
mod parse;
mod rule;
mod settings;

use std::collections::BTreeMap;

pub use annotation::Annotations;
pub use event::{BASELINE, Event};
pub use files::DictionaryFiles;
pub use migration::{Change, Migration};
pub use rule::ContradictionRule;
pub use settings::{MissingCode, Settings};

use crate::digest::Digest;
use crate::name::VariableName;
use crate::problem::Problem;
use crate::scope::SITE;
use crate::variable::{Level, Variable, VariableKind};

/// A data dictionary: one field or more, the first the record id.
#[derive(Debug, Clone, PartialEq)]
pub struct Dictionary {
    digest: Digest,
    record_id: VariableName,
    fields: Vec<Field>,
    forms: Vec<String>,
    events: Vec<Event>,
    settings: Settings,
    rules: Vec<ContradictionRule>,
    migrations: Vec<Migration>,
}

/// A field of the dictionary.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: VariableName,
    /// The form it stands on.
    pub form: String,
    /// Its label, for reports.
    pub label: String,
    /// What it may hold.
    pub kind: FieldKind,
    /// Whether it identifies a person: the importer drops it before anything is stored.
    pub identifier: bool,
    /// Whether REDCap asks for a value.
    pub required: bool,
    /// What the annotation says to us.
    pub annotations: Annotations,
    /// Its line in the file.
    pub line: usize,
}

/// What a field may hold. Bounds include both ends and are absent unless the dictionary gives both.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// Text validated as `integer`.
    Integer {
        /// Smallest and largest value.
        bounds: Option<(i64, i64)>,
    },
    /// Text validated as `number`.
    Number {
        /// Smallest and largest value.
        bounds: Option<(f64, f64)>,
    },
    /// Text validated as a date; exports write it YYYY-MM-DD.
    Date,
    /// 1 yes, 0 no.
    YesNo,
    /// 1 true, 0 false.
    TrueFalse,
    /// `radio` or `dropdown`: one of the levels.
    Choice {
        /// In the dictionary's order, one or more.
        levels: Vec<Level>,
    },
    /// Any of the levels: one column `field___code` of 0 and 1 for each.
    Checkbox {
        /// In the dictionary's order, one or more.
        levels: Vec<CheckboxLevel>,
    },
    /// Text without a validation of ours.
    Text,
    /// Long text.
    Notes,
    /// A number that REDCap computes.
    Calc {
        /// Smallest and largest value.
        bounds: Option<(f64, f64)>,
    },
    /// A whole number on a slider, 0 to 100 unless the dictionary says otherwise.
    Slider {
        /// Smallest and largest value.
        bounds: (i64, i64),
    },
    /// A text shown to people: no data.
    Descriptive,
    /// An uploaded file.
    File,
}

/// A choice of a checkbox field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckboxLevel {
    /// The choice.
    pub level: Level,
    /// The column of an export and of a snapshot: `field___code`.
    pub column: VariableName,
}

impl Dictionary {
    /// Parses the exact bytes of a dictionary of one file; `file` is its name in problems.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Dictionary, Vec<Problem>> {
        parse::dictionary(file, bytes)
    }

    /// Parses the exact bytes of a dictionary's files.
    pub fn from_files(files: &DictionaryFiles) -> Result<Dictionary, Vec<Problem>> {
        parse::dictionary(files::DICTIONARY, files.get(files::DICTIONARY).unwrap_or_default())
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
        self.fields.iter().find(|field| field.name.as_str() == name)
    }

    /// The field that tells records apart: the first.
    pub fn record_id(&self) -> &VariableName {
        &self.record_id
    }

    /// What reaches a snapshot, in the order of the file: no record id, identifier, date, free text or file, and
    /// no field called `site`, because `site` is the centre itself.
    pub fn variables(&self) -> Vec<Variable> {
        self.fields
            .iter()
            .filter(|field| self.why_withheld(field).is_none())
            .flat_map(Field::variables)
            .collect()
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
            _ if field.name.as_str() == SITE => Some("the centre's own name"),
            _ if field.identifier => Some("an identifier"),
            FieldKind::Date => Some("a date, which this version does not use"),
            FieldKind::Text | FieldKind::Notes => Some("free text"),
            FieldKind::Descriptive => Some("descriptive text without data"),
            FieldKind::File => Some("an uploaded file"),
            _ => None,
        }
    }
}

impl Field {
    /// The variables its column or columns become.
    fn variables(&self) -> Vec<Variable> {
        if let FieldKind::Checkbox { levels } = &self.kind {
            let ticked = |choice: &CheckboxLevel| Variable {
                label: format!("{}: {}", self.label, choice.level.label),
                ..self.variable(choice.column.clone(), VariableKind::Integer { bounds: Some((0, 1)) })
            };
            return levels.iter().map(ticked).collect();
        }
        self.variable_kind().map(|kind| self.variable(self.name.clone(), kind)).into_iter().collect()
    }

    fn variable(&self, name: VariableName, kind: VariableKind) -> Variable {
        let Annotations { grid, sensitive, unit, .. } = &self.annotations;
        let (unit, grid, sensitive) = (unit.clone(), *grid, *sensitive);
        Variable { name, label: self.label.clone(), kind, unit, grid, sensitive }
    }

    fn variable_kind(&self) -> Option<VariableKind> {
        match &self.kind {
            FieldKind::Integer { bounds } => Some(VariableKind::Integer { bounds: *bounds }),
            FieldKind::Number { bounds } | FieldKind::Calc { bounds } => {
                Some(VariableKind::Number { bounds: *bounds })
            }
            FieldKind::YesNo | FieldKind::TrueFalse => Some(VariableKind::Integer { bounds: Some((0, 1)) }),
            FieldKind::Choice { levels } => Some(VariableKind::Factor { levels: levels.clone() }),
            FieldKind::Slider { bounds } => Some(VariableKind::Integer { bounds: Some(*bounds) }),
            FieldKind::Date | FieldKind::Text | FieldKind::Notes | FieldKind::Checkbox { .. } => None,
            FieldKind::Descriptive | FieldKind::File => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
