//! Counting, while patients stream past.

use notochord_proto::dictionary::{ContradictionRule, Dictionary};
use notochord_proto::digest::Digest;
use time::OffsetDateTime;

use super::completeness::Tally;
use super::{Change, Contradiction, Duplicates, Findings, Quality, columns};
use crate::import::{FileReport, Finding, FindingKind, RowPlace};
use crate::patient::Patient;
use crate::schema::Schema;

/// Counts what an import does, in memory that does not grow with its rows. It keeps no value, record id or key.
pub(crate) struct Gatherer {
    dictionary: Digest,
    dictionary_version: String,
    has_day_zero: bool,
    tally: Tally,
    findings: Findings,
    contradictions: Vec<Contradiction>,
    rows_quarantined: u64,
    patients: u64,
    patients_erased: u64,
    patients_with_day_zero: u64,
}

/// What is known of an import beside its patients.
pub(crate) struct Origin {
    /// When its files were read.
    pub(crate) at: OffsetDateTime,
    /// How each of them was understood.
    pub(crate) files: Vec<FileReport>,
    /// What it became; none where nothing was kept.
    pub(crate) snapshot: Option<Digest>,
    /// What became of the patients of the last snapshot.
    pub(crate) change: Change,
}

impl Gatherer {
    /// Counts what is read against a dictionary.
    pub(crate) fn new(dictionary: &Dictionary, schema: &Schema) -> Self {
        Self {
            dictionary: dictionary.digest(),
            dictionary_version: dictionary.version().to_owned(),
            has_day_zero: !schema.day_zero.is_empty(),
            tally: Tally::new(dictionary, schema),
            findings: Findings::default(),
            contradictions: Vec::new(),
            rows_quarantined: 0,
            patients: 0,
            patients_erased: 0,
            patients_with_day_zero: 0,
        }
    }

    /// A patient that is kept.
    pub(crate) fn patient(&mut self, patient: &Patient) {
        self.patients += 1;
        self.patients_with_day_zero += u64::from(patient.day_zero_year.is_some());
        self.tally.patient(patient);
    }

    /// A patient that is left out because they withdrew their consent.
    pub(crate) fn erased(&mut self) {
        self.patients_erased += 1;
    }

    /// Something wrong, wherever it was found.
    pub(crate) fn finding(&mut self, finding: &Finding) {
        self.findings.add(finding);
    }

    /// A row that its file alone did not show to be wrong and that is put aside all the same.
    pub(crate) fn row_quarantined(&mut self) {
        self.rows_quarantined += 1;
    }

    /// From now on these rules are judged, so that a rule without contradictions is said to have none.
    pub(crate) fn judges(&mut self, rules: &[ContradictionRule]) {
        let found = |rule: &ContradictionRule| Contradiction {
            id: rule.id.clone(),
            says: rule.says.clone(),
            count: 0,
            places: Vec::new(),
        };
        self.contradictions = rules.iter().map(found).collect();
    }

    /// A row that a rule, one of those judged, does not believe. The finding is for the quarantine list; it is
    /// counted here.
    pub(crate) fn contradiction(&mut self, rule: &str, file: &str, row: RowPlace) -> Option<Finding> {
        let judged = self.contradictions.iter_mut().find(|judged| judged.id == rule)?;
        judged.add(format!("{file}{row}"));
        let finding = Finding {
            file: file.to_owned(),
            row,
            column: None,
            kind: FindingKind::Contradiction,
            finding: format!("{} (rule `{}`)", judged.says, judged.id),
        };
        self.findings.add(&finding);
        Some(finding)
    }

    /// What was counted.
    pub(crate) fn finish(mut self, origin: Origin) -> Quality {
        let Origin { at, files, snapshot, change } = origin;
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        self.findings.sort(&names);
        let (events, completeness) = self.tally.finish();
        Quality {
            at,
            dictionary: self.dictionary,
            dictionary_version: self.dictionary_version,
            snapshot,
            rows_read: files.iter().map(|file| file.rows_read).sum(),
            rows_quarantined: files.iter().map(|file| file.rows_quarantined).sum::<u64>()
                + self.rows_quarantined,
            patients: self.patients,
            patients_erased: self.patients_erased,
            patients_with_day_zero: self.has_day_zero.then_some(self.patients_with_day_zero),
            events,
            completeness,
            absent: columns::absent(&files),
            duplicates: Duplicates {
                rows: self.findings.of_kind(FindingKind::DuplicateRow),
                patients: self.findings.of_kind(FindingKind::SamePatientTwice),
            },
            findings: self.findings,
            contradictions: self.contradictions,
            change,
            files,
        }
    }
}
