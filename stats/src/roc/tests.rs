#![allow(clippy::unwrap_used, clippy::panic)]

use crate::fixture::published::{Published, answers};
use crate::fixture::reference::compare;
use crate::fixture::{answer, answer_over, answer_without, frame, refusal, statistic};
use crate::{Outcome, Status, Totals, Turn};

fn agrees(entry: &str, section: &str) {
    let data = Published::read("own/prediction", "site");
    for nodes in [1, 3, 10] {
        let outcome = data.answer_over("roc", section, nodes);
        assert_eq!(outcome.status, Status::Released, "{entry}: {:?}", outcome.reason);
        compare(&outcome.result, &answers("own/prediction.json")[entry], entry);
    }
}

#[test]
fn an_area_its_interval_and_a_threshold_are_those_of_r() {
    agrees("roc_one", "outcome = \"died\"\nscores = \"marker_a\"\nthreshold = 10");
}

#[test]
fn two_scores_are_compared_as_r_compares_them() {
    agrees("roc_two", "outcome = \"died\"\nscores = [\"marker_a\", \"marker_b\"]");
}

fn of_relapse(outcome: &[&str], score: &[&str]) -> Outcome {
    let section = "outcome = \"relapsed\"\nscores = \"days\"\nthreshold = 3";
    answer("roc", section, &frame(&[("relapsed", outcome), ("days", score)]))
}

#[test]
fn one_class_alone_is_refused_in_words() {
    let outcome = of_relapse(&["1", "1"], &["1", "2"]);
    assert_eq!(outcome.status, Status::Refused);
    assert!(outcome.reason.unwrap().contains("needs both outcomes"));
    assert!(of_relapse(&["1", ""], &["", "2"]).reason.unwrap().contains("no row"));
}

#[test]
fn scores_that_are_all_tied_have_an_area_of_a_half_and_no_number_that_is_none() {
    let outcome = of_relapse(&["1", "0", "0", "1"], &["4", "4", "4", "4"]);
    assert_eq!(outcome.result["scores"][0]["auc"], 0.5);
    assert!(outcome.result["scores"][0]["p"].is_null());
    let perfect = of_relapse(&["1", "0", "0", "1"], &["4", "1", "2", "5"]);
    assert_eq!(perfect.result["scores"][0]["lower"], 1.0);
    let single = of_relapse(&["1", "0", "0"], &["4", "1", "2"]);
    assert!(single.result["scores"][0]["se"].is_null());
}

#[test]
fn withheld_cells_hide_the_area_and_not_what_is_counted_at_the_threshold() {
    let rows = frame(&[("relapsed", &["1", "0", "0", "1"]), ("days", &["4", "1", "2", "5"])]);
    let section = "outcome = \"relapsed\"\nscores = \"days\"\nthreshold = 3";
    let outcome = answer_without("roc", section, &rows, &["days from: 1, 4"]);
    let score = &outcome.result["scores"][0];
    assert_eq!(outcome.status, Status::PartlySuppressed);
    assert!(score["auc"].is_null() && score["curve"].is_null());
    assert_eq!(score["at"]["true_positives"], 2);
}

#[test]
fn a_second_round_of_other_rows_is_refused() {
    let section = "outcome = \"relapsed\"\nscores = [\"days\", \"before\"]";
    let statistic = statistic("roc", section).unwrap();
    let rows = frame(&[("relapsed", &["1", "0"]), ("days", &["4", "1"]), ("before", &["3", "9"])]);
    assert_eq!(answer_over(statistic.as_ref(), &[&rows]).status, Status::Released);
    let first = crate::Question::first();
    let totals = Totals::from(statistic.contribute(&rows, &first).unwrap());
    let Turn::Ask(second) = statistic.advance(&first, &totals).unwrap() else { panic!("it did not ask") };
    let other = Totals::new(vec![Some(2), Some(1), Some(0), Some(0)]);
    let Turn::Answer(outcome) = statistic.advance(&second, &other).unwrap() else { panic!("it asked") };
    assert!(outcome.reason.unwrap().contains("not those of the first round"));
}

#[test]
fn what_cannot_be_asked_is_said_with_its_key() {
    let refused = |section: &str| refusal("roc", &format!("outcome = \"relapsed\"\n{section}"));
    assert!(refused("scores = \"fit(model)\"").contains("predictions of another analysis"));
    assert!(refused("scores = [\"days\", \"days\"]").contains("twice"));
    assert!(refused("scores = \"days\"\nthreshold = [1, 2]").contains("one number for each"));
    assert!(refused("scores = \"stage\"").contains("factor"));
    assert!(refusal("roc", "outcome = \"stage\"\nscores = \"days\"").contains("not yes or no"));
}
