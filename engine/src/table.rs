//! What a snapshot holds, decoded: patients, and what was entered about them form by form.
//!
//! An *entry* is one filled-in form: of a patient, at an event, on a visit, as the n-th instance where the form
//! repeats. Patients are sorted by key and entries by their place, so the order of an export is forgotten.

use std::collections::BTreeMap;

use notochord_proto::name::VariableName;

use crate::record_key::PatientKey;
use crate::rows::RowColumn;

/// Everything a snapshot says. No `Debug`, `Display` or `Serialize`, so that nothing in it can be printed or
/// sent by mistake.
pub struct Table {
    /// Sorted.
    pub(crate) patients: Vec<PatientKey>,
    /// What is known of a patient as a whole (`day0_year`): a value for each patient.
    pub(crate) about: BTreeMap<VariableName, RowColumn>,
    /// The names of the events, in the dictionary's order; one empty name where the registry has no events.
    pub(crate) events: Vec<String>,
    /// The forms that hold variables, in the dictionary's order.
    pub(crate) forms: Vec<FormTable>,
}

impl Table {
    /// How many patients.
    pub fn patients(&self) -> usize {
        self.patients.len()
    }

    /// The form that has a variable.
    pub(crate) fn form_of(&self, variable: &VariableName) -> Option<&FormTable> {
        self.forms.iter().find(|form| form.columns.contains_key(variable))
    }

    /// Every visit at which something was entered, sorted.
    pub(crate) fn visits(&self) -> Vec<VisitPlace> {
        let mut visits: Vec<_> =
            self.forms.iter().flat_map(|form| form.places.iter().map(|place| place.visit())).collect();
        visits.sort_unstable();
        visits.dedup();
        visits
    }
}

/// A visit: the patient, the event, and which visit of the event.
pub(crate) type VisitPlace = (u32, u16, u32);

/// The entries of one form.
pub(crate) struct FormTable {
    /// The form's name.
    pub(crate) form: String,
    /// The place of each entry, sorted, each once.
    pub(crate) places: Vec<EntryPlace>,
    /// The form's variables: a value for each entry.
    pub(crate) columns: BTreeMap<VariableName, RowColumn>,
}

/// Where an entry belongs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EntryPlace {
    /// Position in the table's patients.
    pub(crate) patient: u32,
    /// Position in the table's events.
    pub(crate) event: u16,
    /// 1 for the only visit of an event, or counted from 1 where visits have no event or the event repeats.
    pub(crate) visit: u32,
    /// 1, or counted from 1 where the form repeats within the visit.
    pub(crate) instance: u32,
}

impl EntryPlace {
    /// The visit the entry belongs to.
    pub(crate) fn visit(self) -> VisitPlace {
        (self.patient, self.event, self.visit)
    }
}

#[cfg(test)]
pub(crate) mod sample;
