//! A registry and an import of it.

use notochord_proto::dictionary::{Dictionary, DictionaryFiles};
use notochord_proto::digest::Digest;
use time::OffsetDateTime;

use crate::import::{
    Charset, Delimiter, DroppedColumn, Encoding, FileFormat, FileReport, Finding, FindingKind, Headings,
    Known, PatientRule, RowPlace, UnknownColumn, VisitRule,
};
use crate::patient::{Entry, FormPlace, Patient, StoredValue};
use crate::quality::{Change, ChangeCount, Gatherer, LastSnapshot, Origin, Quality};
use crate::record_key::PatientKey;
use crate::schema::Schema;

const FIELDS: &str = "\
id,demographics,,text,Record ID,,,,,,,,,,,,,
initials,demographics,,text,Initials,,,,,,y,,,,,,,
day_zero,demographics,,text,Day of diagnosis,,,date_ymd,,,,,,,,,,@DAY0
age,demographics,,text,Age at diagnosis,,,integer,0,120,,,,,,,,@UNIT(years)
sex,demographics,,radio,<b>Sex</b> at birth,\"1, Male | 2, Female\",,,,,,,,,,,,
history,demographics,,checkbox,Previous treatment,\"1, Surgery | 2, Radiotherapy | 3, Systemic therapy\",,,,,,,,,,,,
level,tumour,,dropdown,Level of the epicentre,\"1, Cervical | 2, Thoracic | 3, Lumbar | 4, Sacral\",,,,,,,,,,,,
volume,tumour,,text,Volume on MRI,,,number,0,2000,,,,,,,,@UNIT(ml)
nrs,pain,,text,\"Pain at its worst, last week\",,,integer,0,10,,,,,,,,
weight,pain,,text,Weight,,,number,1,300,,,,,,,,@UNIT(kg)
opioids,pain,,yesno,Opioids,,,,,,,,,,,,,
event_term,adverse_event,,radio,Adverse event,\"1, Infection | 2, Haemorrhage | 3, Other\",,,,,,,,,,,,
grade,adverse_event,,text,Grade (CTCAE),,,integer,1,5,,,,,,,,
";
const EVENTS: &str = "\
unique_event_name,label,day_from,day_to,forms
baseline_arm_1,Baseline,-30,30,demographics tumour pain
month3_arm_1,3 months,60,150,pain adverse_event
month12_arm_1,12 months,300,450,pain adverse_event
month24_arm_1,24 months,600,900,pain tumour
";
const RULES: &str = "\
[[rules]]
id = \"infant\"
says = \"an infant cannot weigh so much\"
where = \"age < 1 and weight > 20\"

[[rules]]
id = \"pain_without_drugs\"
says = \"worst pain, and no opioids\"
where = \"nrs = 10 and opioids = 0\"
";

/// The header of REDCap's file.
const HEADER: &str = "\"Variable / Field Name\",\"Form Name\",\"Section Header\",\"Field Type\",\"Field Label\",\
\"Choices, Calculations, OR Slider Labels\",\"Field Note\",\"Text Validation Type OR Show Slider Number\",\
\"Text Validation Min\",\"Text Validation Max\",Identifier?,\"Branching Logic (Show field only if...)\",\
\"Required Field?\",\"Custom Alignment\",\"Question Number (surveys only)\",\"Matrix Group Name\",\
\"Matrix Ranking?\",\"Field Annotation\"";

/// An entry: form, event, visit and the variables that have a value.
pub(super) type SampleEntry<'a> = (&'a str, &'a str, u32, &'a [&'a str]);

/// A registry.
pub(super) struct Sample {
    pub(super) dictionary: Dictionary,
    pub(super) schema: Schema,
}

impl Sample {
    /// With events and the forms that are filled in at them.
    pub(super) fn longitudinal() -> Self {
        Self::with(&[("events.csv", EVENTS), ("rules.toml", RULES)])
    }

    /// Without events.
    pub(super) fn plain() -> Self {
        Self::with(&[])
    }

    fn with(files: &[(&str, &str)]) -> Self {
        let fields = format!("{HEADER}\n{FIELDS}");
        let files = files.iter().copied().chain([("dictionary.csv", fields.as_str())]);
        let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        let dictionary = match Dictionary::from_files(&DictionaryFiles::new(files).unwrap()) {
            Ok(dictionary) => dictionary,
            Err(problems) => panic!("{problems:?}"),
        };
        Self { schema: Schema::of(&dictionary), dictionary }
    }

    pub(super) fn gatherer(&self) -> Gatherer {
        Gatherer::new(&self.dictionary, &self.schema)
    }

    /// A patient with these entries; entries of one place are instances.
    pub(super) fn patient(&self, entries: &[SampleEntry<'_>]) -> Patient {
        let mut sorted: Vec<Entry> = entries.iter().map(|entry| self.entry(entry)).collect();
        sorted.sort_by_key(|entry| entry.place);
        for position in 1..sorted.len() {
            let before = sorted[position - 1].place;
            let place = &mut sorted[position].place;
            if (before.form, before.event, before.visit) == (place.form, place.event, place.visit) {
                place.instance = before.instance + 1;
            }
        }
        Patient { key: PatientKey([1; PatientKey::BYTES]), day_zero_year: Some(2024), entries: sorted }
    }

    fn entry(&self, (form, event, visit, variables): &SampleEntry<'_>) -> Entry {
        let columns = self.schema.columns.iter().zip(0..);
        let values = columns
            .filter(|(column, _)| variables.contains(&column.variable.name.as_str()))
            .map(|(_, position)| (position, StoredValue::Integer(1)));
        let event = self.schema.events.iter().position(|one| one == event).unwrap();
        let place = FormPlace {
            form: self.schema.form(form).unwrap(),
            event: event as u16,
            visit: *visit,
            instance: 1,
        };
        Entry { place, values: values.collect() }
    }

    /// What is gathered of these patients.
    pub(super) fn of(&self, patients: &[&[SampleEntry<'_>]]) -> Quality {
        let mut gatherer = self.gatherer();
        patients.iter().for_each(|entries| gatherer.patient(&self.patient(entries)));
        gatherer.finish(self.origin())
    }

    /// One empty file and no snapshot before.
    pub(super) fn origin(&self) -> Origin {
        Origin {
            at: OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap(),
            files: vec![file("patients.csv", 0)],
            snapshot: None,
            change: Change::NoneBefore,
        }
    }
}

fn file(name: &str, rows_read: u64) -> FileReport {
    FileReport {
        name: name.to_owned(),
        digest: Digest::of(name.as_bytes()),
        format: FileFormat::Csv { delimiter: Delimiter::Comma, charset: Charset::Utf8 },
        headings: Headings::Names,
        encoding: Encoding::Codes,
        encoding_is: Known::Found,
        patients: PatientRule::RecordId,
        visits: VisitRule::Columns,
        rows_read,
        rows_quarantined: 0,
        rows_blank: 0,
        dropped: Vec::new(),
        unknown: Vec::new(),
        absent: Vec::new(),
    }
}

pub(super) fn finding(file: &str, row: u64, column: Option<&str>, kind: FindingKind, found: &str) -> Finding {
    let (file, column) = (file.to_owned(), column.map(str::to_owned));
    Finding { file, row: RowPlace::Line(row), column, kind, finding: found.to_owned() }
}

/// An import of 103 patients with one of everything.
pub(super) fn quality() -> Quality {
    let sample = Sample::longitudinal();
    let mut gatherer = sample.gatherer();
    for number in 0..103_usize {
        gatherer.patient(&sample.patient(&entries(number)));
    }
    use FindingKind as Kind;
    for (row, column, kind, found) in [
        (7, Some("age"), Kind::NotAWholeNumber, "`sixty` is not a whole number from 0 to 120"),
        (31, Some("sex"), Kind::UnknownCode, "`3` is none of the codes `1`, `2`"),
        (32, Some("sex"), Kind::UnknownCode, "`f` is none of the codes `1`, `2`"),
        (58, Some("nrs"), Kind::WholeNumberOutOfBounds, "`11` is above 10, the most there is"),
        (77, Some("day_zero"), Kind::DateInOtherOrder, "`31/12/2024` is not a date; write dates YYYY-MM-DD"),
        (143, None, Kind::DuplicateRow, "says the same as patients.csv:142"),
    ] {
        gatherer.finding(&finding("patients.csv", row, column, kind, found));
    }
    let found = "gives `level` another value than patients.csv:90; this row is put aside";
    gatherer.finding(&finding("follow-up <2024>.csv", 19, Some("level"), Kind::ConflictingValues, found));
    gatherer.finding(&finding(
        "follow-up <2024>.csv",
        40,
        None,
        Kind::SamePatientTwice,
        "agrees with patients.csv:12",
    ));
    gatherer.row_quarantined();
    gatherer.erased();
    gatherer.judges(sample.dictionary.rules());
    (0..23).for_each(|row| {
        drop(gatherer.contradiction("pain_without_drugs", "patients.csv", RowPlace::Line(50 + 7 * row)))
    });
    let (mut first, mut second) = (file("patients.csv", 309), file("follow-up <2024>.csv", 103));
    let dropped = [("initials", "an identifier"), ("id", "the record id"), ("remarks", "free text")];
    let dropped = dropped.map(|(name, reason)| DroppedColumn { name: name.to_owned(), reason });
    (first.rows_quarantined, first.dropped) = (6, dropped.to_vec());
    first.unknown = vec![
        UnknownColumn { position: 9, name: "wieght".to_owned(), nearest: Some("weight".to_owned()) },
        UnknownColumn { position: 10, name: String::new(), nearest: None },
    ];
    second.format = FileFormat::Csv { delimiter: Delimiter::Semicolon, charset: Charset::Latin1 };
    (second.encoding, second.headings, second.rows_blank) = (Encoding::Labels, Headings::Labels, 1);
    for file in [&mut first, &mut second] {
        file.absent = vec!["volume".parse().unwrap()];
    }
    let last = LastSnapshot {
        snapshot: Digest::of(b"last"),
        dictionary: sample.dictionary.digest(),
        imported_at: OffsetDateTime::from_unix_timestamp(1_787_000_000).unwrap(),
    };
    let count = ChangeCount { patients_new: 6, patients_gone: 2, patients_changed: 15, patients_same: 82 };
    gatherer.finish(Origin {
        files: vec![first, second],
        snapshot: Some(Digest::of(b"now")),
        change: Change::since(last, &sample.dictionary.digest(), count),
        ..sample.origin()
    })
}

/// The entries of the n-th patient: fewer the later the event.
fn entries(number: usize) -> Vec<SampleEntry<'static>> {
    let all: &[&str] = &["age", "sex", "day_zero", "history___1", "history___2", "history___3"];
    let demographics: &[&str] = if number % 20 == 3 { &["age"] } else { all };
    let mut entries = vec![("demographics", "baseline_arm_1", 1, demographics)];
    if !number.is_multiple_of(4) {
        entries.push(("tumour", "baseline_arm_1", 1, &["level"]));
    }
    let pain: &[&str] = if number.is_multiple_of(3) { &["nrs"] } else { &["nrs", "weight", "opioids"] };
    entries.push(("pain", "baseline_arm_1", 1, pain));
    if number < 84 {
        entries.push(("pain", "month3_arm_1", 1, pain));
    }
    if number.is_multiple_of(9) {
        entries.push(("adverse_event", "month3_arm_1", 1, &["event_term", "grade"]));
        entries.push(("adverse_event", "month3_arm_1", 1, &["event_term"]));
    }
    if number < 61 {
        entries.push(("pain", "month12_arm_1", 1, if number.is_multiple_of(2) { &["nrs"] } else { pain }));
    }
    if number < 12 {
        entries.push(("pain", "month24_arm_1", 1, &["nrs"]));
    }
    entries
}
