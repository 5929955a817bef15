#![allow(clippy::unwrap_used)]

use notochord_ledger::{CheckpointKey, DirectoryStorage, Origin, Record as _};
use notochord_proto::keys::SecretKey;
use notochord_proto::name::RunId;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::*;
use crate::entry::{IntendedStep, Intent};

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn step(iteration: u32, state: &str) -> Step {
    let sites = if iteration == 0 { vec![] } else { vec!["a".into()] };
    let state = state.as_bytes().to_vec();
    Step::read(&wire::Step { analysis: "risk".into(), iteration, state, sites }).unwrap()
}

/// An order of a run to answer one step.
fn order(run: &str, step: Step) -> Order {
    Order {
        round: digest(&format!("{run} {step:?}")),
        run: RunId::new(run).unwrap(),
        idempotency_key: String::new(),
        study: digest("study"),
        expires: OffsetDateTime::UNIX_EPOCH,
        roster: Vec::new(),
        snapshot: digest("snapshot"),
        keys: None,
        previous: None,
        messages: (Vec::new(), Vec::new()),
        steps: vec![step],
    }
}

fn intend(ledger: &mut Ledger, order: &Order) {
    let intent = Intent {
        round: order.round,
        run: order.run.clone(),
        study: order.study,
        snapshot: order.snapshot,
        steps: order.steps.iter().map(IntendedStep::of).collect(),
    };
    intent.write(ledger, OffsetDateTime::UNIX_EPOCH).unwrap();
}

fn ledger(directory: &tempfile::TempDir) -> Ledger {
    let key = SecretKey::from_seed(&Zeroizing::new([7; 32]));
    let key = CheckpointKey::new(Origin::of_node(&key.public()), key.signing_key().clone());
    Ledger::create(DirectoryStorage::open(directory.path()).unwrap(), key).unwrap()
}

#[test]
fn an_iteration_is_answered_once_in_a_run_and_the_same_round_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = ledger(&directory);
    let asked = order("one", step(1, "[1]"));
    once(&asked, &ledger).unwrap();
    intend(&mut ledger, &asked);
    once(&asked, &ledger).unwrap();
    let otherwise = once(&order("one", step(1, "[2]")), &ledger);
    assert!(matches!(otherwise, Err(LaterRoundError::AnsweredAlready { iteration: 1, .. })));
    once(&order("two", step(1, "[2]")), &ledger).unwrap();
}

#[test]
fn a_run_has_no_more_rounds_than_an_analysis_may_take() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = ledger(&directory);
    for round in 0..MOST_ROUNDS {
        let mut asked = order("one", step(0, ""));
        asked.round = digest(&round.to_string());
        intend(&mut ledger, &asked);
    }
    let further = once(&order("one", step(1, "[1]")), &ledger);
    assert!(matches!(further, Err(LaterRoundError::TooManyRounds)));
    once(&order("two", step(1, "[1]")), &ledger).unwrap();
}

#[test]
fn an_analysis_is_answered_with_so_many_different_states_from_a_snapshot_in_all_runs_together() {
    let directory = tempfile::tempdir().unwrap();
    let mut ledger = ledger(&directory);
    for run in 0..MOST_STATES {
        let asked = order(&format!("run-{run}"), step(1, &format!("[{run}]")));
        once(&asked, &ledger).unwrap();
        intend(&mut ledger, &asked);
    }
    let another = order("further", step(1, "[0.5]"));
    assert!(matches!(once(&another, &ledger), Err(LaterRoundError::TooManyStates(_))));
    // The same sites give the same states, however often; another snapshot is other data.
    once(&order("further", step(1, "[3]")), &ledger).unwrap();
    once(&order("further", step(0, "")), &ledger).unwrap();
    once(&Order { snapshot: digest("newer"), ..another }, &ledger).unwrap();
}

#[test]
fn an_intent_of_an_earlier_version_is_still_read() {
    let written = r#"{"round":"ROUND","run":"one","study":"ROUND","snapshot":"ROUND","steps":["age"]}"#;
    let intent: Intent = serde_json::from_str(&written.replace("ROUND", &digest("x").to_string())).unwrap();
    assert!(intent.steps[0].is(&notochord_proto::name::AnalysisId::new("age").unwrap(), 0));
}
