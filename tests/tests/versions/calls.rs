//! Calls that a node does not know: recognised and said, never a hang or a broken answer.

use crate::other_release::{OtherRelease, ours};
use crate::stage::{C, Stage};

/// How C takes part while its node does not know these calls.
fn without(calls: &'static [&'static str]) -> (Vec<String>, String, Stage) {
    let mut stage = Stage::with_a_study();
    stage.end_node(C);
    let node = OtherRelease::of(&stage, ours(), calls);
    let (statuses, detail) = stage.run();
    drop(node);
    (statuses, detail, stage)
}

#[test]
fn a_node_that_cannot_say_what_it_can_do_is_lacking() {
    let (statuses, detail, _stage) = without(&["Capabilities"]);
    assert_eq!(statuses, ["contributed", "contributed", "lacking"]);
    assert_eq!(detail, "needs the call `Capabilities`, which this node does not know; update the node");
}

#[test]
fn a_node_that_knows_no_studies_is_lacking() {
    let (statuses, detail, _stage) = without(&["Announce"]);
    assert_eq!(statuses, ["contributed", "contributed", "lacking"]);
    assert_eq!(detail, "needs the call `Announce`, which this node does not know; update the node");
}

#[test]
fn a_node_that_knows_no_rounds_is_lacking_and_gave_no_broken_answer() {
    let (statuses, _, stage) = without(&["Contribute"]);
    assert_eq!(statuses, ["contributed", "contributed", "lacking"]);
    let log = stage.network.coordinator_log();
    assert!(log.contains("needs the call `Contribute`, which this node does not know"), "{log}");
}

#[test]
fn a_node_without_news_renewal_and_witnesses_answers_all_the_same() {
    let calls = &[
        "Trust",
        "RequestCertificate",
        "InstallCertificate",
        "Health",
        "Testify",
        "Recall",
        "Cosign",
        "Remind",
        "Farewell",
        "Deliver",
    ];
    let (statuses, _, _stage) = without(calls);
    assert_eq!(statuses, ["contributed"; 3]);
}
