//! What happens to a study of several rounds when sites come and go between them.

use std::fs;
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::stage::{PATIENCE, Stage, signal};

fn result(stage: &Stage) -> Value {
    let result = fs::read(stage.directory.path().join("results/result.json")).unwrap();
    serde_json::from_slice(&result).unwrap()
}

#[test]
fn a_node_killed_between_two_rounds_goes_on_with_the_next() {
    let mut stage = Stage::iterative(3, 30);
    let (done, ended) = mpsc::channel();
    let run = stage.run_in_background("60s", done);
    // While one site stands still, no further round begins.
    stage.wait_for_entries(2, "released", 2);
    signal(&stage.network, 1, "-STOP");
    stage.network.kill_node(2).unwrap();
    signal(&stage.network, 1, "-CONT");
    stage.network.start_node(2).unwrap();
    ended.recv_timeout(PATIENCE).unwrap().unwrap();
    run.join().unwrap();
    assert_eq!(stage.statuses(), ["contributed"; 3]);
    let result = result(&stage);
    assert_eq!(result["analyses"]["risk"]["status"], "released");
    assert_eq!(result["sites"][2]["dropped_out"], Value::Null);
    // Each round was intended and released once, also by the node that was killed.
    let rounds = result["rounds"].as_u64().unwrap() as usize;
    assert_eq!(stage.ledger(2).matches("\"kind\":\"released\"").count(), rounds);
    stage.assert_ledgers_tell_the_truth();
}

#[test]
fn a_site_that_stays_away_ends_what_needs_it_by_its_name_and_the_rest_is_released() {
    let mut stage = Stage::iterative(4, 30);
    let (done, ended) = mpsc::channel();
    let run = stage.run_in_background("6s", done);
    stage.wait_for_entries(3, "released", 2);
    stage.network.kill_node(3).unwrap();
    ended.recv_timeout(PATIENCE).unwrap().unwrap();
    run.join().unwrap();
    let result = result(&stage);
    assert_eq!(stage.statuses(), ["contributed"; 4]);
    let (risk, age) = (&result["analyses"]["risk"], &result["analyses"]["age"]);
    let round = result["rounds"].as_u64().unwrap();
    assert!(round >= 2, "{result:#}");
    assert_eq!(result["sites"][3]["dropped_out"], json!({ "round": round, "status": "unreachable" }));
    assert_eq!(
        (&risk["status"], &risk["result"], &risk["rounds"]),
        (&json!("refused"), &Value::Null, &json!(round))
    );
    let reason = risk["reason"].as_str().unwrap();
    assert!(reason.contains(&format!("Centre 4 did not answer its round {round}")), "{reason}");
    assert_eq!((&age["status"], &age["disclosure"]["sites"]), (&json!("released"), &json!(4)));
    // What happened can be checked from the evidence.
    let results = stage.directory.path().join("results");
    stage.network.coordinator_command(["verify".as_ref(), results.as_os_str()]).unwrap();
    // It may have been killed in the middle of a line, which its next start repairs.
    stage.network.start_node(3).unwrap();
    stage.network.wait_for_sites(4).unwrap();
    stage.assert_ledgers_tell_the_truth();
}
