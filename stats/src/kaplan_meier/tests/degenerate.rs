//! Data that say little about survival.

use serde_json::Value;

use super::group;
use crate::fixture::{answer, frame, statistic};
use crate::{Frame, Outcome, Status};

const SECTION: &str = "time = \"days\"\nevent = \"died\"\nby = \"stage\"\nevery = 1\nuntil = 100\nreport_at = [50]\nrmst = 50\n\
                       tests = [\"logrank\", \"peto\"]\nstrata = [\"site\"]\n";

fn rows(times: &[&str], died: &[&str], stages: &[&str]) -> Frame {
    let sites = vec!["A"; times.len()];
    frame(&[("days", times), ("died", died), ("stage", stages), ("site", &sites)])
}

/// The answer, no number of which may be infinite or not a number.
fn answered(times: &[&str], died: &[&str], stages: &[&str]) -> Outcome {
    answer("kaplan_meier", SECTION, &rows(times, died, stages))
}

fn reason(outcome: &Outcome, test: &str) -> String {
    outcome.result["tests"][test]["reason"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn nobody_is_refused_and_so_is_everybody_incomplete() {
    let nobody = answered(&[], &[], &[]);
    assert_eq!((nobody.status, nobody.result), (Status::Refused, Value::Null));
    let incomplete = answered(&["", "5", "5"], &["1", "", "1"], &["I", "I", ""]);
    assert_eq!(incomplete.status, Status::Refused);
}

#[test]
fn without_an_event_survival_stays_at_one_and_nothing_is_tested() {
    let outcome = answered(&["60", "70", "80"], &["0", "0", "0"], &["I", "II", "II"]);
    let all = group(&outcome, "_all");
    let at = &all["at"][0];
    assert_eq!((&at["survival"], &at["se"], &at["lower"]), (&1.0.into(), &0.0.into(), &1.0.into()));
    assert_eq!((&all["median"]["estimate"], &all["rmst"]["estimate"]), (&Value::Null, &50.0.into()));
    assert!(reason(&outcome, "logrank").contains("nobody had the event"));
    assert!(reason(&outcome, "peto_stratified").contains("nobody had the event"));
}

#[test]
fn when_all_die_on_one_day_the_median_is_that_day_and_the_test_says_why_it_is_none() {
    let outcome = answered(&["7", "7", "7", "7"], &["1", "1", "1", "1"], &["I", "I", "II", "II"]);
    let all = group(&outcome, "_all");
    assert_eq!(all["median"]["estimate"], 7.0);
    assert_eq!((&all["at"][0]["survival"], &all["at"][0]["lower"]), (&0.0.into(), &Value::Null));
    assert_eq!((&all["rmst"]["estimate"], &all["rmst"]["se"]), (&7.0.into(), &0.0.into()));
    assert!(reason(&outcome, "logrank").contains("never under observation together"));
}

#[test]
fn one_patient_is_one_step() {
    let outcome = answered(&["9"], &["1"], &["III"]);
    let three = group(&outcome, "III");
    assert_eq!((&three["n"], &three["median"]["estimate"]), (&1.into(), &9.0.into()));
    assert!(reason(&outcome, "logrank").contains("fewer than two groups"));
    let empty = group(&outcome, "I");
    assert_eq!((&empty["n"], &empty["at"][0]["survival"]), (&0.into(), &Value::Null));
    assert_eq!(outcome.result["rmst_differences"], Value::Null);
}

#[test]
fn all_censored_before_the_first_event_are_never_compared() {
    let outcome = answered(&["1", "2", "20", "30"], &["0", "0", "1", "1"], &["I", "I", "II", "II"]);
    assert!(reason(&outcome, "logrank").contains("never under observation together"));
    let one = group(&outcome, "I");
    assert_eq!((&one["at"][0]["survival"], &one["rmst"]["estimate"]), (&Value::Null, &Value::Null));
}

#[test]
fn the_censored_of_a_day_are_at_risk_of_its_deaths() {
    // R 4.2.2: survfit(Surv(c(5, 5, 5, 5), c(1, 0, 0, 1)) ~ 1)$surv is 0.5.
    let outcome = answered(&["5", "5", "5", "5"], &["1", "0", "0", "1"], &["I", "I", "II", "II"]);
    let curve = group(&outcome, "_all")["curve"].as_array().unwrap().clone();
    let last = curve.last().unwrap();
    assert_eq!((&last["at_risk"], &last["events"], &last["survival"]), (&4.into(), &2.into(), &0.5.into()));
    assert_eq!(group(&outcome, "_all")["median"]["estimate"], 5.0);
}

#[test]
fn where_survival_stays_at_a_half_the_median_is_the_middle_of_that_stretch() {
    let median = |times: &[&str], died: &[&str]| {
        let outcome = answered(times, died, &["I"; 4]);
        group(&outcome, "_all")["median"]["estimate"].clone()
    };
    // R 4.2.2: quantile(survfit(Surv(c(5, 5, 60, 70), c(1, 1, 0, 0)) ~ 1), 0.5) is 37.5, and with a death at 60 it is 32.5.
    assert_eq!(median(&["5", "5", "60", "70"], &["1", "1", "0", "0"]), 37.5);
    assert_eq!(median(&["5", "5", "60", "70"], &["1", "1", "1", "0"]), 32.5);
}

#[test]
fn who_is_under_observation_beyond_the_end_is_censored_there() {
    let outcome = answered(&["40", "3000", "100", "101"], &["1", "1", "1", "1"], &["I", "I", "I", "I"]);
    let all = group(&outcome, "_all");
    let last = all["curve"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["time"], &last["events"], &last["censored"]), (&100.0.into(), &1.into(), &2.into()));
    assert_eq!((&all["n"], &all["events"]), (&4.into(), &2.into()));
}

#[test]
fn a_site_without_an_event_or_a_row_changes_nothing() {
    let statistic = statistic("kaplan_meier", SECTION).unwrap();
    let whole = rows(&["3", "5", "8", "60"], &["1", "1", "0", "0"], &["I", "II", "I", "II"]);
    let (with, without) = (whole.part(&[0, 1]), whole.part(&[2, 3]));
    let nobody = whole.part(&[]);
    let over = |parts: &[&Frame]| crate::fixture::answer_over(statistic.as_ref(), parts);
    assert_eq!(over(&[&with, &nobody, &without]), over(&[&whole]));
}
