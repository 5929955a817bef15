#![allow(clippy::unwrap_used, clippy::panic)]

use crate::fixture::published::{Published, answers};
use crate::fixture::reference::compare;
use crate::fixture::{answer, frame, refusal};
use crate::{Outcome, Status};

fn agrees(entry: &str, section: &str) {
    let data = Published::read("own/prediction", "site");
    for nodes in [1, 3, 10] {
        let outcome = data.answer_over("agreement", section, nodes);
        assert_eq!(outcome.status, Status::Released, "{entry}: {:?}", outcome.reason);
        compare(&outcome.result, &answers("own/prediction.json")[entry], entry);
    }
}

#[test]
fn kappa_of_two_raters_is_that_of_r_with_a_category_never_used() {
    agrees("cohen", "measure = \"cohen\"\nratings = [\"rater_1\", \"rater_2\"]");
    agrees("weighted", "measure = \"weighted\"\nratings = [\"rater_1\", \"rater_2\"]");
}

#[test]
fn fleiss_kappa_is_that_of_r() {
    agrees("fleiss", "measure = \"fleiss\"\nratings = [\"rater_1\", \"rater_2\", \"rater_3\"]");
}

#[test]
fn intraclass_correlation_is_that_of_r() {
    agrees("icc", "measure = \"icc\"\nratings = [\"reading_1\", \"reading_2\", \"reading_3\"]");
}

#[test]
fn ratings_spread_over_sites_are_added_for_each_subject_first() {
    let rows = "subject = \"film\"\nrater = \"reader\"\nrating = \"grade\"\n";
    agrees("weighted_long", &format!("{rows}measure = \"weighted\"\nraters = [\"A\", \"B\"]"));
    agrees("fleiss_long", &format!("{rows}measure = \"fleiss\""));
    agrees("icc_long", &format!("{rows}measure = \"icc\"\nraters = [\"A\", \"B\", \"C\"]"));
}

fn of_pairs(measure: &str, first: &[&str], second: &[&str]) -> Outcome {
    let section = format!("measure = \"{measure}\"\nratings = [\"before\", \"after\"]");
    answer("agreement", &section, &frame(&[("before", first), ("after", second)]))
}

#[test]
fn ratings_that_say_nothing_are_refused_in_words() {
    let kappa = "measure = \"cohen\"\nratings = [\"rx\", \"resid_ds\"]";
    let same = answer("agreement", kappa, &frame(&[("rx", &["1", "1"]), ("resid_ds", &["1", "1"])]));
    assert!(same.reason.unwrap().contains("same category"));
    let nobody = answer("agreement", kappa, &frame(&[("rx", &["1", ""]), ("resid_ds", &["", "1"])]));
    assert_eq!(
        (nobody.status, nobody.reason.unwrap().as_str()),
        (Status::Refused, "no subject was rated by every rater")
    );
    assert!(of_pairs("icc", &["7", "7"], &["7", "7"]).reason.unwrap().contains("the same"));
    assert!(of_pairs("icc", &["7"], &["8"]).reason.unwrap().contains("two subjects"));
}

#[test]
fn raters_who_always_agree_have_an_estimate_of_one_and_no_number_that_is_none() {
    let perfect = of_pairs("icc", &["7", "90", "12"], &["7", "90", "12"]);
    assert_eq!(perfect.result["coefficients"][1]["estimate"], 1.0);
    assert!(perfect.result["coefficients"][1]["p"].is_null());
    let kappa = "measure = \"cohen\"\nratings = [\"rx\", \"resid_ds\"]";
    let perfect = answer("agreement", kappa, &frame(&[("rx", &["1", "2"]), ("resid_ds", &["1", "2"])]));
    assert_eq!(perfect.result["coefficients"][0]["estimate"], 1.0);
}

#[test]
fn what_cannot_be_asked_is_said_with_its_key() {
    let refused = |section: &str| refusal("agreement", section);
    assert!(refused("measure = \"cohen\"").contains("`subject`, `rater` and `rating`"));
    assert!(refused("measure = \"cohen\"\nratings = [\"rx\"]").contains("between 2 and"));
    assert!(refused("measure = \"cohen\"\nratings = [\"rx\", \"stage\"]").contains("different levels"));
    assert!(refused("measure = \"icc\"\nratings = [\"before\", \"days\"]").contains("different bounds"));
    assert!(
        refused("measure = \"icc\"\nsubject = \"rx\"\nrater = \"site\"\nrating = \"stage\"")
            .contains("factor")
    );
    assert!(
        refused("measure = \"cohen\"\nsubject = \"rx\"\nrater = \"site\"\nrating = \"stage\"")
            .contains("not 3")
    );
}
