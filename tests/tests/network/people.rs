use std::fs;
use std::path::PathBuf;

use notochord_sandbox::network::NetworkError;
use notochord_sandbox::role::Role;

use crate::stage::{Stage, program};

/// Enrols a person; returns the directory of the membership.
fn enrol(stage: &Stage, name: &str) -> PathBuf {
    let home = stage.directory.path().join("member");
    let invitation = stage.network.invite(name, &["--person"]).unwrap();
    let enrolled =
        program().command(Role::Coordinator, &home, ["enrol".as_ref(), invitation.as_os_str()]).unwrap();
    assert!(enrolled.status.success(), "{}", String::from_utf8_lossy(&enrolled.stderr));
    home
}

#[test]
fn an_investigator_submits_and_reads_results_but_cannot_launch_a_run_or_invite() {
    let mut stage = Stage::set();
    stage.add_sites(3);
    let member = enrol(&stage, "A. Investigator");
    let command = |arguments: &[&str]| program().command(Role::Coordinator, &member, arguments).unwrap();

    let sealed = stage.network.seal(&stage.study("minimum = 3", "minimum = 3"), 2).unwrap();
    let submitted = command(&["study", "submit", &sealed.display().to_string()]);
    assert_eq!(String::from_utf8_lossy(&submitted.stdout), "Submitted `ages` version 1: 2 of 2 approvals.\n");
    for forbidden in [&["run", "ages"][..], &["invite", "Another centre"]] {
        let refused = command(forbidden);
        assert_eq!(refused.status.code(), Some(3), "{forbidden:?}");
        let message = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(message.contains("only the coordinator's own people may do this"), "{message}");
    }
    stage.network.accept_everywhere("ages").unwrap();
    stage.network.run("ages", &stage.directory.path().join("results"), &[]).unwrap();
    let printed = command(&["result", "ages", "--json"]);
    let written = fs::read(stage.directory.path().join("results/result.json")).unwrap();
    assert_eq!(printed.stdout, written);
}

#[test]
fn a_study_is_complete_only_with_every_approval_and_then_goes_to_the_centres_by_itself() {
    let mut stage = Stage::set();
    stage.add_sites(3);
    let study = stage.study("minimum = 3", "minimum = 3");
    stage.network.submit(&study, 1).unwrap();
    let ran = stage.network.run("ages", stage.directory.path(), &[]);
    let Err(NetworkError::Command { code: 3, message }) = ran else { panic!("it ran with one approval") };
    assert!(message.contains("1 of the 2 signatures needed from approvers"), "{message}");
    stage.network.submit(&study, 2).unwrap();
    (0..3).for_each(|index| stage.network.wait_for_study(index, "ages").unwrap());
}

#[test]
fn a_changed_study_under_the_same_version_is_not_taken() {
    let stage = Stage::set();
    stage.network.submit(&stage.study("minimum = 3", "minimum = 3"), 2).unwrap();
    let changed = stage.network.submit(&stage.study("How old", "How very old"), 2);
    let Err(NetworkError::Command { code: 2, message }) = changed else { panic!("it was taken") };
    assert!(message.contains("a changed study needs a new version"), "{message}");
}

#[test]
fn a_study_that_no_centre_has_accepted_does_not_run() {
    let mut stage = Stage::set();
    stage.add_sites(3);
    stage.network.submit(&stage.study("minimum = 3", "minimum = 3"), 2).unwrap();
    let ran = stage.network.run("ages", stage.directory.path(), &["--deadline", "20s"]);
    let Err(NetworkError::Command { code: 1, message }) = ran else { panic!("it ran") };
    assert!(message.contains("Centre 2 has not accepted the study (yet)"), "{message}");
    assert!(message.contains("0 of 3 sites have accepted the study"), "{message}");
}

#[test]
fn a_site_that_is_invited_again_keeps_its_data_and_its_ledger() {
    let mut stage = Stage::set();
    stage.add_sites(3);
    let home = stage.network.nodes()[0].home.clone();
    let again = stage.network.invite("Another centre", &[]).unwrap();
    let other = stage.network.node_command(&home, ["enrol".as_ref(), again.as_os_str()]);
    assert!(matches!(other, Err(NetworkError::Command { code: 2, .. })), "a node has one name");

    stage.network.kill_node(0).unwrap();
    fs::remove_file(stage.network.coordinator_home().join("sites/centre-1.json")).unwrap();
    let invitation = stage.network.invite("Centre 1", &[]).unwrap();
    let certificate = fs::read(home.join("network/certificate.pem")).unwrap();
    stage.network.node_command(&home, ["enrol".as_ref(), invitation.as_os_str()]).unwrap();
    assert_ne!(fs::read(home.join("network/certificate.pem")).unwrap(), certificate);
    stage.network.start_node(0).unwrap();
    stage.network.wait_for_sites(3).unwrap();
    let status = stage.network.node_command(&home, ["status", "--json"]).unwrap();
    assert!(String::from_utf8_lossy(&status.stdout).contains("\"snapshots\":1"));
    stage.network.node_command(&home, ["ledger", "verify"]).unwrap();
}

#[test]
fn a_network_is_never_made_where_something_is() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("investigator.key"), "precious").unwrap();
    let key = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    let other = "ed25519:PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";
    let dictionary = crate::stage::reference("dictionary.csv").display().to_string();
    for home in [".", "..", &directory.path().display().to_string()] {
        let made = std::process::Command::new(crate::stage::program_path())
            .current_dir(directory.path())
            .args(["role-coordinator", "--home", home, "init", "--name", "net", "--dictionary", &dictionary])
            .args(["--investigator", &format!("a={key}"), "--approver", &format!("b={other}")])
            .output()
            .unwrap();
        assert_eq!(made.status.code(), Some(2), "{home}: {}", String::from_utf8_lossy(&made.stderr));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "{home}");
    }
}
