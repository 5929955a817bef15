//! Root documents that change who holds which office, and which certificate authority, while everybody is at work.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use notochord_proto::envelope::Envelope;
use notochord_sandbox::network::NetworkError;
use notochord_sandbox::process::wait_for;
use serde_json::Value;

use crate::certificates::{sites, with_short_certificates};
use crate::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(90);

/// Drafts the next root document, signs it with the root key, and brings it into force.
pub(crate) fn publish(stage: &Stage, name: &str, changes: &[&str]) {
    let file = draft(stage, name, changes);
    let (path, key) = (file.display().to_string(), root_key(stage));
    stage.network.coordinator_command(["root", "sign", &path, "--key", &key]).unwrap();
    stage.network.coordinator_command(["root", "publish", &path]).unwrap();
}

fn draft(stage: &Stage, name: &str, changes: &[&str]) -> PathBuf {
    let file = stage.directory.path().join(name);
    let path = file.display().to_string();
    let arguments = ["root", "draft", "--out", &path].into_iter().chain(changes.iter().copied());
    stage.network.coordinator_command(arguments).unwrap();
    file
}

fn root_key(stage: &Stage) -> String {
    stage.network.coordinator_home().join("keys/root.key").display().to_string()
}

/// Waits until a node has this version of the root document in force.
fn wait_for_root(stage: &Stage, index: usize, version: u32) {
    let held = || {
        let home = &stage.network.nodes()[index].home;
        let printed = stage.network.node_command(home, ["status", "--json"]).ok()?;
        let status: Value = serde_json::from_slice(&printed.stdout).ok()?;
        (status["root_version"] == version && status["concern"].is_null()).then_some(())
    };
    wait_for(PATIENCE, held).unwrap_or_else(|| panic!("{}", stage.network.node_log(index)));
}

fn assert_nothing_was_refused(stage: &Stage, index: usize) {
    let home = &stage.network.nodes()[index].home;
    let shown = stage.network.node_command(home, ["ledger", "show", "--json"]).unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("root_adopted") && !shown.contains("news_refused"), "{shown}");
}

#[test]
fn a_new_root_document_changes_who_approves_at_every_centre_without_a_restart() {
    let mut stage = Stage::set();
    stage.add_sites(3);
    let key = stage.network.key("approver-3").display().to_string();
    let made = stage.network.coordinator_command(["key", "new", &key]).unwrap();
    let newcomer = format!("approver-3={}", String::from_utf8(made.stdout).unwrap().trim());
    let changes = ["--add-approver", &newcomer, "--remove-approver", "approver-2"];

    let unsigned = draft(&stage, "unsigned.json", &changes).display().to_string();
    let refused = stage.network.coordinator_command(["root", "publish", &unsigned]);
    let Err(NetworkError::Command { code: 3, message }) = refused else { panic!("it was published") };
    assert!(message.contains("not sealed by the root keys in force"), "{message}");
    let stranger = stage.network.key("approver-1").display().to_string();
    stage.network.coordinator_command(["root", "sign", &unsigned, "--key", &stranger]).unwrap();
    assert!(stage.network.coordinator_command(["root", "publish", &unsigned]).is_err());

    publish(&stage, "root-2.json", &changes);
    (0..3).for_each(|index| wait_for_root(&stage, index, 2));
    // Nobody took the status list of the new document before the document, and complained.
    (0..3).for_each(|index| assert_nothing_was_refused(&stage, index));
    let study = stage.study("minimum = 3", "minimum = 3");
    let sealed = stage.network.seal(&study, 2).unwrap().display().to_string();
    stage.network.coordinator_command(["study", "submit", &sealed]).unwrap();
    let ran = stage.network.run("ages", stage.directory.path(), &[]);
    assert!(ran.unwrap_err().to_string().contains("1 of the 2 signatures needed from approvers"));
    stage.network.coordinator_command(["study", "endorse", &sealed, "--key", &key]).unwrap();
    stage.network.coordinator_command(["study", "submit", &sealed]).unwrap();
    stage.network.accept_everywhere("ages").unwrap();
    stage.network.run("ages", &stage.directory.path().join("results"), &[]).unwrap();
    // Who knows only the first root document, as an invitation names it, can check the result.
    let first = fs::read(stage.network.coordinator_home().join("roots/1.json")).unwrap();
    let first = Envelope::from_json(&first).unwrap().payload_digest().to_string();
    let results = stage.directory.path().join("results").display().to_string();
    let verified = stage.network.coordinator_command(["verify", &results, "--root", &first]).unwrap();
    let verified = String::from_utf8(verified.stdout).unwrap();
    assert!(verified.contains("to which the one you named leads"), "{verified}");
    // The same document again is in force already; an earlier one is not the next one.
    let again = stage.directory.path().join("root-2.json").display().to_string();
    stage.network.coordinator_command(["root", "publish", &again]).unwrap();
    let earlier = stage.network.coordinator_home().join("roots/1.json").display().to_string();
    let refused = stage.network.coordinator_command(["root", "publish", &earlier]);
    assert!(refused.unwrap_err().to_string().contains("only the next one after 2"));
}

#[test]
fn the_network_moves_to_a_new_certificate_authority_while_centres_are_connected_and_away() {
    let mut stage = with_short_certificates("40s");
    stage.add_sites(3);
    let authority_of = |stage: &Stage| {
        let printed = stage.network.coordinator_command(["root", "show", "--json"]).unwrap();
        let root: Value = serde_json::from_slice(&printed.stdout).unwrap();
        (root["authority"].clone(), root["former_authority"].clone())
    };
    let (old, none) = authority_of(&stage);
    assert!(none.is_null());
    stage.network.kill_node(0).unwrap();
    publish(&stage, "root-2.json", &["--new-authority"]);
    let (new, former) = authority_of(&stage);
    assert_eq!(former, old);
    assert_ne!(new, old);
    // One that was away comes back by the authority it knows, and hears of the new one.
    stage.network.start_node(0).unwrap();
    stage.network.wait_for_sites(3).unwrap();
    (0..3).for_each(|index| wait_for_root(&stage, index, 2));
    (0..3).for_each(|index| assert_nothing_was_refused(&stage, index));
    // Each moves when its certificate is renewed.
    let authority = fs::read_to_string(stage.network.coordinator_home().join("authority.pem")).unwrap();
    let normal = |text: &str| text.replace('\r', "");
    for node in stage.network.nodes() {
        let moved = || {
            let text = fs::read_to_string(node.home.join("network/credentials.pem")).ok()?;
            normal(&text).contains(normal(&authority).trim()).then_some(())
        };
        wait_for(PATIENCE, moved).unwrap_or_else(|| panic!("{} did not move", node.label));
    }
    let connected = || sites(&stage).values().all(|site| site["connected"] == true).then_some(());
    wait_for(PATIENCE, connected).unwrap();
    publish(&stage, "root-3.json", &["--end-overlap"]);
    (0..3).for_each(|index| wait_for_root(&stage, index, 3));
    stage.network.kill_coordinator().unwrap();
    stage.network.start_coordinator().unwrap();
    stage.network.wait_for_sites(3).unwrap();
    stage.network.submit(&stage.study("minimum = 3", "minimum = 3"), 2).unwrap();
    stage.network.accept_everywhere("ages").unwrap();
    stage.network.run("ages", &stage.directory.path().join("results"), &[]).unwrap();
}

#[test]
fn a_run_stands_on_one_root_document_though_another_comes_into_force_while_it_waits_for_a_centre() {
    let mut stage = Stage::set();
    stage.add_sites(4);
    stage.network.submit(&stage.study("minimum = 3", "minimum = 3"), 2).unwrap();
    stage.network.accept_everywhere("ages").unwrap();
    stage.network.kill_node(3).unwrap();
    wait_for(PATIENCE, || (sites(&stage)["centre-4"]["connected"] == false).then_some(())).unwrap();
    let results = stage.directory.path().join("results");
    let ran = std::thread::scope(|scope| {
        // It waits some seconds for the centre that is away.
        let running = scope.spawn(|| stage.network.run("ages", &results, &["--deadline", "20s"]));
        let is_under_way = || {
            let runs = stage.network.coordinator_command(["runs", "--json"]).unwrap();
            String::from_utf8(runs.stdout).unwrap().contains("running").then_some(())
        };
        wait_for(PATIENCE, is_under_way).unwrap();
        publish(&stage, "root-2.json", &["--approvals", "1"]);
        let runs = stage.network.coordinator_command(["runs", "--json"]).unwrap();
        assert!(String::from_utf8(runs.stdout).unwrap().contains("running"), "it was over too soon to tell");
        running.join().unwrap()
    });
    ran.unwrap();
    let json =
        |name: &str| -> Value { serde_json::from_slice(&fs::read(results.join(name)).unwrap()).unwrap() };
    let first = fs::read(stage.network.coordinator_home().join("roots/1.json")).unwrap();
    let first = Envelope::from_json(&first).unwrap();
    assert_eq!(json("evidence.json")["root"], first.to_json());
    let (results, digest) = (results.display().to_string(), first.payload_digest().to_string());
    assert!(fs::read_to_string(format!("{results}/result.json")).unwrap().contains(&digest));
    stage.network.coordinator_command(["verify", &results, "--root", &digest]).unwrap();
}

#[test]
fn a_centre_whose_certificate_ended_while_the_root_document_changed_comes_back_with_its_data_by_invitation() {
    let mut stage = with_short_certificates("6s");
    stage.add_sites(1);
    stage.network.kill_node(0).unwrap();
    let home = stage.network.nodes()[0].home.clone();
    let unused = stage.network.invite("Somebody", &["--person"]).unwrap();
    let file = draft(&stage, "root-2.json", &["--approvals", "1"]).display().to_string();
    stage.network.coordinator_command(["root", "sign", &file, "--key", &root_key(&stage)]).unwrap();
    let published = stage.network.coordinator_command(["root", "publish", &file]).unwrap();
    let published = String::from_utf8(published.stdout).unwrap();
    assert!(
        published.contains("Open invitations are void with it") && published.contains("somebody"),
        "{published}"
    );
    let voided = notochord_sandbox::process::Program::command(
        &crate::stage::program(),
        notochord_sandbox::role::Role::Coordinator,
        &stage.directory.path().join("member"),
        ["enrol".as_ref(), unused.as_os_str()],
    );
    assert_eq!(voided.unwrap().status.code(), Some(3));
    let ended = || sites(&stage)["centre-1"]["concern"].as_str().unwrap().contains("has ended").then_some(());
    wait_for(PATIENCE, ended).unwrap();
    let invitation = stage.network.invite("Centre 1", &[]).unwrap();
    stage.network.node_command(&home, ["enrol".as_ref(), invitation.as_os_str()]).unwrap();
    stage.network.start_node(0).unwrap();
    stage.network.wait_for_sites(1).unwrap();
    wait_for_root(&stage, 0, 2);
}

#[test]
fn the_coordinator_changes_its_own_key_when_it_starts_again_and_every_centre_goes_on() {
    let mut stage = Stage::set();
    stage.add_sites(3);
    stage.network.submit(&stage.study("minimum = 3", "minimum = 3"), 2).unwrap();
    stage.network.accept_everywhere("ages").unwrap();
    let home = stage.network.coordinator_home();
    let old = fs::read(home.join("keys/coordinator.key")).unwrap();
    let run = |name: &str| stage.network.run("ages", &stage.directory.path().join(name), &[]).unwrap();
    let file = draft(&stage, "root-2.json", &["--new-coordinator-key"]).display().to_string();
    stage.network.coordinator_command(["root", "sign", &file, "--key", &root_key(&stage)]).unwrap();
    let said = stage.network.coordinator_command(["root", "publish", &file]).unwrap();
    assert!(String::from_utf8(said.stdout).unwrap().contains("Restart `notochord serve` now"));
    // Until then everything goes on under the document in force.
    run("before");
    stage.network.kill_coordinator().unwrap();
    stage.network.start_coordinator().unwrap();
    stage.network.wait_for_sites(3).unwrap();
    (0..3).for_each(|index| wait_for_root(&stage, index, 2));
    assert_ne!(fs::read(home.join("keys/coordinator.key")).unwrap(), old);
    assert!(!home.join("keys/coordinator.next.key").exists() && !home.join("root.next.json").exists());
    stage.network.run("ages", &stage.directory.path().join("after"), &[]).unwrap();
    // Whoever knows only the first document can check both results, and the new ledger says what it goes on from.
    let first = fs::read(home.join("roots/1.json")).unwrap();
    let first = Envelope::from_json(&first).unwrap().payload_digest().to_string();
    for name in ["before", "after"] {
        let results = stage.directory.path().join(name).display().to_string();
        stage
            .network
            .coordinator_command(["verify", &results, "--root", &first, "--witnesses", "2"])
            .unwrap();
    }
    stage.network.coordinator_command(["ledger", "verify"]).unwrap();
    let shown = stage.network.coordinator_command(["ledger", "show", "--json"]).unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.lines().next().unwrap().contains("ledger_continued"), "{shown}");
    assert!(home.join("ledger.until-root-2/ledger.log").exists());
    // A second start changes nothing more.
    stage.network.kill_coordinator().unwrap();
    stage.network.start_coordinator().unwrap();
    stage.network.wait_for_sites(3).unwrap();
}
