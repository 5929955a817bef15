//! Import: exports of the registry become a snapshot that holds what the dictionary asks for and nothing else.
//!
//! A file is understood from its headings and its first rows: names or labels, codes or labels, the delimiter,
//! the charset, events and repeats. Then it is read row by row. A row is kept whole or quarantined whole; what
//! was wrong is said with its file, row and column. Record ids become keyed hashes here; identifiers, free text
//! and what the dictionary does not know go no further than this module.

mod cell;
mod charset;
mod columnar;
mod delimited;
mod detect;
mod error;
mod file_report;
mod finding;
mod header;
mod importer;
mod in_file_order;
mod label;
mod missing;
mod occasion;
mod open;
mod persons;
mod read;
mod reading;
mod row_reader;
mod rows;
mod sink;
mod source;
mod style;
mod target;
mod together;

pub use error::ImportError;
pub use file_report::{
    Charset, Delimiter, DroppedColumn, FileFormat, FileReport, Headings, Known, PatientRule, UnknownColumn,
    VisitRule,
};
pub use finding::{Finding, FindingKind, RowPlace};
pub use importer::{Checked, Imported, Importer, MEMORY, MOST_FILES};
pub(crate) use label::plain;
pub(crate) use open::{read_file, read_text};
pub(crate) use reading::Reading;
pub use style::Encoding;

/// The most columns a file may have.
pub const MOST_COLUMNS: usize = 10_000;
/// The most rows a file may have.
pub const MOST_ROWS: u64 = 10_000_000;
/// The most bytes one row may take, notes included; a quotation mark left open meets this first.
pub const LONGEST_ROW: usize = 4 << 20;
/// The most findings a report lists; the rest are counted.
pub const MOST_FINDINGS: usize = 1_000;

#[cfg(test)]
mod tests;
