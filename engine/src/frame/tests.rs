#![allow(clippy::unwrap_used, clippy::panic)]

mod plain_reading;
mod visits;

use notochord_proto::variable::Level;

use super::*;
use crate::sample::{dictionary, snapshot};

const PATIENTS: &str = "record_id,age,weight,score,sex,rx,died\n\
                        P1,61,70,1,1,Lev,1\n\
                        P2,62,,2,2,Obs,0\n\
                        P3,,80,3,1,,1\n\
                        P4,64,90,,2,Lev,\n\
                        P5,17,50,5,1,Obs,0\n";

/// The frames of a study with this condition and these derived variables and analyses.
fn framed(condition: &str, derived: &str, analyses: &str) -> Result<BTreeMap<AnalysisId, Frame>, FrameError> {
    framed_at("Ulm", PATIENTS, condition, derived, analyses)
}

fn framed_at(
    site: &str,
    patients: &str,
    condition: &str,
    derived: &str,
    analyses: &str,
) -> Result<BTreeMap<AnalysisId, Frame>, FrameError> {
    let text = study(&format!("rows = \"patient\"\nwhere = \"{condition}\"\n{derived}\n{analyses}"));
    let sites = ["Ulm".to_owned(), "Basel".to_owned(), "Graz".to_owned()];
    let study = Study::parse("study.toml", text.as_bytes()).unwrap();
    let scope = Scope::new(&dictionary(), &sites).with_derived(&study).unwrap();
    study.check(&scope).unwrap();
    let plan = Plan::new(&study, &scope).unwrap_or_else(|problems| panic!("{problems:?}"));
    frames(snapshot(patients).table(), &dictionary(), &study, &plan, &scope, site)
}

/// A study document with this `[cohort]` and what follows it.
fn study(cohort: &str) -> String {
    format!(
        r#"
        id = "trial"
        version = 1
        title = "A trial"
        question = "Does it help?"
        network = "sample"
        expires = 2027-06-30

        [[investigators]]
        name = "A. Investigator"
        institution = "Example Hospital"
        role = "principal"

        [ethics]
        reference = "EC-1"

        [data_use]
        terms = ["DUO:0000006"]

        [sites]
        minimum = 3

        [disclosure]
        release = "site"
        profile = "standard"
        collapse = false

        [cohort]
        {cohort}
        "#
    )
}

fn describe(id: &str, variables: &str, more: &str) -> String {
    format!("[[analyses]]\nid = \"{id}\"\nkind = \"describe\"\nvariables = [{variables}]\n{more}\n")
}

/// The values of a column in some order, sorted as text; a patient's place in a frame means nothing.
fn values(frames: &BTreeMap<AnalysisId, Frame>, id: &str, variable: &str) -> String {
    fn shown<T: ToString>(values: impl Iterator<Item = Option<T>>) -> String {
        let mut shown: Vec<_> =
            values.map(|value| value.map_or("NULL".into(), |value| value.to_string())).collect();
        shown.sort();
        shown.join(" ")
    }
    let frame = &frames[&AnalysisId::new(id).unwrap()];
    match frame.column(&VariableName::new(variable).unwrap()).unwrap() {
        Column::Integer(values) => shown(values.iter()),
        Column::Number(values) => shown(values.iter()),
        Column::Factor(values) => shown(values.iter()),
    }
}

#[test]
fn true_means_everybody() {
    let frames = framed("TRUE", "", &describe("all", r#""age""#, "")).ok().unwrap();
    assert_eq!(values(&frames, "all", "age"), "17 61 62 64 NULL");
}

#[test]
fn a_row_whose_condition_is_missing_is_out() {
    let frames = framed("age >= 18", "", &describe("adults", r#""age", "weight""#, "")).ok().unwrap();
    assert_eq!(values(&frames, "adults", "age"), "61 62 64");
    assert_eq!(values(&frames, "adults", "weight"), "70 90 NULL");
}

#[test]
fn an_analysis_narrows_the_cohort_for_itself_alone() {
    let treated = describe("treated", r#""age""#, r#"where = "rx = 'Lev'""#);
    let analyses = format!("{treated}{}", describe("everybody", r#""age""#, ""));
    let frames = framed("age >= 18", "", &analyses).ok().unwrap();
    assert_eq!(values(&frames, "treated", "age"), "61 64");
    assert_eq!(values(&frames, "everybody", "age"), "61 62 64");
}

#[test]
fn a_frame_holds_the_columns_of_its_statistic_and_no_others() {
    let frames = framed("weight > 0", "", &describe("ages", r#""age""#, r#"by = "sex""#)).ok().unwrap();
    let frame = &frames[&AnalysisId::new("ages").unwrap()];
    let held = |name: &str| frame.column(&VariableName::new(name).unwrap()).is_some();
    assert!(held("age") && held("sex"));
    assert!(!held("weight") && !held("score"));
    assert_eq!(frame.rows(), 4);
}

#[test]
fn site_is_this_centres_place_among_the_sites() {
    let by_site = describe("ages", r#""age""#, r#"by = "site""#);
    // Sorted by bytes: Basel, Graz, Ulm.
    let frames = framed_at("Graz", PATIENTS, "site = 'Graz'", "", &by_site).ok().unwrap();
    assert_eq!(values(&frames, "ages", "site"), "1 1 1 1 1");
    let elsewhere = framed_at("Graz", PATIENTS, "site = 'Ulm'", "", &by_site).ok().unwrap();
    assert_eq!(values(&elsewhere, "ages", "site"), "");
    let error = framed_at("Lyon", PATIENTS, "TRUE", "", &by_site).err().unwrap();
    assert_eq!(error.to_string(), "`Lyon` is not a level of `site`; the roster names other sites");
}

#[test]
fn derived_variables_of_every_type_are_computed_on_the_cohort() {
    let derived = r#"
        [derived.old]
        value = "age > 61"
        type = "yesno"
        [derived.double_score]
        value = "CASE WHEN old = 1 THEN score * 2 ELSE score END"
        type = "integer"
        min = 0
        max = 40
        [derived.log_weight]
        value = "ln(weight)"
        type = "number"
        min = 0
        max = 10
        [derived.arm]
        value = "CASE WHEN rx = 'Obs' THEN 'none' WHEN rx = 'Lev' THEN 'drug' END"
        type = "factor"
        levels = ["none", "drug"]
    "#;
    let analysis = describe("all", r#""old", "double_score", "log_weight", "arm""#, "");
    let frames = framed("age IS NOT NULL", derived, &analysis).ok().unwrap();
    assert_eq!(values(&frames, "all", "old"), "0 0 1 1");
    assert_eq!(values(&frames, "all", "double_score"), "1 4 5 NULL");
    assert_eq!(values(&frames, "all", "arm"), "0 0 1 1");
    let logs = [50.0, 70.0, 90.0].map(|weight| libm::log(weight).to_string()).join(" ");
    assert_eq!(values(&frames, "all", "log_weight"), format!("{logs} NULL"));
}

#[test]
fn the_cohort_may_name_derived_variables() {
    let derived = r#"
        [derived.age_again]
        value = "age"
        type = "integer"
        min = 0
        max = 120
        [derived.old]
        value = "age_again > 61"
        type = "yesno"
    "#;
    let frames = framed("old = 1", derived, &describe("old", r#""age_again""#, "")).ok().unwrap();
    assert_eq!(values(&frames, "old", "age_again"), "62 64");
}

#[test]
fn a_derived_value_beyond_its_declaration_is_missing() {
    let held = |value: &str, kind: &str| {
        let derived = format!("[derived.held]\nvalue = \"{value}\"\n{kind}\n");
        let frames =
            framed("age < 62 OR age > 63", &derived, &describe("all", r#""held""#, "")).ok().unwrap();
        values(&frames, "all", "held")
    };
    let integer = "type = \"integer\"\nmin = 0\nmax = 63";
    assert_eq!(held("age", integer), "17 61 NULL");
    assert_eq!(held("age / 2", integer), "32 NULL NULL");
    assert_eq!(held("weight * 1e300", "type = \"integer\"\nmin = 0\nmax = 9"), "NULL NULL NULL");
    assert_eq!(held("weight / 100", "type = \"number\"\nmin = 0\nmax = 0.8"), "0.5 0.7 NULL");
    assert_eq!(held("CASE WHEN age = 64 THEN 2 ELSE 0 END", "type = \"yesno\""), "0 0 NULL");
    // Missing values stay missing.
    assert_eq!(held("1 / (age - 64)", "type = \"integer\"\nmin = -1\nmax = 1"), "NULL NULL NULL");
}

#[test]
fn an_empty_snapshot_gives_empty_frames() {
    let frames =
        framed_at("Ulm", "record_id,age\n", "age > 0", "", &describe("all", r#""age""#, "")).ok().unwrap();
    assert_eq!(values(&frames, "all", "age"), "");
}

#[test]
fn a_variable_imported_under_another_dictionary_is_refused() {
    let integer = |bounds| VariableKind::Integer { bounds };
    assert!(same_values(&integer(Some((0, 1))), &integer(Some((0, 1)))));
    assert!(!same_values(&integer(Some((0, 1))), &integer(None)));
    let level = |code: &str, label: &str| Level { code: code.into(), label: label.into() };
    let factor = |levels: &[Level]| VariableKind::Factor { levels: levels.to_vec() };
    let (a, b) = (level("a", "A"), level("b", "B"));
    assert!(same_values(
        &factor(&[a.clone(), b.clone()]),
        &factor(&[level("a", "another label"), b.clone()])
    ));
    assert!(!same_values(&factor(&[a.clone(), b.clone()]), &factor(&[b, a])));
}
