//! What a later release wrote: studies it can run, entries of ledgers it added.

use std::fs;

use notochord_ledger::Ledger;
use notochord_node::home::Home;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::SecretKey;
use notochord_proto::root::STUDY_TYPE;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::stage::{C, STUDY, Stage, text};

fn key(stage: &Stage, name: &str) -> SecretKey {
    SecretKey::from_file_text(&fs::read_to_string(stage.network.key(name)).unwrap()).unwrap()
}

/// A study of a kind that no release has yet, approved, as a coordinator of a later release holds it.
fn study_of_a_later_release(stage: &Stage) -> Envelope {
    let text =
        STUDY.replace("id = \"ages\"", "id = \"later\"").replace("kind = \"table\"", "kind = \"later_kind\"");
    let mut sealed = Envelope::seal(STUDY_TYPE, text.into_bytes(), &key(stage, "investigator"));
    sealed.sign(&key(stage, "approver-1"));
    sealed
}

#[test]
fn a_study_of_a_later_release_waits_at_the_node_which_says_what_it_lacks() {
    let mut stage = Stage::set();
    let sealed = study_of_a_later_release(&stage);
    stage.network.kill_coordinator().unwrap();
    fs::create_dir_all(stage.network.coordinator_home().join("studies")).unwrap();
    let file = format!("studies/{}.json", sealed.payload_digest().hex());
    fs::write(stage.network.coordinator_home().join(file), sealed.to_json()).unwrap();
    stage.network.start_coordinator().unwrap();
    stage.network.wait_for_study(C, "later").unwrap();

    let offered = format!("this node, {}, offers `agreement` 1", env!("CARGO_PKG_VERSION"));
    let needed = format!("needs `later_kind`; {offered}");
    for arguments in [&["study", "list"][..], &["study", "show", "later"], &["status"], &["status", "--json"]]
    {
        let said = stage.node(C, arguments);
        assert!(said.status.success() && text(&said).contains(&needed), "{arguments:?}: {}", text(&said));
    }
    let listed = stage.node(C, &["study", "list", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert!(listed[0]["lacks"].as_str().unwrap().starts_with(&needed), "{listed}");
    let accepted = stage.node(C, &["study", "accept", "later"]);
    assert_eq!(accepted.status.code(), Some(3));
    assert!(text(&accepted).contains(&needed), "{}", text(&accepted));
    assert!(stage.network.node_log(C).contains("needs `later_kind`"), "{}", stage.network.node_log(C));
    assert_eq!(stage.entries(C, "study_turned_away"), 0);
    assert_eq!(stage.entries(C, "study_received"), 1);
    assert!(stage.lacks("C").iter().any(|lack| lack.starts_with("`later@1` needs `later_kind`")));
}

#[test]
fn entries_that_a_later_release_wrote_are_kept_shown_and_verified() {
    let mut stage = Stage::with_a_study();
    stage.end_node(C);
    let home = Home::open(stage.home(C)).unwrap();
    let mut ledger: Ledger<_> = home.ledger().unwrap();
    ledger
        .append(OffsetDateTime::now_utc(), "weather_observed", &json!({ "sky": "clear", "round": 7 }))
        .unwrap();
    drop(ledger);
    assert!(stage.node(C, &["ledger", "verify"]).status.success());
    assert_eq!(stage.entries(C, "weather_observed"), 1);
    stage.network.start_node(C).unwrap();
    stage.network.wait_for_sites(3).unwrap();
    assert_eq!(stage.run().0, ["contributed"; 3]);
}
