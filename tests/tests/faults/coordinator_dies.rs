use std::fs;
use std::fs::File;
use std::sync::mpsc;

use notochord_sandbox::network::NetworkError;
use notochord_sandbox::process::wait_for;

use crate::stage::{PATIENCE, Stage};

#[test]
fn a_coordinator_killed_in_mid_run_reports_the_run_broken_and_runs_again() {
    let mut stage = Stage::set(3, 60);
    let (done, ended) = mpsc::channel();
    let run = stage.run_in_background("60s", done);
    stage.wait_for_entries(0, "intent", 1);
    stage.network.kill_coordinator().unwrap();
    let ran: Result<(), NetworkError> = ended.recv_timeout(PATIENCE).unwrap();
    run.join().unwrap();
    stage.network.start_coordinator().unwrap();
    stage.network.wait_for_sites(3).unwrap();
    let runs = stage.runs();
    assert_eq!(runs.len(), 1);
    if ran.is_err() {
        assert_eq!(runs[0]["status"], "broken");
        let reason = runs[0]["reason"].as_str().unwrap();
        assert!(reason.contains("the coordinator stopped during the run"), "{reason}");
    }
    // Its ledger and every site of the round say so too.
    let ends = stage.coordinators_entries("run_ended");
    assert_eq!((ends.len(), &ends[0]["run"], &ends[0]["status"]), (1, &runs[0]["run"], &runs[0]["status"]));
    assert_eq!(ends[0]["sites"].as_object().unwrap().len(), 3, "{ends:?}");
    (0..3).for_each(|site| stage.wait_for_entries(site, "run_closed", 1));
    stage.run("30s").unwrap();
    assert_eq!(stage.statuses(), ["contributed"; 3]);
    stage.assert_ledgers_tell_the_truth();
}

#[test]
fn a_coordinator_whose_disk_does_not_take_an_answer_still_tells_every_site_that_the_run_is_over() {
    let stage = Stage::set(3, 60);
    let (done, ended) = mpsc::channel();
    let run = stage.run_in_background("60s", done);
    stage.wait_for_entries(0, "intent", 1);
    let began = stage.coordinators_entries("run_began");
    let place = stage.network.coordinator_home().join("runs").join(began[0]["run"].as_str().unwrap());
    // Where the directory of the answers should be made.
    drop(File::create_new(place.join("rounds/1/answers")).expect("no site to have answered yet"));
    let ran: Result<(), NetworkError> = ended.recv_timeout(PATIENCE).unwrap();
    run.join().unwrap();
    assert!(ran.is_err());
    assert_eq!(stage.runs()[0]["status"], "broken");
    (0..3).for_each(|site| stage.wait_for_entries(site, "run_closed", 1));
    let ends = stage.coordinators_entries("run_ended");
    assert_eq!(ends[0]["sites"].as_object().unwrap().len(), 3, "{ends:?}");
}

#[test]
fn nodes_find_a_restarted_coordinator_again_without_a_persons_help() {
    let mut stage = Stage::set(3, 1);
    stage.network.kill_coordinator().unwrap();
    wait_for(PATIENCE, || stage.network.node_log(0).contains("trying again").then_some(())).unwrap();
    stage.network.start_coordinator().unwrap();
    stage.network.wait_for_sites(3).unwrap();
    stage.run("30s").unwrap();
}

#[test]
fn a_coordinator_that_lost_its_index_still_has_its_sites_and_studies() {
    let mut stage = Stage::set(3, 1);
    stage.network.kill_coordinator().unwrap();
    fs::remove_dir_all(stage.network.coordinator_home().join("state")).unwrap();
    stage.network.start_coordinator().unwrap();
    stage.network.wait_for_sites(3).unwrap();
    stage.run("30s").unwrap();
}
