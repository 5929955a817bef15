//! Rounds that come again.

use std::fs;

use notochord_proto::wire::ContributeReply;

use crate::attacker::{Attacker, strangers_key};
use crate::stage::{A, Entry, Stage, assert_refused};

fn released(written: &[Entry]) -> usize {
    written.iter().filter(|entry| entry.kind == "released").count()
}

#[test]
fn the_same_round_gets_the_same_bytes_and_one_release_however_often_and_whenever_it_comes() {
    let mut stage = Stage::set();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let sealed = attacker.seal(&attacker.round());
    let (replies, written) = stage.written_during(A, || attacker.contribute_at_once("a", &sealed, 8));
    let answer = replies[0].clone();
    assert!(!answer.sealed_answer.is_empty());
    assert!(replies.iter().all(|reply| *reply == answer));
    assert_eq!(released(&written), 1, "{written:#?}");

    // After a crash, and also if what the node remembered beside its ledger is gone: computed again, it is the same.
    for forgets in [false, true] {
        stage.network.kill_node(A).unwrap();
        attacker.forget("a");
        if forgets {
            fs::remove_dir_all(stage.home(A).join("state")).unwrap();
        }
        stage.network.start_node(A).unwrap();
        let (again, written) = stage.written_during(A, || attacker.contribute("a", sealed.clone()));
        assert_eq!(again, answer);
        assert_eq!(written, []);
    }
}

#[test]
fn an_idempotency_key_is_good_for_one_round() {
    let mut stage = Stage::set();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let first = attacker.round();
    assert!(!attacker.contribute("a", attacker.seal(&first)).sealed_answer.is_empty());
    let mut of_the_same_run = first.clone();
    of_the_same_run.steps.pop();
    let mut of_another_run = attacker.round();
    of_another_run.idempotency_key = first.idempotency_key;
    for second in [of_the_same_run, of_another_run] {
        let (reply, written) = stage.written_during(A, || attacker.contribute("a", attacker.seal(&second)));
        assert_eq!(reply, ContributeReply::default());
        assert_refused(&written, "round_refused", "the idempotency key was used for another round");
    }
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}

#[test]
fn a_round_of_a_run_that_is_closed_is_answered_no_more() {
    let mut stage = Stage::set();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let round = attacker.round();
    let sealed = attacker.seal(&round);
    let answer = attacker.contribute("a", sealed.clone());

    // A record that the coordinator did not seal, or of another network, closes nothing.
    let mut elsewhere = round.clone();
    elsewhere.network = "other".into();
    for (record, key, reason) in [
        (&round, &strangers_key(), "the release record's seal"),
        (&elsewhere, &attacker.coordinator, "the release record is of another network"),
    ] {
        let ((), written) = stage.written_during(A, || attacker.deliver("a", record, key));
        assert_refused(&written, "record_refused", reason);
    }
    assert_eq!(attacker.contribute("a", sealed.clone()), answer);

    attacker.deliver("a", &round, &attacker.coordinator);
    let (reply, written) = stage.written_during(A, || attacker.contribute("a", sealed.clone()));
    assert_eq!(reply, ContributeReply::default());
    assert_refused(&written, "round_refused", "is closed; the round is a replay");
    let ((), written) = stage.written_during(A, || attacker.deliver("a", &round, &attacker.coordinator));
    assert_eq!(written, [], "a record that comes again changes nothing");

    // Neither under a new key, nor after a restart.
    let mut another = attacker.round();
    another.run = round.run;
    stage.network.kill_node(A).unwrap();
    attacker.forget("a");
    stage.network.start_node(A).unwrap();
    for sealed in [attacker.seal(&another), sealed] {
        let (reply, written) = stage.written_during(A, || attacker.contribute("a", sealed));
        assert_eq!(reply, ContributeReply::default());
        assert_refused(&written, "round_refused", "is closed; the round is a replay");
    }
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}

#[test]
fn a_round_of_the_real_coordinator_that_was_recorded_is_not_answered_a_second_time() {
    let mut stage = Stage::set();
    let run = stage.run(&[])["run"]["id"].as_str().unwrap().to_owned();
    let round = stage.network.coordinator_home().join(format!("runs/{run}/rounds/1/round.json"));
    let recorded = fs::read(round).unwrap();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    for (centre, site) in ["a", "b", "c"].into_iter().enumerate() {
        let replay = || attacker.contribute(site, recorded.clone());
        let (reply, written) = stage.written_during(centre, replay);
        assert_eq!(reply, ContributeReply::default());
        assert_refused(&written, "round_refused", &format!("the run `{run}` is closed"));
    }
    attacker.give_way(&mut stage);
    stage.assert_an_honest_run_works();
}
