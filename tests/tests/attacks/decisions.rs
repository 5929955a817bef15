//! What a centre decided, and until when it may be asked.

use std::fs;
use std::fs::File;

use notochord_proto::envelope::Envelope;
use notochord_proto::wire::{ContributeReply, Decision};
use notochord_sandbox::process::wait_for;
use time::OffsetDateTime;

use crate::attacker::Attacker;
use crate::stage::{A, PATIENCE, Stage, assert_refused};

#[test]
fn an_acceptance_that_is_put_back_from_a_backup_after_the_steward_took_it_back_counts_no_more() {
    let mut stage = Stage::set();
    let study = Envelope::from_json(&stage.accepted_study()).unwrap().payload_digest();
    let file = stage.home(A).join(format!("decisions/{}.json", study.hex()));
    let backup = fs::read(&file).unwrap();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    attacker.assert_answers_an_honest_round(&stage, A, "a");
    stage.centre_command(A, &["study", "refuse", "ages", "--reason", "consent was withdrawn"]);
    fs::write(&file, &backup).unwrap();

    let round = attacker.seal(&attacker.round());
    let (reply, written) = stage.written_during(A, || attacker.contribute("a", round));
    assert_eq!(reply, ContributeReply::default());
    assert_refused(&written, "round_refused", "the data steward has not accepted the study");
    let told = attacker.announce("a", stage.accepted_study());
    assert_eq!(told.decision(), Decision::Refused);
    assert!(told.sealed_acceptance.is_empty());

    stage.centre_command(A, &["study", "accept", "ages"]);
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}

#[test]
fn a_round_that_ends_while_it_is_computed_is_not_answered() {
    let mut stage = Stage::set();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let ledger = stage.home(A).join("ledger");
    let written_of = |kind: &str| {
        fs::read_to_string(ledger.join("ledger.log")).unwrap().matches(&format!("\"{kind}\"")).count()
    };
    // Computing may be over before the ledger can be taken; then that round proves nothing.
    let mut attempts = 0..50;
    let (reply, written) = loop {
        attempts.next().expect("the ledger was never taken in time");
        let mut round = attacker.round();
        let ends = OffsetDateTime::now_utc().unix_timestamp() + 2;
        round.expires_unix_s = ends;
        let sealed = attacker.seal(&round);
        let (intents, releases) = (written_of("intent"), written_of("released"));
        let ((reply, in_time), written) = stage.written_during(A, || {
            std::thread::scope(|scope| {
                let asked = scope.spawn(|| attacker.contribute("a", sealed));
                // As a command of the centre would, that takes its time with the ledger.
                let lock = File::options().write(true).open(ledger.join("lock")).unwrap();
                wait_for(PATIENCE, || (written_of("intent") > intents).then_some(())).unwrap();
                lock.lock().unwrap();
                let in_time = written_of("released") == releases;
                let is_over = || OffsetDateTime::now_utc().unix_timestamp() > ends;
                wait_for(PATIENCE, || (!in_time || is_over()).then_some(())).unwrap();
                drop(lock);
                (asked.join().unwrap(), in_time)
            })
        });
        if in_time {
            break (reply, written);
        }
    };
    assert_eq!(reply, ContributeReply::default());
    let [intent, refused] = &written[..] else { panic!("{written:#?}") };
    assert_eq!(intent.kind, "intent");
    assert_refused(std::slice::from_ref(refused), "round_refused", "the round has expired");
    attacker.assert_answers_an_honest_round(&stage, A, "a");
}

#[test]
fn a_study_that_may_not_run_here_fills_no_ledger_however_often_it_comes() {
    let mut stage = Stage::set();
    let attacker = Attacker::in_place_of_the_coordinator(&mut stage);
    let mut unsigned = Envelope::from_json(&stage.accepted_study()).unwrap();
    unsigned.keep_seals_of(&[]);
    let unsigned = unsigned.to_json().into_bytes();
    let ((), written) = stage.written_during(A, || {
        for _ in 0..5 {
            assert_eq!(attacker.announce("a", unsigned.clone()).decision(), Decision::Refused);
        }
    });
    assert_refused(&written, "study_turned_away", "");
}
