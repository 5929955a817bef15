//! Ledgers of which an older copy is put back, or two histories are shown.

use std::ffi::OsStr;
use std::fs;

use notochord_sandbox::network::NetworkError;

use crate::stage::{Stage, copy_directory};

#[test]
fn a_node_with_an_older_copy_of_its_ledger_locks_itself_and_answers_nothing_more() {
    let mut stage = Stage::set();
    let home = stage.network.nodes()[0].home.clone();
    let (ledger, backup) = (home.join("ledger"), home.join("backup"));
    copy_directory(&ledger, &backup);
    stage.run("first").unwrap();

    stage.network.kill_node(0).unwrap();
    fs::remove_dir_all(&ledger).unwrap();
    copy_directory(&backup, &ledger);
    let restored = stage.ledger(0);
    stage.network.start_node(0).unwrap();
    let reason = stage.wait_for_lock(0);
    assert!(reason.contains("an older copy was put back"), "{reason}");

    let ran = stage.run("second");
    let Err(NetworkError::Command { message, .. }) = ran else { panic!("a locked node answered") };
    // It does not even say what it has decided.
    assert!(message.contains("2 of 3 sites have accepted the study"), "{message}");
    assert_eq!(stage.ledger(0), restored, "nothing is appended to a locked ledger");
    let status = stage.network.node_command(&home, ["status"]).unwrap();
    assert!(String::from_utf8_lossy(&status.stdout).contains("LOCKED: nothing is answered"));
    let shown = stage.network.node_command(&home, ["ledger", "show"]);
    let Err(NetworkError::Command { message, .. }) = shown else { panic!("a locked ledger opens") };
    assert!(message.contains("the ledger is locked: witnesses remember"), "{message}");
}

#[test]
fn a_node_that_went_on_from_an_older_copy_finds_no_witness_for_its_second_history() {
    let mut stage = Stage::set();
    let home = stage.network.nodes()[0].home.clone();
    let (ledger, backup) = (home.join("ledger"), home.join("backup"));
    copy_directory(&ledger, &backup);
    stage.run("first").unwrap();
    let first = stage.ledger(0).lines().count();

    stage.network.kill_node(0).unwrap();
    fs::remove_dir_all(&ledger).unwrap();
    copy_directory(&backup, &ledger);
    // Beside the network, where no witness can tell it, it writes on.
    while stage.ledger(0).lines().count() <= first {
        let refused = ["study", "refuse", "ages", "--reason", "another history"];
        stage.network.node_command(&home, refused).unwrap();
    }
    stage.network.start_node(0).unwrap();
    let reason = stage.wait_for_lock(0);
    assert!(reason.contains("there are two histories of it"), "{reason}");
}

#[test]
fn a_coordinator_with_an_older_copy_of_its_ledger_runs_nothing_more() {
    let mut stage = Stage::set();
    let home = stage.network.coordinator_home();
    let backup = home.join("backup");
    copy_directory(&home.join("ledger"), &backup);
    stage.run("first").unwrap();

    stage.network.kill_coordinator().unwrap();
    fs::remove_dir_all(home.join("ledger")).unwrap();
    // Its own memory is gone too: the sites remember.
    fs::remove_dir_all(home.join("checkpoints")).unwrap();
    copy_directory(&backup, &home.join("ledger"));
    stage.network.start_coordinator().unwrap();
    stage.network.wait_for_sites(3).unwrap();
    let Err(NetworkError::Command { message, .. }) = stage.run("second") else { panic!("it ran") };
    assert!(message.contains("the ledger is locked: witnesses remember"), "{message}");
}

#[test]
fn witnesses_that_restart_still_know_what_they_cosigned() {
    let mut stage = Stage::set();
    stage.run("first").unwrap();
    for index in 0..3 {
        stage.network.kill_node(index).unwrap();
        stage.network.start_node(index).unwrap();
    }
    stage.network.wait_for_sites(3).unwrap();
    let results = stage.run("second").unwrap();
    let arguments = ["verify".as_ref(), results.as_os_str(), "--witnesses".as_ref(), "2".as_ref()];
    stage.network.coordinator_command(arguments).unwrap();
}

#[test]
fn runs_side_by_side_are_all_witnessed() {
    let stage = Stage::set();
    let names: [String; 16] = std::array::from_fn(|number| format!("results-{number}"));
    std::thread::scope(|scope| {
        let runs = names.map(|name| {
            let stage = &stage;
            scope.spawn(move || stage.run(&name).unwrap())
        });
        for results in runs.map(|run| run.join().unwrap()) {
            let arguments = ["verify".as_ref(), results.as_os_str(), "--witnesses".as_ref(), "2".as_ref()];
            stage.network.coordinator_command(arguments).unwrap();
        }
    });
    let log = stage.network.coordinator_log();
    assert!(!log.contains("a witness did not cosign"), "{log}");
    for index in 0..3 {
        assert!(!stage.ledger(index).contains("witness_refused"), "{}", stage.ledger(index));
    }
}

#[test]
fn an_auditor_checks_an_exported_ledger_without_the_node() {
    let stage = Stage::set();
    stage.run("results").unwrap();
    let home = &stage.network.nodes()[0].home;
    let out = stage.directory.path().join("audit");
    let export = ["ledger".as_ref(), "export".as_ref(), out.as_os_str()];
    stage.network.node_command(home, export).unwrap();
    let nowhere = stage.directory.path().join("nowhere");
    let verify = ["ledger".as_ref(), "verify".as_ref(), "--export".as_ref(), out.as_os_str()];
    let printed = stage.network.node_command(&nowhere, verify).unwrap();
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(printed.contains("entries are cosigned by notochord-node-"), "{printed}");
    assert_eq!(printed.matches(" at 20").count(), 2, "{printed}");

    let other =
        ["--key", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"].map(OsStr::new);
    let refused = stage.network.node_command(&nowhere, verify.into_iter().chain(other));
    assert!(matches!(refused, Err(NetworkError::Command { code: 3, .. })));
    let log = fs::read_to_string(out.join("ledger.log")).unwrap();
    fs::write(out.join("ledger.log"), log.replacen("enrolled", "enrollee", 1)).unwrap();
    let Err(NetworkError::Command { code: 1, message }) = stage.network.node_command(&nowhere, verify) else {
        panic!("it verifies")
    };
    assert!(message.contains("does not follow from the lines before it"), "{message}");
    stage
        .network
        .coordinator_command(["ledger".as_ref(), "export".as_ref(), out.join("office").as_os_str()])
        .unwrap();
}
