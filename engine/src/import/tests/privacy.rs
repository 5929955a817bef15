//! No export makes the reader panic, keep a name, or take a value that the dictionary does not know.

use proptest::prelude::*;

use super::registry::{longitudinal, plain};
use super::*;
use crate::rows::GREATEST_INTEGER;

/// What stands in cells that must not be kept.
const MARKER: &str = "Meyer4711";

const AWKWARD: &str = "-?[0-9]{0,4}(\\.[0-9]{0,3})?|[0-9]e[0-9]{1,3}|NaN|inf|-inf|-0|true|FALSE|Lev|lev|Obs|1|2|Male|\
    Yes|Checked|Pain|-99|UNK||2024-0[1-9]-[0-9]{2}|\u{feff}|\"\"|baseline_arm_1|Month 3|adverse_event|[a-z]{1,8}";

const HEADINGS: &str = "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sex,consented,\
    seen,age,weight,score,rx,died,symptoms___1,symptoms____99,checked,ae_term,ae_grade";

/// Whether a value is one that the dictionary knows for its column.
fn is_within(export: &Export, column: u16, value: Value) -> bool {
    match (value, &export.schema.columns[usize::from(column)].variable.kind) {
        (Value::Date(day), _) => (-25_567..=47_846).contains(&day),
        (Value::Integer(value), VariableKind::Integer { bounds }) => {
            let (least, greatest) = bounds.unwrap_or((-GREATEST_INTEGER, GREATEST_INTEGER));
            (least..=greatest).contains(&value)
        }
        (Value::Number(value), VariableKind::Number { bounds }) => {
            let (least, greatest) = bounds.unwrap_or((f64::MIN, f64::MAX));
            (least..=greatest).contains(&value) && value.to_bits() != 1 << 63
        }
        (Value::Level(level), VariableKind::Factor { levels }) => usize::from(level) < levels.len(),
        _ => false,
    }
}

fn check(export: &Export) {
    for record in &export.records {
        assert!(record.values.is_sorted_by(|one, other| one.0 < other.0));
        assert!(record.values.iter().all(|(column, value)| is_within(export, *column, *value)));
        assert!(!matches!(record.occasion, Occasion::InFileOrder));
        let (forms, events) = (export.schema.forms.len(), export.schema.events.len());
        assert!(record.repeat.is_none_or(|repeat| usize::from(repeat.form) < forms && repeat.instance > 0));
        if let Occasion::At { event, visit } = record.occasion {
            assert!(usize::from(event) < events && visit > 0);
        }
    }
    let read: u64 = export.reports.iter().map(|report| report.rows_read).sum();
    assert!(export.records.len() as u64 <= read);
}

fn contains(bytes: &[u8], marker: &str) -> bool {
    bytes.windows(marker.len()).any(|window| window == marker.as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let heads = [&b""[..], b"record_id,age,weight,rx\n", b"Record ID;Sex at birth;Weight\r\n", b"sep=;\r"];
        for head in heads {
            if let Ok(export) = try_read(&plain(), &[&[head, &bytes].concat()]) {
                check(&export);
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-c,;\t\"\r\n0-9\u{e4}\u{feff}_-]{0,200}") {
        let _ = try_read(&longitudinal(), &[format!("record_id,redcap_event_name,age\n{text}").as_bytes()]);
        let _ = try_read(&plain(), &[text.as_bytes()]);
    }

    #[test]
    fn no_value_is_outside_the_dictionary(
        rows in proptest::collection::vec((0..4, proptest::collection::vec(AWKWARD, 16)), 0..20),
    ) {
        let mut text = format!("{HEADINGS}\n");
        for (patient, cells) in &rows {
            text.push_str(&format!("P{patient},{}\n", cells.join(",")));
        }
        check(&read(&longitudinal(), &text));
        let text = text.replace("redcap_event_name", "a").replace("redcap_repeat_instrument", "b");
        check(&read(&plain(), text.replace("redcap_repeat_instance", "c")));
    }

    #[test]
    fn what_identifies_a_patient_is_neither_kept_nor_said(
        cells in proptest::collection::vec(prop_oneof![Just(String::new()), Just("61".to_owned()), AWKWARD.prop_map(String::from)], 4),
        label in any::<bool>(),
        lines in 1..4_usize,
    ) {
        let headings = match label {
            true => "Record ID,Surname,Hospital number,Date of birth,Remarks,Elephant,Data Access Group,\
                     Survey Identifier,Survey Timestamp,Diary,Age,Weight,Treatment,Died",
            false => "record_id,surname,hospital_number,born,remarks,elephant,redcap_data_access_group,\
                      redcap_survey_identifier,visit_timestamp,diary_text,age,weight,rx,died",
        };
        let marked = format!("{MARKER},").repeat(10);
        let mut text = format!("{headings}\n");
        for _ in 0..lines {
            text.push_str(&format!("{marked}{}\n", cells.join(",")));
        }
        text.push_str(&format!("{marked}\n{marked},,,,,,,,,\n,{marked}\n"));
        let export = read(&plain(), &text);
        for record in &export.records {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            assert!(!contains(&bytes, MARKER));
        }
        let report = serde_json::to_string(&(&export.reports, &export.findings)).unwrap();
        assert!(!report.contains(MARKER), "{report}");
        assert!(!export.reports[0].in_words().join("\n").contains(MARKER));
        assert!(!export.findings().join("\n").contains(MARKER));
    }
}
