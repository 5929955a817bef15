//! What became of one file: how it was understood, and its columns.

use std::fmt;

use notochord_proto::digest::Digest;
use notochord_proto::name::VariableName;
use serde::Serialize;

use super::style::Encoding;
use super::{Finding, FindingKind, RowPlace};

/// The account of one file, for the person at the centre. It holds headings and counts, and no cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The file, as given.
    pub name: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// What kind of file it is.
    pub format: FileFormat,
    /// What its headings are.
    pub headings: Headings,
    /// What its cells are.
    pub encoding: Encoding,
    /// Whether a cell told codes from labels, or codes were assumed.
    pub encoding_is: Known,
    /// What makes a row a patient.
    pub patients: PatientRule,
    /// What tells a patient's rows apart.
    pub visits: VisitRule,
    /// Rows below the header that are not blank.
    pub rows_read: u64,
    /// Rows that this file alone shows to be wrong.
    pub rows_quarantined: u64,
    /// Rows without any cell, which are skipped.
    pub rows_blank: u64,
    /// Columns that are known and not stored.
    pub dropped: Vec<DroppedColumn>,
    /// Columns the dictionary does not know; not stored.
    pub unknown: Vec<UnknownColumn>,
    /// Variables of the dictionary that the file lacks.
    pub absent: Vec<VariableName>,
}

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Lines of cells.
    Csv {
        /// What divides them.
        delimiter: Delimiter,
        /// What its bytes stand for.
        charset: Charset,
    },
    /// Columns of typed values.
    Parquet,
}

/// What divides the cells of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`, beside which a comma may stand before the fraction of a number.
    Semicolon,
    /// A tab.
    Tab,
}

/// What the bytes of a text stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Charset {
    /// UTF-8, of which ASCII is a part.
    Utf8,
    /// Latin-1 as Windows writes it (Windows-1252).
    Latin1,
}

/// What the headings of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Headings {
    /// The names of fields.
    Names,
    /// Their labels.
    Labels,
}

/// How something is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// Found in the first rows.
    Found,
    /// Nothing in the first rows told.
    Assumed,
}

/// What makes a row a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PatientRule {
    /// The dictionary's record-id field.
    RecordId,
    /// No such column: each row is one patient, known by its place.
    RowNumber,
}

/// What tells a patient's rows apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VisitRule {
    /// REDCap's columns for events and repeats.
    Columns,
    /// Their order: the n-th row is the n-th visit.
    NthVisit,
    /// Their order: the n-th row is the n-th event.
    NthEvent,
}

/// A column that is known and that a snapshot does not store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DroppedColumn {
    /// The start of the column's heading.
    pub name: String,
    /// What it is: "an identifier".
    pub reason: &'static str,
}

/// A column that the dictionary does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownColumn {
    /// Which column of the file it is, from 1.
    pub position: usize,
    /// The start of its heading; empty where it has none.
    pub name: String,
    /// The column it may be meant for.
    pub nearest: Option<String>,
}

impl FileReport {
    /// Where a row of the file stands.
    pub fn place(&self, row: u64) -> RowPlace {
        match self.format {
            FileFormat::Csv { .. } => RowPlace::Line(row),
            FileFormat::Parquet => RowPlace::Row(row),
        }
    }

    /// A finding in a row of the file.
    pub fn finding(&self, row: u64, column: Option<&str>, kind: FindingKind, finding: String) -> Finding {
        let column = column.map(str::to_owned);
        Finding { file: self.name.clone(), row: self.place(row), column, kind, finding }
    }

    /// The report in lines for people.
    pub fn in_words(&self) -> Vec<String> {
        let rows = |count: u64| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
        let assumed = match self.encoding_is {
            Known::Found => "",
            Known::Assumed => ", as nothing in its first rows tells otherwise",
        };
        let mut lines = vec![
            format!("{}: {} read, {} quarantined", self.name, rows(self.rows_read), self.rows_quarantined),
            format!("{}; headings are {}, cells hold {}{assumed}", self.format, self.headings, self.encoding),
            self.patients.to_string(),
            self.visits.to_string(),
        ];
        if self.rows_blank > 0 {
            lines.push(format!("{} without any cell skipped", rows(self.rows_blank)));
        }
        lines.extend(self.dropped.iter().map(DroppedColumn::to_string));
        lines.extend(self.unknown.iter().map(UnknownColumn::to_string));
        lines.extend(self.absent.iter().map(|name| format!("`{name}` is not in the file")));
        lines
    }
}

impl fmt::Display for FileFormat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Csv { delimiter, charset } = self else { return out.write_str("Parquet") };
        let delimiter = match delimiter {
            Delimiter::Comma => "commas",
            Delimiter::Semicolon => "semicolons",
            Delimiter::Tab => "tabs",
        };
        let charset = match charset {
            Charset::Utf8 => "UTF-8",
            Charset::Latin1 => "Latin-1 (latin1, read as Windows-1252)",
        };
        write!(out, "CSV with {delimiter}, {charset}")
    }
}

impl fmt::Display for Headings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Names => "field names",
            Self::Labels => "field labels",
        })
    }
}

impl fmt::Display for PatientRule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::RecordId => "each record id is one patient; only its keyed hash is stored",
            Self::RowNumber => "no record-id column: each row is one patient",
        })
    }
}

impl fmt::Display for VisitRule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Columns => "REDCap's columns tell a patient's events and repeats",
            Self::NthVisit => "the rows of a patient are visits, in the order of the file",
            Self::NthEvent => "the rows of a patient are the dictionary's events, in the order of the file",
        })
    }
}

impl fmt::Display for DroppedColumn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` is dropped: it is {}", self.name, self.reason)
    }
}

impl fmt::Display for UnknownColumn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            return write!(out, "column {} is dropped: it has no heading", self.position);
        }
        write!(out, "`{}` is dropped: it is not in the dictionary", self.name)?;
        match &self.nearest {
            Some(nearest) => write!(out, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}
