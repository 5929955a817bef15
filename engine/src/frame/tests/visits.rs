use notochord_proto::name::VariableName;

use super::{describe, study, values};
use crate::frame::*;
use crate::table::sample::{DESIGNATED, EVENTS, dictionary, table};

const ENTRIES: &str = "\
    0 2020\n\
    0 baseline_arm_1 1 background 1 sex=f first_seen=0\n\
    0 baseline_arm_1 1 pain 1 nrs=3 asked=-2\n\
    0 month3_arm_1 1 pain 1 nrs=5 asked=90\n\
    0 month3_arm_1 1 surgery 1 kind=biopsy blood_loss=20\n\
    0 month3_arm_1 1 surgery 2 kind=resection blood_loss=900.5\n\
    1 2021\n\
    1 baseline_arm_2 1 background 1 sex=m\n\
    1 baseline_arm_2 1 pain 1 nrs=8\n\
    1 late_arm_2 1 pain 1 nrs=1 asked=2000\n\
    1 late_arm_2 2 pain 1 nrs=2 asked=2300\n\
    1 late_arm_2 2 surgery 1\n\
    2 baseline_arm_2 1 background 1 sex=f\n\
    2 month3_arm_2 1 pain 1 asked=61\n\
    3\n";

/// The frames of the study whose `[cohort]` begins so.
fn framed(cohort: &str) -> BTreeMap<AnalysisId, Frame> {
    let dictionary = dictionary(&[("events.csv", DESIGNATED)], &[]);
    let study = Study::parse("study.toml", study(cohort).as_bytes()).unwrap();
    let scope = Scope::for_study(&dictionary, &["Ulm".to_owned()], &study).unwrap();
    let plan = Plan::new(&study, &scope).unwrap_or_else(|problems| panic!("{problems:?}"));
    frames(&table(&dictionary, ENTRIES), &dictionary, &study, &plan, &scope, "Ulm").ok().unwrap()
}

fn most_rows(frames: &BTreeMap<AnalysisId, Frame>, id: &str) -> usize {
    frames[&AnalysisId::new(id).unwrap()].most_rows_of_a_patient()
}

#[test]
fn a_study_of_visits_reads_each_visit_and_knows_whose_it_is() {
    let analyses = [
        describe("all", r#""nrs", "day""#, r#"by = "event""#),
        describe("treated", r#""nrs@baseline", "sex""#, r#"where = "event <> 'baseline'""#),
    ];
    let frames = framed(&format!("rows = \"visit\"\nwhere = \"nrs IS NOT NULL\"\n{}", analyses.concat()));
    assert_eq!(values(&frames, "all", "nrs"), "1 2 3 5 8");
    assert_eq!(values(&frames, "all", "event"), "0 0 1 2 2");
    assert_eq!(values(&frames, "all", "day"), "-2 2000 2300 90 NULL");
    assert_eq!(values(&frames, "treated", "nrs@baseline"), "3 8 8");
    assert_eq!(values(&frames, "treated", "sex"), "0 1 1");
    assert_eq!((most_rows(&frames, "all"), most_rows(&frames, "treated")), (3, 2));
}

#[test]
fn what_is_derived_once_for_the_patient_stands_beside_every_visit() {
    let derived = r#"
        [derived.worst]
        rows = "patient"
        value = "max(nrs)"
        type = "integer"
        min = 0
        max = 10
        [derived.severe]
        rows = "patient"
        value = "worst > 4 AND nrs > 2 AND site = 'Ulm'"
        type = "yesno"
        [derived.relief]
        value = "worst - nrs"
        type = "integer"
        min = -10
        max = 10
    "#;
    let all = describe("all", r#""worst", "severe", "relief", "day0_year""#, "");
    let frames = framed(&format!("rows = \"visit\"\nwhere = \"severe = 1\"\n{derived}\n{all}"));
    assert_eq!(values(&frames, "all", "worst"), "5 5 8 8 8");
    assert_eq!(values(&frames, "all", "relief"), "0 0 2 6 7");
    assert_eq!(values(&frames, "all", "day0_year"), "2020 2020 2021 2021 2021");
}

#[test]
fn a_study_of_patients_reduces_what_repeats() {
    let derived = r#"
        [derived.operations]
        value = "count(surgery)"
        type = "integer"
        min = 0
        max = 20
        [derived.resected]
        value = "any(kind = 'resection')"
        type = "yesno"
        [derived.blood]
        value = "sum(blood_loss)"
        type = "number"
        min = 0
        max = 9000
        [derived.first_kind]
        value = "first(kind)"
        type = "factor"
        levels = ["resection", "biopsy"]
    "#;
    let all = describe("all", r#""operations", "resected", "blood", "first_kind", "nrs@late""#, "");
    let frames = framed(&format!("rows = \"patient\"\nwhere = \"count(pain) >= 0\"\n{derived}\n{all}"));
    assert_eq!(values(&frames, "all", "operations"), "0 0 1 2");
    // Nobody's entry says so of patients 2 and 3; of patient 1 there is an entry that does not say.
    assert_eq!(values(&frames, "all", "resected"), "0 0 1 NULL");
    assert_eq!(values(&frames, "all", "blood"), "920.5 NULL NULL NULL");
    assert_eq!(values(&frames, "all", "first_kind"), "1 NULL NULL NULL");
    assert_eq!(values(&frames, "all", "nrs@late"), "1 NULL NULL NULL");
    assert_eq!(most_rows(&frames, "all"), 1);
}

#[test]
fn the_frame_of_a_model_reads_events() {
    let model =
        "[[analyses]]\nid = \"model\"\nkind = \"linear\"\nformula = \"nrs@month3 ~ nrs@baseline + sex\"\n";
    let frames = framed(&format!("rows = \"patient\"\nwhere = \"TRUE\"\n{model}"));
    assert_eq!(values(&frames, "model", "nrs@month3"), "5 NULL NULL NULL");
    assert_eq!(values(&frames, "model", "nrs@baseline"), "3 8 NULL NULL");
}

#[test]
fn data_of_another_dictionary_are_refused() {
    let imported = table(&dictionary(&[("events.csv", EVENTS)], &[]), ENTRIES);
    let asked = |text: String, files: &[(&str, &str)]| {
        let here = dictionary(files, &[]);
        let study = Study::parse("study.toml", study(&text).as_bytes()).unwrap();
        let scope = Scope::for_study(&here, &[], &study).unwrap();
        let plan = Plan::new(&study, &scope).unwrap_or_else(|problems| panic!("{problems:?}"));
        frames(&imported, &here, &study, &plan, &scope, "A").err().map(|error| error.to_string())
    };
    let text = format!("rows = \"patient\"\nwhere = \"TRUE\"\n{}", describe("all", r#""nrs""#, ""));
    assert_eq!(asked(text.clone(), &[("events.csv", EVENTS)]), None);
    let other = "the data were imported under a dictionary with other events; import them again";
    assert_eq!(asked(text, &[]).as_deref(), Some(other));
}

#[test]
fn a_variable_imported_with_other_bounds_is_refused_inside_a_reduction_too() {
    let here = dictionary(&[("events.csv", EVENTS)], &[]);
    let mut imported = table(&here, ENTRIES);
    for form in &mut imported.forms {
        if let Some(column) = form.columns.get_mut(&VariableName::new("nrs").unwrap()) {
            column.variable.kind = VariableKind::Integer { bounds: Some((0, 100)) };
        }
    }
    let text = format!("rows = \"patient\"\nwhere = \"max(nrs) > 2\"\n{}", describe("all", r#""sex""#, ""));
    let study = Study::parse("study.toml", study(&text).as_bytes()).unwrap();
    let scope = Scope::for_study(&here, &[], &study).unwrap();
    let plan = Plan::new(&study, &scope).unwrap_or_else(|problems| panic!("{problems:?}"));
    let error = frames(&imported, &here, &study, &plan, &scope, "A").err().unwrap();
    assert_eq!(error.to_string(), "`nrs` was imported under another dictionary; import the data again");
}

#[test]
fn contradictions_are_found_where_they_stand() {
    let rules = r#"
        [[rules]]
        id = "late"
        says = "The day is beyond the study."
        where = "day > 1900"
        [[rules]]
        id = "blood"
        says = "A biopsy does not bleed so much, nor does nobody's operation."
        rows = "patient"
        where = "any(kind = 'biopsy') AND max(blood_loss) > 500"
        [[rules]]
        id = "never"
        says = "This is never so."
        where = "nrs > 10"
    "#;
    let dictionary = dictionary(&[("events.csv", DESIGNATED), ("rules.toml", rules)], &[]);
    let found = contradictions(&table(&dictionary, ENTRIES), &dictionary).ok().unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|one| {
            let rows = one.rows.iter().map(|row| (row.patient, row.visit)).collect::<Vec<_>>();
            (one.rule.id.as_str(), rows)
        })
        .collect();
    let late = vec![(1, Some((4, 1))), (1, Some((4, 2)))];
    assert_eq!(found, [("late", late), ("blood", vec![(0, None)]), ("never", vec![])]);
}
