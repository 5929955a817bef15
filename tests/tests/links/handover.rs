//! A link that is replaced while it is in use.

use std::process::Command;

use notochord_sandbox::process::wait_for;

use crate::middlebox::{Middlebox, PATIENCE};
use crate::stage::{BEHIND, Stage, write_link};

const RUNS: usize = 5;

#[test]
fn a_node_that_is_told_to_reload_in_a_round_changes_its_way_out_without_losing_a_call() {
    let first = Middlebox::start(&[]);
    let stage = Stage::with_rows(30, &first, "");
    let (listen, _) = stage.network.addresses().unwrap();
    let second = Middlebox::start(&[]);
    write_link(stage.home(), &second, "");
    let process = stage.network.node_process(BEHIND).unwrap().to_string();
    let mut in_a_round = 0;
    for run in 1..=RUNS {
        std::thread::scope(|scope| {
            let running = scope.spawn(|| stage.run());
            wait_for(PATIENCE, || (stage.entries("intent") == run).then_some(())).unwrap();
            assert!(Command::new("kill").args(["-HUP", &process]).status().unwrap().success());
            stage.wait_for_log("takes over", run);
            in_a_round += usize::from(stage.entries("released") < run);
            assert_eq!(running.join().unwrap(), ["contributed"; 3]);
        });
        stage.wait_for_log(" connected", run + 1);
    }
    assert!(in_a_round > 0, "every round was over before its link was replaced");
    let links = [&first, &second].map(|proxy| proxy.count(&format!("CONNECT {listen} 200")));
    assert_eq!(links, [1, RUNS]);
    let log = stage.network.node_log(BEHIND);
    assert!(!log.contains("disconnected") && !log.contains("not connected"), "{log}");
    let log = stage.network.coordinator_log();
    assert!(!log.contains("the link was lost"), "{log}");
}
