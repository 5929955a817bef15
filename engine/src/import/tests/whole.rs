//! Whole imports: the same patients in every shape, and what is found when rows come together.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use notochord_proto::digest::Digest;
use proptest::prelude::*;
use tempfile::TempDir;
use time::macros::datetime;

use super::registry::{longitudinal, plain};
use super::*;
use crate::quality::Change;
use crate::snapshot::Snapshots;

/// A row of an export by column; a column it does not name is empty.
type Cells = BTreeMap<&'static str, String>;

const COLUMNS: [&str; 20] = [
    "record_id",
    "redcap_event_name",
    "redcap_repeat_instrument",
    "redcap_repeat_instance",
    "surname",
    "sex",
    "consented",
    "seen",
    "age",
    "weight",
    "rx",
    "died",
    "symptoms___1",
    "symptoms___2",
    "checked",
    "ae_term",
    "ae_grade",
    "ae_start",
    "visit_complete",
    "redcap_data_access_group",
];

/// What a label export writes for a code.
const LABELS: [(&str, &str, &str); 17] = [
    ("redcap_event_name", "baseline_arm_1", "Baseline"),
    ("redcap_event_name", "month3_arm_1", "Month 3"),
    ("redcap_event_name", "month6_arm_1", "Month 6"),
    ("redcap_repeat_instrument", "adverse_event", "Adverse Event"),
    ("sex", "1", "Female"),
    ("sex", "2", "Male"),
    ("consented", "1", "True"),
    ("consented", "0", "False"),
    ("rx", "Obs", "Observation"),
    ("rx", "Lev", "Levamisole"),
    ("died", "1", "Yes"),
    ("died", "0", "No"),
    ("symptoms___1", "1", "Checked"),
    ("symptoms___1", "0", "Unchecked"),
    ("symptoms___2", "1", "Checked"),
    ("symptoms___2", "0", "Unchecked"),
    ("ae_term", "b", "Pneumonia"),
];

fn csv(columns: &[&str], rows: &[Cells]) -> String {
    let cell = |row: &Cells, column: &&str| row.get(column).cloned().unwrap_or_default();
    let line = |row: &Cells| columns.iter().map(|column| cell(row, column)).collect::<Vec<_>>().join(",");
    let lines = std::iter::once(columns.join(",")).chain(rows.iter().map(line));
    lines.map(|line| line + "\n").collect()
}

fn labelled(rows: &[Cells]) -> Vec<Cells> {
    let label = |column: &'static str, code: &String| {
        let label = LABELS.iter().find(|(of, one, _)| *of == column && one == code);
        (column, label.map_or_else(|| code.clone(), |(_, _, label)| (*label).to_owned()))
    };
    rows.iter().map(|row| row.iter().map(|(column, code)| label(column, code)).collect()).collect()
}

/// Imports files, with little memory so that rows are sorted on the disk.
fn import(dictionary: &Dictionary, files: &[String], memory: usize) -> Checked {
    let (scratch, key) = (TempDir::new().unwrap(), RecordKey::from_bytes([7; 32]));
    let mut importer = Importer::with_memory(dictionary, &key, scratch.path(), memory).unwrap();
    for (file, name) in files.iter().zip(["one.csv", "two.csv", "three.csv"]) {
        importer.read(name, file.as_bytes()).unwrap();
    }
    importer.check(None, datetime!(2026-11-22 12:00 UTC)).unwrap()
}

fn content(dictionary: &Dictionary, files: &[String]) -> Digest {
    let checked = import(dictionary, files, 1 << 20);
    assert_eq!(checked.quality.rows_quarantined, 0, "{:?}", findings(&checked));
    checked.content
}

fn findings(checked: &Checked) -> Vec<String> {
    checked.quality.findings.listed.iter().map(Finding::to_string).collect()
}

fn as_parquet(columns: &[&str], rows: &[Cells], directory: &TempDir) -> std::path::PathBuf {
    let arrays = columns.iter().map(|column| {
        let cells: StringArray = rows.iter().map(|row| row.get(column).map(String::as_str)).collect();
        (*column, Arc::new(cells) as ArrayRef, true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(arrays).unwrap();
    let path = directory.path().join("rows.parquet");
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

fn cells(row: &[(&'static str, String)]) -> Cells {
    row.iter().filter(|(_, cell)| !cell.is_empty()).cloned().collect()
}

fn code(codes: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(codes).prop_map(str::to_owned)
}

/// The visit form at an event: nothing, or some of its fields.
fn visit() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let number = proptest::option::of(0..120_u32).prop_map(|age| age.map(|age| age.to_string()));
    (number, code(&["", "70.5", "80"]), code(&["", "Obs", "Lev"]), code(&["", "0", "1"]), 0..4_u8, 0..100_u32)
        .prop_map(|(age, weight, rx, died, boxes, day)| {
            let date = datetime!(2020-03-01 00:00 UTC).date() + time::Duration::days(day.into());
            vec![
                ("age", age.clone().unwrap_or_default()),
                ("weight", weight),
                ("rx", rx),
                ("died", died),
                ("symptoms___1", (boxes & 1).to_string()),
                ("symptoms___2", (boxes >> 1).to_string()),
                ("checked", age.map(|_| date.to_string()).unwrap_or_default()),
            ]
        })
}

/// The rows of some patients, as REDCap exports them.
fn registry() -> impl Strategy<Value = Vec<Cells>> {
    let adverse = (code(&["b", ""]), 1..6_u8);
    let adverse = proptest::collection::vec(adverse, 0..3);
    let patient = (code(&["1", "2", ""]), code(&["0", "1"]), visit(), visit(), any::<bool>(), adverse);
    proptest::collection::vec(patient, 1..8).prop_map(|patients| {
        let mut rows = Vec::new();
        for (number, (sex, consented, first, third, came, adverse)) in patients.into_iter().enumerate() {
            let row = |event: &str, more: &[(&'static str, String)]| {
                let mut row = vec![
                    ("record_id", format!("P{number}")),
                    ("redcap_event_name", event.to_owned()),
                    ("redcap_data_access_group", "ulm".to_owned()),
                ];
                row.extend_from_slice(more);
                cells(&row)
            };
            let mut baseline = vec![
                ("surname", format!("Name{number}")),
                ("sex", sex),
                ("consented", consented),
                ("seen", "2020-03-01".to_owned()),
            ];
            baseline.extend(first);
            rows.push(row("baseline_arm_1", &baseline));
            if came {
                rows.push(row("month3_arm_1", &third));
            }
            for (instance, (term, grade)) in adverse.into_iter().enumerate() {
                let adverse = [
                    ("redcap_repeat_instrument", "adverse_event".to_owned()),
                    ("redcap_repeat_instance", (instance + 1).to_string()),
                    ("ae_term", term),
                    ("ae_grade", grade.to_string()),
                ];
                rows.push(row("month3_arm_1", &adverse));
            }
        }
        rows
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_same_patients_in_every_shape_are_one_snapshot(
        (rows, shuffled) in registry().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        columns in Just(COLUMNS.to_vec()).prop_shuffle(),
    ) {
        let dictionary = longitudinal();
        let raw = content(&dictionary, &[csv(&COLUMNS, &rows)]);
        prop_assert_eq!(content(&dictionary, &[csv(&COLUMNS, &labelled(&rows))]), raw, "labels");
        prop_assert_eq!(content(&dictionary, &[csv(&columns, &shuffled)]), raw, "shuffled");
        prop_assert_eq!(import(&dictionary, &[csv(&columns, &shuffled)], 200).content, raw, "on disk");
        let dressed = format!("\u{feff}{}", csv(&COLUMNS, &rows).replace(',', ";").replace('\n', "\r\n"));
        prop_assert_eq!(content(&dictionary, &[dressed]), raw, "semicolons");

        // The same rows in several files, and the same columns in several files.
        let (some, others): (Vec<Cells>, Vec<Cells>) =
            rows.iter().cloned().partition(|row| row.contains_key("redcap_repeat_instrument"));
        if !some.is_empty() {
            let files = [csv(&columns, &others), csv(&COLUMNS, &some)];
            prop_assert_eq!(content(&dictionary, &files), raw, "rows in two files");
        }
        let (left, right) = COLUMNS.split_at(9);
        let right = [&COLUMNS[..4], right].concat();
        prop_assert_eq!(content(&dictionary, &[csv(left, &rows), csv(&right, &rows)]), raw, "columns in two files");

        let directory = TempDir::new().unwrap();
        let path = as_parquet(&COLUMNS, &shuffled, &directory);
        let key = RecordKey::from_bytes([7; 32]);
        let mut importer = Importer::new(&dictionary, &key, directory.path()).unwrap();
        importer.read_file(&path, |_| ()).unwrap();
        let checked = importer.check(None, datetime!(2026-11-22 12:00 UTC)).unwrap();
        prop_assert_eq!(checked.content, raw, "Parquet");
    }

    #[test]
    fn rows_in_file_order_and_numbered_visits_are_one_snapshot(visits in proptest::collection::vec(visit(), 1..6)) {
        let row = |number: usize, visit: &Vec<(&'static str, String)>| {
            let mut row = cells(visit);
            row.insert("record_id", "P1".into());
            row.insert("redcap_repeat_instance", (number + 1).to_string());
            row
        };
        let rows: Vec<Cells> = visits.iter().enumerate().map(|(number, visit)| row(number, visit)).collect();
        let numbered: Vec<&str> = COLUMNS.into_iter().filter(|column| *column != "redcap_event_name").collect();
        let bare: Vec<&str> =
            numbered.iter().copied().filter(|column| !column.starts_with("redcap_repeat")).collect();
        let dictionary = plain();
        prop_assert_eq!(content(&dictionary, &[csv(&bare, &rows)]), content(&dictionary, &[csv(&numbered, &rows)]));
    }
}

#[test]
fn a_row_word_for_word_the_same_and_a_row_that_contradicts_are_put_aside() {
    let text = "record_id,redcap_event_name,age,weight\n\
                P1,baseline_arm_1,61,70\n\
                P1,baseline_arm_1,61,70\n\
                P1,baseline_arm_1,62,\n\
                P1,month3_arm_1,62,\n";
    let other = "record_id,redcap_event_name,age,rx\nP1,baseline_arm_1,61,Obs\nP1,month3_arm_1,63,Obs\n";
    let checked = import(&longitudinal(), &[text.into(), other.into()], 1 << 20);
    let expected = [
        "one.csv:3: says word for word what one.csv:2 says",
        "one.csv:4 (age): another value than in one.csv:2, which speaks of the same patient, event and form",
        "two.csv:3 (age): another value than in one.csv:5, which speaks of the same patient, event and form",
    ];
    assert_eq!(findings(&checked), expected);
    assert_eq!((checked.quality.rows_read, checked.quality.rows_quarantined), (6, 3));
    let merged = "record_id,redcap_event_name,age,weight,rx\n\
                  P1,baseline_arm_1,61,70,Obs\nP1,month3_arm_1,62,,\n";
    assert_eq!(content(&longitudinal(), &[merged.into()]), checked.content);
}

#[test]
fn days_beyond_the_dictionarys_bounds_put_their_row_aside_and_no_date_is_quoted() {
    let text = "record_id,redcap_event_name,seen,age,checked\n\
                P1,baseline_arm_1,2020-03-01,61,2020-03-05\n\
                P1,month3_arm_1,,61,2020-02-01\n";
    let checked = import(&longitudinal(), &[text.into()], 1 << 20);
    let expected =
        ["one.csv:3 (checked): -29 days from the patient's day 0; the dictionary allows 0 to 4000"];
    assert_eq!(findings(&checked), expected);
    assert_eq!(checked.quality.patients_with_day_zero, Some(1));
}

#[test]
fn one_person_under_two_record_ids_is_found_and_kept_apart() {
    let text = "record_id,redcap_event_name,surname,born,age\n\
                P1,baseline_arm_1,Meyer,1960-01-01,61\n\
                P2,baseline_arm_1,  MEYER ,1960-01-01,61\n\
                P3,baseline_arm_1,Meyer,1961-01-01,61\n";
    let checked = import(&longitudinal(), &[text.into()], 1 << 20);
    let expected = "one.csv:3: another record id than in one.csv:2, but the same `surname` and `born`; \
                    is it one patient entered twice?";
    assert_eq!(findings(&checked), [expected]);
    assert_eq!((checked.quality.patients, checked.quality.same_patient_twice()), (3, 1));
}

#[test]
fn a_patient_with_more_rows_than_can_be_held_is_left_out_and_the_others_are_not() {
    let mut text = "record_id,age\nP1,61\n".to_owned();
    text.push_str(&"P2,62\n".repeat(100_001));
    let checked = import(&plain(), &[text], 1 << 20);
    assert_eq!((checked.quality.patients, checked.quality.rows_quarantined), (1, 100_001));
    let expected = "one.csv:100003: the patient has more than 100000 rows, or rows of more than 32 MiB, and is \
                    left out; is the record id really one?";
    assert_eq!(findings(&checked), [expected]);
}

#[test]
fn the_change_since_the_last_snapshot_is_counted() {
    let (dictionary, key, directory) = (plain(), RecordKey::from_bytes([7; 32]), TempDir::new().unwrap());
    let snapshots = Snapshots::at(directory.path(), None);
    let keep = |text: &str, day: i64| {
        let reserved = snapshots.reserve().unwrap();
        let mut importer = Importer::new(&dictionary, &key, directory.path()).unwrap();
        importer.read("patients.csv", text.as_bytes()).unwrap();
        let now = datetime!(2026-11-22 12:00 UTC) + time::Duration::days(day);
        importer.keep(&reserved, now, "0.1.0").unwrap()
    };
    assert_eq!(keep("record_id,age\nP1,61\nP2,62\nP3,63\n", 0).quality.change, Change::NoneBefore);
    let change = keep("record_id,age\nP1,61\nP2,60\nP4,64\nP5,65\n", 1).quality.change;
    let Change::LastSnapshot { count, .. } = change else { panic!("{change:?}") };
    let counts = (count.patients_new, count.patients_gone, count.patients_changed, count.patients_same);
    assert_eq!(counts, (2, 1, 1, 1));
}

#[test]
fn a_rule_that_does_not_believe_a_visit_is_a_finding_in_its_first_row() {
    let dictionary = plain();
    let (key, scratch) = (RecordKey::from_bytes([7; 32]), TempDir::new().unwrap());
    let mut importer = Importer::new(&dictionary, &key, scratch.path()).unwrap();
    let mut chunks = 0;
    importer = importer.judge_with(Box::new(|table| {
        chunks += 1;
        assert_eq!(table.patients.len(), 2);
        vec![("unheard_of".into(), vec![(0, 0, 2)])]
    }));
    importer.read("patients.csv", "record_id,age\nP1,61\nP2,62\nP1,63\n".as_bytes()).unwrap();
    let checked = importer.check(None, datetime!(2026-11-22 12:00 UTC)).unwrap();
    assert_eq!((checked.quality.patients, chunks), (2, 1));
}
