//! What is known of an export before it is opened.

use notochord_proto::dictionary::{Dictionary, Event, FieldKind};

use super::cell::Expected;
use super::missing::MissingCodes;
use super::occasion::Events;
use super::target::Targets;
use crate::record_key::RecordKey;
use crate::schema::{ColumnSchema, Schema};

/// The dictionary, prepared for reading the files of one import.
pub(crate) struct Reading<'a> {
    pub(super) dictionary: &'a Dictionary,
    pub(super) schema: &'a Schema,
    pub(super) key: &'a RecordKey,
    pub(super) targets: Targets,
    /// What the cells of each column of the schema must be.
    pub(super) expected: Vec<Expected>,
    pub(super) missing: MissingCodes,
    pub(super) events: Events,
    /// For each event of the schema, whether each form of the schema is filled in at it.
    designated: Vec<Vec<bool>>,
}

impl<'a> Reading<'a> {
    /// Prepares for exports of the registry of this dictionary.
    pub(crate) fn new(dictionary: &'a Dictionary, schema: &'a Schema, key: &'a RecordKey) -> Self {
        Self {
            dictionary,
            schema,
            key,
            targets: Targets::new(dictionary, schema),
            expected: expected(dictionary, schema),
            missing: MissingCodes::new(dictionary.settings()),
            events: Events::new(dictionary.events()),
            designated: dictionary.events().iter().map(|event| forms(event, schema)).collect(),
        }
    }

    /// Whether a form is filled in at an event; without events, every form is.
    pub(super) fn is_designated(&self, form: u16, event: u16) -> bool {
        let forms = self.designated.get(usize::from(event));
        forms.and_then(|forms| forms.get(usize::from(form))).copied().unwrap_or(true)
    }

    /// The name of a column.
    pub(super) fn column_name(&self, column: u16) -> &str {
        self.schema.columns.get(usize::from(column)).map_or("", |column| column.variable.name.as_str())
    }

    /// The form of a column, its position and its name.
    pub(super) fn form_of(&self, column: u16) -> Option<(u16, &str)> {
        let form = self.schema.columns.get(usize::from(column))?.form;
        Some((form, self.schema.forms.get(usize::from(form))?.name.as_str()))
    }
}

fn expected(dictionary: &Dictionary, schema: &Schema) -> Vec<Expected> {
    let of = |column: &ColumnSchema| {
        let field = dictionary.field_of(column.variable.name.as_str());
        Expected::of(field.map_or(&FieldKind::Text, |field| &field.kind), column)
    };
    schema.columns.iter().map(of).collect()
}

fn forms(event: &Event, schema: &Schema) -> Vec<bool> {
    schema.forms.iter().map(|form| event.has(&form.name)).collect()
}
