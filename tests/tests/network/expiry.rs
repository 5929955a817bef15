//! Certificates that end while a run is under way.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use notochord_sandbox::process::wait_for;
use notochord_sandbox::role::Role;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::certificates::{sites, with_short_certificates};
use crate::stage::{Stage, program, reference};

const PATIENCE: Duration = Duration::from_secs(90);
/// A machine that has so little time for its node that a round takes longer than a certificate lives.
const ASLEEP: Duration = Duration::from_millis(600);
const AWAKE: Duration = Duration::from_millis(10);
/// The first centre has so many times the rows of the file, and is asked so many questions.
const COPIES: usize = 10;
const QUESTIONS: usize = 400;

/// So many centres whose certificates live so long and who have accepted the study.
fn set(life: &str, centres: usize) -> Stage {
    let mut stage = with_short_certificates(life);
    let many = stage.directory.path().join("many.csv");
    let text = fs::read_to_string(reference("data.csv")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    fs::write(&many, format!("{header}\n{}", rows.repeat(COPIES))).unwrap();
    let data = |number| if number == 1 { many.clone() } else { reference("data.csv") };
    let sites: Vec<(String, Vec<PathBuf>)> =
        (1..=centres).map(|number| (format!("Centre {number}"), vec![data(number)])).collect();
    stage.network.add_sites(&sites).unwrap();
    stage.network.wait_for_sites(centres).unwrap();
    let study = stage.study("minimum = 3", "minimum = 3");
    let mut text = fs::read_to_string(&study).unwrap();
    (2..=QUESTIONS).for_each(|number| {
        text.push_str(&format!(
            "\n[[analyses]]\nid = \"age-{number}\"\nkind = \"describe\"\nvariables = [\"age\"]\n"
        ));
    });
    fs::write(&study, text).unwrap();
    stage.network.submit(&study, 2).unwrap();
    stage.network.accept_everywhere("ages").unwrap();
    stage
}

/// When the first centre's certificate ends.
fn end(stage: &Stage) -> OffsetDateTime {
    let end = sites(stage)["centre-1"]["certificate_expires"].as_str().unwrap().to_owned();
    OffsetDateTime::parse(&end, &Rfc3339).unwrap()
}

fn is_connected(stage: &Stage) -> bool {
    sites(stage)["centre-1"]["connected"] == true
}

/// How each site took part.
fn run(stage: &Stage, deadline: &str) -> Vec<String> {
    let out = stage.directory.path().join("results");
    stage.network.run("ages", &out, &["--deadline", deadline]).unwrap();
    let result: Value = serde_json::from_slice(&fs::read(out.join("result.json")).unwrap()).unwrap();
    let sites = result["sites"].as_array().unwrap();
    sites.iter().map(|site| site["status"].as_str().unwrap().to_owned()).collect()
}

/// How many entries of a kind the first centre's ledger holds.
fn entries(stage: &Stage, kind: &str) -> usize {
    let ledger = fs::read(stage.network.nodes()[0].home.join("ledger/ledger.log")).unwrap();
    String::from_utf8_lossy(&ledger).matches(&format!("\"kind\":\"{kind}\"")).count()
}

fn signal(stage: &Stage, signal: &str) {
    let process = stage.network.node_process(0).unwrap().to_string();
    assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
}

fn pause(pause: Duration) {
    wait_for(pause, || None::<()>);
}

#[test]
fn a_certificate_that_ends_in_a_round_is_renewed_in_it_and_the_round_is_answered_once() {
    let stage = set("24s", 3);
    let began_with = end(&stage);
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&stage, "120s"));
        wait_for(PATIENCE, || (entries(&stage, "intent") == 1).then_some(())).unwrap();
        while OffsetDateTime::now_utc() <= began_with {
            signal(&stage, "-STOP");
            pause(ASLEEP);
            signal(&stage, "-CONT");
            pause(AWAKE);
        }
        assert_eq!(entries(&stage, "released"), 0, "the round was over before the certificate was");
        assert_eq!(running.join().unwrap(), ["contributed"; 3]);
    });
    assert_eq!((entries(&stage, "intent"), entries(&stage, "released")), (1, 1));
    assert!(end(&stage) > began_with, "{}", stage.network.coordinator_log());
    wait_for(PATIENCE, || is_connected(&stage).then_some(())).unwrap();
    // It goes on by itself.
    let renewed = end(&stage);
    wait_for(PATIENCE, || (end(&stage) > renewed && is_connected(&stage)).then_some(())).unwrap();
    assert_eq!(run(&stage, "60s"), ["contributed"; 3]);
}

#[test]
fn a_run_ends_without_a_centre_whose_certificate_ended_in_it_and_the_centre_is_told_what_to_do() {
    let stage = set("20s", 4);
    let home = stage.network.nodes()[0].home.clone();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&stage, "30s"));
        wait_for(PATIENCE, || (entries(&stage, "intent") == 1).then_some(())).unwrap();
        signal(&stage, "-STOP");
        let ended = end(&stage);
        wait_for(PATIENCE, || (OffsetDateTime::now_utc() > ended).then_some(())).unwrap();
        let statuses = running.join().unwrap();
        assert_eq!(statuses[1..], ["contributed"; 3]);
        assert!(["too_slow", "unreachable"].contains(&statuses[0].as_str()), "{statuses:?}");
        signal(&stage, "-CONT");
    });
    let printed = stage.network.node_command(&home, ["status", "--json"]).unwrap();
    let status: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let concern = status["concern"].as_str().unwrap();
    assert!(
        concern.contains("has ended") && concern.contains("ask the coordinator for a new invitation"),
        "{concern}"
    );
    assert!(!is_connected(&stage));
    let examined = program().command(Role::Node, &home, ["doctor"]).unwrap();
    let examined = String::from_utf8_lossy(&examined.stdout).into_owned();
    assert!(examined.starts_with("failed  certificate"), "{examined}");
    assert!(examined.contains("ask the coordinator to invite it again"), "{examined}");
    assert_eq!(stage.network.wait_for_sites(3).map_err(|error| error.to_string()), Ok(()));
}
