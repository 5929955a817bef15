//! What a captured coordinator, which holds its own online key but no root key, can do with status lists: nothing but
//! stop the network.

use std::fs;

use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::SecretKey;
use notochord_proto::root::{ROOT_TYPE, Root};
use notochord_proto::status_list::{Member, Recused, Revoked, STATUS_TYPE, StatusList, Superseded};
use notochord_proto::wire::TrustRequest;
use time::{Duration, OffsetDateTime};

use crate::attacker::{Attacker, key, strangers_key};
use crate::stage::{A, Stage, assert_refused};

/// The status list that centre A holds.
fn held(stage: &Stage) -> StatusList {
    let bytes = fs::read(stage.home(A).join("network/status.json")).unwrap();
    serde_json::from_slice(Envelope::from_json(&bytes).unwrap().payload_for_reading()).unwrap()
}

fn sealed(list: &StatusList, key: &SecretKey) -> TrustRequest {
    let envelope = Envelope::seal(STATUS_TYPE, list.to_bytes(), key);
    TrustRequest { sealed_status: envelope.to_json().into_bytes(), ..Default::default() }
}

#[test]
fn a_centre_takes_no_status_list_that_is_older_frozen_mixed_or_a_strangers() {
    let mut stage = Stage::set();
    let genuine = held(&stage);
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let now = OffsetDateTime::now_utc();
    let next = StatusList { version: genuine.version + 1, ..genuine.clone() };
    let other_root = |list: &mut StatusList| list.root.version = 7;
    let mut mixed = next.clone();
    other_root(&mut mixed);
    let ended =
        StatusList { issued: now - Duration::hours(24), expires: now - Duration::hours(1), ..next.clone() };
    let lasting = StatusList { expires: now + Duration::days(30), ..next.clone() };
    let older = StatusList { version: genuine.version - 1, ..genuine.clone() };
    let twin = StatusList { expires: genuine.expires - Duration::MINUTE, ..genuine.clone() };
    for (list, key, reason) in [
        (&older, &attacker.coordinator, "plays back an older one"),
        (&twin, &attacker.coordinator, "under the same version"),
        (&ended, &attacker.coordinator, "ended on"),
        (&lasting, &attacker.coordinator, "more than 24 hours"),
        (&mixed, &attacker.coordinator, "belongs to root document"),
        (&next, &strangers_key(), "0 of the 1 signatures"),
    ] {
        let (reply, written) = stage.written_during(A, || attacker.bring("a", sealed(list, key)));
        assert_eq!(reply.status_version, genuine.version, "{reason}");
        assert_refused(&written, "news_refused", reason);
    }
    attacker.assert_answers_an_honest_round(&stage, A, "a");
    attacker.give_way(&mut stage);
    stage.assert_an_honest_run_works();
}

#[test]
fn a_captured_coordinator_cannot_change_who_holds_an_office() {
    let mut stage = Stage::set();
    let root = fs::read(stage.network.coordinator_home().join("root.json")).unwrap();
    let root = Root::parse(Envelope::from_json(&root).unwrap().payload_for_reading()).unwrap();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let takeover = Root { version: 2, throwaway_minimum: Some(1), ..root };
    for key in [&attacker.coordinator, &strangers_key()] {
        let envelope = Envelope::seal(ROOT_TYPE, takeover.to_bytes(), key);
        let sent = TrustRequest { sealed_roots: vec![envelope.to_json().into_bytes()], ..Default::default() };
        let before = stage.ledger(stage.home(A)).len();
        assert_eq!(attacker.bring("a", sent).root_version, 1);
        // The same reason is written down once.
        let written = stage.ledger(stage.home(A)).split_off(before);
        assert!(written.iter().all(|entry| entry.kind == "news_refused"), "{written:?}");
    }
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}

#[test]
fn a_centre_that_hears_of_no_new_status_list_stops_answering_and_says_so() {
    let mut stage = Stage::set();
    let genuine = held(&stage);
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    stage.network.kill_node(A).unwrap();
    attacker.forget("a");
    // As the disk would look a day later.
    let now = OffsetDateTime::now_utc();
    let frozen =
        StatusList { issued: now - Duration::hours(25), expires: now - Duration::hours(1), ..genuine };
    let file = stage.home(A).join("network/status.json");
    fs::write(&file, sealed(&frozen, &attacker.coordinator).sealed_status).unwrap();
    stage.network.start_node(A).unwrap();
    let round = attacker.seal(&attacker.round());
    let (reply, written) = stage.written_during(A, || attacker.contribute("a", round));
    assert!(reply.sealed_answer.is_empty());
    assert_refused(&written, "round_refused", "the network's status list ended on");
    stage.wait_for_the_node_to_say(A, "this site must reach the coordinator", 1);
    let status = stage.centre_command(A, &["status"]);
    assert!(status.contains("ATTENTION        the network's status list ended on"), "{status}");
    // Once the coordinator is back the centre answers again, without anybody's help.
    attacker.give_way(&mut stage);
    stage.assert_an_honest_run_works();
}

#[test]
fn a_round_that_seats_a_revoked_centre_is_refused() {
    let mut stage = Stage::set();
    let genuine = held(&stage);
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let mut revoking = StatusList { version: genuine.version + 1, ..genuine };
    revoking.revoked.push(Revoked {
        member: Member::Site("c".parse().unwrap()),
        certificate: notochord_proto::digest::Digest::of(b"certificate"),
        since: OffsetDateTime::now_utc(),
    });
    let reply = attacker.bring("a", sealed(&revoking, &attacker.coordinator));
    assert_eq!(reply.status_version, revoking.version);
    let round = attacker.seal(&attacker.round());
    let (reply, written) = stage.written_during(A, || attacker.contribute("a", round));
    assert!(reply.sealed_answer.is_empty());
    assert_refused(&written, "round_refused", "the roster seats `c`, whose certificate was revoked");
}

/// What centre A does with a round after it heard `first`, and after a later list that leaves everything out again.
fn assert_stays_refused(change: impl FnOnce(&mut StatusList, Digest), reason: &str) {
    let mut stage = Stage::set();
    let genuine = held(&stage);
    let study = Envelope::from_json(&stage.accepted_study()).unwrap().payload_digest();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    attacker.assert_answers_an_honest_round(&stage, A, "a");
    let mut first = StatusList { version: genuine.version + 1, ..genuine.clone() };
    change(&mut first, study);
    let second = StatusList { version: genuine.version + 2, ..genuine };
    for list in [&first, &second] {
        let reply = attacker.bring("a", sealed(list, &attacker.coordinator));
        assert_eq!(reply.status_version, list.version);
        let round = attacker.seal(&attacker.round());
        let (reply, written) = stage.written_during(A, || attacker.contribute("a", round));
        assert!(reply.sealed_answer.is_empty());
        assert_refused(&written, "round_refused", reason);
    }
}

#[test]
fn a_study_that_was_replaced_is_answered_no_more_though_a_later_list_leaves_that_out() {
    let replace = |list: &mut StatusList, study| {
        let replacement = Digest::of(b"the next version");
        list.superseded.push(Superseded { study, replacement, by: "ages@2".into() });
    };
    assert_stays_refused(replace, "`ages@2` has come in the study's place");
}

#[test]
fn the_endorsement_of_an_approver_who_takes_no_part_counts_no_more_though_a_later_list_leaves_that_out() {
    let recuse = |list: &mut StatusList, study| {
        list.recused.push(Recused { study, approver: "approver-1".into(), statement: String::new() });
    };
    assert_stays_refused(recuse, "because approver-1 takes no part");
}

/// What centre A does with a round after `news` came and the files from before them were put back.
fn assert_put_back_is_refused(news: impl FnOnce(&Stage, &Attacker) -> TrustRequest, reason: &str) {
    let mut stage = Stage::set();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let directory = stage.home(A).join("network");
    let names = ["root.json", "status.json"];
    let before = names.map(|name| fs::read(directory.join(name)).unwrap());
    let sent = news(&stage, &attacker);
    let (_, written) = stage.written_during(A, || attacker.bring("a", sent));
    assert!(written.iter().all(|entry| entry.kind != "news_refused"), "{written:?}");
    stage.network.kill_node(A).unwrap();
    attacker.forget("a");
    names.iter().zip(before).for_each(|(name, bytes)| fs::write(directory.join(name), bytes).unwrap());
    stage.network.start_node(A).unwrap();
    let round = attacker.seal(&attacker.round());
    let (reply, written) = stage.written_during(A, || attacker.contribute("a", round));
    assert!(reply.sealed_answer.is_empty());
    assert_refused(&written, "round_refused", reason);
}

#[test]
fn a_status_list_that_is_put_back_as_a_file_is_not_believed() {
    let newer = |stage: &Stage, attacker: &Attacker| {
        let genuine = held(stage);
        sealed(&StatusList { version: genuine.version + 1, ..genuine }, &attacker.coordinator)
    };
    assert_put_back_is_refused(newer, "lies here, and the ledger says that");
}

#[test]
fn a_root_document_that_is_put_back_as_a_file_is_not_believed() {
    let next = |stage: &Stage, _: &Attacker| {
        let home = stage.network.coordinator_home();
        let root = fs::read(home.join("root.json")).unwrap();
        let root = Root::parse(Envelope::from_json(&root).unwrap().payload_for_reading()).unwrap();
        let next = Root { version: 2, ..root };
        let sealed = Envelope::seal(ROOT_TYPE, next.to_bytes(), &key(&home.join("keys/root.key")));
        TrustRequest { sealed_roots: vec![sealed.to_json().into_bytes()], ..Default::default() }
    };
    assert_put_back_is_refused(next, "root document 1 lies here, and the ledger says that 2");
}
