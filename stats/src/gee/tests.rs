#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use serde_json::Value;

use crate::fixture::reference::{DataSet, json};
use crate::{Outcome, Status};

fn close(found: &Value, expected: &Value, within: f64, what: &str) {
    let (Some(one), Some(two)) = (found.as_f64(), expected.as_f64()) else {
        panic!("{what}: {found} for {expected}")
    };
    let error = (one - two).abs() / two.abs();
    assert!(error < within, "{what}: {one:e} for {two:e}, off by {error:e}");
}

fn released(outcome: Outcome, what: &str) -> Value {
    assert_eq!(outcome.status, Status::Released, "{what}: {:?}", outcome.reason);
    outcome.result
}

#[test]
fn answers_are_those_of_the_equations_solved_until_nothing_changes() {
    let entries = json("own/gee.json");
    assert_eq!(entries.as_array().unwrap().len(), 10);
    for entry in entries.as_array().unwrap() {
        let (set, section) = (entry["set"].as_str().unwrap(), entry["section"].as_str().unwrap());
        let data = DataSet::of(set, Some("record_id"));
        for sites in [1, 3, 10] {
            let what = format!("{set} {section} over {sites}");
            let found = released(data.answer("gee", section, sites), &what);
            println!("{} rounds: {what}", found["iterations"]);
            let terms = found["terms"].as_array().unwrap();
            let names: Vec<&Value> = terms.iter().map(|term| &term["name"]).collect();
            assert_eq!(names, entry["names"].as_array().unwrap().iter().collect::<Vec<_>>(), "{what}");
            for (at, term) in terms.iter().enumerate() {
                let what = format!("{what} {}", term["name"]);
                close(&term["estimate"], &entry["estimate"][at], 1e-9, &what);
                close(&term["se"], &entry["se"][at], 1e-9, &what);
                let error = term["p"].as_f64().unwrap() - entry["p"][at].as_f64().unwrap();
                assert!(error.abs() < 1e-10, "{what}: {error:e}");
            }
            close(&found["dispersion"], &entry["dispersion"], 1e-9, &what);
            if found["correlation"] == "exchangeable" {
                close(&found["alpha"], &entry["alpha"], 1e-9, &what);
            } else {
                assert!(found["alpha"].is_null());
            }
            assert_eq!((&found["n"], &found["clusters"]), (&entry["n"], &entry["clusters"]), "{what}");
        }
    }
}

#[test]
fn toenail_is_that_of_geepack_to_its_own_accuracy() {
    let expected = &json("toenail/answers.json")["gee_exchangeable"];
    let data = DataSet::of("toenail", Some("record_id"));
    let section =
        "formula = \"severe ~ treatment * time\"\nfamily = \"binomial\"\ncorrelation = \"exchangeable\"";
    let found = released(data.answer("gee", section, 3), "toenail");
    // geepack stopped when estimates changed by less than 1e-4 of themselves.
    for term in found["terms"].as_array().unwrap() {
        let own = &expected["coef"][term["name"].as_str().unwrap()];
        close(&term["estimate"], &own["estimate"], 1e-4, "estimate");
        close(&term["se"], &own["robust_se"], 1e-6, "se");
        let wald = term["statistic"].as_f64().unwrap().powi(2);
        close(&wald.into(), &own["wald"], 2e-4, "wald");
    }
    close(&found["alpha"], &expected["alpha"], 1e-6, "alpha");
    close(&found["dispersion"], &expected["scale"], 1e-6, "scale");
}

#[test]
fn what_has_no_answer_is_refused_in_words() {
    let refusal = |text: &str, section: &str| {
        let outcome = DataSet::parse(text, Some("record_id")).answer("gee", section, 2);
        assert_eq!(outcome.status, Status::Refused, "{section}: {}", outcome.result);
        outcome.reason.unwrap()
    };
    let exchangeable = "formula = \"y ~ x\"\nfamily = \"gaussian\"\ncorrelation = \"exchangeable\"";
    let alone = "record_id,site,x,y\n1,A,0,1\n2,B,1,9\n3,A,0,2\n4,A,1,8\n";
    assert!(refusal(alone, exchangeable).contains("one row"));
    assert!(
        refusal("record_id,site,x,y\n1,A,0,3\n1,A,1,4\n2,B,0,3\n2,B,1,4\n", exchangeable).contains("exactly")
    );
    let separated = "record_id,site,x,y\n1,A,0,0\n1,B,2,1\n2,A,0,0\n2,A,3,1\n3,B,1,0\n3,B,2,1\n";
    let reason = refusal(separated, "formula = \"y ~ x\"\nfamily = \"binomial\"");
    assert!(reason.contains("separates"), "{reason}");
    assert!(refusal("record_id,site,x,y\n1,A,0,\n1,A,,1\n2,B,1,\n2,B,,2\n", exchangeable).contains("no row"));
}

#[test]
fn sites_may_be_the_clusters() {
    let data = DataSet::of("synth_300", None);
    let section = "formula = \"y ~ age + trt\"\nfamily = \"gaussian\"\ncorrelation = \"exchangeable\"\ncluster = \"site\"";
    let found = released(data.answer("gee", section, 1), "synth_300");
    assert!(found["alpha"].as_f64().unwrap() > 0.0);
    assert!(found["clusters"].is_null());
}
