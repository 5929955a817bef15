//! Rounds that ask for more, or otherwise, than the sealed study and the centre's acceptance allow.

use std::fs;

use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::SecretKey;
use notochord_proto::root::{ANSWER_TYPE, RELEASE_TYPE, ROUND_TYPE};
use notochord_proto::wire::{ContributeReply, Round, Seat};
use prost::Message as _;
use time::OffsetDateTime;

use crate::attacker::{Attacker, key, strangers_key};
use crate::stage::{A, Stage, assert_refused};

/// A round that is refused: nothing is answered, nothing computed, and the ledger says why.
fn assert_not_answered(stage: &Stage, attacker: &Attacker, sealed: Vec<u8>, reason: &str) {
    let (reply, written) = stage.written_during(A, || attacker.contribute("a", sealed));
    assert_eq!(reply, ContributeReply::default(), "{reason}");
    assert_refused(&written, "round_refused", reason);
}

/// What is wrong with a round, and what the ledger says about it.
type Case = (fn(&mut Round), &'static str);

fn assert_none_is_answered(cases: &[Case]) {
    let mut stage = Stage::set();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    for (change, reason) in cases {
        let mut round = attacker.round();
        change(&mut round);
        assert_not_answered(&stage, &attacker, attacker.seal(&round), reason);
    }
    attacker.assert_answers_an_honest_round(&stage, A, "a");
    attacker.give_way(&mut stage);
    stage.assert_an_honest_run_works();
}

#[test]
fn a_round_names_nothing_but_steps_of_the_study() {
    assert_none_is_answered(&[
        (|round| round.steps[1].analysis = "survival".into(), "the study has no analysis `survival`"),
        (|round| round.steps[0].iteration = 1, "the state of iteration 1 is none of this analysis"),
        (|round| round.steps[0].state = vec![b'1'], "the state of iteration 0 is none of this analysis"),
        (|round| round.steps[0].sites = vec!["a".into()], "does not name the sites it is asked of"),
        (|round| round.previous = vec![7; 32], "a first one names none"),
        (|round| round.answers = vec![vec![7; 32]], "a first one names none"),
        (|round| round.keys = vec![7; 31], "something that is no digest"),
        (|round| round.steps[1] = round.steps[0].clone(), "names no step, a step twice, or too many"),
        (|round| round.steps.clear(), "names no step"),
        (|round| round.steps[0].analysis = "../age".into(), "something that is no name"),
        (|round| round.study = vec![7; 32], "no sealed study 070707070707 has arrived here"),
        (|round| round.study.truncate(31), "something that is no digest"),
    ]);
}

#[test]
fn a_round_that_says_more_than_this_release_understands_is_not_answered() {
    let mut stage = Stage::set();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let mut newer = attacker.round().encode_to_vec();
    // Field 100, a number: as a later release might name what it wants otherwise.
    newer.extend([0xa0, 0x06, 0x01]);
    let sealed = Envelope::seal(ROUND_TYPE, newer, &attacker.coordinator).to_json().into_bytes();
    assert_not_answered(&stage, &attacker, sealed, "says more than this node");
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}

#[test]
fn a_round_seats_enough_centres_each_once_under_its_own_name() {
    assert_none_is_answered(&[
        (|round| round.roster.truncate(2), "the roster has 2 sites; at least 3 must take part"),
        (|round| round.roster.truncate(1), "the roster has 1 sites"),
        (|round| round.roster[2] = round.roster[1].clone(), "names a site or a label twice"),
        (|round| round.roster[2].site = "b".into(), "names a site or a label twice"),
        (|round| round.roster[2].label = "B".into(), "names a site or a label twice"),
        (|round| round.roster[0].label = "Z".into(), "does not seat this site under its own name"),
        (|round| round.roster[0].site = "z".into(), "does not seat this site"),
        (|round| drop(round.roster.remove(0)), "does not seat this site"),
        (|round| round.roster.clear(), "does not seat this site"),
        (|round| round.roster = vec![Seat::default(); 1001], "twice, or too many"),
    ]);
}

#[test]
fn a_round_is_for_this_network_and_open_for_a_day_at_most() {
    assert_none_is_answered(&[
        (|round| round.network = "other".into(), "the round is for the network `other`"),
        (|round| round.expires_unix_s = now() - 1, "the round has expired"),
        (|round| round.expires_unix_s = 0, "the round has expired"),
        (|round| round.expires_unix_s = now() + 25 * 3600, "open longer than a day"),
        (|round| round.expires_unix_s = i64::MAX, "open longer than a day"),
        (|round| round.idempotency_key.truncate(15), "idempotency key is not 16 bytes"),
        (|round| round.run = "A run".into(), "something that is no name"),
    ]);
}

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

#[test]
fn a_round_is_answered_from_the_accepted_snapshot_and_no_other() {
    let mut stage = Stage::set();
    // The centre imports again: the newer snapshot is there, but was not accepted for.
    let data = fs::read_to_string(stage.directory.path().join("A.csv")).unwrap();
    let shorter = stage.directory.path().join("shorter.csv");
    fs::write(&shorter, data.lines().take(301).collect::<Vec<_>>().join("\n")).unwrap();
    let before = snapshots(&stage);
    stage.centre_command(A, &["import", &shorter.display().to_string()]);
    let newer = snapshots(&stage).into_iter().find(|one| !before.contains(one)).unwrap();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    for snapshot in [newer, "07".repeat(32)] {
        let mut round = attacker.round();
        let digest: Digest = format!("sha256:{snapshot}").parse().unwrap();
        round.roster[0].snapshot = digest.as_bytes().to_vec();
        let reason = format!("the round names {}", &snapshot[..12]);
        assert_not_answered(&stage, &attacker, attacker.seal(&round), &reason);
    }
    let mut round = attacker.round();
    round.roster[0].snapshot.clear();
    assert_not_answered(&stage, &attacker, attacker.seal(&round), "something that is no digest");
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}

fn snapshots(stage: &Stage) -> Vec<String> {
    let directory = fs::read_dir(stage.home(A).join("snapshots")).unwrap();
    directory.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_round_is_sealed_by_the_coordinator_and_unaltered() {
    let mut stage = Stage::set();
    let people = ["investigator", "approver-1", "approver-2"].map(|name| key(&stage.network.key(name)));
    let stewards = key(&stage.home(A).join("keys/steward.key"));
    let another_node = key(&stage.home(1).join("keys/node.key"));
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let round = attacker.round().encode_to_vec();
    let refused = |envelope: &Envelope, reason: &str| {
        assert_not_answered(&stage, &attacker, envelope.to_json().into_bytes(), reason);
    };
    let unsealed = "0 of the 1 signatures needed from the coordinator";
    refused(&Envelope::new(ROUND_TYPE, round.clone()), unsealed);
    let others: Vec<&SecretKey> = people.iter().chain([&stewards, &another_node]).collect();
    for other in others {
        refused(&Envelope::seal(ROUND_TYPE, round.clone(), other), unsealed);
    }
    refused(&Envelope::seal(ROUND_TYPE, round.clone(), &strangers_key()), unsealed);
    for other_type in [ANSWER_TYPE, RELEASE_TYPE] {
        refused(
            &Envelope::seal(other_type, round.clone(), &attacker.coordinator),
            "the sealed document is `",
        );
    }

    // The seal of one round on another: one byte apart, or a different question altogether.
    let sealed = Envelope::seal(ROUND_TYPE, round.clone(), &attacker.coordinator).to_json();
    let payload = |bytes: &[u8]| {
        let plain = Envelope::new(ROUND_TYPE, bytes.to_vec()).to_json();
        plain.split_once(",\"payloadType\"").unwrap().0.to_owned()
    };
    for at in [0, round.len() / 2, round.len() - 1] {
        let mut altered = round.clone();
        altered[at] ^= 1;
        let altered = sealed.replace(&payload(&round), &payload(&altered));
        assert_ne!(altered, sealed);
        assert_not_answered(&stage, &attacker, altered.into_bytes(), unsealed);
    }

    refused(&Envelope::seal(ROUND_TYPE, b"\xff\xff".to_vec(), &attacker.coordinator), "cannot be read");
    assert_not_answered(&stage, &attacker, Vec::new(), "not a sealed document");
    assert_not_answered(&stage, &attacker, vec![b'{'; 1 << 20], "not a sealed document");
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}
