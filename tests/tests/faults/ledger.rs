use std::fs::{self, File};
use std::io::Write as _;

use notochord_sandbox::network::NetworkError;
use notochord_sandbox::process::wait_for;

use crate::stage::{PATIENCE, Stage};

#[test]
fn a_torn_last_line_is_repaired_on_start_and_said_so() {
    let mut stage = Stage::set(3, 1);
    stage.network.kill_node(0).unwrap();
    let log = stage.network.nodes()[0].home.join("ledger/ledger.log");
    let before = fs::read(&log).unwrap();
    File::options().append(true).open(&log).unwrap().write_all(&before[..40]).unwrap();
    stage.network.start_node(0).unwrap();
    wait_for(PATIENCE, || stage.network.node_log(0).contains("the ledger was repaired").then_some(()))
        .unwrap();
    stage.network.wait_for_sites(3).unwrap();
    stage.run("30s").unwrap();
    stage.assert_ledgers_tell_the_truth();
}

#[test]
fn a_changed_a_missing_and_a_cut_off_line_are_found_and_lock_the_node() {
    let mut stage = Stage::set(3, 1);
    stage.run("30s").unwrap();
    stage.network.kill_node(0).unwrap();
    let home = stage.network.nodes()[0].home.clone();
    let log = home.join("ledger/ledger.log");
    let original = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = original.lines().collect();
    let last = lines.len();
    let changed = original.replacen("enrolled", "enrollee", 1);
    let missing = format!("{}\n{}\n", lines[0], lines[2..].join("\n"));
    let cut_off = format!("{}\n", lines[..last - 1].join("\n"));
    let swapped = format!("{}\n{}\n{}\n", lines[1], lines[0], lines[2..].join("\n"));
    for (what, tampered) in
        [("changed", changed), ("missing", missing), ("cut off", cut_off), ("swapped", swapped)]
    {
        fs::write(&log, tampered).unwrap();
        let verified = stage.network.node_command(&home, ["ledger", "verify"]);
        let Err(NetworkError::Command { code: 1, message }) = verified else { panic!("{what}: it verifies") };
        assert!(message.contains("does not verify"), "{what}: {message}");
        stage.network.start_node(0).unwrap();
        let locked = || stage.network.node_log(0).contains("the ledger is locked").then_some(());
        wait_for(PATIENCE, locked).unwrap_or_else(|| panic!("{what}: {}", stage.network.node_log(0)));
        stage.network.kill_node(0).unwrap();
        fs::remove_file(home.with_extension("log")).unwrap();
    }
    fs::write(&log, original).unwrap();
    stage.assert_ledgers_tell_the_truth();
}
