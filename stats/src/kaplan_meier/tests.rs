#![allow(clippy::unwrap_used, clippy::panic)]
use serde_json::{Value, json};

use crate::Status;
use crate::fixture::reference::{self, DataSet};
use crate::outcome::Outcome;

mod degenerate;
mod grid;

/// A data set: its name, its times, events and groups, and a grid of its own unit that no time is beyond.
const SETS: [(&str, &str, &str, &str, u32); 9] = [
    ("colon_death", "time", "status", "rx", 3330),
    ("gbsg2", "time", "cens", "horth", 2660),
    ("lung", "time", "status", "sex", 1030),
    ("ovarian", "futime", "fustat", "rx", 1230),
    ("pbc", "time", "death", "trt", 4800),
    ("rossi", "week", "arrest", "fin", 52),
    ("synth_300", "time", "status", "trt", 2500),
    ("synth_3000", "time", "status", "trt", 2500),
    ("veteran", "time", "status", "celltype", 1000),
];

fn number(value: &Value) -> Option<f64> {
    value.as_f64()
}

/// Within 1e-9 of what R gives, or nothing where R gives nothing.
fn assert_close(found: &Value, expected: &Value, what: &str) {
    match (number(found), number(expected)) {
        (None, None) => {}
        (Some(one), Some(two)) => {
            let error = (one - two).abs();
            assert!(error <= 1e-9 * two.abs().max(1e-3), "{what}: {one:e} is not {two:e}");
        }
        _ => panic!("{what}: {found} is not {expected}"),
    }
}

fn entry<'a>(answers: &'a Value, kind: &str) -> &'a Value {
    let answers = answers.as_object().unwrap();
    answers.iter().find(|(name, _)| name.starts_with(kind)).unwrap().1
}

fn group<'a>(outcome: &'a Outcome, level: &str) -> &'a Value {
    let level = if level == "_all" { Value::Null } else { Value::from(level) };
    let mut groups = outcome.result["groups"].as_array().unwrap().iter();
    groups.find(|group| group["level"] == level).unwrap()
}

fn section(set: &(&str, &str, &str, &str, u32), times: &Value, tau: &Value, interval: &str) -> String {
    let (_, time, event, by, until) = set;
    format!(
        "time = \"{time}\"\nevent = \"{event}\"\nby = \"{by}\"\nevery = 1\nuntil = {until}\nreport_at = {times}\n\
         rmst = {tau}\ninterval = \"{interval}\"\n"
    )
}

#[test]
fn curves_quartiles_and_means_are_those_of_r_over_any_sites() {
    for set in SETS {
        let data = DataSet::of(set.0, None);
        let answers = reference::json(&format!("{}/answers.json", set.0));
        let km = entry(&answers, "km:");
        let (times, tau) = (&km["_all"]["times"], &km["_all"]["rmst"]["tau"]);
        for (interval, sites) in [("log", 1), ("log-log", 3), ("plain", 10)] {
            let outcome = data.answer("kaplan_meier", &section(&set, times, tau, interval), sites);
            assert_eq!(outcome.status, Status::Released);
            for (level, expected) in km.as_object().unwrap() {
                compare(group(&outcome, level), expected, interval, &format!("{} {level}", set.0));
            }
        }
    }
}

fn compare(found: &Value, expected: &Value, interval: &str, what: &str) {
    assert_eq!((&found["n"], &found["events"]), (&expected["n"], &expected["events"]), "{what}");
    let names = [
        ("survival", "surv"),
        ("se", "std_err_surv"),
        ("cumulative_hazard", "cumhaz_nelson_aalen"),
        ("cumulative_hazard_se", "std_err_cumhaz"),
        ("at_risk", "n_risk"),
        ("events_so_far", "cum_events"),
    ];
    let ends = &expected[format!("ci_{interval}")];
    for (at, point) in found["at"].as_array().unwrap().iter().enumerate() {
        let what = format!("{what} at {}", point["time"]);
        for (own, theirs) in names {
            assert_close(&point[own], &expected[theirs][at], &format!("{what} {own}"));
        }
        assert_close(&point["lower"], &ends["lower"][at], &format!("{what} lower"));
        assert_close(&point["upper"], &ends["upper"][at], &format!("{what} upper"));
    }
    for (at, quartile) in ["0.25", "0.5", "0.75"].into_iter().enumerate() {
        let own = &found["quartiles"][quartile];
        assert_close(&own["estimate"], &ends["q25_50_75"][at], &format!("{what} {quartile}"));
        assert_close(&own["lower"], &ends["q_lower"][at], &format!("{what} {quartile} lower"));
        assert_close(&own["upper"], &ends["q_upper"][at], &format!("{what} {quartile} upper"));
    }
    assert_eq!(found["median"], found["quartiles"]["0.5"]);
    assert_close(&found["rmst"]["estimate"], &expected["rmst"]["rmean"], &format!("{what} mean"));
    assert_close(&found["rmst"]["se"], &expected["rmst"]["se"], &format!("{what} se of the mean"));
}

#[test]
fn tests_of_groups_are_those_of_r_over_any_sites() {
    for set in SETS {
        let data = DataSet::of(set.0, None);
        let answers = reference::json(&format!("{}/answers.json", set.0));
        let expected = entry(&answers, "logrank:");
        let tests = "tests = [\"logrank\", \"peto\"]\nstrata = [\"site\"]\n";
        let text = section(&set, &json!([]), &json!(set.4), "log") + tests;
        for sites in [1, 3, 10] {
            let outcome = data.answer("kaplan_meier", &text, sites);
            let tests = &outcome.result["tests"];
            let (plain, peto) = (&tests["logrank"], &tests["peto"]);
            let stratified = &tests["logrank_stratified"];
            assert_close(&plain["statistic"], &expected["chisq"], set.0);
            assert_close(&plain["df"], &expected["df"], set.0);
            assert_close(&plain["p"], &expected["p_value"], set.0);
            for at in 0..expected["groups"].as_array().unwrap().len() {
                assert_close(&plain["observed"][at], &expected["observed"][at], set.0);
                assert_close(&plain["expected"][at], &expected["expected"][at], set.0);
                assert_close(&plain["variance"][at][at], &expected["var"]["data"][at][at], set.0);
                assert_eq!(plain["levels"][at], expected["groups"][at], "{}", set.0);
            }
            assert_close(&peto["statistic"], &expected["peto_rho1"]["chisq"], set.0);
            assert_close(&peto["p"], &expected["peto_rho1"]["p_value"], set.0);
            assert_close(&stratified["statistic"], &expected["stratified_by_site"]["chisq"], set.0);
            assert_close(&stratified["p"], &expected["stratified_by_site"]["p_value"], set.0);
            let rate = &answers["exponential_rate"];
            if set.0 != "pbc" {
                let all = group(&outcome, "_all");
                assert_close(&all["events"], &rate["events"], set.0);
                assert_close(&all["person_time"], &rate["person_time"], set.0);
                assert_close(&all["rate"], &rate["rate"], set.0);
            }
        }
    }
    // R's rate is of all patients of `pbc`, also of those without a treatment.
    let everybody = "time = \"time\"\nevent = \"death\"\nevery = 1\nuntil = 4800\n";
    let outcome = DataSet::of("pbc", None).answer("kaplan_meier", everybody, 3);
    let rate = &reference::json("pbc/answers.json")["exponential_rate"];
    assert_close(&group(&outcome, "_all")["rate"], &rate["rate"], "pbc");
}
