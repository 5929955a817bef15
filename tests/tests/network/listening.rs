use std::fs;
use std::net::TcpListener;

use notochord_sandbox::process::wait_for;
use notochord_sandbox::role::Role;

use crate::stage::{Stage, program, reference};

#[test]
fn a_node_that_listens_is_dialled_by_the_coordinator_and_answers_like_any_other() {
    let mut stage = Stage::set();
    stage.add_sites(2);
    let address = free_address();
    let invitation = stage.network.invite("Listening centre", &["--dial", &address]).unwrap();
    let home = stage.directory.path().join("listening");
    let command = |arguments: &[&str]| stage.network.node_command(&home, arguments).unwrap();
    command(&["init"]);
    command(&["enrol", &invitation.display().to_string()]);
    command(&["import", &reference("data.csv").display().to_string()]);
    let log = stage.directory.path().join("listening.log");
    let _server = program().serve(Role::Node, &home, ["--listen", &address], &log).unwrap();
    stage.network.wait_for_sites(3).unwrap();

    let study = stage.study("minimum = 3", "minimum = 3");
    stage.network.submit(&study, 2).unwrap();
    stage.network.accept_everywhere("ages").unwrap();
    let patience = std::time::Duration::from_secs(30);
    wait_for(patience, || {
        let listed = stage.network.node_command(&home, ["study", "list"]).unwrap();
        String::from_utf8_lossy(&listed.stdout).contains("ages@1").then_some(())
    })
    .unwrap();
    command(&["study", "accept", "ages"]);
    let out = stage.directory.path().join("results");
    stage.network.run("ages", &out, &[]).unwrap();
    let result = fs::read_to_string(out.join("result.json")).unwrap();
    assert_eq!(result.matches("\"contributed\"").count(), 3);
}

/// An address nobody listens on just now.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
