#![allow(clippy::unwrap_used, clippy::panic)]

use crate::fixture::published::{Published, answers};
use crate::fixture::reference::compare;
use crate::fixture::{answer, answer_without, frame, refusal};
use crate::{Cell, Status};

#[test]
fn who_improves_and_the_exact_interval_are_those_of_r() {
    let data = Published::read("own/prediction", "site");
    let section = "from = \"ecog_first\"\nto = \"ecog_last\"\nby = \"sex\"\nbetter = \"lower\"";
    for nodes in [1, 3, 10] {
        let outcome = data.answer_over("transition", section, nodes);
        assert_eq!(outcome.status, Status::Released);
        compare(&outcome.result, &answers("own/prediction.json")["transition"], "transition");
        assert_eq!(outcome.result["groups"][0]["missing"], 2);
    }
}

#[test]
fn the_later_level_is_the_better_one_unless_the_study_says_otherwise() {
    let rows = frame(&[("rx", &["1", "1", "2"]), ("resid_ds", &["2", "2", "2"])]);
    let section = "from = \"rx\"\nto = \"resid_ds\"";
    assert_eq!(answer("transition", section, &rows).result["groups"][0]["improved"]["count"], 2);
    let section = format!("{section}\nbetter = \"lower\"");
    assert_eq!(answer("transition", &section, &rows).result["groups"][0]["improved"]["count"], 0);
}

#[test]
fn a_withheld_count_hides_what_is_added_from_it_and_nothing_else() {
    let rows = frame(&[("rx", &["1", "1", "2"]), ("resid_ds", &["2", "2", "2"])]);
    let section = "from = \"rx\"\nto = \"resid_ds\"";
    let outcome = answer_without("transition", section, &rows, &["rx to resid_ds: 2, 1"]);
    let group = &outcome.result["groups"][0];
    assert_eq!(outcome.status, Status::PartlySuppressed);
    assert!(group["n"].is_null() && group["worse"]["count"].is_null());
    assert_eq!(group["improved"]["count"], 2);
    assert!(outcome.tidy.rows.iter().any(|row| row[2] == Cell::Withheld));
}

#[test]
fn nobody_with_both_levels_is_refused() {
    let rows = frame(&[("rx", &["1", ""]), ("resid_ds", &["", "2"])]);
    let outcome = answer("transition", "from = \"rx\"\nto = \"resid_ds\"", &rows);
    assert_eq!(
        (outcome.status, outcome.reason.as_deref()),
        (Status::Refused, Some("no row has both levels"))
    );
    assert!(refusal("transition", "from = \"rx\"\nto = \"stage\"").contains("different levels"));
    assert!(refusal("transition", "from = \"rx\"\nto = \"rx\"").contains("same variable"));
    assert!(refusal("transition", "from = \"rx\"\nto = \"resid_ds\"\nbetter = \"up\"").contains("higher"));
}
