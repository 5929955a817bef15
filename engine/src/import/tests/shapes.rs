//! Exports as they should be, in every shape.

use super::registry::{arms, longitudinal, plain};
use super::*;

#[test]
fn every_kind_of_field_is_read() {
    let export = read(
        &plain(),
        "record_id,sex,consented,seen,age,weight,score,rx,died,symptoms___1,symptoms___2,symptoms____a,checked,\
         ae_term,ae_grade\n\
         P1,2,TRUE,2024-01-31,61,70.5,-4,Lev+5FU,1,0,1,0,2024-03-01 10:30,b,3\n",
    );
    assert_eq!(export.findings(), [""; 0]);
    let expected = "P1 1: sex=2 consented=1 seen=day 19753 age=61 weight=70.5 score=-4 rx=Lev+5FU died=1 \
                    symptoms___1=0 symptoms___2=1 symptoms____a=0 checked=day 19783 ae_term=b ae_grade=3";
    assert_eq!(export.rows(), [expected]);
}

#[test]
fn labels_and_codes_say_the_same() {
    let codes = read(
        &longitudinal(),
        "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sex,consented,rx,died,\
         symptoms___1,symptoms___2,visit_complete,ae_term,ae_grade\n\
         P1,baseline_arm_1,,,1,1,Lev,0,1,0,2,,\n\
         P1,month3_arm_1,,,,,Obs,1,0,0,0,,\n\
         P1,month3_arm_1,adverse_event,2,,,,,,,,b,4\n",
    );
    let labels = read(
        &longitudinal(),
        "Record ID,Event Name,Repeat Instrument,Repeat Instance,Sex at birth,Consented,Treatment,Died,\
         Symptoms (choice=Pain),Symptoms (choice=Weakness),Complete?,Event,Grade\n\
         P1,Baseline,,,Female,True,Levamisole,No,Checked,Unchecked,Complete,,\n\
         P1,Month 3 (Arm 1: Surgery),,,,,Observation,Yes,Unchecked,Unchecked,Incomplete,,\n\
         P1,Month 3,Adverse Event,2,,,,,,,,Pneumonia,4\n",
    );
    assert_eq!((codes.findings(), labels.findings()), (vec![], vec![]));
    assert_eq!(codes.rows(), labels.rows());
    let expected = [
        "P1 baseline_arm_1 1: sex=1 consented=1 rx=Lev died=0 symptoms___1=1 symptoms___2=0",
        "P1 month3_arm_1 1: rx=Obs died=1 symptoms___1=0 symptoms___2=0",
        "P1 month3_arm_1 adverse_event[2]: ae_term=b ae_grade=4",
    ];
    assert_eq!(codes.rows(), expected);
    let said = |export: &Export| export.reports[0].in_words()[1].clone();
    assert_eq!(said(&codes), "CSV with commas, UTF-8; headings are field names, cells hold codes");
    assert_eq!(said(&labels), "CSV with commas, UTF-8; headings are field labels, cells hold labels");
}

#[test]
fn labels_under_field_names_are_recognised_by_their_cells() {
    let export = read(&plain(), "record_id,sex,died\nP1,Female,Yes\nP2,Male,No\n");
    assert_eq!(export.rows(), ["P1 1: sex=1 died=1", "P2 1: sex=2 died=0"]);
    assert_eq!(export.reports[0].encoding, Encoding::Labels);
}

#[test]
fn boxes_may_hold_the_labels_of_their_choices() {
    let export = read(
        &plain(),
        "record_id,sex,symptoms___1,symptoms___2\nP1,Female,Pain,\nP2,Male,,Weakness\nP3,Male,,\n",
    );
    let expected = [
        "P1 1: sex=1 symptoms___1=1 symptoms___2=0",
        "P2 1: sex=2 symptoms___1=0 symptoms___2=1",
        "P3 1: sex=2 symptoms___1=0 symptoms___2=0",
    ];
    assert_eq!(export.rows(), expected);
}

#[test]
fn dress_changes_nothing() {
    let plain_text = "record_id,age,weight,rx,remarks\nP1,61,70.5,Lev,Mueller\nP2,,3,Obs,\n";
    let bare = read(&plain(), plain_text);
    assert_eq!(bare.rows(), ["P1 1: age=61 weight=70.5 rx=Lev", "P2 1: weight=3 rx=Obs"]);
    for dressed in [
        format!("\u{feff}{plain_text}"),
        plain_text.replace('\n', "\r\n"),
        plain_text.replace('\n', "\r"),
        plain_text.replace('\n', "\n\n").trim_end().to_owned(),
        plain_text.replace(',', "\t"),
        plain_text.replace(',', ";"),
        plain_text.replace(',', ";").replace("70.5", "70,5"),
        format!("sep=;\r\n{}", plain_text.replace(',', ";")),
        plain_text.replace(',', " , "),
        plain_text.replace("P1,61", "\"P1\",\"61\""),
        plain_text.replace("Mueller", "\"one, \"\"two\"\"\r\n\n;three\""),
        plain_text.replace("P2,,", "P2,-99,").replace("Mueller", "Müller"),
        plain_text.replace("P2,,", "P2,Not known,"),
        "remarks,rx,weight,age,record_id,,\nx,Obs,3.0,,P2,,\n,Lev,70.50,61.0,P1,,\n".to_owned(),
    ] {
        let dressed = read(&plain(), &dressed);
        assert_eq!((dressed.rows(), dressed.findings()), (bare.rows(), vec![]));
    }
}

#[test]
fn latin_1_is_recognised_and_said() {
    let export = read(&plain(), b"record_id,age,surname\nP1,61,Meyer\nP\xfc,62,M\xfcller\n");
    assert_eq!(export.findings(), [""; 0]);
    assert!(export.records.iter().any(|record| record.patient == key().patient("Pü")));
    let said = "CSV with commas, Latin-1 (latin1, read as Windows-1252); headings are field names, cells hold \
                codes, as nothing in its first rows tells otherwise";
    assert_eq!(export.reports[0].in_words()[1], said);
}

#[test]
fn without_events_the_rows_of_a_patient_are_visits_in_file_order() {
    let export = read(&plain(), "record_id,age\nP1,61\nP2,50\nP1,62\nP1,63\n");
    assert_eq!(export.rows(), ["P1 1: age=61", "P1 2: age=62", "P1 3: age=63", "P2 1: age=50"]);
    let texts: [&[u8]; 2] = [b"record_id,age\nP1,61\nP1,62\n", b"record_id,weight\nP1,70\nP1,71\n"];
    let export = try_read(&plain(), &texts).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(export.rows(), ["P1 1: age=61", "P1 1: weight=70", "P1 2: age=62", "P1 2: weight=71"]);
}

#[test]
fn with_events_and_no_column_for_them_the_rows_are_the_events_in_order() {
    let export = read(&longitudinal(), "record_id,sex,age\nP1,1,61\nP2,2,50\nP1,,\nP1,,63\n");
    let expected = [
        "P1 baseline_arm_1 1: sex=1 age=61",
        "P1 month3_arm_1 1:",
        "P1 month6_arm_1 1: age=63",
        "P2 baseline_arm_1 1: sex=2 age=50",
    ];
    assert_eq!((export.rows(), export.findings()), (expected.map(str::to_owned).to_vec(), vec![]));
}

#[test]
fn a_quarantined_row_keeps_its_place_in_the_order() {
    let export = read(&plain(), "record_id,age\nP1,61\nP1,x\nP1,63\n");
    assert_eq!(export.rows(), ["P1 1: age=61", "P1 3: age=63"]);
    let export = read(&plain(), "record_id,age,rx\nP1,61,Lev\nP1,62\nP1,63,Lev\n");
    assert_eq!(export.rows(), ["P1 1: age=61 rx=Lev", "P1 3: age=63 rx=Lev"]);
}

#[test]
fn a_whole_event_may_repeat() {
    let export = read(
        &longitudinal(),
        "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,age\n\
         P1,month3_arm_1,,1,61\nP1,month3_arm_1,,2,62\nP1,month6_arm_1,,,63\n",
    );
    let expected = ["P1 month3_arm_1 1: age=61", "P1 month3_arm_1 2: age=62", "P1 month6_arm_1 1: age=63"];
    assert_eq!(export.rows(), expected);
}

#[test]
fn an_arm_behind_a_label_tells_events_apart() {
    let export = read(
        &arms(),
        "record_id,redcap_event_name,sex\nP1,Baseline (Arm 2: Rays),Male\nP2,Baseline (Arm 1: Knife),Female\n\
         P1,Month 3,Male\n",
    );
    let expected = ["P1 baseline_arm_2 1: sex=2", "P1 month3_arm_2 1: sex=2", "P2 baseline_arm_1 1: sex=1"];
    assert_eq!((export.rows(), export.findings()), (expected.map(str::to_owned).to_vec(), vec![]));
}

#[test]
fn empty_boxes_of_a_form_elsewhere_are_no_finding() {
    let export = read(
        &longitudinal(),
        "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sex,symptoms___1,ae_grade\n\
         P1,baseline_arm_1,,,1,0,\nP1,month3_arm_1,adverse_event,1,,0,3\n",
    );
    let expected =
        ["P1 baseline_arm_1 1: sex=1 symptoms___1=0", "P1 month3_arm_1 adverse_event[1]: ae_grade=3"];
    assert_eq!((export.rows(), export.findings()), (expected.map(str::to_owned).to_vec(), vec![]));
}

#[test]
fn an_instance_of_a_form_that_is_not_stored_still_names_its_patient() {
    let export = read(
        &longitudinal(),
        "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,diary_text,age\n\
         P1,baseline_arm_1,diary,1,slept well,\nP1,baseline_arm_1,diary,2,slept ill,\n",
    );
    assert_eq!((export.rows(), export.findings()), (vec!["P1 nowhere:".to_owned(); 2], vec![]));
}

#[test]
fn a_checkbox_marked_as_missing_has_no_boxes() {
    let export =
        read(&plain(), "record_id,age,symptoms___1,symptoms___2,symptoms____99\nP1,61,0,0,1\nP2,62,0,1,0\n");
    assert_eq!(export.rows(), ["P1 1: age=61", "P2 1: age=62 symptoms___1=0 symptoms___2=1"]);
}

#[test]
fn codes_for_missing_values_are_missing_in_every_kind_of_field() {
    let headings = "record_id,sex,consented,seen,age,weight,score,rx,died,symptoms___1,checked,ae_grade";
    for code in ["-99", "UNK", "Not known", "Refused"] {
        let export = read(&plain(), format!("{headings}\nP1{}\n", format!(",{code}").repeat(11)));
        assert_eq!((export.rows(), export.findings()), (vec!["P1 1:".to_owned()], vec![]), "{code}");
    }
}

#[test]
fn without_record_ids_every_row_is_a_patient() {
    let texts: [&[u8]; 2] = [b"age\n61\n\n61\n\"\"\n", b"age\n61\n"];
    let export = try_read(&plain(), &texts).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(export.rows(), ["? 1:", "? 1: age=61", "? 1: age=61", "? 1: age=61"]);
    let patients: std::collections::HashSet<_> = export.records.iter().map(|record| record.patient).collect();
    assert_eq!(patients.len(), 4);
    assert!(export.reports[0].in_words().contains(&"no record-id column: each row is one patient".into()));
}

#[test]
fn the_report_says_what_became_of_every_column() {
    let export = read(
        &longitudinal(),
        "weigth,record_id,redcap_event_name,surname,hospital_number,born,remarks,symptoms,age,elephant,,\
         redcap_data_access_group,redcap_survey_identifier,visit_timestamp,visit_complete,symptoms___9\n\
         70,P1,baseline_arm_1,Meyer,123,1960-01-01,fell,1,61,x,,centre_a,17,2024-01-01 10:00,2,1\n,,,,,,,,,,,,,,,\n",
    );
    let expected = [
        "a.csv: 1 row read, 0 quarantined",
        "CSV with commas, UTF-8; headings are field names, cells hold codes",
        "each record id is one patient; only its keyed hash is stored",
        "REDCap's columns tell a patient's events and repeats",
        "1 row without any cell skipped",
        "`surname` is dropped: it is an identifier",
        "`hospital_number` is dropped: it is an identifier",
        "`born` is dropped: it is an identifier",
        "`remarks` is dropped: it is free text",
        "`symptoms` is dropped: it is not one of the field's columns",
        "`redcap_data_access_group` is dropped: it is REDCap's data access group",
        "`redcap_survey_identifier` is dropped: it is REDCap's survey identifier",
        "`visit_timestamp` is dropped: it is the time at which a survey was completed",
        "`visit_complete` is dropped: it is how complete a form is",
        "`weigth` is dropped: it is not in the dictionary; did you mean `weight`?",
        "`elephant` is dropped: it is not in the dictionary",
        "column 11 is dropped: it has no heading",
        "`symptoms___9` is dropped: it is not in the dictionary; did you mean `symptoms___1`?",
        "`sex` is not in the file",
        "`consented` is not in the file",
        "`seen` is not in the file",
        "`weight` is not in the file",
    ];
    assert_eq!(export.reports[0].in_words()[..expected.len()], expected);
}

#[test]
fn persons_who_agree_in_a_key_have_one_hash_in_every_style() {
    let persons = |text: &str| {
        let export = read(&plain(), text);
        assert_eq!(export.findings(), [""; 0]);
        export.records.iter().flat_map(|record| record.linkage.clone()).collect::<Vec<_>>()
    };
    let one = persons("record_id,surname,born,sex,seen\nP1,  van der  Meyer ,1960-01-31,1,2024-01-01\n");
    let same =
        persons("record_id,born,Surname,sex,seen\nP9,1960-01-31,Van Der MEYER,Female,2024-01-01 09:00\n");
    assert_eq!(one.len(), 2);
    assert!(one == same);
    let other = persons("record_id,surname,born,sex,seen\nP1,van der Meyer,1960-01-30,2,2024-01-01\n");
    assert!(one.iter().zip(&other).all(|(one, other)| one.1 != other.1));
    assert!(persons("record_id,surname,born\nP1,Meyer,\nP2,UNK,1960-01-31\n").is_empty());
}

#[test]
fn a_quarantined_row_passes_on_its_day_0_and_nothing_else() {
    let export = read(&plain(), "record_id,seen,age\nP1,2024-01-31,x\n");
    assert!(export.records[0].standing == Standing::Quarantined);
    assert_eq!(export.row(&export.records[0]), "P1 1: seen=day 19753");
    let export = read(&plain(), "record_id,seen,age\nP1,31.1.2024,61\n");
    assert!(export.records[0].standing == Standing::DayZeroUnreadable);
    assert_eq!(export.row(&export.records[0]), "P1 1:");
    let export = read(&plain(), "record_id,age,seen\nP1,61\n");
    assert!(export.records[0].standing == Standing::DayZeroUnreadable);
}
