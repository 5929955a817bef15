//! Studies that are withdrawn, rejected, decided on by some only, and accepted by a standing rule.

use std::time::Duration;

use notochord_sandbox::network::NetworkError;
use notochord_sandbox::process::wait_for;
use serde_json::Value;

use crate::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(60);

fn accepted() -> Stage {
    let mut stage = Stage::set();
    stage.add_sites(3);
    stage.network.submit(&stage.study("minimum = 3", "minimum = 3"), 2).unwrap();
    stage.network.accept_everywhere("ages").unwrap();
    stage
}

fn key(stage: &Stage, name: &str) -> String {
    stage.network.key(name).display().to_string()
}

/// Waits until every centre has written down that the study is withdrawn.
fn wait_until_stopped_everywhere(stage: &Stage) {
    for node in stage.network.nodes() {
        let written = || {
            let shown = stage.network.node_command(&node.home, ["ledger", "show", "--json"]).ok()?;
            String::from_utf8(shown.stdout).ok()?.contains("study_withdrawn").then_some(())
        };
        wait_for(PATIENCE, written).unwrap_or_else(|| panic!("{} has not heard of it", node.label));
    }
}

fn assert_does_not_run(stage: &Stage, by: &str) {
    let ran = stage.network.run("ages", stage.directory.path(), &[]);
    let Err(NetworkError::Command { code: 3, message }) = ran else { panic!("it ran") };
    assert!(message.contains(&format!("{by} withdrew the study")), "{message}");
}

#[test]
fn a_study_withdrawn_by_its_investigator_stops_everywhere_and_cannot_be_handed_in_again() {
    let stage = accepted();
    let key = key(&stage, "investigator");
    let reason = "an error in the cohort";
    let arguments = ["study", "withdraw", "ages", "--key", &key, "--reason", reason];
    stage.network.coordinator_command(arguments).unwrap();
    assert_does_not_run(&stage, "investigator");
    wait_until_stopped_everywhere(&stage);
    let again = stage.network.submit(&stage.study("minimum = 3", "minimum = 3"), 2);
    assert!(again.unwrap_err().to_string().contains("investigator withdrew the study"));
    let listed = stage.network.coordinator_command(["study", "list", "--json"]).unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let statement = &listed[0]["statements"][0];
    assert_eq!((&statement["says"], &statement["reason"]), (&"withdraw".into(), &reason.into()));
}

#[test]
fn a_study_withdrawn_by_one_centre_stops_at_all_of_them() {
    let stage = accepted();
    let home = &stage.network.nodes()[1].home;
    stage.network.node_command(home, ["study", "withdraw", "ages", "--reason", "consent"]).unwrap();
    wait_until_stopped_everywhere(&stage);
    assert_does_not_run(&stage, "Centre 2");
}

#[test]
fn a_stranger_cannot_withdraw_and_rejections_and_recusals_are_recorded() {
    let mut stage = Stage::set();
    stage.add_sites(3);
    let study = stage.study("minimum = 3", "minimum = 3");
    stage.network.submit(&study, 0).unwrap();
    let stranger = key(&stage, "stranger");
    stage.network.coordinator_command(["key", "new", &stranger]).unwrap();
    let refused =
        stage.network.coordinator_command(["study", "withdraw", "ages", "--key", &stranger]).unwrap_err();
    assert!(refused.to_string().contains("sealed by nobody who may withdraw"), "{refused}");
    let (first, second) = (key(&stage, "approver-1"), key(&stage, "approver-2"));
    stage
        .network
        .coordinator_command(["study", "reject", "ages", "--key", &first, "--reason", "too broad"])
        .unwrap();
    stage.network.coordinator_command(["study", "recuse", "ages", "--key", &second]).unwrap();
    let listed = stage.network.coordinator_command(["study", "list"]).unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("reject: approver-1") && listed.contains("recuse: approver-2"), "{listed}");
    // Whoever takes no part does not approve either.
    let endorsed = stage.network.submit(&study, 2).unwrap_err().to_string();
    assert!(endorsed.contains("approver-2 takes no part in deciding"), "{endorsed}");
}

#[test]
fn a_standing_rule_accepts_the_studies_of_its_class_and_no_others() {
    let mut stage = Stage::set();
    stage.add_sites(3);
    for node in stage.network.nodes() {
        let rule = [
            "rule",
            "add",
            "ages",
            "--profile",
            "standard",
            "--kind",
            "describe",
            "--data-use",
            "DUO:0000006",
            "--until",
            "2090-12-31",
        ];
        stage.network.node_command(&node.home, rule).unwrap();
    }
    let study = stage.study("minimum = 3", "minimum = 3");
    stage.network.submit(&study, 2).unwrap();
    let decision = |index: usize, id: &str| {
        let home = &stage.network.nodes()[index].home;
        let printed = stage.network.node_command(home, ["study", "list", "--json"]).ok()?;
        let studies: Vec<Value> = serde_json::from_slice(&printed.stdout).ok()?;
        let found = studies.iter().find(|one| one["id"] == id)?;
        Some(found["decision"].as_str()?.to_owned())
    };
    for index in 0..3 {
        wait_for(PATIENCE, || decision(index, "ages").filter(|word| word == "accepted")).unwrap();
    }
    stage.network.run("ages", &stage.directory.path().join("results"), &[]).unwrap();

    let home = &stage.network.nodes()[0].home;
    stage.network.node_command(home, ["rule", "end", "ages"]).unwrap();
    let other = stage.directory.path().join("other.toml");
    let text = std::fs::read_to_string(&study).unwrap().replace("id = \"ages\"", "id = \"others\"");
    std::fs::write(&other, text).unwrap();
    stage.network.submit(&other, 2).unwrap();
    for (index, expected) in [(0, "waiting"), (1, "accepted")] {
        wait_for(PATIENCE, || decision(index, "others").filter(|word| word == expected)).unwrap();
    }
}
