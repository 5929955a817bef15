//! What an import kept, dropped and could not read.

use std::collections::BTreeMap;
use std::fmt;

use notochord_proto::name::VariableName;
use serde::Serialize;

/// The account of one import, for the person at the centre. It quotes bad cells, so it stays at the centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// The file, as given.
    pub file: String,
    /// What makes a row a patient.
    pub patients: PatientRule,
    /// Rows below the header.
    pub rows_read: u64,
    /// Rows that became patients.
    pub rows_kept: u64,
    /// Rows left out because of at least one finding.
    pub rows_quarantined: u64,
    /// What was wrong, in file order, up to [`super::MOST_FINDINGS`].
    pub findings: Vec<Finding>,
    /// Findings beyond those listed.
    pub findings_unlisted: u64,
    /// Columns of the dictionary that are not stored.
    pub dropped: Vec<DroppedColumn>,
    /// Columns the dictionary does not know; not stored.
    pub unknown: Vec<UnknownColumn>,
    /// Variables of the dictionary that the file lacks: missing for every patient.
    pub absent: Vec<VariableName>,
    /// For each variable, how many of the kept rows miss it.
    pub missing: BTreeMap<VariableName, u64>,
}

/// What makes a row a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PatientRule {
    /// The dictionary's record-id field: one row per record id.
    RecordId,
    /// No such column: each row is one patient, known by its row number.
    RowNumber,
}

/// Something wrong in a row: `patients.csv:7 (age): `abc` is not a whole number from 0 to 120`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, as given.
    pub file: String,
    /// The line on which the row starts; the header's is 1.
    pub line: u64,
    /// The column, unless the whole row is to blame.
    pub column: Option<String>,
    /// What was found and what was expected.
    pub finding: String,
}

/// A column that the dictionary knows and a snapshot does not store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DroppedColumn {
    /// The column's heading.
    pub name: String,
    /// What it is: "an identifier".
    pub reason: &'static str,
}

/// A column that the dictionary does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownColumn {
    /// The start of the column's heading.
    pub name: String,
    /// The column of the dictionary it may be meant for.
    pub nearest: Option<String>,
}

impl ImportReport {
    /// The report in lines for people, the findings last.
    pub fn in_words(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{}: {} read, {} kept, {} quarantined",
            self.file,
            rows(self.rows_read),
            self.rows_kept,
            self.rows_quarantined
        )];
        lines.push(self.patients.to_string());
        lines.extend(self.dropped.iter().map(DroppedColumn::to_string));
        lines.extend(self.unknown.iter().map(UnknownColumn::to_string));
        lines.extend(
            self.absent.iter().map(|name| format!("`{name}` is not in the file: missing for every patient")),
        );
        lines.extend(self.findings.iter().map(Finding::to_string));
        if self.findings_unlisted > 0 {
            lines.push(format!("{} more findings are not listed", self.findings_unlisted));
        }
        lines
    }
}

fn rows(count: u64) -> String {
    if count == 1 { "1 row".into() } else { format!("{count} rows") }
}

impl fmt::Display for PatientRule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::RecordId => "each record id is one patient; only its keyed hash is stored",
            Self::RowNumber => "no record-id column: each row is one patient",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.file, self.line)?;
        if let Some(column) = &self.column {
            write!(out, " ({column})")?;
        }
        write!(out, ": {}", self.finding)
    }
}

impl fmt::Display for DroppedColumn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` is dropped: it is {}", self.name, self.reason)
    }
}

impl fmt::Display for UnknownColumn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` is dropped: it is not in the dictionary", self.name)?;
        match &self.nearest {
            Some(nearest) => write!(out, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}
