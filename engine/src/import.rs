//! Import: an export of the registry becomes rows that hold what the dictionary asks for and nothing else.
//!
//! This version reads a plain CSV with one row per patient. A row is kept whole or quarantined whole; what
//! was wrong is said with its place. Memory is bounded by the typed columns, never by the text of the file.

mod builder;
mod cell;
mod header;
mod plain;
mod report;
mod source;

use std::io;

use notochord_proto::digest::Digest;
use serde::{Deserialize, Serialize};

pub use plain::read_plain_csv;
pub use report::{DroppedColumn, Finding, ImportReport, PatientRule, UnknownColumn};

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

/// Why a file cannot be imported at all. Nothing has been stored.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Two columns share a heading.
    #[error("{file}:1: two columns are named `{name}`; a name may stand once")]
    DuplicateColumn {
        /// The file.
        file: String,
        /// The start of the heading.
        name: String,
    },
    /// No first row.
    #[error("{file}: the file is empty; its first row must name the columns")]
    Empty {
        /// The file.
        file: String,
    },
    /// Not one heading is known, as in a file without a header row. Nothing is quoted: it may be a patient.
    #[error("{file}:1: no column is in the dictionary; the first row must name the columns")]
    NoKnownColumn {
        /// The file.
        file: String,
    },
    /// Bytes that are not text.
    #[error("{file}:{line}: not UTF-8; save the file as UTF-8 and import it again")]
    NotUtf8 {
        /// The file.
        file: String,
        /// The line on which the row starts.
        line: u64,
    },
    /// The file could not be read.
    #[error("{file}: cannot be read: {source}")]
    Read {
        /// The file.
        file: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The rows do not fit the columns' arrays.
    #[error("{file}: the rows are too many for this machine")]
    RowsDoNotFit {
        /// The file.
        file: String,
    },
    /// A row without end.
    #[error("{file}:{line}: a row longer than {LONGEST_ROW} bytes; is a quotation mark left open?")]
    RowTooLong {
        /// The file.
        file: String,
        /// The line on which the row starts.
        line: u64,
    },
    /// Too wide.
    #[error("{file}:1: {columns} columns; at most {MOST_COLUMNS} are read")]
    TooManyColumns {
        /// The file.
        file: String,
        /// How many it has.
        columns: usize,
    },
    /// Too long.
    #[error("{file}: more than {MOST_ROWS} rows, the most that are read")]
    TooManyRows {
        /// The file.
        file: String,
    },
}

#[cfg(test)]
mod tests;
