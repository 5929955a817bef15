//! What a snapshot's tables look like: forms, variables and events, as its dictionary had them.

use std::ops::Range;

use notochord_proto::dictionary::{DAY0_YEAR, Dictionary};
use notochord_proto::digest::Digest;
use notochord_proto::variable::Variable;
use serde::{Deserialize, Serialize};

use crate::schema::Schema;

/// The tables of a snapshot, empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// The digest of the dictionary the rows were read against.
    pub dictionary: Digest,
    /// Its version.
    pub dictionary_version: String,
    /// The unique names of the events, in order; one empty name where the registry has none.
    pub events: Vec<String>,
    /// What is known of a patient as a whole: `day0_year`, or nothing.
    pub about: Vec<Variable>,
    /// The forms that hold variables, in the dictionary's order.
    pub forms: Vec<FormLayout>,
}

/// One form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormLayout {
    /// Its name.
    pub form: String,
    /// Its variables, in the dictionary's order.
    pub variables: Vec<Variable>,
}

impl Layout {
    /// How a dictionary lays out snapshots.
    pub(crate) fn of(dictionary: &Dictionary, schema: &Schema) -> Self {
        let variables = |columns: &Range<u16>| {
            let columns = schema.columns.get(usize::from(columns.start)..usize::from(columns.end));
            columns.unwrap_or_default().iter().map(|column| column.variable.clone()).collect()
        };
        let forms = schema.forms.iter();
        Self {
            dictionary: dictionary.digest(),
            dictionary_version: dictionary.version().into(),
            events: schema.events.clone(),
            about: dictionary.variables().into_iter().filter(|one| one.name.as_str() == DAY0_YEAR).collect(),
            forms: forms
                .map(|form| FormLayout { form: form.name.clone(), variables: variables(&form.columns) })
                .collect(),
        }
    }

    /// Every variable, with the position of its form.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (usize, &Variable)> {
        let forms = self.forms.iter().enumerate();
        forms.flat_map(|(position, form)| form.variables.iter().map(move |variable| (position, variable)))
    }

    /// The columns of each form.
    pub(crate) fn ranges(&self) -> Vec<Range<u16>> {
        let mut next = 0_u16;
        let ranges = self.forms.iter().map(|form| {
            let start = next;
            next = next.saturating_add(u16::try_from(form.variables.len()).unwrap_or(u16::MAX));
            start..next
        });
        ranges.collect()
    }
}
