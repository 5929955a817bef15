#![allow(clippy::unwrap_used, clippy::panic)]

use crate::fixture::published::{Published, answers};
use crate::fixture::reference::compare;
use crate::fixture::refusal;
use crate::{Outcome, Status};

fn over(nodes: usize, section: &str) -> Outcome {
    Published::read("own/prediction", "site").answer_over("reclassification", section, nodes)
}

#[test]
fn net_reclassification_and_discrimination_are_those_of_r() {
    let section =
        "outcome = \"died\"\nbefore = \"risk_before\"\nafter = \"risk_after\"\ncut_points = [0.15, 0.3, 0.5]";
    for nodes in [1, 3, 10] {
        let outcome = over(nodes, section);
        assert_eq!(outcome.status, Status::Released, "{:?}", outcome.reason);
        compare(&outcome.result, &answers("own/prediction.json")["reclassification"], "reclassification");
    }
}

#[test]
fn without_cut_points_there_is_no_index_of_categories() {
    let outcome = over(3, "outcome = \"died\"\nbefore = \"risk_before\"\nafter = \"risk_after\"");
    assert!(outcome.result["nri"].is_null());
    assert!(outcome.result["continuous_nri"]["estimate"].is_number());
}

#[test]
fn what_is_no_probability_is_said_with_its_key() {
    let refused = |section: &str| refusal("reclassification", &format!("outcome = \"relapsed\"\n{section}"));
    assert!(refused("before = \"age\"\nafter = \"risk\"").contains("no probability"));
    assert!(refused("before = \"risk\"\nafter = \"fit(model)\"").contains("predictions of another analysis"));
    assert!(refused("before = \"risk\"\nafter = \"risk\"").contains("same variable"));
}
