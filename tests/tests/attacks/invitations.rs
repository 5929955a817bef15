//! Invitations that are used again, too late, or not as they were written; and what only the network's own may do.

use std::fs;
use std::path::{Path, PathBuf};

use notochord_sandbox::network::NetworkError;
use notochord_sandbox::role::Role;

use crate::stage::{Stage, assert_refused, program};

/// A newcomer's node that is in no network yet.
fn newcomer(stage: &Stage, name: &str) -> PathBuf {
    let home = stage.directory.path().join(name);
    stage.network.node_command(&home, ["init"]).unwrap();
    home
}

fn enrol(stage: &Stage, home: &Path, invitation: &Path) -> Result<(), NetworkError> {
    stage.network.node_command(home, ["enrol".as_ref(), invitation.as_os_str()]).map(|_| ())
}

/// The node is turned away by a rule, is in no network, and its ledger says why.
fn assert_not_enrolled(stage: &Stage, home: &Path, invitation: &Path, reason: &str) {
    let before = stage.ledger(home).len();
    let refused = enrol(stage, home, invitation);
    let Err(NetworkError::Command { code, message }) = refused else {
        panic!("it enrolled, against `{reason}`")
    };
    assert!(message.contains(reason), "`{message}` is not `{reason}`");
    assert_eq!(code, 3, "{message}");
    assert!(!home.join("network/member.toml").exists());
    assert!(!home.join("network/certificate.pem").exists());
    assert_refused(&stage.ledger(home).split_off(before), "enrolment_refused", reason);
}

/// The invitation with one of its lines replaced.
fn forged(invitation: &Path, key: &str, value: &str) -> PathBuf {
    let text = fs::read_to_string(invitation).unwrap();
    let forge = |line: &str| match line.starts_with(&format!("{key} = ")) {
        true => format!("{key} = {value}\n"),
        false => format!("{line}\n"),
    };
    let changed: String = text.lines().map(forge).collect();
    assert_ne!(changed, text);
    let file = invitation.with_extension(format!("{key}.toml"));
    fs::write(&file, changed).unwrap();
    file
}

const NOT_VALID: &str = "this invitation is not valid (any more)";

#[test]
fn an_invitation_works_once() {
    let stage = Stage::without_centres();
    let (first, second) = (newcomer(&stage, "first"), newcomer(&stage, "second"));
    let invitation = stage.network.invite("Toronto", &[]).unwrap();
    enrol(&stage, &first, &invitation).unwrap();
    let log = stage.network.coordinator_home().join("sites/toronto.json");
    let enrolled = fs::read(&log).unwrap();
    assert_not_enrolled(&stage, &second, &invitation, NOT_VALID);
    assert_eq!(fs::read(&log).unwrap(), enrolled, "the enrolment log still holds the first");
    assert!(stage.coordinators_turned_away().contains("an invitation that is unknown or was used"));
}

#[test]
fn of_two_invitations_for_one_name_only_the_first_that_is_used_counts() {
    let stage = Stage::without_centres();
    let (first, second) = (newcomer(&stage, "first"), newcomer(&stage, "second"));
    let invitations = [(); 2].map(|()| stage.network.invite("Toronto", &[]).unwrap());
    enrol(&stage, &first, &invitations[1]).unwrap();
    let log = stage.network.coordinator_home().join("sites/toronto.json");
    let enrolled = fs::read(&log).unwrap();
    assert_not_enrolled(&stage, &second, &invitations[0], NOT_VALID);
    assert_eq!(fs::read(&log).unwrap(), enrolled, "nobody takes an enrolled centre's place");
    let again = stage.network.invite("Toronto", &[]);
    assert!(matches!(again, Err(NetworkError::Command { code: 2, .. })), "an enrolled centre is not invited");
}

#[test]
fn an_invitation_that_is_over_lets_nobody_in_whatever_its_file_says() {
    let stage = Stage::without_centres();
    let home = newcomer(&stage, "late");
    let invitation = stage.network.invite("Toronto", &["--valid", "0s"]).unwrap();
    assert_not_enrolled(&stage, &home, &invitation, "the invitation ended on");
    let prolonged = forged(&invitation, "expires", "\"2090-01-01T00:00:00Z\"");
    assert_not_enrolled(&stage, &home, &prolonged, NOT_VALID);
    assert!(!stage.network.coordinator_home().join("sites/toronto.json").exists());
}

#[test]
fn a_network_that_is_not_the_one_of_the_invitation_is_not_joined() {
    let stage = Stage::without_centres();
    let home = newcomer(&stage, "careful");
    let invite = || stage.network.invite("Toronto", &[]).unwrap();
    let other = format!("\"sha256:{}\"", "07".repeat(32));

    // Found before anything is sent: the token is as good as before.
    let invitation = invite();
    let another_authority = forged(&invitation, "authority", &other);
    assert_not_enrolled(&stage, &home, &another_authority, "its certificate is of another authority");
    let another_name = forged(&invitation, "network", "\"other\"");
    assert_not_enrolled(&stage, &home, &another_name, "its certificate is for another name");
    let another_token = forged(&invitation, "token", &format!("\"{}\"", "A".repeat(43)));
    assert_not_enrolled(&stage, &home, &another_token, NOT_VALID);
    assert!(!stage.network.coordinator_home().join("sites/toronto.json").exists());

    // Found in the answer.
    let another_root = forged(&invitation, "root", &other);
    assert_not_enrolled(&stage, &home, &another_root, "its root document is another one");
    let invitation = stage.network.invite("Utrecht", &[]).unwrap();
    let another_id = forged(&invitation, "id", "\"oslo\"");
    assert_not_enrolled(&stage, &home, &another_id, "it certified spiffe://reference/site/utrecht, not");
    enrol(&stage, &home, &stage.network.invite("Bergen", &[]).unwrap()).unwrap();
}

#[test]
fn a_persons_invitation_makes_no_centre_and_a_centres_no_person() {
    let stage = Stage::without_centres();
    let home = newcomer(&stage, "node");
    let person = stage.network.invite("Toronto", &["--person"]).unwrap();
    assert_not_enrolled(&stage, &home, &person, "it certified spiffe://reference/person/toronto, not");
    assert!(!stage.network.coordinator_home().join("sites/toronto.json").exists());

    let member = stage.directory.path().join("member");
    let centre = stage.network.invite("Utrecht", &[]).unwrap();
    let arguments = ["enrol".as_ref(), centre.as_os_str()];
    let refused = program().command(Role::Coordinator, &member, arguments).unwrap();
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    assert!(!member.join("member.toml").exists());
    assert!(!stage.network.coordinator_home().join("people/utrecht.json").exists());
}
