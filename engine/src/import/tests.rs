#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{self, Read};

use notochord_proto::variable::{Variable, VariableKind};
use notochord_stats::frame::Column;
use proptest::prelude::*;

use super::report::Finding;
use super::*;
use crate::record_key::RecordKey;
use crate::rows::RowColumn;
use crate::sample::{dictionary, import, try_import};

/// The values of a variable as text, in the order of the patient keys.
fn values(imported: &Imported, name: &str) -> Vec<String> {
    let column = imported.rows.columns().find(|column| column.variable.name.as_str() == name).unwrap();
    texts(column)
}

fn texts(column: &RowColumn) -> Vec<String> {
    fn shown<T: ToString>(values: impl Iterator<Item = Option<T>>) -> Vec<String> {
        values.map(|value| value.map_or("missing".into(), |value| value.to_string())).collect()
    }
    match (&column.values, column.codes()) {
        (_, Some(codes)) => shown(codes.iter()),
        (Column::Integer(values), _) => shown(values.iter()),
        (Column::Number(values), _) => shown(values.iter()),
        (Column::Factor(values), _) => shown(values.iter()),
    }
}

fn findings(text: &str) -> Vec<String> {
    import(text).report.findings.iter().map(Finding::to_string).collect()
}

fn refusal(text: impl AsRef<[u8]>) -> String {
    try_import(text).err().unwrap().to_string()
}

#[test]
fn every_kind_of_field_is_read() {
    let imported = import(
        "record_id,age,weight,score,sex,rx,died,consented,symptoms___1,symptoms___2\n\
         P1,61,70.5,-4,2,Lev+5FU,1,true,0,1\n",
    );
    let read = imported.rows.columns().map(|column| (column.variable.name.as_str(), texts(column).join(" ")));
    let read: Vec<_> = read.map(|(name, value)| format!("{name}={value}")).collect();
    let expected =
        "age=61 consented=1 died=1 rx=Lev+5FU score=-4 sex=2 symptoms___1=0 symptoms___2=1 weight=70.5";
    assert_eq!(read.join(" "), expected);
    assert_eq!(imported.dictionary, dictionary().digest());
    assert_eq!(imported.report.rows_kept, 1);
}

#[test]
fn a_byte_order_mark_crlf_blanks_and_quotes_change_nothing() {
    let plain = import("record_id,age,rx\nP1,61,Lev\nP2,,Obs\n");
    let dressed = import("\u{feff}\"record_id\", age ,rx\r\n\"P1\", 61 ,Lev\r\nP2,\"\",Obs");
    for name in ["age", "rx"] {
        assert_eq!(values(&plain, name), values(&dressed, name));
    }
    assert!(plain.rows.patients() == dressed.rows.patients());
    assert_eq!(dressed.report.absent, plain.report.absent);
}

#[test]
fn a_byte_order_mark_that_arrives_byte_by_byte_is_no_part_of_the_first_heading() {
    struct Slow<'a>(&'a [u8]);
    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(1);
            self.0.read(&mut buffer[..count])
        }
    }
    let file = "\u{feff}record_id,age\nP1,61\n".as_bytes();
    let key = RecordKey::from_bytes([7; 32]);
    let imported = read_plain_csv("patients.csv", Slow(file), &dictionary(), &key).ok().unwrap();
    assert_eq!(imported.report.patients, PatientRule::RecordId);
    assert_eq!(imported.source.digest, Digest::of(file));
}

#[test]
fn the_report_says_what_became_of_every_column() {
    let imported = import(
        "weigth,record_id,surname,hospital_number,born,remarks,symptoms,age,elephant\n\
         70,P1,Meyer,123,1960-01-01,fell,1,61,x\n",
    );
    let expected = [
        "patients.csv: 1 row read, 1 kept, 0 quarantined",
        "each record id is one patient; only its keyed hash is stored",
        "`surname` is dropped: it is an identifier",
        "`hospital_number` is dropped: it is an identifier",
        "`born` is dropped: it is a date; no field is marked `@DAY0`",
        "`remarks` is dropped: it is free text",
        "`symptoms` is dropped: it is not one of the field's columns",
        "`weigth` is dropped: it is not in the dictionary; did you mean `weight`?",
        "`elephant` is dropped: it is not in the dictionary",
        "`weight` is not in the file: missing for every patient",
        "`score` is not in the file: missing for every patient",
        "`sex` is not in the file: missing for every patient",
        "`rx` is not in the file: missing for every patient",
        "`died` is not in the file: missing for every patient",
        "`consented` is not in the file: missing for every patient",
        "`symptoms___1` is not in the file: missing for every patient",
        "`symptoms___2` is not in the file: missing for every patient",
    ];
    assert_eq!(imported.report.in_words(), expected);
    let missing: Vec<_> =
        imported.report.missing.iter().map(|(name, count)| format!("{name} {count}")).collect();
    assert_eq!(missing[..3], ["age 0", "consented 1", "died 1"]);
}

#[test]
fn a_row_with_a_bad_cell_is_quarantined_whole_and_every_bad_cell_is_named() {
    let text = "record_id,age,weight,rx\n\
                P1,61,70,Lev\n\
                P2,abc,301,lev\n\
                P3,62,71,Obs\n";
    let imported = import(text);
    assert_eq!(
        (imported.report.rows_read, imported.report.rows_kept, imported.report.rows_quarantined),
        (3, 2, 1)
    );
    let expected = [
        "patients.csv:3 (age): `abc` is not a whole number from 0 to 120",
        "patients.csv:3 (weight): `301` is not a number from 0 to 300",
        "patients.csv:3 (rx): `lev` is not one of the field's codes; did you mean `Lev`?",
    ];
    assert_eq!(findings(text), expected);
    assert!(!values(&imported, "weight").contains(&"301".into()));
}

#[test]
fn a_finding_names_the_line_even_after_a_cell_of_several_lines() {
    let text = "record_id,remarks,age\nP1,\"one\n\ntwo\",61\nP2,,x\nP3,,y";
    let finding = |line: u64, cell: &str| {
        format!("patients.csv:{line} (age): `{cell}` is not a whole number from 0 to 120")
    };
    assert_eq!(findings(text), [finding(5, "x"), finding(6, "y")]);
    assert_eq!(findings(&text.replace('\n', "\r\n")), [finding(5, "x"), finding(6, "y")]);
}

#[test]
fn empty_lines_are_no_rows_and_are_counted_as_lines() {
    let text = "record_id,age\n\n\r\nP1,x\n\n";
    assert_eq!(findings(text), ["patients.csv:4 (age): `x` is not a whole number from 0 to 120"]);
    assert_eq!(import(text).report.rows_read, 1);
}

#[test]
fn a_later_row_with_the_same_record_id_is_quarantined_and_the_id_is_not_quoted() {
    let text = "record_id,age\nP1,61\nP2,x\nP1,62\nP2,63\n,64\n";
    let expected = [
        "patients.csv:3 (age): `x` is not a whole number from 0 to 120",
        "patients.csv:4 (record_id): the same record id as on line 2",
        "patients.csv:5 (record_id): the same record id as on line 3",
        "patients.csv:6 (record_id): no record id",
    ];
    assert_eq!(findings(text), expected);
    assert_eq!(values(&import(text), "age"), ["61"]);
}

#[test]
fn without_a_record_id_every_row_is_a_patient() {
    let imported = import("age\n61\n61\n");
    assert_eq!(imported.rows.len(), 2);
    assert!(imported.report.in_words().contains(&"no record-id column: each row is one patient".into()));
}

#[test]
fn a_row_of_another_width_is_quarantined() {
    let text = "record_id,age\nP1,61,9\nP2\nP3,63\n";
    let expected = [
        "patients.csv:2: cells in the row: 3, headings: 2",
        "patients.csv:3: cells in the row: 1, headings: 2",
    ];
    assert_eq!(findings(text), expected);
}

#[test]
fn findings_beyond_the_limit_are_counted_and_not_kept() {
    let text = format!("age\n{}", "x\n".repeat(MOST_FINDINGS + 5));
    let report = import(&text).report;
    assert_eq!((report.findings.len(), report.findings_unlisted), (MOST_FINDINGS, 5));
    assert_eq!(report.in_words().last().unwrap(), "5 more findings are not listed");
}

#[test]
fn a_file_that_is_no_table_of_patients_is_refused_with_its_place() {
    let empty = "patients.csv: the file is empty; its first row must name the columns";
    assert_eq!(refusal(""), empty);
    assert_eq!(refusal("\n\n"), empty);
    let twice = "patients.csv:1: two columns are named `age`; a name may stand once";
    assert_eq!(refusal("age,sex,age\n1,1,1\n"), twice);
    let unknown = "patients.csv:1: no column is in the dictionary; the first row must name the columns";
    assert_eq!(refusal("Meyer,61\nMiller,62\n"), unknown);
    let not_utf8 = "patients.csv:3: not UTF-8; save the file as UTF-8 and import it again";
    assert_eq!(refusal(b"record_id,surname\nP1,Meyer\nP2,M\xfcller\n"), not_utf8);
    let columns = (0..=MOST_COLUMNS).map(|column| format!("c{column}")).collect::<Vec<_>>().join(",");
    assert_eq!(refusal(columns), "patients.csv:1: 10001 columns; at most 10000 are read");
}

#[test]
fn a_quotation_mark_left_open_does_not_swallow_the_file() {
    let text = format!("record_id,age\nP1,61\nP2,\"62\n{}", "P3,63\n".repeat(LONGEST_ROW));
    let expected = "patients.csv:3: a row longer than 4194304 bytes; is a quotation mark left open?";
    assert_eq!(refusal(text), expected);
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_is_refused() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let file = "record_id,age\nP1,61\n".as_bytes().chain(Broken);
    let key = RecordKey::from_bytes([7; 32]);
    let error = read_plain_csv("patients.csv", file, &dictionary(), &key).err().unwrap();
    assert_eq!(error.to_string(), "patients.csv: cannot be read: the disk is gone");
}

/// Whether a column holds nothing but what its variable may be.
fn is_within(column: &RowColumn) -> bool {
    let Variable { kind, .. } = &column.variable;
    match (&column.values, kind) {
        (Column::Integer(values), VariableKind::Integer { bounds }) => {
            let (least, greatest) = bounds.unwrap_or((-(1 << 53), 1 << 53));
            values.iter().flatten().all(|value| (least..=greatest).contains(&value))
        }
        (Column::Number(values), VariableKind::Number { bounds }) => {
            let (least, greatest) = bounds.unwrap_or((f64::MIN, f64::MAX));
            values
                .iter()
                .flatten()
                .all(|value| (least..=greatest).contains(&value) && value.to_bits() != 1 << 63)
        }
        (Column::Factor(values), VariableKind::Factor { levels }) => {
            values.iter().flatten().all(|value| (0..levels.len() as i32).contains(&value))
        }
        _ => false,
    }
}

const AWKWARD: &str =
    "-?[0-9]{0,4}(\\.[0-9]{0,3})?|[0-9]e[0-9]{1,3}|NaN|inf|-inf|-0|true|FALSE|Lev|lev|Obs|1|2||\u{feff}|\"\"";

proptest! {
    #[test]
    fn no_bytes_make_the_importer_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = try_import(&bytes);
        let _ = try_import([b"record_id,age,weight,rx\n", &bytes[..]].concat());
    }

    #[test]
    fn no_stored_value_is_outside_the_dictionary(
        rows in proptest::collection::vec(proptest::collection::vec(AWKWARD, 8), 0..20),
    ) {
        let mut text = "record_id,age,weight,score,rx,sex,died,consented,symptoms___2\n".to_owned();
        for (row, cells) in rows.iter().enumerate() {
            text.push_str(&format!("P{row},{}\n", cells.join(",")));
        }
        let imported = import(&text);
        prop_assert!(imported.rows.columns().all(is_within));
        let report = &imported.report;
        prop_assert_eq!(report.rows_read, rows.len() as u64);
        prop_assert_eq!(report.rows_kept + report.rows_quarantined, report.rows_read);
        prop_assert_eq!(imported.rows.len() as u64, report.rows_kept);
    }
}
