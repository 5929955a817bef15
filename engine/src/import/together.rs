//! The rows of the patients, coming together.

use std::io::{self, Write};

use notochord_proto::dictionary::Dictionary;

use super::{Finding, ImportError, Reading};
use crate::assemble::{
    Assembled, Files, MOST_BYTES_OF_A_PATIENT, MOST_ROWS_OF_A_PATIENT, VisitSource, assemble, too_many_rows,
};
use crate::frame::contradictions;
use crate::linkage::Linkage;
use crate::patient::Patient;
use crate::quality::{Gatherer, QuarantineList};
use crate::record::{Record, RowSource, Standing};
use crate::record_key::PatientKey;
use crate::schema::Schema;
use crate::snapshot::Layout;
use crate::sort::Sorted;
use crate::table_builder::TableBuilder;

/// The most patients, and about the most entries, whose contradictions are judged at once.
const JUDGED_PATIENTS: usize = 4_096;
const JUDGED_ENTRIES: usize = 1 << 16;

/// What is counted and listed of an import.
pub(super) struct Account<'a> {
    pub(super) quality: Gatherer,
    pub(super) list: Option<QuarantineList<Box<dyn Write + 'a>>>,
}

impl Account<'_> {
    pub(super) fn finding(&mut self, finding: &Finding) -> Result<(), ImportError> {
        self.quality.finding(finding);
        self.list(finding)
    }

    fn list(&mut self, finding: &Finding) -> Result<(), ImportError> {
        let list = self.list.as_mut().map_or(Ok(()), |list| list.add(finding));
        list.map_err(ImportError::List)
    }

    fn rows_quarantined(&mut self, rows: u64) {
        (0..rows).for_each(|_| self.quality.row_quarantined());
    }
}

/// Puts rows, sorted by patient, together and hands on patient after patient.
pub(super) struct Together<'a> {
    pub(super) schema: &'a Schema,
    pub(super) layout: &'a Layout,
    pub(super) reading: Reading<'a>,
    pub(super) files: Files<'a>,
    pub(super) linkage: Linkage,
    dictionary: &'a Dictionary,
    of_patient: OfPatient,
    judged: Option<Judged<'a>>,
}

/// The rows of the patient under way.
#[derive(Default)]
struct OfPatient {
    rows: Vec<Record>,
    bytes: usize,
    /// Set where there are too many to be held: whose, where that showed, and how many were kept until then.
    too_many: Option<(PatientKey, RowSource, u64)>,
}

/// Patients whose contradictions are yet to be judged.
struct Judged<'a> {
    table: TableBuilder<'a>,
    /// Where each patient's visits stand.
    visits: Vec<Vec<VisitSource>>,
}

impl<'a> Together<'a> {
    pub(super) fn new(
        (schema, layout): (&'a Schema, &'a Layout),
        reading: Reading<'a>,
        files: Files<'a>,
        linkage: Linkage,
        dictionary: &'a Dictionary,
    ) -> Self {
        let judged = || Judged { table: TableBuilder::new(layout), visits: Vec::new() };
        let judged = (!dictionary.rules().is_empty()).then(judged);
        Self { schema, layout, reading, files, linkage, dictionary, of_patient: OfPatient::default(), judged }
    }

    /// Hands on every patient, in the order of their keys.
    pub(super) fn run(
        mut self,
        mut rows: Sorted,
        account: &mut Account<'_>,
        patient: &mut dyn FnMut(&Patient) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        if self.judged.is_some() {
            account.quality.judges(self.dictionary.rules());
        }
        let mut encoded = Vec::new();
        while rows.next(&mut encoded)? {
            let record = Record::decode(&encoded);
            let record = record.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
            if self.of_patient.patient().is_some_and(|under_way| under_way != record.patient) {
                self.finish_patient(account, patient)?;
            }
            self.of_patient.take(record, encoded.len());
        }
        self.finish_patient(account, patient)?;
        self.judge(account)?;
        self.linkage.find(self.files, |finding| account.finding(&finding))
    }

    fn finish_patient(
        &mut self,
        account: &mut Account<'_>,
        hand_on: &mut dyn FnMut(&Patient) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let OfPatient { rows, too_many, .. } = std::mem::take(&mut self.of_patient);
        if let Some((_, row, kept)) = too_many {
            account.rows_quarantined(kept);
            return account.finding(&too_many_rows(self.files, row));
        }
        self.linkage.patient(&rows)?;
        let Assembled { patient, quarantined, findings, visits } =
            assemble(self.schema, &self.reading, self.files, rows);
        findings.iter().try_for_each(|finding| account.finding(finding))?;
        account.rows_quarantined(quarantined);
        let Some(patient) = patient else { return Ok(()) };
        account.quality.patient(&patient);
        hand_on(&patient)?;
        let Some(judged) = &mut self.judged else { return Ok(()) };
        judged.table.push(&patient);
        judged.visits.push(visits);
        let (patients, entries) = judged.table.size();
        if patients >= JUDGED_PATIENTS || entries >= JUDGED_ENTRIES { self.judge(account) } else { Ok(()) }
    }

    /// Judges the patients that have come together since the last time.
    fn judge(&mut self, account: &mut Account<'_>) -> Result<(), ImportError> {
        let Some(judged) = &mut self.judged else { return Ok(()) };
        let table = std::mem::replace(&mut judged.table, TableBuilder::new(self.layout)).finish();
        let visits = std::mem::take(&mut judged.visits);
        for contradicted in contradictions(&table, self.dictionary).map_err(ImportError::Rule)? {
            for row in contradicted.rows {
                let of_patient = visits.get(row.patient as usize).map(Vec::as_slice).unwrap_or_default();
                let at = of_patient.iter().find(|one| row.visit == Some((one.event, one.visit)));
                let Some(source) = at.or(of_patient.first()).map(|visit| visit.row) else { continue };
                let Some((file, place)) = self.files.place(source) else { continue };
                if let Some(finding) = account.quality.contradiction(&contradicted.rule.id, file, place) {
                    account.list(&finding)?;
                }
            }
        }
        Ok(())
    }
}

impl OfPatient {
    fn patient(&self) -> Option<PatientKey> {
        let first = self.rows.first().map(|first| first.patient);
        first.or(self.too_many.map(|(patient, ..)| patient))
    }

    fn take(&mut self, record: Record, bytes: usize) {
        let kept = u64::from(record.standing == Standing::Kept);
        if let Some((_, _, count)) = &mut self.too_many {
            *count += kept;
            return;
        }
        self.bytes += bytes;
        if self.rows.len() == MOST_ROWS_OF_A_PATIENT || self.bytes > MOST_BYTES_OF_A_PATIENT {
            let before = self.rows.iter().filter(|one| one.standing == Standing::Kept).count() as u64;
            self.too_many = Some((record.patient, record.source, before + kept));
            self.rows = Vec::new();
            return;
        }
        self.rows.push(record);
    }
}
