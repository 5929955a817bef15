//! Rows become patients.
//!
//! The rows of a patient, from every file, come together in file order. Rows that speak of the same place are
//! merged where they agree; a later row that contradicts an earlier one, or repeats it word for word, is
//! quarantined whole. Dates become days since the patient's day 0, the earliest date so marked in any row,
//! kept or not.

mod days;
mod merge;

use days::DayZero;

use crate::import::{FileReport, Finding, FindingKind, Reading, RowPlace};
use crate::patient::Patient;
use crate::record::{Record, RowSource, Standing};
use crate::schema::Schema;

/// The most rows a patient may have, over all files.
pub const MOST_ROWS_OF_A_PATIENT: usize = 100_000;
/// The most bytes they may take.
pub(crate) const MOST_BYTES_OF_A_PATIENT: usize = 32 << 20;

/// The files of an import, by number: they say where a row stands.
#[derive(Clone, Copy)]
pub(crate) struct Files<'a>(pub(crate) &'a [FileReport]);

impl Files<'_> {
    /// A finding about a row.
    pub(crate) fn finding(
        self,
        row: RowSource,
        column: Option<&str>,
        kind: FindingKind,
        finding: String,
    ) -> Finding {
        match self.0.get(usize::from(row.file)) {
            Some(file) => file.finding(row.row, column, kind, finding),
            None => {
                let column = column.map(str::to_owned);
                Finding { file: String::new(), row: RowPlace::Row(row.row), column, kind, finding }
            }
        }
    }

    /// The name of a row's file, and its place there.
    pub(crate) fn place(&self, row: RowSource) -> Option<(&str, RowPlace)> {
        let file = self.0.get(usize::from(row.file))?;
        Some((&file.name, file.place(row.row)))
    }

    /// `patients.csv:7`
    pub(crate) fn in_words(self, row: RowSource) -> String {
        let file = self.0.get(usize::from(row.file));
        file.map(|file| format!("{}{}", file.name, file.place(row.row))).unwrap_or_default()
    }
}

/// What became of the rows of one patient.
pub(crate) struct Assembled {
    /// The patient, unless no row of theirs was kept.
    pub(crate) patient: Option<Patient>,
    /// Rows that reading kept and that were quarantined here.
    pub(crate) quarantined: u64,
    pub(crate) findings: Vec<Finding>,
    /// Where each visit was first spoken of.
    pub(crate) visits: Vec<VisitSource>,
}

/// A visit of a patient, and the first row that speaks of it.
#[derive(Clone, Copy)]
pub(crate) struct VisitSource {
    pub(crate) event: u16,
    pub(crate) visit: u32,
    pub(crate) row: RowSource,
}

/// Puts the rows of one patient together, which are sorted by file and row.
pub(crate) fn assemble(
    schema: &Schema,
    reading: &Reading<'_>,
    files: Files<'_>,
    mut records: Vec<Record>,
) -> Assembled {
    let is_kept = |record: &&Record| record.standing == Standing::Kept;
    let before = records.iter().filter(is_kept).count();
    let mut findings = reading.in_file_order(&mut records, files.0);
    let day_zero = DayZero::of(schema, files, &records, &mut findings);
    let patient = records.first().map(|record| record.patient);
    let mut merge = merge::Merge::new(schema, files, day_zero);
    let mut kept = 0;
    for record in records.into_iter().filter(|record| record.standing == Standing::Kept) {
        match merge.row(record) {
            Ok(()) => kept += 1,
            Err(wrong) => findings.extend(wrong),
        }
    }
    let (entries, visits) = merge.finish();
    let patient = patient.filter(|_| kept > 0);
    let patient = patient.map(|key| Patient { key, day_zero_year: day_zero.year(), entries });
    Assembled { patient, quarantined: (before - kept) as u64, findings, visits }
}

/// What is said of a patient with more rows than are held at once.
pub(crate) fn too_many_rows(files: Files<'_>, row: RowSource) -> Finding {
    let finding = format!(
        "the patient has more than {MOST_ROWS_OF_A_PATIENT} rows, or rows of more than {} MiB, and is left out; \
         is the record id really one?",
        MOST_BYTES_OF_A_PATIENT >> 20
    );
    files.finding(row, None, FindingKind::TooManyRowsOfAPatient, finding)
}

#[cfg(test)]
mod tests;
