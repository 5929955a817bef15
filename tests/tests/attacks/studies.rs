//! Studies that were not signed, approved and accepted as they stand.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use notochord_node::decision;
use notochord_node::home::Home;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::SecretKey;
use notochord_proto::name::SiteId;
use notochord_proto::root::{ROUND_TYPE, STUDY_TYPE};
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::wire::{AnnounceReply, ContributeReply, Decision};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::attacker::{Attacker, key, strangers_key};
use crate::stage::{A, Stage, TRACKER, assert_refused, study};

/// The keys with which the network's people sign studies.
struct People {
    investigator: SecretKey,
    steering: SecretKey,
    ethics: SecretKey,
}

impl People {
    fn of(stage: &Stage) -> Self {
        let key = |name: &str| key(&stage.network.key(name));
        Self { investigator: key("investigator"), steering: key("approver-1"), ethics: key("approver-2") }
    }

    fn all(&self) -> [&SecretKey; 3] {
        [&self.investigator, &self.steering, &self.ethics]
    }

    /// A study that everybody has signed.
    fn sealed(&self, changes: &[(&str, &str)]) -> Vec<u8> {
        sealed(&study(changes), &self.all())
    }
}

fn sealed(text: &str, keys: &[&SecretKey]) -> Vec<u8> {
    let mut envelope = Envelope::new(STUDY_TYPE, text.as_bytes().to_vec());
    keys.iter().for_each(|key| envelope.sign(key));
    envelope.to_json().into_bytes()
}

/// Another version than the one that is accepted, so that nothing about it is known yet.
const UNKNOWN: (&str, &str) = ("version = 1", "version = 2");

/// Announces a study and asks for a round of it: both are refused, and the ledger says why.
fn assert_turned_away(stage: &Stage, attacker: &Attacker, sealed: &[u8], reason: &str) {
    let refused = AnnounceReply { decision: Decision::Refused.into(), ..Default::default() };
    let (reply, written) = stage.written_during(A, || attacker.announce("a", sealed.to_vec()));
    assert_eq!(reply, refused, "{reason}");
    assert_refused(&written, "study_turned_away", reason);
    if let Ok(envelope) = Envelope::from_json(sealed) {
        let mut round = attacker.round();
        round.study = envelope.payload_digest().as_bytes().to_vec();
        let (reply, written) = stage.written_during(A, || attacker.contribute("a", attacker.seal(&round)));
        assert_eq!(reply, ContributeReply::default(), "{reason}");
        assert_refused(&written, "round_refused", "no sealed study");
    }
}

#[test]
fn a_study_without_the_signatures_over_its_very_bytes_is_turned_away() {
    let mut stage = Stage::set();
    let people = People::of(&stage);
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let (investigator, steering, ethics) = (&people.investigator, &people.steering, &people.ethics);
    let (stranger, text) = (strangers_key(), study(&[UNKNOWN]));
    let unsigned = "lacks an investigator's signature";
    let unapproved = "1 of the 2 signatures needed from approvers";
    for (keys, reason) in [
        (&[][..], unsigned),
        (&[steering, ethics], unsigned),
        (&[&stranger, steering, ethics], unsigned),
        (&[&attacker.coordinator, steering, ethics], unsigned),
        (&[investigator], "0 of the 2 signatures needed from approvers"),
        (&[investigator, steering], unapproved),
        (&[investigator, ethics, &stranger], unapproved),
        (&[investigator, ethics, &attacker.coordinator], unapproved),
    ] {
        assert_turned_away(&stage, &attacker, &sealed(&text, keys), reason);
    }
    // Signed by all, but as something else than a study.
    let mut round = Envelope::new(ROUND_TYPE, text.clone().into_bytes());
    people.all().iter().for_each(|key| round.sign(key));
    assert_turned_away(&stage, &attacker, round.to_json().as_bytes(), "not `application/vnd.notochord.study");
    let relabelled = round.to_json().replace(ROUND_TYPE, STUDY_TYPE);
    assert_turned_away(&stage, &attacker, relabelled.as_bytes(), unsigned);
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}

#[test]
fn a_signature_that_stands_twice_in_a_study_counts_once() {
    let mut stage = Stage::set();
    let people = People::of(&stage);
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let one_short = sealed(&study(&[UNKNOWN]), &[&people.investigator, &people.steering]);
    let mut twice: Value = serde_json::from_slice(&one_short).unwrap();
    let mut again = twice["signatures"][1].clone();
    twice["signatures"].as_array_mut().unwrap().push(again.clone());
    assert_turned_away(&stage, &attacker, twice.to_string().as_bytes(), "1 of the 2 signatures");
    // Under the other approver's name, which is only a hint.
    again["keyid"] = json!(people.ethics.public().id().0);
    twice["signatures"][2] = again;
    assert_turned_away(&stage, &attacker, twice.to_string().as_bytes(), "1 of the 2 signatures");
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}

#[test]
fn a_study_altered_by_one_byte_is_turned_away_wherever_the_byte_is() {
    let mut stage = Stage::set();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let accepted: Value = serde_json::from_slice(&stage.accepted_study()).unwrap();
    let payload = BASE64.decode(accepted["payload"].as_str().unwrap()).unwrap();
    let altered = |bytes: &[u8]| {
        let mut altered = accepted.clone();
        altered["payload"] = json!(BASE64.encode(bytes));
        altered.to_string().into_bytes()
    };
    let minimum = String::from_utf8_lossy(&payload).find("minimum = 3").unwrap() + "minimum = ".len();
    for at in [0, payload.len() / 2, minimum, payload.len() - 1] {
        let mut bytes = payload.clone();
        bytes[at] ^= 1;
        assert_turned_away(&stage, &attacker, &altered(&bytes), "lacks an investigator's signature");
    }
    let longer = [&payload[..], b"\n"].concat();
    assert_turned_away(&stage, &attacker, &altered(&longer), "lacks an investigator's signature");
    assert_turned_away(&stage, &attacker, &altered(&payload[..payload.len() - 1]), "lacks an investigator's");

    // One byte of a signature: the bytes are those that were signed, so the study stays the accepted one.
    for (index, reason) in [(0, "lacks an investigator's signature"), (1, "1 of the 2"), (2, "1 of the 2")] {
        let mut damaged = accepted.clone();
        let mut signature = BASE64.decode(damaged["signatures"][index]["sig"].as_str().unwrap()).unwrap();
        signature[40] ^= 1;
        damaged["signatures"][index]["sig"] = json!(BASE64.encode(signature));
        let announce = || attacker.announce("a", damaged.to_string().into_bytes());
        let (reply, written) = stage.written_during(A, announce);
        assert_eq!(reply, AnnounceReply { decision: Decision::Refused.into(), ..Default::default() });
        assert_refused(&written, "study_turned_away", reason);
    }
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}

#[test]
fn a_study_that_may_not_run_here_or_today_is_turned_away_whoever_signed_it() {
    let mut stage = Stage::set();
    let people = People::of(&stage);
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    for (change, reason) in [
        (("2090-12-31", "2020-12-31"), "the study expired on 2020-12-31"),
        (("expires =", "not_before = 2089-01-01\nexpires ="), "may not run before 2089-01-01"),
        (("network = \"reference\"", "network = \"other\""), "the study is for the network `other`"),
        (("minimum = 3", "minimum = 2"), "minimum must be at least 3"),
        (("release = \"site\"", "release = \"network\""), "asks for `network` release"),
        (("profile = \"standard\"", "profile = \"open\""), "policy does not allow the profile `open`"),
        (("by = \"rx\"", "by = \"arm\""), "does not fit the dictionary"),
        (("title =", "titel ="), "the study is malformed"),
        (TRACKER, "age adds up `burden`, which the study defines"),
    ] {
        assert_turned_away(&stage, &attacker, &people.sealed(&[UNKNOWN, change]), reason);
    }
    let malformed = "not a sealed document";
    assert_turned_away(&stage, &attacker, b"", malformed);
    assert_turned_away(&stage, &attacker, b"{\"payload\": 1}", malformed);
    // The refusal of something long must itself be short enough to be written down.
    let long = format!("{{\"{}\": 1}}", "x".repeat(1 << 20));
    assert_turned_away(&stage, &attacker, long.as_bytes(), malformed);
    let long = format!("{} = 1\ntitle =", "x".repeat(1 << 17));
    assert_turned_away(&stage, &attacker, &people.sealed(&[UNKNOWN, ("title =", &long)]), "malformed");
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}

#[test]
fn a_study_of_a_kind_this_node_lacks_waits_for_another_release_and_is_not_answered_until_then() {
    let mut stage = Stage::set();
    let people = People::of(&stage);
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let sealed = people.sealed(&[UNKNOWN, ("kind = \"table\"", "kind = \"export\"")]);
    let (reply, written) = stage.written_during(A, || attacker.announce("a", sealed.clone()));
    assert_eq!(reply, AnnounceReply { decision: Decision::Pending.into(), ..Default::default() });
    assert_eq!(written.iter().map(|entry| entry.kind.as_str()).collect::<Vec<_>>(), ["study_received"]);
    let mut round = attacker.round();
    round.study = Envelope::from_json(&sealed).unwrap().payload_digest().as_bytes().to_vec();
    let (reply, written) = stage.written_during(A, || attacker.contribute("a", attacker.seal(&round)));
    assert_eq!(reply, ContributeReply::default());
    assert_refused(&written, "round_refused", "has not accepted the study");
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}

#[test]
fn a_study_without_thresholds_waits_for_the_steward_only_where_the_centres_policy_allows_it() {
    let mut stage = Stage::set();
    let open = People::of(&stage).sealed(&[UNKNOWN, ("profile = \"standard\"", "profile = \"open\"")]);
    fs::write(stage.home(A).join("policy.toml"), "allow_open = true\n").unwrap();
    stage.network.kill_node(A).unwrap();
    stage.network.start_node(A).unwrap();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    assert_eq!(attacker.announce("a", open.clone()).decision(), Decision::Pending);
    assert_eq!(attacker.announce("b", open).decision(), Decision::Refused);
}

#[test]
fn a_study_that_the_centre_has_not_accepted_is_not_answered_until_it_has() {
    let mut stage = Stage::set();
    let people = People::of(&stage);
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let study = people.sealed(&[UNKNOWN]);
    let round = || {
        let mut round = attacker.round();
        round.study = Envelope::from_json(&study).unwrap().payload_digest().as_bytes().to_vec();
        attacker.seal(&round)
    };
    let assert_not_answered = |round: Vec<u8>| {
        let (reply, written) = stage.written_during(A, || attacker.contribute("a", round));
        assert_eq!(reply, ContributeReply::default());
        assert_refused(&written, "round_refused", "the data steward has not accepted the study");
    };
    assert_eq!(attacker.announce("a", study.clone()).decision(), Decision::Pending);
    assert_not_answered(round());
    stage.centre_command(A, &["study", "refuse", "ages@2", "--reason", "no capacity"]);
    let reply = attacker.announce("a", study.clone());
    assert_eq!(reply, AnnounceReply { decision: Decision::Refused.into(), ..Default::default() });
    let refused = round();
    assert_not_answered(refused.clone());
    stage.centre_command(A, &["study", "accept", "ages@2"]);
    assert!(!attacker.contribute("a", refused).sealed_answer.is_empty());
    // The steward may still refuse what has not been asked yet.
    stage.centre_command(A, &["study", "refuse", "ages@2"]);
    assert_not_answered(round());
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}

#[test]
fn a_study_that_has_expired_since_it_was_accepted_is_answered_no_more() {
    let mut stage = Stage::set();
    let people = People::of(&stage);
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let yesterday = OffsetDateTime::now_utc() - Duration::days(1);
    let expired = people.sealed(&[UNKNOWN, ("2090-12-31", &yesterday.date().to_string())]);

    // What the centre did yesterday: it took the study in, and its steward accepted it.
    let home = Home::open(stage.home(A)).unwrap();
    let root = home.membership().unwrap().root;
    let study = SealedStudy::open(Envelope::from_json(&expired).unwrap(), &root, yesterday).unwrap();
    home.write(&format!("studies/{}.json", study.digest.hex()), &expired).unwrap();
    let snapshot = decision::choose_snapshot(&home, None).unwrap();
    decision::accept(&home, &root, &SiteId::new("a").unwrap(), &study, snapshot, yesterday).unwrap();

    let mut round = attacker.round();
    round.study = study.digest.as_bytes().to_vec();
    let (reply, written) = stage.written_during(A, || attacker.contribute("a", attacker.seal(&round)));
    assert_eq!(reply, ContributeReply::default());
    assert_refused(&written, "round_refused", "the study expired on");
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}
