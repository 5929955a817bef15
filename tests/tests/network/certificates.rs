//! Certificates that renew themselves, and those that are revoked.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use notochord_link::membership::Membership;
use notochord_link::socket::call_over;
use notochord_proto::wire::StudiesRequest;
use notochord_proto::wire::network_client::NetworkClient;
use notochord_sandbox::process::wait_for;
use notochord_sandbox::role::Role;
use serde_json::Value;

use crate::stage::{Stage, program};

const PATIENCE: Duration = Duration::from_secs(90);
/// What must be everywhere within a minute.
const A_MINUTE: Duration = Duration::from_secs(60);

/// A coordinator whose members' certificates live so short that a test sees them renewed.
pub(crate) fn with_short_certificates(life: &str) -> Stage {
    let mut stage = Stage::set();
    stage.network.kill_coordinator().unwrap();
    let file = stage.network.coordinator_home().join("network.toml");
    let text = fs::read_to_string(&file).unwrap();
    let (default, short) = ("# certificate_life = \"7d\"", format!("certificate_life = \"{life}\""));
    assert!(text.contains(default), "{text}");
    fs::write(&file, text.replace(default, &short)).unwrap();
    stage.network.start_coordinator().unwrap();
    stage
}

/// What `sites --json` says of each site.
pub(crate) fn sites(stage: &Stage) -> BTreeMap<String, Value> {
    let printed = stage.network.coordinator_command(["sites", "--json"]).unwrap();
    let sites: Vec<Value> = serde_json::from_slice(&printed.stdout).unwrap();
    sites.into_iter().map(|site| (site["id"].as_str().unwrap().to_owned(), site)).collect()
}

fn ends(stage: &Stage) -> BTreeMap<String, String> {
    let end = |site: &Value| site["certificate_expires"].as_str().unwrap().to_owned();
    sites(stage).iter().map(|(id, site)| (id.clone(), end(site))).collect()
}

/// Waits until every site holds a later certificate than before, has been seen with it, and is connected.
fn wait_for_renewal(stage: &Stage, before: &BTreeMap<String, String>) {
    let renewed = || {
        let connected = sites(stage).values().all(|site| site["connected"] == true);
        (connected && ends(stage).iter().all(|(id, end)| *end > before[id])).then_some(())
    };
    wait_for(PATIENCE, renewed).unwrap_or_else(|| panic!("{}", stage.network.coordinator_log()));
}

#[test]
fn a_fleet_of_twenty_renews_through_a_restart_of_the_coordinator_and_answers() {
    let size = 20;
    // Long enough for twenty nodes that share this machine with other tests.
    let mut stage = with_short_certificates("40s");
    stage.add_sites(size);
    let enrolled = ends(&stage);
    wait_for_renewal(&stage, &enrolled);
    let before = ends(&stage);
    stage.network.kill_coordinator().unwrap();
    stage.network.start_coordinator().unwrap();
    stage.network.wait_for_sites(size).unwrap();
    wait_for_renewal(&stage, &before);
    stage.network.submit(&stage.study("minimum = 3", "minimum = 3"), 2).unwrap();
    stage.network.accept_everywhere("ages").unwrap();
    stage.network.run("ages", &stage.directory.path().join("results"), &[]).unwrap();
    for node in stage.network.nodes() {
        let credentials = node.home.join("network/credentials.pem");
        assert!(credentials.exists(), "{} was never renewed", node.label);
        stage.network.node_command(&node.home, ["ledger", "verify"]).unwrap();
    }
}

#[test]
fn a_site_whose_certificate_ended_while_it_was_away_is_told_so_and_comes_back_by_invitation() {
    let mut stage = with_short_certificates("6s");
    stage.add_sites(1);
    stage.network.kill_node(0).unwrap();
    let home = stage.network.nodes()[0].home.clone();
    let concern = || {
        let printed = stage.network.node_command(&home, ["status", "--json"]).ok()?;
        let status: Value = serde_json::from_slice(&printed.stdout).ok()?;
        status["concern"].as_str().filter(|said| said.contains("has ended")).map(str::to_owned)
    };
    let said = wait_for(PATIENCE, concern).unwrap();
    assert!(said.contains("ask the coordinator for a new invitation"), "{said}");
    let invitation = stage.network.invite("Centre 1", &[]).unwrap();
    stage.network.node_command(&home, ["enrol".as_ref(), invitation.as_os_str()]).unwrap();
    stage.network.start_node(0).unwrap();
    stage.network.wait_for_sites(1).unwrap();
}

#[test]
#[allow(clippy::print_stdout, reason = "a measurement, for whoever runs the test")]
fn a_revoked_site_is_cut_off_at_once_stays_out_and_comes_back_only_by_invitation() {
    let mut stage = Stage::set();
    stage.add_sites(3);
    stage.network.coordinator_command(["sites", "revoke", "centre-1"]).unwrap();
    let since = Instant::now();
    // The link that was open is gone when the command returns, or a moment later.
    let gone = || (sites(&stage)["centre-1"]["connected"] == false).then_some(());
    wait_for(Duration::from_secs(5), gone).expect("the link to be cut");
    assert_ne!(sites(&stage)["centre-1"]["revoked"], "");
    let turned_away = || {
        let log = stage.network.coordinator_log();
        log.contains("a certificate that was revoked was turned away").then_some(())
    };
    wait_for(PATIENCE, turned_away).expect("it to be turned away");
    assert_eq!(sites(&stage)["centre-1"]["connected"], false);
    // The others have heard of it.
    let heard = |index: usize| {
        let file = stage.network.nodes()[index].home.join("network/status.json");
        let sealed: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
        let payload = base64_decoded(sealed["payload"].as_str()?);
        String::from_utf8(payload).ok()?.contains("centre-1").then_some(())
    };
    (1..3).for_each(|index| wait_for(A_MINUTE, || heard(index)).expect("the status list to come"));
    println!(
        "the others had the revocation {} ms after the command had returned",
        since.elapsed().as_millis()
    );
    let unknown = stage.network.coordinator_command(["sites", "revoke", "nobody"]);
    assert!(unknown.unwrap_err().to_string().contains("is not enrolled"));

    let home = stage.network.nodes()[0].home.clone();
    stage.network.kill_node(0).unwrap();
    let invitation = stage.network.invite("Centre 1", &[]).unwrap();
    stage.network.node_command(&home, ["enrol".as_ref(), invitation.as_os_str()]).unwrap();
    stage.network.start_node(0).unwrap();
    stage.network.wait_for_sites(3).unwrap();
    assert_eq!(sites(&stage)["centre-1"]["revoked"], "");
}

fn base64_decoded(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

#[test]
fn a_person_renews_with_a_command_and_is_let_in_no_more_once_revoked() {
    let stage = with_short_certificates("10s");
    let home: PathBuf = stage.directory.path().join("member");
    let invitation = stage.network.invite("A. Investigator", &["--person"]).unwrap();
    let command = |arguments: &[&str]| program().command(Role::Coordinator, &home, arguments).unwrap();
    assert!(command(&["enrol", &invitation.display().to_string()]).status.success());
    let renewed = |before: Option<Vec<u8>>| {
        let listed = command(&["study", "list"]);
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        assert_eq!(String::from_utf8_lossy(&listed.stderr), "");
        fs::read(home.join("credentials.pem")).ok().filter(|now| before.as_ref() != Some(now))
    };
    let first = wait_for(PATIENCE, || renewed(None)).unwrap();
    wait_for(PATIENCE, || renewed(Some(first.clone()))).unwrap();
    stage.network.coordinator_command(["people", "revoke", "a-investigator"]).unwrap();
    assert_ne!(command(&["study", "list"]).status.code(), Some(0));
    let people = stage.network.coordinator_command(["people", "list", "--json"]).unwrap();
    let people: Vec<Value> = serde_json::from_slice(&people.stdout).unwrap();
    let revoked = people.iter().find(|person| person["id"] == "a-investigator").unwrap();
    assert_ne!(revoked["revoked"], "");
    let own = stage.network.coordinator_command(["people", "revoke", "coordinator"]);
    assert!(own.unwrap_err().to_string().contains("nobody could undo it"));
}

#[test]
fn a_person_whose_certificate_ended_is_told_what_to_do_and_goes_on_in_the_same_directory() {
    let stage = with_short_certificates("6s");
    let home: PathBuf = stage.directory.path().join("member");
    let enrol = || {
        let invitation = stage.network.invite("A. Investigator", &["--person"]).unwrap();
        program().command(Role::Coordinator, &home, ["enrol".as_ref(), invitation.as_os_str()]).unwrap()
    };
    assert!(enrol().status.success());
    // Renewed once, so that there is something for the new certificate to take the place of.
    let listed = || {
        let listed = program().command(Role::Coordinator, &home, ["study", "list"]).unwrap();
        (listed.status.code(), String::from_utf8_lossy(&listed.stderr).into_owned())
    };
    wait_for(PATIENCE, || {
        assert_eq!(listed(), (Some(0), String::new()));
        home.join("credentials.pem").exists().then_some(())
    })
    .unwrap();
    let concern = || {
        let people = stage.network.coordinator_command(["people", "list", "--json"]).unwrap();
        let people: Vec<Value> = serde_json::from_slice(&people.stdout).unwrap();
        let person = people.into_iter().find(|person| person["id"] == "a-investigator").unwrap();
        person["concern"].as_str().unwrap().contains("has ended").then_some(())
    };
    wait_for(PATIENCE, concern).unwrap();
    let (code, said) = listed();
    assert_eq!(code, Some(3));
    assert!(said.contains("your certificate has ended") && said.contains("--person"), "{said}");
    let again = enrol();
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(listed(), (Some(0), String::new()));
    let another = stage.network.invite("Somebody Else", &["--person"]).unwrap();
    let taken = program().command(Role::Coordinator, &home, ["enrol".as_ref(), another.as_os_str()]).unwrap();
    assert_eq!(taken.status.code(), Some(2));
}

#[test]
fn a_site_whose_name_has_no_latin_letters_is_invited_under_an_id_of_its_own() {
    let mut stage = Stage::set();
    let refused = stage.network.invite("京都大学病院", &[]).unwrap_err().to_string();
    assert!(refused.contains("--id"), "{refused}");
    let invitation = stage.network.invite("京都大学病院", &["--id", "kyoto"]).unwrap();
    let home = stage.directory.path().join("kyoto");
    stage.network.node_command(&home, ["init"]).unwrap();
    stage.network.node_command(&home, ["enrol".as_ref(), invitation.as_os_str()]).unwrap();
    let index = stage.network.adopt_node("京都大学病院", &home);
    stage.network.start_node(index).unwrap();
    stage.network.wait_for_sites(1).unwrap();
    assert_eq!(sites(&stage)["kyoto"]["label"], "京都大学病院");
    // Results tell sites apart by their names.
    let twin = stage.network.invite("京都大学病院", &["--id", "kyoto-2"]).unwrap_err().to_string();
    assert!(twin.contains("another site is called"), "{twin}");
    let wrong = stage.network.invite("京都大学病院", &["--id", "Ky oto"]).unwrap_err().to_string();
    assert!(wrong.contains("is not a site id"), "{wrong}");
}

#[test]
fn no_connection_of_a_person_outlives_the_certificate_that_opened_it() {
    let stage = with_short_certificates("4s");
    let home: PathBuf = stage.directory.path().join("member");
    let invitation = stage.network.invite("A. Investigator", &["--person"]).unwrap();
    let enrol = ["enrol".as_ref(), invitation.as_os_str()];
    assert!(program().command(Role::Coordinator, &home, enrol).unwrap().status.success());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut desk, _gone) = runtime.block_on(async {
        let stream = Membership::load(&home).unwrap().dial().await.unwrap();
        let (channel, gone) = call_over(stream).await.unwrap();
        (NetworkClient::new(channel), gone)
    });
    runtime.block_on(desk.studies(StudiesRequest {})).expect("to be served at first");
    let is_cut = || runtime.block_on(desk.studies(StudiesRequest {})).is_err().then_some(());
    wait_for(Duration::from_secs(30), is_cut).expect("the connection to be cut");
}
