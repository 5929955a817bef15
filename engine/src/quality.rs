//! The account of an import for the person at the centre who mends the data: what was read, what is missing, what
//! is wrong and where, and what changed since the last snapshot.
//!
//! A [`Gatherer`] counts while patients stream past and keeps numbers and findings, never a value, a record id
//! or a key. A [`Quality`] is what it has counted: JSON by serde, lines for a terminal ([`Quality::in_words`])
//! and one page to read or print ([`Quality::html`]). Its counts are exact and its findings quote cells, so it
//! stays at the centre.

mod change;
mod columns;
mod completeness;
mod contradiction;
mod findings;
mod gather;
mod numbers;
mod page;
mod quarantine;
mod visible;
mod words;

use notochord_proto::digest::Digest;
use serde::Serialize;
use time::OffsetDateTime;

pub(crate) use change::ChangeCounter;
pub use change::{Change, ChangeCount, LastSnapshot};
pub use completeness::{Completeness, Expected, FormCompleteness, Present, VariableCompleteness};
pub use contradiction::{Contradiction, MOST_PLACES};
pub use findings::{Findings, MOST_OF_A_KIND};
pub(crate) use gather::{Gatherer, Origin};
pub use quarantine::QuarantineList;

use crate::import::FileReport;
use numbers::counted;

/// What an import found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// When the files were read.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The digest of the dictionary they were read against.
    pub dictionary: Digest,
    /// Its version.
    pub dictionary_version: String,
    /// The snapshot it became; none where nothing was kept.
    pub snapshot: Option<Digest>,
    /// How each file was understood.
    pub files: Vec<FileReport>,
    /// Rows below the headings.
    pub rows_read: u64,
    /// Rows that were put aside whole because of a finding.
    pub rows_quarantined: u64,
    /// Patients that were kept.
    pub patients: u64,
    /// Patients that were left out because they withdrew their consent.
    pub patients_erased: u64,
    /// Patients whose day 0 is known; none where the dictionary has no day 0.
    pub patients_with_day_zero: Option<u64>,
    /// Every event, in the dictionary's order; one without a name where the registry has none.
    pub events: Vec<EventCount>,
    /// What is there and what is missing.
    pub completeness: Completeness,
    /// Variables of the dictionary that no file has.
    pub absent: Vec<String>,
    /// What is wrong.
    pub findings: Findings,
    /// What is there more than once.
    pub duplicates: Duplicates,
    /// What the dictionary's rules say about it; empty where none were judged.
    pub contradictions: Vec<Contradiction>,
    /// What became of the patients of the last snapshot.
    pub change: Change,
}

/// What is there more than once, as far as a file or a linkage key tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Rows that say exactly what another row says.
    pub rows: u64,
    /// Record ids that a linkage key takes for a patient of another record id, once for each such key.
    pub patients: u64,
}

/// How often an event took place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventCount {
    /// Its unique name.
    pub event: String,
    /// Its label.
    pub label: String,
    /// Patients with an entry at it.
    pub patients: u64,
    /// Visits with an entry.
    pub visits: u64,
}

impl Quality {
    /// The report in a line: `412 rows, 103 patients; 7 rows quarantined`.
    pub fn headline(&self) -> String {
        let quarantined = match self.rows_quarantined {
            0 => "nothing quarantined".to_owned(),
            rows => format!("{} quarantined", counted(rows, "row")),
        };
        format!("{}, {}; {quarantined}", counted(self.rows_read, "row"), counted(self.patients, "patient"))
    }

    /// Record ids that may be a patient of another record id.
    pub fn same_patient_twice(&self) -> u64 {
        self.duplicates.patients
    }

    /// The visits of all events.
    pub fn visits(&self) -> u64 {
        self.events.iter().map(|event| event.visits).sum()
    }
}

#[cfg(test)]
mod tests;
