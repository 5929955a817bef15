//! The ledgers: checkpoints, the proofs that they cover the run, and the witnesses' cosignatures.

use notochord_ledger::{CosignedCheckpoint, Entry, Origin, VerifierKey};
use notochord_proto::digest::Digest;
use notochord_proto::name::SiteId;
use serde_json::Value;

use super::Case;
use super::report::Report;
use crate::evidence::LedgerEvidence;
use crate::witnessing::ledger_of;

/// What an entry about the run must say: its kind, and the values of some of its fields.
struct Expected {
    kind: &'static str,
    fields: Vec<(&'static str, Value)>,
}

/// Every ledger that should hold something about the run.
pub(super) fn check(case: &Case<'_>, report: &mut Report) {
    let digest = |digest: Digest| Value::from(digest.to_string());
    let run = Value::from(case.result.run.id.as_str());
    let (study, result) = (digest(case.study.digest), digest(case.result.digest));
    let rounds = Value::from_iter(case.rounds.iter().map(|round| digest(*round)));
    let about = |more: Vec<(&'static str, Value)>| {
        let about = [("run", run.clone()), ("study", study.clone())];
        about.into_iter().chain(more).collect::<Vec<_>>()
    };
    let released = about(vec![("result", result), ("rounds", rounds)]);
    let key = case.root.coordinator;
    let key = VerifierKey::new(Origin::of_coordinator(&key), *key.verifying_key());
    let expected = [Expected { kind: "result_released", fields: released.clone() }];
    ledger(case, "the coordinator's ledger", &key, case.evidence.coordinator.as_ref(), &expected, report);
    let answered = |id: &SiteId| {
        let id = id.clone();
        case.evidence
            .rounds
            .iter()
            .zip(&case.rounds)
            .filter(move |(round, _)| round.answers.contains_key(&id))
    };
    for seat in case.seats.iter().filter(|seat| answered(&seat.site.id).next().is_some()) {
        let asked = |round: Digest| vec![("round", digest(round)), ("snapshot", digest(seat.snapshot))];
        let intents = answered(&seat.site.id)
            .map(|(_, round)| Expected { kind: "intent", fields: about(asked(*round)) });
        let closed = Expected { kind: "run_closed", fields: released.clone() };
        let expected: Vec<Expected> = intents.chain([closed]).collect();
        let (id, what) = (&seat.site.id, format!("the ledger of {}", seat.site.id));
        ledger(case, &what, &ledger_of(&seat.site), case.evidence.sites.get(id), &expected, report);
    }
    for id in case.evidence.sites.keys() {
        if !case.seats.iter().any(|seat| seat.site.id == *id) {
            report.fails(format!("the ledger of {id}"), "the run did not ask this site");
        }
    }
}

fn ledger(
    case: &Case<'_>,
    what: &str,
    key: &VerifierKey,
    shown: Option<&LedgerEvidence>,
    expected: &[Expected],
    report: &mut Report,
) {
    let Some(shown) = shown else {
        return match case.known.witnesses {
            0 => report.misses(what, "it was not shown when the run ended"),
            needed => report.fails(what, format!("it was not shown; you ask for {needed} witnesses")),
        };
    };
    let opened = CosignedCheckpoint::open(shown.checkpoint.as_bytes(), key);
    let Some(checkpoint) = report.take(what, opened) else { return };
    let size = checkpoint.checkpoint().size;
    let mut entries = Vec::new();
    for proven in &shown.entries {
        let proof = proven.proof.verify(proven.json.as_bytes(), &checkpoint.checkpoint());
        let index = proven.proof.index;
        let entry = proof.map_err(|error| format!("entry {index}: {error}")).and_then(|()| {
            let entry: Entry =
                serde_json::from_str(&proven.json).map_err(|error| format!("entry {index}: {error}"))?;
            match entry.index == index {
                true => Ok(entry),
                false => Err(format!("entry {index} says that it stands elsewhere")),
            }
        });
        match report.take(what, entry) {
            Some(entry) => entries.push(entry),
            None => return,
        }
    }
    for Expected { kind, fields } in expected {
        let of_kind: Vec<&Entry> = entries.iter().filter(|entry| entry.kind == *kind).collect();
        if of_kind.is_empty() {
            report.misses(what, format!("it shows no entry `{kind}` of this run"));
            continue;
        }
        let says = |entry: &&Entry| fields.iter().all(|(name, value)| entry.body.get(*name) == Some(value));
        match of_kind.into_iter().find(says) {
            Some(entry) => {
                report.holds(what, format!("entry {} of {size} is the `{kind}` of this run", entry.index))
            }
            None => report.fails(what, format!("its entry `{kind}` says something else of this run")),
        }
    }
    witnesses(case, what, key, &checkpoint, report);
}

fn witnesses(
    case: &Case<'_>,
    what: &str,
    key: &VerifierKey,
    checkpoint: &CosignedCheckpoint,
    report: &mut Report,
) {
    let mut witnesses = Vec::new();
    // A ledger is no witness of itself.
    for site in case.sites.iter().filter(|site| ledger_of(site) != *key) {
        match checkpoint.cosigned_by(&ledger_of(site)) {
            Ok(Some(_)) => witnesses.push(site.id.as_str()),
            Ok(None) => {}
            Err(error) => report.fails(what, format!("the cosignature of {}: {error}", site.id)),
        }
    }
    let (found, needed) = (witnesses.len(), case.known.witnesses);
    if found < needed {
        report.fails(what, format!("{found} witnesses cosigned its checkpoint; you ask for {needed}"));
    } else if witnesses.is_empty() {
        report.misses(what, "no witness cosigned its checkpoint");
    } else {
        report.holds(what, format!("its checkpoint is cosigned by {}", witnesses.join(", ")));
    }
}
