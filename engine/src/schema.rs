//! What is stored of a registry, as positions: forms, their columns, and the events at which they are filled in.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use notochord_proto::dictionary::{Dictionary, Field, FieldKind};
use notochord_proto::variable::{Variable, VariableKind};

use crate::record::Value;

/// A dictionary as the importer and a snapshot use it.
pub(crate) struct Schema {
    /// The forms that hold columns, in the dictionary's order.
    pub(crate) forms: Vec<FormSchema>,
    /// Every column, the columns of a form side by side.
    pub(crate) columns: Vec<ColumnSchema>,
    /// The unique names of the events, in the dictionary's order; one empty name where it has none.
    pub(crate) events: Vec<String>,
    /// The columns whose earliest date is a patient's day 0, ascending.
    pub(crate) day_zero: Vec<u16>,
}

/// A form that holds columns.
pub(crate) struct FormSchema {
    /// Its name.
    pub(crate) name: String,
    /// Its columns.
    pub(crate) columns: Range<u16>,
}

/// A column that is stored.
pub(crate) struct ColumnSchema {
    /// What it becomes.
    pub(crate) variable: Variable,
    /// The position of its form.
    pub(crate) form: u16,
    /// What a row holds of it.
    pub(crate) is: Stored,
}

/// What a row holds of a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// [`Value::Integer`].
    Integer,
    /// A box of a checkbox field, an integer 0 or 1. REDCap writes 0 for every box of a form that was never
    /// filled in, so a form of nothing but zeros in its boxes is no entry ([`Schema::is_blank`]).
    Box,
    /// [`Value::Number`].
    Number,
    /// [`Value::Level`].
    Factor,
    /// [`Value::Date`], which becomes an integer: days since the patient's day 0.
    Date,
}

impl Schema {
    /// The schema of a dictionary.
    pub(crate) fn of(dictionary: &Dictionary) -> Self {
        let mut variables: HashMap<String, Variable> = dictionary
            .variables()
            .into_iter()
            .map(|variable| (variable.name.as_str().to_owned(), variable))
            .collect();
        let mut schema =
            Self { forms: Vec::new(), columns: Vec::new(), events: events(dictionary), day_zero: Vec::new() };
        for form in distinct(dictionary.forms()) {
            let start = schema.columns.len();
            for field in dictionary.fields().iter().filter(|field| field.form == *form) {
                schema.take(field, &mut variables);
            }
            if schema.columns.len() > start {
                let columns = position(start)..position(schema.columns.len());
                schema.forms.push(FormSchema { name: form.clone(), columns });
            }
        }
        schema
    }

    /// The position of a form that holds columns.
    pub(crate) fn form(&self, name: &str) -> Option<u16> {
        self.forms.iter().position(|form| form.name == name).map(position)
    }

    /// Whether an entry of these values says nothing: it has no value but boxes that are not ticked.
    pub(crate) fn is_blank<'a>(&self, mut values: impl Iterator<Item = (u16, &'a Value)>) -> bool {
        values.all(|(column, value)| {
            let is = self.columns.get(usize::from(column)).map(|column| column.is);
            is == Some(Stored::Box) && *value == Value::Integer(0)
        })
    }

    fn take(&mut self, field: &Field, variables: &mut HashMap<String, Variable>) {
        let names: Vec<&str> = match &field.kind {
            FieldKind::Checkbox { levels } => levels.iter().map(|choice| choice.column.as_str()).collect(),
            _ => vec![field.name.as_str()],
        };
        for variable in names.into_iter().filter_map(|name| variables.remove(name)) {
            let is = match (&field.kind, &variable.kind) {
                (FieldKind::Date, _) => Stored::Date,
                (FieldKind::Checkbox { .. }, _) => Stored::Box,
                (_, VariableKind::Integer { .. }) => Stored::Integer,
                (_, VariableKind::Number { .. }) => Stored::Number,
                (_, VariableKind::Factor { .. }) => Stored::Factor,
            };
            if is == Stored::Date && field.annotations.day_zero {
                self.day_zero.push(position(self.columns.len()));
            }
            self.columns.push(ColumnSchema { variable, form: position(self.forms.len()), is });
        }
    }
}

fn events(dictionary: &Dictionary) -> Vec<String> {
    let events: Vec<String> = dictionary.events().iter().map(|event| event.name.clone()).collect();
    if events.is_empty() { vec![String::new()] } else { events }
}

/// The forms in order, each once.
fn distinct(forms: &[String]) -> Vec<&String> {
    let mut seen = HashSet::new();
    forms.iter().filter(|form| seen.insert(form.as_str())).collect()
}

/// A dictionary of a few megabytes has far fewer columns than this can count.
fn position(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
