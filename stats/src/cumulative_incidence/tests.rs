#![allow(clippy::unwrap_used, clippy::panic)]
use serde_json::Value;

use crate::Status;
use crate::fixture::reference::{self, DataSet};
use crate::fixture::{answer, answer_without, frame, refusal};
use crate::outcome::Outcome;

mod coverage;

const MGUS2: &str = "time = \"etime\"\nevent = \"cause\"\nevery = 1\nuntil = 424\n";

/// Within 1e-9 of what R gives, or nothing where R gives nothing.
fn assert_close(found: &Value, expected: &Value, what: &str) {
    match (found.as_f64(), expected.as_f64()) {
        (None, None) => {}
        (Some(one), Some(two)) => {
            let error = (one - two).abs();
            assert!(error <= 1e-9 * two.abs().max(1e-3), "{what}: {one:e} is not {two:e}");
        }
        _ => panic!("{what}: {found} is not {expected}"),
    }
}

fn group<'a>(outcome: &'a Outcome, level: &str) -> &'a Value {
    let level = if level == "all" { Value::Null } else { Value::from(level) };
    let mut groups = outcome.result["groups"].as_array().unwrap().iter();
    groups.find(|group| group["level"] == level).unwrap()
}

/// Compares every curve and test of an entry of `own/survival.json`.
fn compare(outcome: &Outcome, expected: &Value, interval: &str) {
    for curve in expected["curves"].as_array().unwrap() {
        let name = curve["name"].as_str().unwrap();
        let (level, cause) = name.split_once(' ').unwrap();
        let at = group(outcome, level)["causes"][cause]["at"].as_array().unwrap();
        assert_eq!(at.len(), curve["incidence"].as_array().unwrap().len());
        for (position, point) in at.iter().enumerate() {
            let what = format!("{name} at {}", point["time"]);
            assert_close(&point["incidence"], &curve["incidence"][position], &what);
            assert_close(&point["se"], &curve["se"][position], &format!("{what} se"));
            for end in ["lower", "upper"] {
                assert_close(&point[end], &curve[interval][end][position], &format!("{what} {end}"));
            }
        }
    }
    for test in expected["tests"].as_array().into_iter().flatten() {
        let found = &outcome.result["tests"]["gray"][test["cause"].as_str().unwrap()];
        assert_close(&found["statistic"], &test["stat"], "Gray's test");
        assert_close(&found["df"], &test["df"], "its degrees of freedom");
        let p = (found["p"].as_f64().unwrap() - test["pv"].as_f64().unwrap()).abs();
        assert!(p < 1e-10, "{p:e}");
    }
}

#[test]
fn incidence_and_grays_test_are_those_of_cmprsk_over_any_sites() {
    let (data, own) = (DataSet::of("mgus2", None), reference::json("own/survival.json"));
    for (interval, sites) in [("log-log", 1), ("plain", 3), ("log", 10)] {
        let more = format!("report_at = [60, 120, 240, 360]\ninterval = \"{interval}\"\n");
        let all = data.answer("cumulative_incidence", &(MGUS2.to_owned() + &more), sites);
        assert_eq!(all.status, Status::Released);
        compare(&all, &own["mgus2"]["all"], interval);
        let section = MGUS2.to_owned() + &more + "by = \"sex\"\ntests = [\"gray\"]\n";
        let by_sex = data.answer("cumulative_incidence", &section, sites);
        compare(&by_sex, &own["mgus2"]["sex"], interval);
    }
}

#[test]
fn ties_everywhere_are_as_cmprsk_has_them_in_three_groups_and_within_sites() {
    let (data, own) = (DataSet::of("mgus2", None), reference::json("own/survival.json"));
    // Two years as the grid round times up, as the reference did.
    let section = "time = \"etime\"\nevent = \"cause\"\nevery = 24\nuntil = 432\nreport_at = [48, 120, 240]\ntests = [\"gray\"]\n";
    for sites in [1, 3, 10] {
        let over = |more: &str| data.answer("cumulative_incidence", &format!("{section}{more}"), sites);
        compare(&over("by = \"site\""), &own["mgus2_by_two_years"]["site"], "log-log");
        let by_sex = over("by = \"sex\"\nstrata = [\"site\"]");
        compare(&by_sex, &own["mgus2_by_two_years"]["sex"], "log-log");
        for test in own["gray_within_sites"].as_array().unwrap() {
            let found = &by_sex.result["tests"]["gray_stratified"][test["cause"].as_str().unwrap()];
            assert_close(&found["statistic"], &test["stat"], "within sites");
            assert_eq!(found["strata"], serde_json::json!(["site"]));
        }
    }
}

#[test]
fn those_who_die_of_something_else_are_not_counted_as_censored() {
    let (data, own) = (DataSet::of("mgus2", None), reference::json("own/survival.json"));
    let outcome = data.answer("cumulative_incidence", &format!("{MGUS2}report_at = [240]"), 3);
    let right = group(&outcome, "all")["causes"]["1"]["at"][0]["incidence"].as_f64().unwrap();
    let wrong = own["mgus2"]["wrong_at_240"].as_f64().unwrap();
    assert!((right - 0.0998).abs() < 5e-5, "{right}");
    assert!((wrong - 0.2096).abs() < 5e-5, "{wrong}");
}

#[test]
fn causes_and_survival_without_any_add_up_to_one() {
    let outcome =
        DataSet::of("mgus2", None).answer("cumulative_incidence", &format!("{MGUS2}report_at = [120]"), 1);
    let causes = &group(&outcome, "all")["causes"];
    assert_eq!(causes.as_object().unwrap().len(), 2);
    let incidence = |cause: &str| causes[cause]["at"][0]["incidence"].as_f64().unwrap();
    // R 4.2.2: summary(survfit(Surv(etime, cause > 0) ~ 1, mgus2), times = 120)$surv
    let free = reference::json("own/survival.json")["mgus2"]["free_at_120"].as_f64().unwrap();
    assert!((incidence("1") + incidence("2") + free - 1.0).abs() < 1e-12);
}

const SECTION: &str = "time = \"days\"\nevent = \"cause\"\nby = \"stage\"\nevery = 1\nuntil = 100\nreport_at = [50]\n\
                       tests = [\"gray\"]\n";

fn answered(times: &[&str], causes: &[&str], stages: &[&str]) -> Outcome {
    answer("cumulative_incidence", SECTION, &frame(&[("days", times), ("cause", causes), ("stage", stages)]))
}

fn reason(outcome: &Outcome, cause: &str) -> String {
    outcome.result["tests"]["gray"][cause]["reason"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn data_that_say_little_have_an_outcome_in_words() {
    assert_eq!(answered(&[], &[], &[]).status, Status::Refused);
    let censored = answered(&["60", "70"], &["0", "0"], &["I", "II"]);
    let at = &group(&censored, "all")["causes"]["1"]["at"][0];
    assert_eq!((&at["incidence"], &at["se"], &at["lower"]), (&0.0.into(), &0.0.into(), &Value::Null));
    assert!(reason(&censored, "1").contains("nobody had the event"));
    let one_day = answered(&["7"; 4], &["1", "2", "1", "2"], &["I", "I", "II", "II"]);
    assert_eq!(group(&one_day, "all")["causes"]["1"]["at"][0]["incidence"], 0.5);
    let one = answered(&["9"], &["2"], &["III"]);
    assert_eq!(group(&one, "III")["causes"]["2"]["at"][0]["incidence"], 1.0);
    assert!(reason(&one, "2").contains("fewer than two groups"));
    let never_together = answered(&["1", "2", "20", "30"], &["0", "0", "1", "1"], &["I", "I", "II", "II"]);
    assert!(!reason(&never_together, "1").is_empty());
    assert_eq!(group(&never_together, "I")["causes"]["1"]["at"][0]["incidence"], Value::Null);
    let beyond = answered(&["40", "3000"], &["1", "1"], &["I", "I"]);
    assert_eq!(group(&beyond, "all")["causes"]["1"]["events"], 1);
}

#[test]
fn a_withheld_number_withholds_its_group_and_leaves_the_others() {
    let rows = frame(&[
        ("days", ["10", "20", "60", "10", "20", "60"].as_slice()),
        ("cause", ["1", "2", "1", "1", "2", "0"].as_slice()),
        ("stage", ["I", "I", "I", "II", "II", "II"].as_slice()),
    ]);
    let outcome = answer_without("cumulative_incidence", SECTION, &rows, &["days until cause 2: I, 20"]);
    assert_eq!(outcome.status, Status::PartlySuppressed);
    assert_eq!(group(&outcome, "all")["n"], Value::Null);
    assert_eq!(group(&outcome, "I")["causes"]["1"]["at"][0]["incidence"], Value::Null);
    assert_close(
        &group(&outcome, "II")["causes"]["1"]["at"][0]["incidence"],
        &(1.0 / 3.0).into(),
        "the other",
    );
    assert!(reason(&outcome, "1").contains("withheld"));
}

#[test]
fn a_section_that_makes_no_sense_is_refused_in_words() {
    let refused = |event: &str, more: &str| {
        let section = format!("time = \"days\"\nevent = \"{event}\"\nevery = 30\nuntil = 360\n{more}");
        refusal("cumulative_incidence", &section)
    };
    assert!(refused("rx", "").contains("no causes"));
    assert!(refused("age", "").contains("not a factor"));
    assert!(refused("cause", "tests = [\"gray\"]").contains("`by`"));
    assert!(refused("cause", "report_at = [31]").contains("30 and 60"));
}
