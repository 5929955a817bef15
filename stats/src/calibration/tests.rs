#![allow(clippy::unwrap_used, clippy::panic)]

use crate::fixture::published::{Published, answers};
use crate::fixture::reference::compare;
use crate::fixture::statistic;
use crate::fixture::{answer, frame, refusal};
use crate::{Outcome, Question, Status, Totals, Turn};

#[test]
fn intercept_slope_groups_brier_and_decision_curve_are_those_of_r() {
    let data = Published::read("own/prediction", "site");
    let section = "outcome = \"died\"\npredicted = \"risk_after\"\ndecision_curve = [0.1, 0.2, 0.35]";
    for nodes in [1, 3, 10] {
        let outcome = data.answer_over("calibration", section, nodes);
        assert_eq!(outcome.status, Status::Released, "{:?}", outcome.reason);
        compare(&outcome.result, &answers("own/prediction.json")["calibration"], "calibration");
    }
}

fn of(outcome: &[&str], risk: &[&str]) -> Outcome {
    let section = "outcome = \"relapsed\"\npredicted = \"risk\"\ngroups = 2";
    answer("calibration", section, &frame(&[("relapsed", outcome), ("risk", risk)]))
}

#[test]
fn predictions_that_have_no_line_keep_their_brier_score_and_a_reason() {
    let certain = of(&["1", "0", "1"], &["1", "0.25", "0.5"]);
    assert_eq!(certain.result["brier"], 0.3125 / 3.0);
    assert!(certain.result["reason"].as_str().unwrap().contains("exactly 0 or 1"));
    let constant = of(&["1", "0", "1"], &["0.5", "0.5", "0.5"]);
    assert!(constant.result["reason"].as_str().unwrap().contains("same"));
    assert!(constant.result["slope"].is_null());
    assert!((constant.result["in_the_large"]["estimate"].as_f64().unwrap() - 2_f64.ln()).abs() < 1e-12);
    let separated = of(&["0", "0", "1", "1"], &["0.1", "0.2", "0.8", "0.9"]);
    assert!(separated.result["slope"].is_null() && separated.result["reason"].is_string());
    let one_class = of(&["1", "1"], &["0.1", "0.2"]);
    assert!(one_class.result["reason"].as_str().unwrap().contains("same in every row"));
    assert_eq!(of(&["", "1"], &["0.1", ""]).status, Status::Refused);
}

#[test]
fn what_cannot_be_asked_is_said_with_its_key() {
    let refused = |section: &str| refusal("calibration", &format!("outcome = \"relapsed\"\n{section}"));
    assert!(refused("predicted = \"fit(model)\"").contains("predictions of another analysis"));
    assert!(refused("predicted = \"age\"").contains("no probability"));
    assert!(refused("predicted = \"risk\"\ngroups = 1").contains("between 2 and"));
    assert!(refused("predicted = \"risk\"\ndecision_curve = [1.5]").contains("between 0 and 1"));
}

#[test]
fn a_calibration_takes_two_rounds_and_at_most_six_of_newton() {
    let rows = frame(&[
        ("relapsed", &["0", "1", "0", "0", "1", "0", "1", "1", "1", "0"]),
        ("risk", &["0.02", "0.05", "0.1", "0.2", "0.3", "0.4", "0.45", "0.7", "0.9", "0.97"]),
    ]);
    let statistic = statistic("calibration", "outcome = \"relapsed\"\npredicted = \"risk\"").unwrap();
    let mut question = Question::first();
    let outcome = loop {
        let totals = Totals::from(statistic.contribute(&rows, &question).unwrap());
        match statistic.advance(&question, &totals).unwrap() {
            Turn::Ask(next) => question = next,
            Turn::Answer(outcome) => break outcome,
        }
    };
    assert!(outcome.result["slope"]["estimate"].is_number(), "{}", outcome.result);
    assert!(question.iteration() < 8, "{}", question.iteration());
}
