//! Import: an export of the registry becomes rows that hold what the dictionary asks for and nothing else.
//!
//! This version reads a plain CSV with one row per patient. A row is kept whole or quarantined whole; what
//! was wrong is said with its place. Memory is bounded by the typed columns, never by the text of the file.

mod builder;
mod cell;
mod error;
mod finding;
mod header;
mod plain;
mod report;
mod sink;
mod source;

use notochord_proto::digest::Digest;
use serde::{Deserialize, Serialize};

pub use error::ImportError;
pub use finding::{Finding, FindingKind, RowPlace};
pub use plain::read_plain_csv;
pub use report::{DroppedColumn, ImportReport, PatientRule, UnknownColumn};

use crate::rows::Rows;

/// The most columns a file may have.
pub const MOST_COLUMNS: usize = 10_000;
/// The most rows a file may have.
pub const MOST_ROWS: u64 = 10_000_000;
/// The most bytes one row may take, notes included; a quotation mark left open meets this first.
pub const LONGEST_ROW: usize = 4 << 20;
/// The most findings a report lists; the rest are counted.
pub const MOST_FINDINGS: usize = 1_000;

/// What an import read.
pub struct Imported {
    /// The patients.
    pub rows: Rows,
    /// The digest of the dictionary they were read against.
    pub dictionary: Digest,
    /// The file they came from.
    pub source: Source,
    /// What was kept, dropped and quarantined.
    pub report: ImportReport,
}

/// A file that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name, as given.
    pub file: String,
    /// The digest of its bytes.
    pub digest: Digest,
}

#[cfg(test)]
mod tests;
