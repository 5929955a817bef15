//! A line between a centre and its coordinator that fails and comes back.

use std::time::{Duration, Instant};

use notochord_sandbox::process::wait_for;

use crate::middlebox::{Middlebox, PATIENCE};
use crate::stage::Stage;

/// How soon a node is back once its way is.
const BACK: Duration = Duration::from_secs(5);
/// How soon a line that swallows everything is found dead.
const FOUND: Duration = Duration::from_secs(10);
/// What asking the coordinator may take.
const ASKING: Duration = Duration::from_secs(2);

#[test]
fn a_node_is_back_within_five_seconds_of_its_lines_return_however_long_it_was_away() {
    let mut proxy = Middlebox::start(&[]);
    let stage = Stage::behind(&proxy, "");
    proxy.tell("cut");
    stage.wait_until_connected(false);
    // By then the waits between attempts are as long as they get.
    stage.wait_for_log("not connected; trying again", 8);
    proxy.tell("open");
    let returned = Instant::now();
    stage.wait_until_connected(true);
    assert!(returned.elapsed() < BACK + ASKING, "{:?}", returned.elapsed());
    assert_eq!(stage.run(), ["contributed"; 3]);
}

#[test]
fn a_connection_that_a_firewall_forgot_is_found_dead_and_attempts_that_hang_keep_no_new_one_waiting() {
    let mut proxy = Middlebox::start(&[]);
    let stage = Stage::behind(&proxy, "");
    let (listen, _) = stage.network.addresses().unwrap();
    let attempts = |proxy: &Middlebox| proxy.count(&format!("CONNECT {listen} 200"));
    let before = attempts(&proxy);
    proxy.tell("lose");
    let swallowed = Instant::now();
    stage.wait_until_connected(false);
    assert!(swallowed.elapsed() < FOUND + ASKING, "{:?}", swallowed.elapsed());
    wait_for(PATIENCE, || (attempts(&proxy) >= before + 4).then_some(())).unwrap();
    proxy.tell("find");
    let returned = Instant::now();
    stage.wait_until_connected(true);
    assert!(returned.elapsed() < BACK + ASKING, "{:?}", returned.elapsed());
    assert_eq!(stage.run(), ["contributed"; 3]);
}

#[test]
fn a_site_whose_line_is_cut_in_a_round_is_asked_again_and_releases_once() {
    let mut proxy = Middlebox::start(&[]);
    let stage = Stage::with_rows(30, &proxy, "");
    std::thread::scope(|scope| {
        let running = scope.spawn(|| stage.run());
        wait_for(PATIENCE, || (stage.entries("intent") == 1).then_some(())).unwrap();
        proxy.tell("cut");
        proxy.tell("open");
        assert_eq!(running.join().unwrap(), ["contributed"; 3]);
    });
    assert_eq!((stage.entries("intent"), stage.entries("released")), (1, 1));
    let log = stage.network.coordinator_log();
    assert!(log.contains("the link was lost while the site was asked; it is asked again"), "{log}");
}

#[test]
fn a_line_that_is_slow_and_doubles_every_connection_changes_nothing() {
    let mut proxy = Middlebox::start(&[]);
    proxy.tell("delay 30");
    proxy.tell("double");
    let stage = Stage::behind(&proxy, "");
    assert_eq!(stage.run(), ["contributed"; 3]);
    assert_eq!(stage.entries("released"), 1);
}
