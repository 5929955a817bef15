//! The rounds, gone again: each one's questions follow from the answers before it, and the last answers give the result.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::name::{RunId, SiteId};
use notochord_proto::root::{ROUND_TYPE, Root};
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::wire;
use notochord_stats::step::Step;
use prost::Message as _;

use super::documents::coordinator;
use super::report::Report;
use super::{Case, envelope};
use crate::course::Course;
use crate::evidence::RoundEvidence;
use crate::round::{Answered, Round};

/// Goes the rounds of the evidence again; nothing where they do not lead to a result.
pub(super) fn follow(case: &Case<'_>, report: &mut Report) -> Option<(Course, Vec<Answered>)> {
    let mut course = Course::begin(case.plan.clone(), case.study.study.sites.minimum, &case.seats);
    let mut gone: Vec<Answered> = Vec::new();
    for (number, shown) in (1..).zip(&case.evidence.rounds) {
        let what = name_of(number);
        let expected = course.steps();
        let opened = open(shown, &case.root, &case.study, &case.result.run.id);
        let opened = opened.and_then(|(sealed, message)| {
            questions(number, &message, &expected)?;
            Ok((sealed, message))
        });
        let (sealed, message) = report.take(&what, opened)?;
        if let Err(reason) = chain(case, &message, &expected, gone.last()) {
            report.fails(&what, reason);
        }
        let digest = sealed.payload_digest();
        let asked =
            case.seats.iter().filter(|seat| expected.iter().any(|step| step.is_asked_of(&seat.site.id)));
        report.holds(&what, format!("{digest} asks {} sites, sealed by the coordinator", asked.count()));
        let round = Round { number, steps: expected, sealed: shown.round.clone().into_bytes(), digest };
        let answers = answers(case, &round, shown, report)?;
        let answered = Answered { round: Arc::new(round), answers };
        course.take(&answered);
        gone.push(answered);
    }
    if let Some(step) = course.steps().first() {
        let (shown, analysis) = (gone.len(), &step.analysis);
        report.fails(
            "rounds",
            format!("{shown} are shown, and `{analysis}` has no answer yet: one is missing"),
        );
        return None;
    }
    dropped_out(case, &gone, report);
    Some((course, gone))
}

fn name_of(number: u32) -> String {
    match number {
        1 => "round".to_owned(),
        later => format!("round {later}"),
    }
}

/// A round of this run about this study, sealed by the coordinator.
pub(super) fn open(
    shown: &RoundEvidence,
    root: &Root,
    study: &SealedStudy,
    run: &RunId,
) -> Result<(Envelope, wire::Round), String> {
    let sealed = envelope(&shown.round).map_err(|error| error.to_string())?;
    let verified = sealed.verify(ROUND_TYPE, &coordinator(root)).map_err(|error| error.to_string())?;
    let round = wire::Round::decode(verified.payload).map_err(|error| error.to_string())?;
    if round.network != root.network.as_str() || round.run != run.as_str() {
        return Err("it is the round of another run".into());
    }
    if round.study != study.digest.as_bytes() {
        return Err("it is about another study".into());
    }
    Ok((sealed, round))
}

/// Whether a round asks what follows from the answers before it.
fn questions(number: u32, round: &wire::Round, expected: &[Step]) -> Result<(), String> {
    if expected.is_empty() {
        return Err("every analysis had its answer before it".into());
    }
    let expected: Vec<wire::Step> = expected.iter().map(Step::to_message).collect();
    let names = |steps: &[wire::Step]| -> Vec<(String, u32)> {
        steps.iter().map(|step| (step.analysis.clone(), step.iteration)).collect()
    };
    if names(&round.steps) != names(&expected) {
        return Err(match number {
            1 => "it does not ask for exactly the analyses of the study".into(),
            _ => "it does not ask for exactly the analyses that have no answer yet".into(),
        });
    }
    match round.steps.iter().zip(&expected).find(|(asked, expected)| asked != expected) {
        None => Ok(()),
        Some((asked, expected)) if asked.sites != expected.sites => {
            Err(format!("`{}` is asked of other sites than those that answered before", expected.analysis))
        }
        Some((_, expected)) => {
            Err(format!("the parameters of `{}` are not those the answers give", expected.analysis))
        }
    }
}

/// Whether a round names the roster of keys, the round before it and the answers it builds upon.
fn chain(
    case: &Case<'_>,
    round: &wire::Round,
    steps: &[Step],
    before: Option<&Answered>,
) -> Result<(), &'static str> {
    if round.keys != case.keys.as_bytes() {
        return Err("it names another roster of keys");
    }
    let previous = before.map(|before| before.round.digest.as_bytes().to_vec()).unwrap_or_default();
    if round.previous != previous {
        return Err("it does not follow the round before it");
    }
    if round.answers != before.map(|before| before.digests(steps)).unwrap_or_default() {
        return Err("it names other answers to the round before it");
    }
    if round.roster != case.seated {
        return Err("it seats other sites than the first round");
    }
    Ok(())
}

fn answers(
    case: &Case<'_>,
    round: &Round,
    shown: &RoundEvidence,
    report: &mut Report,
) -> Option<BTreeMap<SiteId, crate::round::SiteAnswer>> {
    let mut answers = BTreeMap::new();
    let mut are_all_sound = true;
    for (id, sealed) in &shown.answers {
        let what = match round.number {
            1 => format!("answer of {id}"),
            later => format!("answer of {id} to round {later}"),
        };
        let seat = case.seats.iter().find(|seat| seat.site.id == *id && round.asks(id));
        let read = match seat {
            None => Err("the round did not ask this site".to_owned()),
            Some(seat) => round
                .read_answer(seat, &case.plan, sealed.clone().into_bytes())
                .map_err(|error| error.to_string()),
        };
        match report.take(&what, read) {
            Some(answer) => {
                report.holds(what, "sealed by its node, of this round and snapshot, within its layout");
                answers.insert(id.clone(), answer);
            }
            None => are_all_sound = false,
        }
    }
    are_all_sound.then_some(answers)
}

/// Whether the result says of exactly those sites that they dropped out whose answers are not there.
fn dropped_out(case: &Case<'_>, gone: &[Answered], report: &mut Report) {
    let silent = |answered: &Answered| -> Vec<(SiteId, u32)> {
        let asked = answered.round.steps.iter().flat_map(|step| step.sites.iter().cloned());
        let missing = asked.filter(|site| !answered.answers.contains_key(site));
        missing.map(|site| (site, answered.round.number)).collect()
    };
    let found: BTreeSet<(SiteId, u32)> = gone.iter().flat_map(silent).collect();
    let told: BTreeSet<(SiteId, u32)> = case
        .result
        .sites
        .iter()
        .filter_map(|line| Some((line.id.clone(), line.dropped_out?.round)))
        .collect();
    if found != told {
        report.fails("rounds", "the sites that dropped out are not those whose answers are missing");
    }
}

/// The digests of the rounds, as far as they can be read.
pub(super) fn digests(rounds: &[RoundEvidence]) -> Vec<Digest> {
    rounds
        .iter()
        .filter_map(|shown| envelope(&shown.round).ok())
        .map(|sealed| sealed.payload_digest())
        .collect()
}
