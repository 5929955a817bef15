//! Parquet: the same registry as typed columns.

use std::fs;
use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float32Array, Float64Array, Int64Array,
    LargeStringArray, ListArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt8Array,
};
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;

use super::registry::{longitudinal, plain};
use super::*;

fn file(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn try_read_parquet(dictionary: &Dictionary, bytes: &[u8]) -> Result<Export, ImportError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.parquet");
    fs::write(&path, bytes).unwrap();
    let (schema, key) = (Schema::of(dictionary), key());
    let reading = Reading::new(dictionary, &schema, &key);
    let (mut taken, mut progress) = (Taken::default(), 0);
    let report = read_file(&path, "a.parquet", 0, &reading, &mut |read| progress = read, &mut taken)?;
    assert_eq!(progress, bytes.len() as u64);
    let Taken { mut records, mut findings } = taken;
    let reports = vec![report];
    records.sort_by_key(|record| (record.patient, record.source));
    for patient in records.chunk_by_mut(|one, other| one.patient == other.patient) {
        findings.extend(reading.in_file_order(patient, &reports));
    }
    Ok(Export { schema, reports, records, findings })
}

fn texts(values: [Option<&str>; 3]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[test]
fn typed_columns_say_what_the_cells_of_a_csv_say() {
    let events: DictionaryArray<Int8Type> =
        [Some("baseline_arm_1"), Some("month3_arm_1"), Some("month3_arm_1")].into_iter().collect();
    let instruments: ArrayRef = texts([None, None, Some("adverse_event")]);
    let bytes = file(vec![
        ("surname", texts([Some("Meyer"), None, None])),
        ("record_id", Arc::new(Int64Array::from(vec![1, 1, 2]))),
        ("redcap_event_name", Arc::new(events)),
        ("redcap_repeat_instrument", instruments),
        ("redcap_repeat_instance", Arc::new(Float64Array::from(vec![None, None, Some(3.0)]))),
        ("sex", Arc::new(Float64Array::from(vec![Some(2.0), None, None]))),
        ("consented", Arc::new(BooleanArray::from(vec![Some(true), None, None]))),
        ("seen", Arc::new(Date32Array::from(vec![Some(19_753), None, None]))),
        ("age", Arc::new(UInt8Array::from(vec![Some(61), Some(62), None]))),
        ("weight", Arc::new(Float32Array::from(vec![Some(70.1), None, None]))),
        ("rx", Arc::new(LargeStringArray::from(vec![Some("Lev+5FU"), Some(""), None]))),
        ("died", Arc::new(BooleanArray::from(vec![Some(false), Some(true), None]))),
        ("symptoms___1", Arc::new(Int64Array::from(vec![Some(0), Some(-99), None]))),
        ("checked", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_709_289_000_000_000), None, None]))),
        ("ae_grade", Arc::new(Int64Array::from(vec![None, None, Some(4)]))),
        (
            "unknown",
            Arc::new(ListArray::from_iter_primitive::<Int8Type, _, _>([
                None::<[_; 1]>,
                None,
                Some([Some(1)]),
            ])),
        ),
    ]);
    let export = try_read_parquet(&longitudinal(), &bytes).unwrap_or_else(|error| panic!("{error}"));
    let csv = read(
        &longitudinal(),
        "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sex,consented,seen,age,weight,\
         rx,died,symptoms___1,checked,ae_grade\n\
         1,baseline_arm_1,,,2,1,2024-01-31,61,70.1,Lev+5FU,0,0,2024-03-01,\n\
         1,month3_arm_1,,,,,,62,,,1,,,\n\
         2,month3_arm_1,adverse_event,3,,,,,,,,,,4\n",
    );
    assert_eq!(export.findings(), [""; 0]);
    assert_eq!(export.rows(), csv.rows());
    assert!(export.records.iter().zip(&csv.records).all(|(one, other)| one.patient == other.patient));
    let words = export.reports[0].in_words();
    assert_eq!(words[1], "Parquet; headings are field names, cells hold codes");
    assert!(words.contains(&"`unknown` is dropped: it is not in the dictionary".to_owned()));
}

#[test]
fn findings_of_a_file_without_lines_name_the_row() {
    let ages: ArrayRef = texts([Some("61"), Some("x"), Some("121")]);
    let export = try_read_parquet(&plain(), &file(vec![("age", ages)])).ok().unwrap();
    let expected = [
        "a.parquet, row 2 (age): `x` is not a whole number from 0 to 120",
        "a.parquet, row 3 (age): `121` is not a whole number from 0 to 120",
    ];
    assert_eq!(export.findings(), expected);
}

#[test]
fn a_column_of_a_type_that_holds_no_values_is_refused_by_name() {
    let lists = ListArray::from_iter_primitive::<Int8Type, _, _>([Some([Some(1)])]);
    let columns: Vec<(&str, ArrayRef)> =
        vec![("record_id", Arc::new(Int64Array::from(vec![1]))), ("age", Arc::new(lists))];
    let error = try_read_parquet(&plain(), &file(columns)).err().unwrap().to_string();
    assert!(error.starts_with("a.parquet: the column `age` is of type List("), "{error}");
    assert!(error.ends_with("; write it as numbers, truth values, dates, times or text"), "{error}");
}

#[test]
fn a_file_that_begins_like_parquet_and_is_none_is_refused() {
    let error = try_read_parquet(&plain(), b"PAR1 and more text than a footer").err().unwrap().to_string();
    assert!(error.starts_with("a.parquet: cannot be read as Parquet: "), "{error}");
    let csv = "a.csv: no CSV: the file is Parquet, of which the end is missing";
    assert_eq!(refusal(&plain(), "PAR1"), csv);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_makes_the_reader_of_parquet_panic(
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let ages: ArrayRef = texts([Some("61"), None, Some("121")]);
        let mut bytes = file(vec![("record_id", texts([Some("a"), Some("b"), None])), ("age", ages)]);
        for (at, byte) in damage {
            let at = at.index(bytes.len() - 4) + 4;
            bytes[at] = byte;
        }
        bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len())));
        let _ = try_read_parquet(&plain(), &bytes);
    }
}
