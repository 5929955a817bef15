//! Proxies that ask for a password, forbid, cut what is idle, or are not there.

use std::process::Command;
use std::time::{Duration, Instant};

use notochord_sandbox::network::NetworkError;
use notochord_sandbox::process::wait_for;
use notochord_sandbox::role::Role;

use crate::middlebox::{Middlebox, PATIENCE};
use crate::stage::{BEHIND, Stage, WITH_PASSWORD, program, write_link};

const RUNS_ON_SHORT_LINES: usize = 4;

#[test]
fn a_node_behind_a_proxy_with_a_password_and_an_idle_cut_enrols_stays_and_completes_a_run() {
    let proxy = Middlebox::start(&["--authorization", Middlebox::AUTHORIZATION, "--idle-ms", "3000"]);
    let stage = Stage::behind(&proxy, &format!("{WITH_PASSWORD}keepalive_interval_s = 1\n"));
    let (listen, enrol) = stage.network.addresses().unwrap();
    proxy.wait_for(&format!("OUTLIVED {listen}"));
    assert_eq!(stage.run(), ["contributed"; 3]);
    let counts = [&enrol, &listen].map(|address| proxy.count(&format!("CONNECT {address} 200")));
    assert_eq!(counts, [1, 1], "one enrolment and one link that held");
    assert_eq!(proxy.count("IDLE"), 0);
    let log = stage.network.node_log(BEHIND);
    assert!(log.contains("reached through a proxy"), "{log}");
    assert!(!log.contains("sesame") && !log.contains("QWxh"), "{log}");
}

#[test]
#[ignore = "takes three minutes; run it with --ignored"]
fn a_proxy_that_cuts_what_is_idle_for_a_minute_never_finds_a_link_with_the_usual_settings_idle() {
    let proxy = Middlebox::start(&["--authorization", Middlebox::AUTHORIZATION, "--idle-ms", "60000"]);
    let began = Instant::now();
    let stage = Stage::behind(&proxy, WITH_PASSWORD);
    let (listen, enrol) = stage.network.addresses().unwrap();
    // Said of a connection that is three times as old as the limit.
    let outlived = || (proxy.count(&format!("OUTLIVED {listen}")) > 0).then_some(());
    wait_for(Duration::from_secs(240), outlived).expect("the link to outlive the limit");
    assert_eq!(stage.run(), ["contributed"; 3]);
    let counts = [&enrol, &listen].map(|address| proxy.count(&format!("CONNECT {address} 200")));
    assert_eq!((counts, proxy.count("IDLE")), ([1, 1], 0));
    println!("one link for {:?}, idle limit 60 s", began.elapsed());
}

#[test]
fn runs_finish_through_a_proxy_that_cuts_every_connection_after_three_seconds() {
    let proxy = Middlebox::start(&["--life-ms", "3000"]);
    let stage = Stage::behind(&proxy, "");
    let (listen, _) = stage.network.addresses().unwrap();
    let links = || proxy.count(&format!("CONNECT {listen} 200"));
    for cut in 1..=RUNS_ON_SHORT_LINES {
        wait_for(PATIENCE, || (proxy.count(&format!("AGED {listen}")) >= cut).then_some(())).unwrap();
        let lost = Instant::now();
        wait_for(PATIENCE, || (links() > cut).then_some(())).unwrap();
        stage.wait_until_connected(true);
        println!("connected {:?} after the cut", lost.elapsed());
        assert_eq!(stage.run(), ["contributed"; 3]);
    }
    assert_eq!(stage.entries("released"), RUNS_ON_SHORT_LINES);
    assert!(links() > RUNS_ON_SHORT_LINES);
}

#[test]
fn a_link_that_a_proxy_cuts_when_idle_comes_back_by_itself() {
    // Both sides probe every 5 s, which this proxy does not wait for.
    let proxy = Middlebox::start(&["--idle-ms", "1000"]);
    let stage = Stage::behind(&proxy, "");
    proxy.wait_for("IDLE");
    let (listen, _) = stage.network.addresses().unwrap();
    let links = proxy.count(&format!("CONNECT {listen} 200"));
    stage.wait_for_log(" connected", links + 1);
    stage.wait_until_connected(true);
    assert_eq!(stage.run(), ["contributed"; 3]);
}

#[test]
fn every_way_in_which_a_proxy_refuses_has_a_name() {
    let mut proxy = Middlebox::start(&["--authorization", Middlebox::AUTHORIZATION]);
    let stage = Stage::empty();
    let invitation = stage.network.invite("Centre 1", &[]).unwrap();
    let home = stage.directory.path().join("node");
    stage.network.node_command(&home, ["init"]).unwrap();
    let refusal = || {
        let enrolled = stage.network.node_command(&home, ["enrol".as_ref(), invitation.as_os_str()]);
        let Err(NetworkError::Command { code: 1, message }) = enrolled else { panic!("{enrolled:?}") };
        message
    };
    write_link(&home, &proxy, "");
    let message = refusal();
    assert!(message.contains("asks who is calling (407), by Basic; name `proxy_user`"), "{message}");
    write_link(&home, &proxy, "proxy_user = \"Aladin\"\nproxy_password_file = \"password\"\n");
    let message = refusal();
    assert!(message.contains("does not take the user and password it was given (407)"), "{message}");
    write_link(&home, &proxy, WITH_PASSWORD);
    proxy.tell("forbid");
    let message = refusal();
    assert!(message.contains("(403); ask IT to let CONNECT to 127.0.0.1:"), "{message}");
    drop(proxy);
    let message = refusal();
    assert!(message.contains("cannot be reached: 127.0.0.1:"), "{message}");
    assert!(!message.contains("sesame"), "{message}");
}

#[test]
fn a_person_leaves_by_the_proxy_too_and_the_environment_names_it_where_no_file_does() {
    let stage = Stage::empty();
    let (listen, enrol) = stage.network.addresses().unwrap();
    // Of the environment no proxy is asked for this very machine, so the coordinator needs a name.
    let far = ["registry.invalid:7470", "registry.invalid:7471"];
    let leads = [format!("{}={listen}", far[0]), format!("{}={enrol}", far[1])];
    let authorization = ["--authorization", Middlebox::AUTHORIZATION];
    let proxy = Middlebox::start(&[&authorization[..], &["--lead", &leads[0], "--lead", &leads[1]]].concat());
    let invitation = stage.network.invite("A. Investigator", &["--person"]).unwrap();
    let text = std::fs::read_to_string(&invitation).unwrap();
    std::fs::write(&invitation, text.replace(&listen, far[0]).replace(&enrol, far[1])).unwrap();
    let home = stage.directory.path().join("me");
    let command = |arguments: &[&str], exempt: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_notochord-tests"))
            .args([Role::Coordinator.argument(), "--home", home.to_str().unwrap()])
            .args(arguments)
            .env("HTTPS_PROXY", format!("http://Aladdin:open%20sesame@{}", proxy.address))
            .env("NO_PROXY", exempt)
            .env_remove("https_proxy")
            .env_remove("no_proxy")
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let enrolled = command(&["enrol", invitation.to_str().unwrap()], "example.org");
    assert_eq!(enrolled, (Some(0), String::new()));
    assert_eq!(command(&["study", "list"], "example.org"), (Some(0), String::new()));
    assert_eq!(proxy.count("CONNECT registry.invalid:7470 200"), 1);
    assert_eq!(proxy.count("CONNECT registry.invalid:7471 200"), 1);
    let (code, message) = command(&["study", "list"], "example.org, .invalid");
    assert_eq!(code, Some(1));
    assert!(message.contains("`registry.invalid` is not found in DNS"), "{message}");

    write_link(&home, &proxy, WITH_PASSWORD);
    let listed = program().command(Role::Coordinator, &home, ["study", "list"]).unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    assert_eq!(proxy.count("CONNECT registry.invalid:7470 200"), 2);
}
