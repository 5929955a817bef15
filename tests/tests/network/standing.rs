//! How a study stands: replaced by another, approved by too few who take part, or decided on otherwise than a file that
//! was put back says.

use std::fs;
use std::time::{Duration, Instant};

use notochord_proto::envelope::Envelope;
use notochord_sandbox::network::NetworkError;
use notochord_sandbox::process::wait_for;
use serde_json::Value;

use crate::roots::publish;
use crate::stage::Stage;

/// What must be everywhere within a minute.
const A_MINUTE: Duration = Duration::from_secs(60);

fn accepted() -> Stage {
    let mut stage = Stage::set();
    stage.add_sites(3);
    stage.network.submit(&stage.study("minimum = 3", "minimum = 3"), 2).unwrap();
    stage.network.accept_everywhere("ages").unwrap();
    stage
}

fn ledger(stage: &Stage, index: usize) -> String {
    let home = &stage.network.nodes()[index].home;
    let shown = stage.network.node_command(home, ["ledger", "show", "--json"]).unwrap();
    String::from_utf8(shown.stdout).unwrap()
}

/// Waits until every centre has written an entry of this kind, and says how long that took.
#[allow(clippy::print_stdout, reason = "a measurement, for whoever runs the test")]
fn wait_until_everywhere(stage: &Stage, kind: &str) {
    let since = Instant::now();
    for index in 0..stage.network.nodes().len() {
        wait_for(A_MINUTE, || ledger(stage, index).contains(kind).then_some(()))
            .unwrap_or_else(|| panic!("centre {index} has no {kind}"));
    }
    println!("{kind} was at every centre {} ms after the command had returned", since.elapsed().as_millis());
}

fn refusal(stage: &Stage, study: &str) -> String {
    let ran = stage.network.run(study, stage.directory.path(), &[]);
    let Err(NetworkError::Command { code: 3, message }) = ran else { panic!("it ran: {ran:?}") };
    message
}

fn centres_list(stage: &Stage, index: usize) -> Vec<Value> {
    let home = &stage.network.nodes()[index].home;
    let printed = stage.network.node_command(home, ["study", "list", "--json"]).unwrap();
    serde_json::from_slice(&printed.stdout).unwrap()
}

#[test]
fn an_endorsed_study_stops_the_one_it_names_in_supersedes_at_every_centre() {
    let stage = accepted();
    let sealed = fs::read(stage.network.directory().join("ages.toml.sealed.json")).unwrap();
    let first = Envelope::from_json(&sealed).unwrap().payload_digest();
    let next = |digest: &str| stage.study("version = 1", &format!("version = 2\nsupersedes = \"{digest}\""));

    let nobodys = format!("sha256:{}", "0".repeat(64));
    let refused = stage.network.submit(&next(&nobodys), 2).unwrap_err().to_string();
    assert!(refused.contains("no earlier version of this study"), "{refused}");
    // One approval short it replaces nothing.
    stage.network.submit(&next(&first.to_string()), 1).unwrap();
    stage.network.run("ages@1", &stage.directory.path().join("results"), &[]).unwrap();
    stage.network.submit(&next(&first.to_string()), 2).unwrap();
    wait_until_everywhere(&stage, "study_superseded");
    assert!(refusal(&stage, "ages@1").contains("replaced by `ages@2`"));
    let listed = stage.network.coordinator_command(["study", "list"]).unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("replaced by ages@2"), "{listed}");
    let shown = stage.network.coordinator_command(["study", "show", "ages@1"]).unwrap();
    let shown = String::from_utf8(shown.stderr).unwrap();
    assert!(shown.contains("# replaced by ages@2, which runs in its place"), "{shown}");
    let at_centre = centres_list(&stage, 0);
    assert_eq!(at_centre[0]["decision"], "stopped");
    assert_eq!(at_centre[0]["stopped"], "`ages@2` has come in the study's place");

    // Whatever becomes of the second, the first does not come back.
    let key = stage.network.key("investigator").display().to_string();
    stage.network.coordinator_command(["study", "withdraw", "ages@2", "--key", &key]).unwrap();
    assert!(refusal(&stage, "ages@1").contains("replaced by `ages@2`"));
}

#[test]
fn an_approver_who_takes_no_part_lowers_no_quorum_here_or_at_any_centre() {
    let stage = accepted();
    let key = stage.network.key("approver-2").display().to_string();
    stage.network.coordinator_command(["study", "recuse", "ages", "--key", &key]).unwrap();
    let message = refusal(&stage, "ages");
    assert!(message.contains("1 of the 2 needed count, because approver-2 takes no part"), "{message}");
    wait_until_everywhere(&stage, "approver_recused");
    let listed = stage.network.coordinator_command(["study", "list"]).unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("1 of 2; recuse: approver-2"), "{listed}");
    let home = &stage.network.nodes()[0].home;
    let accepting = stage.network.node_command(home, ["study", "accept", "ages"]).unwrap_err().to_string();
    assert!(accepting.contains("approver-2 takes no part"), "{accepting}");
}

#[test]
fn a_decision_file_that_is_put_back_revives_nothing_that_the_ledger_says_was_refused() {
    let stage = accepted();
    let home = stage.network.nodes()[0].home.clone();
    let command = |arguments: &[&str]| stage.network.node_command(&home, arguments).unwrap();
    let decision = fs::read_dir(home.join("decisions")).unwrap().next().unwrap().unwrap().path();
    let accepted = fs::read(&decision).unwrap();
    command(&["study", "refuse", "ages", "--reason", "consent"]);
    fs::write(&decision, &accepted).unwrap();
    assert_eq!(centres_list(&stage, 0)[0]["decision"], "refused");
    let ran = stage.network.run("ages", stage.directory.path(), &[]).unwrap_err().to_string();
    assert!(ran.contains("Centre 1 refused"), "{ran}");
    // Nor does a file that is gone make the study wait again.
    fs::remove_file(&decision).unwrap();
    assert_eq!(centres_list(&stage, 0)[0]["decision"], "refused");
    // An acceptance that the ledger does not hold is none: here, of the ledger's other decision.
    command(&["study", "accept", "ages"]);
    assert_eq!(centres_list(&stage, 0)[0]["decision"], "accepted");
    stage.network.run("ages", &stage.directory.path().join("results"), &[]).unwrap();
}

#[test]
fn a_standing_rule_that_was_ended_does_not_come_back_with_its_file() {
    let mut stage = Stage::set();
    stage.add_sites(3);
    let home = stage.network.nodes()[0].home.clone();
    let rule = "rule add ages --profile standard --kind describe --data-use DUO:0000006 --until 2090-12-31";
    stage.network.node_command(&home, rule.split(' ')).unwrap();
    let file = home.join("rules/ages.json");
    let made = fs::read(&file).unwrap();
    stage.network.node_command(&home, ["rule", "end", "ages"]).unwrap();
    fs::write(&file, made).unwrap();
    let listed = stage.network.node_command(&home, ["rule", "list"]).unwrap();
    assert!(String::from_utf8(listed.stdout).unwrap().contains("no standing rule"));
    stage.network.submit(&stage.study("minimum = 3", "minimum = 3"), 2).unwrap();
    stage.network.wait_for_study(0, "ages").unwrap();
    assert_eq!(centres_list(&stage, 0)[0]["decision"], "waiting");
}

#[test]
fn a_study_that_new_approvers_endorse_again_is_answered_as_it_was_accepted() {
    let stage = accepted();
    let key = stage.network.key("approver-3").display().to_string();
    let made = stage.network.coordinator_command(["key", "new", &key]).unwrap();
    let newcomer = format!("approver-3={}", String::from_utf8(made.stdout).unwrap().trim());
    publish(&stage, "root-2.json", &["--add-approver", &newcomer, "--remove-approver", "approver-2"]);
    assert!(refusal(&stage, "ages").contains("1 of the 2 signatures needed from approvers"));
    let sealed = stage.network.directory().join("ages.toml.sealed.json").display().to_string();
    stage.network.coordinator_command(["study", "endorse", &sealed, "--key", &key]).unwrap();
    stage.network.coordinator_command(["study", "submit", &sealed]).unwrap();
    stage.network.run("ages", &stage.directory.path().join("results"), &[]).unwrap();
}
