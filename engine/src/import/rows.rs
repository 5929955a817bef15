//! The rows of a file, whatever its format.

use csv::StringRecord;
use notochord_proto::digest::Digest;

use super::ImportError;
use super::file_report::FileFormat;
use super::style::Decimal;

/// A file whose headings and rows are read one after the other.
pub(super) trait Rows {
    /// The headings. Called once, first.
    fn headings(&mut self) -> Result<StringRecord, ImportError>;

    /// Which columns are needed; cells of others may be left empty. Called once, before the first row.
    fn need(&mut self, columns: &[usize]) -> Result<(), ImportError>;

    /// Reads the next row into `cells`; its place, or `None` behind the last.
    fn next(&mut self, cells: &mut StringRecord) -> Result<Option<Row>, ImportError>;

    /// What may stand before the fraction of a number.
    fn decimal(&self) -> Decimal;

    /// What kind of file it was, and the digest of all of it.
    fn finish(self: Box<Self>) -> Result<(FileFormat, Digest), ImportError>;
}

/// A row that was read.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// Its line or number.
    pub(super) place: u64,
    pub(super) quotes: Quotes,
}

/// Whether the quotation marks of a row come in pairs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    Closed,
    /// One is open, and the row goes over several lines.
    Open,
}
