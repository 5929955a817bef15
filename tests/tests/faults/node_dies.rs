use std::sync::mpsc;

use notochord_sandbox::network::NetworkError;

use crate::stage::{PATIENCE, Stage};

#[test]
fn a_node_killed_in_mid_round_answers_when_it_is_back_and_releases_each_answer_once() {
    let mut stage = Stage::set(3, 60);
    for attempt in 1..=4 {
        let (done, ended) = mpsc::channel();
        let run = stage.run_in_background("60s", done);
        stage.wait_for_entries(2, "intent", attempt);
        stage.network.kill_node(2).unwrap();
        stage.network.start_node(2).unwrap();
        let ran: Result<(), NetworkError> = ended.recv_timeout(PATIENCE).unwrap();
        run.join().unwrap();
        ran.unwrap();
        assert_eq!(stage.statuses(), ["contributed"; 3]);
        stage.network.wait_for_sites(3).unwrap();
    }
    stage.assert_ledgers_tell_the_truth();
}

#[test]
fn a_site_that_is_gone_is_unreachable_and_the_others_answer_without_it() {
    let mut stage = Stage::set(4, 1);
    stage.network.kill_node(1).unwrap();
    stage.run("15s").unwrap();
    assert_eq!(stage.statuses(), ["contributed", "unreachable", "contributed", "contributed"]);
    stage.assert_ledgers_tell_the_truth();
}

#[test]
fn a_site_that_was_gone_when_its_run_ended_hears_of_the_end_when_it_is_back() {
    let mut stage = Stage::set(4, 60);
    let (done, ended) = mpsc::channel();
    let run = stage.run_in_background("10s", done);
    stage.wait_for_entries(3, "intent", 1);
    stage.network.kill_node(3).unwrap();
    let ran: Result<(), NetworkError> = ended.recv_timeout(PATIENCE).unwrap();
    run.join().unwrap();
    ran.unwrap();
    assert_eq!(stage.statuses(), ["contributed", "contributed", "contributed", "unreachable"]);
    assert!(!stage.ledger(3).contains("run_closed"));
    stage.network.start_node(3).unwrap();
    stage.wait_for_entries(3, "run_closed", 1);
    stage.assert_ledgers_tell_the_truth();
}

#[test]
fn with_too_few_sites_left_a_run_is_broken_and_says_so() {
    let mut stage = Stage::set(3, 1);
    stage.network.kill_node(0).unwrap();
    let Err(NetworkError::Command { code, message }) = stage.run("5s") else {
        panic!("the run was released")
    };
    assert_eq!(code, 1);
    assert!(message.contains("2 of 3 sites have accepted the study and are connected"), "{message}");
    assert!(message.contains("(Centre 1 cannot be reached)"), "{message}");
    assert_eq!(stage.runs()[0]["status"], "broken");
    stage.network.start_node(0).unwrap();
    stage.network.wait_for_sites(3).unwrap();
    stage.run("30s").unwrap();
    stage.assert_ledgers_tell_the_truth();
}
