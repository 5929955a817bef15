//! Published data through a real network, against R's answers on the pooled rows.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends where something is wrong"
)]

mod agreement;
mod converged;
mod files;
mod reference;
mod translation;

use std::collections::{BTreeMap, BTreeSet};

use agreement::Agreement;
use reference::{DATA_SETS, Entry, Reference, Split};
use serde_json::Value;

#[test]
fn every_answer_of_r_is_compared_or_left_out_for_a_reason() {
    for data_set in DATA_SETS {
        let reference = Reference::of(data_set);
        for (name, answer) in reference.entries_of_r() {
            let listed: Vec<&Entry> = reference.entries.iter().filter(|entry| entry.name == *name).collect();
            assert!(!listed.is_empty(), "{data_set} {name} is not listed in entries.csv");
            let parts: BTreeSet<String> = listed
                .iter()
                .filter(|entry| !entry.part.is_empty())
                .map(|entry| entry.part.clone())
                .collect();
            listed.iter().for_each(|entry| entry.accounts_for(answer, &parts));
        }
        for entry in &reference.entries {
            assert!(
                entry.analysis.is_some() || !entry.reason.is_empty(),
                "{data_set} {} has no reason",
                entry.name
            );
            assert!(
                entry.left_out.is_empty() || !entry.reason.is_empty(),
                "{data_set} {} has no reason",
                entry.name
            );
        }
    }
}

#[test]
fn colon_cancer_has_the_answers_of_r_at_any_number_of_sites() {
    has_the_answers_of_r("colon_death");
}

#[test]
fn lung_cancer_has_the_answers_of_r_at_any_number_of_sites() {
    has_the_answers_of_r("lung");
}

#[test]
fn birth_weight_has_the_answers_of_r_at_any_number_of_sites() {
    has_the_answers_of_r("birthwt");
}

#[test]
fn biliary_cholangitis_has_the_answers_of_r_at_any_number_of_sites() {
    has_the_answers_of_r("pbc");
}

#[test]
fn granulomatous_disease_has_the_answers_of_r_at_its_13_hospitals_and_at_any_number_of_sites() {
    has_the_answers_of_r("cgd");
}

#[test]
fn seizures_have_the_answers_of_r_at_any_number_of_sites() {
    has_the_answers_of_r("epil");
}

#[test]
fn breast_cancer_has_the_answers_of_r_at_any_number_of_sites() {
    has_the_answers_of_r("gbsg2");
}

#[test]
fn growth_of_the_jaw_has_the_answers_of_r_at_any_number_of_sites() {
    has_the_answers_of_r("orthodont");
}

#[test]
fn ovarian_cancer_has_the_answers_of_r_at_any_number_of_sites() {
    has_the_answers_of_r("ovarian");
}

#[test]
fn arrest_after_release_has_the_answers_of_r_at_any_number_of_sites() {
    has_the_answers_of_r("rossi");
}

#[test]
fn sleep_deprivation_has_the_answers_of_r_at_any_number_of_sites() {
    has_the_answers_of_r("sleepstudy");
}

#[test]
fn three_hundred_generated_patients_have_the_answers_of_r_at_any_number_of_sites() {
    has_the_answers_of_r("synth_300");
}

#[test]
fn three_thousand_generated_patients_have_the_answers_of_r_at_any_number_of_sites() {
    has_the_answers_of_r("synth_3000");
}

#[test]
fn toenail_infection_has_the_answers_of_r_at_any_number_of_sites() {
    has_the_answers_of_r("toenail");
}

#[test]
fn lung_cancer_of_veterans_has_the_answers_of_r_at_any_number_of_sites() {
    has_the_answers_of_r("veteran");
}

#[test]
fn every_analysis_leaves_a_tidy_csv_and_has_its_place_in_the_report() {
    for data_set in DATA_SETS {
        let out = tempfile::tempdir().unwrap();
        for result in Reference::of(data_set).run(Split::AsItIs, out.path()) {
            files::are_those_of(&result, &out.path().join(result["study"]["id"].as_str().unwrap()));
        }
    }
}

/// Every entry agrees, and the answers to questions that do not ask about sites are the same text everywhere.
fn has_the_answers_of_r(data_set: &str) {
    let reference = Reference::of(data_set);
    let mut agreement = Agreement::default();
    let mut answered: BTreeMap<String, String> = BTreeMap::new();
    for split in [Split::AsItIs, Split::InTurn(1), Split::InTurn(3), Split::InTurn(10)] {
        let out = tempfile::tempdir().unwrap();
        let results = reference.run(split, out.path());
        let about_everybody = &results[0]["analyses"];
        for (id, analysis) in results.iter().flat_map(|result| result["analyses"].as_object().unwrap()) {
            assert_eq!(analysis["status"], "released", "{data_set} {id}: {}", analysis["reason"]);
        }
        for (id, analysis) in about_everybody.as_object().unwrap() {
            let text = analysis["result"].to_string();
            let first = answered.entry(id.clone()).or_insert_with(|| text.clone());
            assert_eq!(*first, text, "{data_set} {id} depends on the split {split:?}");
        }
        let analyses: BTreeMap<&str, &Value> = results
            .iter()
            .flat_map(|result| result["analyses"].as_object().unwrap())
            .map(|(id, analysis)| (id.as_str(), analysis))
            .collect();
        for entry in &reference.entries {
            let Some(id) = &entry.analysis else { continue };
            match analyses.get(id.as_str()) {
                Some(analysis) => entry.agrees(&reference, analysis, &mut agreement),
                None => assert_ne!(split, Split::AsItIs, "{data_set} has no analysis {id}"),
            }
        }
    }
    println!("{data_set}: {agreement}");
}
