//! One patient, assembled: what a snapshot stores, in the order in which it stores it.

use crate::record_key::PatientKey;

/// A patient. No `Debug`, `Display` or `Serialize`.
#[derive(Clone, PartialEq)]
pub(crate) struct Patient {
    pub(crate) key: PatientKey,
    /// The year of day 0, where day 0 is known.
    pub(crate) day_zero_year: Option<i64>,
    /// Sorted by place, each place once.
    pub(crate) entries: Vec<Entry>,
}

/// One filled-in form.
#[derive(Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) place: FormPlace,
    /// The values that are present, by column, ascending.
    pub(crate) values: Vec<(u16, StoredValue)>,
}

/// Where an entry of a patient belongs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FormPlace {
    /// The form's position among those that hold columns.
    pub(crate) form: u16,
    /// The event's position.
    pub(crate) event: u16,
    /// Counted from 1.
    pub(crate) visit: u32,
    /// Counted from 1.
    pub(crate) instance: u32,
}

/// A value as it is stored: a date has become days by then, so none can reach a disk.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum StoredValue {
    Integer(i64),
    Number(f64),
    /// A position in the levels of a factor.
    Level(u16),
}
