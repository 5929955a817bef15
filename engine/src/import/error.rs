//! Why nothing can be imported.

use std::io;

use parquet::errors::ParquetError;

use super::{LONGEST_ROW, MOST_COLUMNS, MOST_FILES, MOST_ROWS};
use crate::frame::FrameError;
use crate::snapshot::SnapshotError;

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
    /// A heading that several columns may have.
    #[error(
        "{file}:1: the heading `{heading}` is the label of {columns}; export with field names as headings"
    )]
    AmbiguousHeading {
        /// The file.
        file: String,
        /// The start of the heading.
        heading: String,
        /// The columns.
        columns: String,
    },
    /// Events in the file and none in the dictionary.
    #[error(
        "{file}:1: the file has events (`redcap_event_name`) and the dictionary has none; list them in events.csv"
    )]
    EventsNotInDictionary {
        /// The file.
        file: String,
    },
    /// Repeats in the file and no events, where the dictionary has events.
    #[error("{file}:1: the dictionary has events; add the column `redcap_event_name` to the export")]
    NoEventColumn {
        /// The file.
        file: String,
    },
    /// No events in the file, and several arms in the dictionary.
    #[error(
        "{file}:1: the dictionary has events of several arms, so the order of rows does not tell them; add the \
         column `redcap_event_name` to the export"
    )]
    EventsOfSeveralArms {
        /// The file.
        file: String,
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
    /// Some other kind of file.
    #[error("{file}: no CSV: the file is {what}")]
    NotATable {
        /// The file.
        file: String,
        /// What it is, and what to do.
        what: &'static str,
    },
    /// Text in two charsets.
    #[error(
        "{file}:{}: the file mixes UTF-8 (line {utf8}) and Latin-1 (line {latin1}); save it as UTF-8 and import it again",
        utf8.max(latin1)
    )]
    MixedCharsets {
        /// The file.
        file: String,
        /// The first line with UTF-8 that is not ASCII.
        utf8: u64,
        /// The first line that is not UTF-8.
        latin1: u64,
    },
    /// A quotation mark in the headings that is not closed.
    #[error("{file}:{line}: a quotation mark is left open among the headings")]
    OpenQuotation {
        /// The file.
        file: String,
        /// The line on which the headings start.
        line: u64,
    },
    /// Not Parquet, though it says so.
    #[error("{file}: cannot be read as Parquet: {source}")]
    Parquet {
        /// The file.
        file: String,
        /// The reader's reason.
        source: ParquetError,
    },
    /// A column of a type that no variable can be read from.
    #[error("{file}: the column `{column}` is of type {is}; {wanted}")]
    ColumnType {
        /// The file.
        file: String,
        /// The start of the column's name.
        column: String,
        /// Its type.
        is: String,
        /// What it may be.
        wanted: &'static str,
    },
    /// The file could not be read.
    #[error("{file}: cannot be read: {source}")]
    Read {
        /// The file.
        file: String,
        /// The system's reason.
        source: io::Error,
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
    /// Nothing to import.
    #[error("no file was named; name one export or more")]
    NoFile,
    /// Too many files at once.
    #[error("too many files; {MOST_FILES} are the most of one import")]
    TooManyFiles,
    /// A rule of the dictionary that cannot be judged.
    #[error("rules.toml: {0}; `notochord dictionary check` says where")]
    Rule(FrameError),
    /// The list of findings could not be written.
    #[error("the list of findings cannot be written: {0}")]
    List(io::Error),
    /// The rows could not be sorted: the disk is full, for example.
    #[error("the rows cannot be sorted: {0}")]
    Sort(#[from] io::Error),
    /// The snapshot could not be written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}
