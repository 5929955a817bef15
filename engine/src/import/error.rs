//! Why nothing can be imported.

use std::io;

use super::{LONGEST_ROW, MOST_COLUMNS, MOST_ROWS};

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
