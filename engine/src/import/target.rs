//! What a column of an export can be, found by its name or by its label.

use std::collections::HashMap;
use std::ops::Range;

use notochord_proto::dictionary::{Dictionary, Field, FieldKind};

use super::label::plain;
use crate::schema::Schema;

/// What a column of an export is.
#[derive(Clone, PartialEq)]
pub(super) enum Target {
    /// The field that tells records apart.
    RecordId,
    /// The event of a row.
    Event,
    /// The repeating form whose instance a row is.
    Instrument,
    /// The number of that instance, or of a repeated event.
    Instance,
    /// How complete a form is.
    Status,
    /// A column that is stored.
    Stored(u16),
    /// A box that says that its checkbox field, stored in these columns, is missing.
    MissingBox(Range<u16>),
    /// Something known that is not stored.
    Dropped {
        /// The field, where it is one.
        field: Option<String>,
        /// What it is: "an identifier".
        reason: &'static str,
    },
}

/// REDCap's own columns, by name and by label.
const STRUCTURE: [(&str, &str, Target); 3] = [
    ("redcap_event_name", "Event Name", Target::Event),
    ("redcap_repeat_instrument", "Repeat Instrument", Target::Instrument),
    ("redcap_repeat_instance", "Repeat Instance", Target::Instance),
];
/// REDCap's own columns that say nothing about a patient, and what they are.
const ADMINISTRATION: [(&str, &str, &str); 2] = [
    ("redcap_data_access_group", "Data Access Group", "REDCap's data access group"),
    ("redcap_survey_identifier", "Survey Identifier", "REDCap's survey identifier"),
];
const TIMESTAMP: &str = "the time at which a survey was completed";
/// The label of the record id where nobody gave it another.
const RECORD_ID: &str = "Record ID";

/// Every column an export of the dictionary can have.
pub(super) struct Targets {
    names: HashMap<String, Target>,
    labels: HashMap<String, Vec<(String, Target)>>,
}

impl Targets {
    pub(super) fn new(dictionary: &Dictionary, schema: &Schema) -> Self {
        let mut targets = Self { names: HashMap::new(), labels: HashMap::new() };
        for (name, label, target) in STRUCTURE {
            targets.add(name.to_owned(), label, target);
        }
        for (name, label, reason) in ADMINISTRATION {
            targets.add(name.to_owned(), label, Target::Dropped { field: None, reason });
        }
        for form in dictionary.forms() {
            targets.add(format!("{form}_complete"), "Complete?", Target::Status);
            let timestamp = Target::Dropped { field: None, reason: TIMESTAMP };
            targets.add(format!("{form}_timestamp"), "Survey Timestamp", timestamp);
        }
        let stored: HashMap<&str, u16> =
            schema.columns.iter().map(|column| column.variable.name.as_str()).zip(0..).collect();
        for field in dictionary.fields() {
            targets.add_field(dictionary, field, &stored);
        }
        let record_id = dictionary.record_id().to_string();
        targets.labels.entry(RECORD_ID.to_owned()).or_insert_with(|| vec![(record_id, Target::RecordId)]);
        targets
    }

    /// The column of that name. Behind `___`, upper case and `-` are REDCap's `_` and lower case.
    pub(super) fn named(&self, heading: &str) -> Option<&Target> {
        self.names.get(heading).or_else(|| {
            let (field, code) = heading.split_once("___")?;
            self.names.get(&box_name(field, code))
        })
    }

    /// The columns of that label, with their names.
    pub(super) fn labelled(&self, heading: &str) -> &[(String, Target)] {
        self.labels.get(&plain(heading)).map_or(&[], Vec::as_slice)
    }

    /// The names of all columns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    fn add_field(&mut self, dictionary: &Dictionary, field: &Field, stored: &HashMap<&str, u16>) {
        let name = field.name.as_str();
        let withheld = dictionary.why_withheld(field);
        let dropped = |reason| Target::Dropped { field: Some(name.to_owned()), reason };
        if let FieldKind::Checkbox { levels } = &field.kind {
            // A field of several columns has no column of its own name.
            self.names.insert(name.to_owned(), dropped(withheld.unwrap_or("not one of the field's columns")));
            let place = |column: &str| match (withheld, stored.get(column)) {
                (None, Some(column)) => Target::Stored(*column),
                _ => dropped(withheld.unwrap_or("not stored")),
            };
            for choice in levels {
                let label = choice_label(field, &choice.level.label);
                self.add(choice.column.as_str().to_owned(), &label, place(choice.column.as_str()));
            }
            let columns = || levels.iter().filter_map(|choice| stored.get(choice.column.as_str()).copied());
            let missing = match (withheld, columns().min(), columns().max()) {
                (None, Some(first), Some(last)) => Target::MissingBox(first..last + 1),
                _ => dropped(withheld.unwrap_or("not stored")),
            };
            for code in &dictionary.settings().missing_codes {
                let column = box_name(name, &code.code);
                if !levels.iter().any(|choice| choice.column.as_str() == column) {
                    self.add(column, &choice_label(field, &code.label), missing.clone());
                }
            }
            return;
        }
        let target = match stored.get(name) {
            _ if field.name == *dictionary.record_id() => Target::RecordId,
            Some(column) if withheld.is_none() => Target::Stored(*column),
            _ => dropped(withheld.unwrap_or("not stored")),
        };
        self.add(name.to_owned(), &field.label, target);
    }

    /// Adds a column. A field of the dictionary replaces a column of REDCap's with its name.
    fn add(&mut self, name: String, label: &str, target: Target) {
        let label = plain(label);
        if !label.is_empty() {
            self.labels.entry(label).or_default().push((name.clone(), target.clone()));
        }
        self.names.insert(name, target);
    }
}

impl Target {
    /// Whether several columns of a file may be this: nothing is read from them.
    pub(super) fn may_repeat(&self) -> bool {
        matches!(self, Self::Status | Self::Dropped { .. })
    }
}

/// REDCap's name of the column of one choice: lower case, `_` for anything but letters and digits.
fn box_name(field: &str, code: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    format!("{field}___{}", code.chars().map(plain).collect::<String>())
}

/// REDCap's label of the column of one choice.
fn choice_label(field: &Field, choice: &str) -> String {
    format!("{} (choice={choice})", field.label)
}
