//! `notochord-node doctor`: each step of the way, and the first that fails with its remedy.

use std::net::TcpListener;
use std::path::Path;

use notochord_sandbox::process::Program;
use notochord_sandbox::role::Role;
use serde_json::Value;

use crate::inspection::firewall;
use crate::middlebox::Middlebox;
use crate::stage::{BEHIND, Stage, WITH_PASSWORD, program, write_link, write_link_to};

/// Its exit code, and each step with whether it went well and what it said.
fn doctor(home: &Path, further: &[&str]) -> (Option<i32>, Vec<(String, bool, String)>) {
    doctor_of(&program(), home, further)
}

/// The same by a program that runs elsewhere.
fn doctor_of(program: &Program, home: &Path, further: &[&str]) -> (Option<i32>, Vec<(String, bool, String)>) {
    let arguments = [&["doctor", "--json"], further].concat();
    let output = program.command(Role::Node, home, arguments).unwrap();
    let printed: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = printed.as_array().unwrap().iter();
    let findings = findings.map(|one| (text(&one["step"]), one["ok"] == true, text(&one["detail"])));
    (output.status.code(), findings.collect())
}

/// Its exit code, the steps that went well, and the one that failed.
fn diagnosis(home: &Path) -> (Option<i32>, Vec<String>, String) {
    let (code, findings) = doctor(home, &[]);
    let (well, ill): (Vec<_>, Vec<_>) = findings.into_iter().partition(|(_, ok, _)| *ok);
    let ill: Vec<_> = ill.into_iter().map(|(step, _, detail)| format!("{step}: {detail}")).collect();
    (code, well.into_iter().map(|(step, ..)| step).collect(), ill.join("; "))
}

/// Its exit code and what failed, by a program that runs elsewhere.
pub(crate) fn diagnosis_of(program: &Program, home: &Path) -> (Option<i32>, String) {
    let (code, findings) = doctor_of(program, home, &[]);
    let ill =
        findings.into_iter().filter(|(_, ok, _)| !ok).map(|(step, _, detail)| format!("{step}: {detail}"));
    (code, ill.collect::<Vec<_>>().join("; "))
}

const STEPS: [&str; 7] = ["certificate", "way", "name", "connection", "coordinator", "admission", "clock"];

#[test]
fn a_way_that_is_whole_is_said_to_be_so_and_the_open_link_is_left_alone() {
    let proxy = Middlebox::start(&["--authorization", Middlebox::AUTHORIZATION]);
    let stage = Stage::behind(&proxy, WITH_PASSWORD);
    let (listen, _) = stage.network.addresses().unwrap();
    let (code, findings) = doctor(stage.home(), &[]);
    let (steps, details): (Vec<_>, Vec<_>) =
        findings.into_iter().map(|(step, ok, detail)| ((step, ok), detail)).unzip();
    assert_eq!((code, steps), (Some(0), STEPS.map(|step| (step.to_owned(), true)).to_vec()), "{details:#?}");
    assert_eq!(details[1], format!("{listen} is reached through the proxy http://{}", proxy.address));
    assert!(
        details[4].starts_with(&format!("{listen} proves to be the network's coordinator")),
        "{details:#?}"
    );
    assert!(!details.concat().contains("sesame"));
    let printed = stage.network.node_command(stage.home(), ["doctor"]).unwrap();
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(
        printed.lines().count() == STEPS.len() && printed.lines().all(|line| line.starts_with("ok ")),
        "{printed}"
    );
    assert!(!stage.network.node_log(BEHIND).contains("disconnected"));
    assert_eq!(stage.network.coordinator_log().matches("connected").count(), 3);
}

#[test]
fn the_step_that_fails_is_named_with_its_remedy() {
    let mut proxy = Middlebox::start(&["--authorization", Middlebox::AUTHORIZATION]);
    let mut stage = Stage::behind(&proxy, WITH_PASSWORD);
    let (listen, _) = stage.network.addresses().unwrap();
    let home = stage.home().to_owned();
    let assert_fails = |steps: usize, expected: &str| {
        let (code, well, ill) = diagnosis(&home);
        assert_eq!((code, well.as_slice()), (Some(1), &STEPS.map(str::to_owned)[..steps]), "{ill}");
        assert!(ill.contains(expected), "{ill}");
    };
    write_link(&home, &proxy, "");
    assert_fails(3, "connection: the proxy http://127.0.0.1");
    assert_fails(3, "name `proxy_user` and `proxy_password_file` in link.toml");
    write_link(&home, &proxy, WITH_PASSWORD);
    proxy.tell("forbid");
    assert_fails(3, &format!("ask IT to let CONNECT to {listen} through"));
    let inspecting = Middlebox::start(&["--lead", &format!("{listen}={}", firewall())]);
    write_link(&home, &inspecting, "");
    assert_fails(4, &format!("coordinator: who answers at {listen} is not the network's coordinator"));
    std::fs::write(home.join("link.toml"), "proxy = \"proxy.invalid:3128\"").unwrap();
    assert_fails(2, "name: `proxy.invalid` is not found in DNS");
    std::fs::remove_file(home.join("link.toml")).unwrap();
    std::fs::remove_file(stage.network.coordinator_home().join("sites/centre-1.json")).unwrap();
    let (code, _, ill) = diagnosis(&home);
    assert_eq!(code, Some(1));
    assert!(ill.contains("admission: the coordinator does not know this certificate (any more)"), "{ill}");
    stage.network.kill_coordinator().unwrap();
    assert_fails(3, &format!("connection: {listen} does not answer ({listen}: "));
}

#[test]
fn every_way_in_which_a_proxy_fails_is_told_from_the_others() {
    let mut proxy = Middlebox::start(&["--authorization", Middlebox::AUTHORIZATION]);
    let mut stage = Stage::behind(&proxy, WITH_PASSWORD);
    let (listen, _) = stage.network.addresses().unwrap();
    let home = stage.home().to_owned();
    let assert_fails = |step: &str, parts: &[&str]| {
        let (code, _, ill) = diagnosis(&home);
        assert_eq!(code, Some(1), "{ill}");
        assert!(
            ill.starts_with(&format!("{step}: ")) && parts.iter().all(|part| ill.contains(part)),
            "{ill}"
        );
    };
    write_link_to(&home, &proxy.address, "open barley", WITH_PASSWORD);
    assert_fails(
        "connection",
        &["does not take the user and password it was given (407)", "check `proxy_user`"],
    );
    // The coordinator's own door is no proxy; neither is what it says.
    write_link_to(&home, &listen, "open sesame", "");
    assert_fails("connection", &["is no HTTP proxy", "check the address"]);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    write_link_to(&home, &nobody, "open sesame", "");
    assert_fails("connection", &[&format!("the proxy http://{nobody} cannot be reached")]);
    let astray = Middlebox::start(&["--lead", &format!("{listen}={nobody}")]);
    write_link(&home, &astray, "");
    assert_fails("connection", &[&format!("cannot reach {listen} (502)"), "ask IT what the proxy says"]);
    std::fs::write(home.join("link.toml"), format!("proxy = \"https://{}\"\n", proxy.address)).unwrap();
    let output = program().command(Role::Node, &home, ["doctor"]).unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("proxy_authorities"), "{said}");
    write_link(&home, &proxy, WITH_PASSWORD);
    proxy.tell("lose");
    assert_fails("coordinator", &["nothing comes back within 10 s", "ask IT what on the way"]);
    proxy.tell("find");
    stage.network.kill_node(BEHIND).unwrap();
    assert_eq!(diagnosis(&home).0, Some(0));
}

#[test]
fn before_enrolment_both_addresses_of_an_invitation_are_tried_and_it_stays_valid() {
    let stage = Stage::empty();
    let (listen, _) = stage.network.addresses().unwrap();
    let invitation = stage.network.invite("Centre 1", &[]).unwrap();
    let home = stage.directory.path().join("node");
    stage.network.node_command(&home, ["init"]).unwrap();
    let option = ["--invitation", invitation.to_str().unwrap()];
    let inspecting = Middlebox::start(&["--lead", &format!("{listen}={}", firewall())]);
    write_link(&home, &inspecting, "");
    let (code, findings) = doctor(&home, &option);
    assert_eq!(code, Some(1));
    let ill: Vec<_> = findings.iter().filter(|(_, ok, _)| !ok).collect();
    assert!(ill.len() == 1 && ill[0].2.contains(&format!("exempt {listen} from inspection")), "{ill:?}");
    std::fs::remove_file(home.join("link.toml")).unwrap();
    let (code, findings) = doctor(&home, &option);
    assert_eq!(code, Some(0), "{findings:?}");
    stage.network.node_command(&home, ["enrol".as_ref(), invitation.as_os_str()]).unwrap();
}
