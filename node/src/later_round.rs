//! A later round, checked against what this node knows: nobody may choose the parameters that patients' rows are summed
//! with.
//!
//! The node keeps no parameters. It is shown the round before and the sites' sealed answers to it, among them its own;
//! it adds them and computes the next question, as the coordinator did, and answers none but that. As it did so in the
//! round before, every parameter since the first question was computed here.

use std::collections::BTreeSet;

use notochord_ledger::Ledger;
use notochord_proto::answer::{Answer, AnswerError, Expected};
use notochord_proto::digest::Digest;
use notochord_proto::envelope::{Envelope, EnvelopeError};
use notochord_proto::name::{AnalysisId, SiteId};
use notochord_proto::role::Role;
use notochord_proto::roster::{Roster, RosterError};
use notochord_proto::vector::{self, VectorError};
use notochord_proto::wire;
use notochord_stats::plan::{LayoutError, Plan};
use notochord_stats::question::{MOST_ROUNDS, QuestionError};
use notochord_stats::step::{Following, Given, Step};

use crate::entry;
use crate::order::{Addressee, Order, OrderError, Previous};

/// With how many different states of one iteration or another an analysis is answered from one snapshot, in all runs
/// together. Each is a linear combination of the same patients; a run that is repeated with the same sites asks with the
/// same ones.
const MOST_STATES: usize = 2 * MOST_ROUNDS as usize;

/// Why a later round is not answered.
#[derive(Debug, thiserror::Error)]
pub enum LaterRoundError {
    /// Nothing to compute from.
    #[error("the round comes without the one before it and its answers")]
    Bare,
    /// A round that does not continue the run.
    #[error("the round before: {0}")]
    Before(String),
    /// This node never answered the round before.
    #[error("the round builds upon one that this node did not answer")]
    NotAnswered,
    /// Not the iteration after.
    #[error("the round asks for iteration {asked} of `{analysis}` after iteration {before}")]
    Skipped {
        /// The analysis.
        analysis: AnalysisId,
        /// The iteration asked for.
        asked: u32,
        /// The one before.
        before: u32,
    },
    /// An analysis that was not asked before.
    #[error("the round before did not ask for `{0}`")]
    NotAskedBefore(AnalysisId),
    /// The keys.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The roster's seal.
    #[error("the roster of keys: {0}")]
    Envelope(#[from] EnvelopeError),
    /// Other keys than the round names.
    #[error("the roster of keys is not the one of this run, or not of this network")]
    Keys,
    /// Not the answers it names.
    #[error("the answers handed over are not those the round names")]
    OtherAnswers,
    /// An answer that nobody of the roster gave.
    #[error("one of the answers is of no site that was asked")]
    Phantom,
    /// Two answers of one site.
    #[error("`{0}` answers twice")]
    Twice(SiteId),
    /// An answer that is none.
    #[error("the answer of `{site}`: {source}")]
    Answer {
        /// The site.
        site: SiteId,
        /// Why.
        source: AnswerError,
    },
    /// Numbers that no data could give.
    #[error("the answer of `{site}`: {analysis}: {source}")]
    Vector {
        /// The site.
        site: SiteId,
        /// In which analysis.
        analysis: AnalysisId,
        /// Why.
        source: VectorError,
    },
    /// This node's own answer is not what it released.
    #[error("the answer handed over as this node's own is not the one it released")]
    OwnAnswer,
    /// Not a question.
    #[error("`{analysis}`: {source}")]
    Question {
        /// The analysis.
        analysis: AnalysisId,
        /// Why.
        source: QuestionError,
    },
    /// Not a question that has an answer.
    #[error("`{analysis}`: {source}")]
    Layout {
        /// The analysis.
        analysis: AnalysisId,
        /// Why.
        source: LayoutError,
    },
    /// The answers end the analysis.
    #[error("`{0}` ends with the answers to the round before; there is nothing more to ask")]
    Ended(AnalysisId),
    /// Some sites gave nothing this time.
    #[error(
        "not all the sites that `{0}` began with answered the round before; it does not go on without them"
    )]
    Changed(AnalysisId),
    /// Chosen sites.
    #[error("`{0}` is not asked of the sites that answered the round before")]
    Sites(AnalysisId),
    /// Chosen parameters.
    #[error("the parameters of `{0}` are not those the answers give")]
    Parameters(AnalysisId),
    /// The same iteration with something else.
    #[error("iteration {iteration} of `{analysis}` was answered in another round of this run")]
    AnsweredAlready {
        /// The analysis.
        analysis: AnalysisId,
        /// The iteration.
        iteration: u32,
    },
    /// Too many rounds.
    #[error("the run has had {MOST_ROUNDS} rounds here")]
    TooManyRounds,
    /// Too many states.
    #[error(
        "`{0}` was answered with {MOST_STATES} different parameters from this snapshot; there are no more"
    )]
    TooManyStates(AnalysisId),
}

/// What a node judges a later round by.
pub(crate) struct Bench<'a> {
    pub(crate) addressee: &'a Addressee<'a>,
    pub(crate) coordinator: &'a Role,
    pub(crate) ledger: &'a Ledger,
    pub(crate) plan: &'a Plan,
    /// How many sites must contribute.
    pub(crate) needed: usize,
}

/// Whether every round of a run is asked once, and none too many, so far as the ledger tells.
pub(crate) fn once(order: &Order, ledger: &Ledger) -> Result<(), LaterRoundError> {
    let intents = entry::intents(ledger, &order.study);
    let of_run = || intents.iter().filter(|intent| intent.run == order.run && intent.round != order.round);
    let rounds: BTreeSet<Digest> = of_run().map(|intent| intent.round).collect();
    if rounds.len() >= MOST_ROUNDS as usize {
        return Err(LaterRoundError::TooManyRounds);
    }
    for step in &order.steps {
        let (analysis, iteration) = (&step.analysis, step.question.iteration());
        if of_run().flat_map(|intent| &intent.steps).any(|one| one.is(analysis, iteration)) {
            return Err(LaterRoundError::AnsweredAlready { analysis: analysis.clone(), iteration });
        }
        let asked = intents.iter().filter(|intent| intent.snapshot == order.snapshot);
        let asked = asked.flat_map(|intent| &intent.steps).filter(|one| one.analysis == *analysis);
        let states: BTreeSet<Digest> = asked.filter_map(|one| one.state).collect();
        let is_new = entry::state_of(step).is_some_and(|state| !states.contains(&state));
        if is_new && states.len() >= MOST_STATES {
            return Err(LaterRoundError::TooManyStates(analysis.clone()));
        }
    }
    Ok(())
}

/// Whether a later round asks exactly what the answers to the round before give.
pub(crate) fn recompute(
    order: &Order,
    previous: &Previous,
    preceding: Option<&wire::Preceding>,
    bench: &Bench<'_>,
) -> Result<(), LaterRoundError> {
    let preceding = preceding.ok_or(LaterRoundError::Bare)?;
    let before = before(order, previous, &preceding.sealed_round, bench)?;
    let own = entry::released(bench.ledger, before.round).ok_or(LaterRoundError::NotAnswered)?.answer;
    let roster = keys(order, &preceding.sealed_roster, bench)?;
    let digests: Vec<Digest> = preceding.sealed_answers.iter().map(|answer| Digest::of(answer)).collect();
    if digests != previous.answers {
        return Err(LaterRoundError::OtherAnswers);
    }
    let answers = answers(&before, &preceding.sealed_answers, &roster)?;
    let is_own =
        |(site, _, digest): &(SiteId, Answer, Digest)| site == bench.addressee.site && *digest == own;
    if !answers.iter().any(is_own) {
        return Err(LaterRoundError::OwnAnswer);
    }
    order.steps.iter().try_for_each(|step| compare(step, &before, &answers, bench))
}

/// The round before, if it is one of this run that this one may follow.
fn before(
    order: &Order,
    previous: &Previous,
    sealed: &[u8],
    bench: &Bench<'_>,
) -> Result<Order, LaterRoundError> {
    let say = |error: OrderError| LaterRoundError::Before(error.to_string());
    let before = Order::of_any_time(sealed, bench.coordinator, bench.addressee).map_err(say)?;
    let fault = if before.round != previous.round {
        "it is not the one that the round names"
    } else if before.run != order.run || before.study != order.study {
        "it is of another run"
    } else if before.messages.0 != order.messages.0 {
        "it seats other sites, or from other snapshots"
    } else if before.keys != order.keys {
        "it names another roster of keys"
    } else {
        return Ok(before);
    };
    Err(LaterRoundError::Before(fault.to_owned()))
}

/// Whose keys are whose, on the coordinator's word, given before any answer.
fn keys(order: &Order, sealed: &[u8], bench: &Bench<'_>) -> Result<Roster, LaterRoundError> {
    let envelope = Envelope::from_json(sealed)?;
    let roster = Roster::open(&envelope, bench.coordinator)?;
    let is_named = order.keys == Some(envelope.payload_digest());
    match is_named && roster.run == order.run && roster.network == *bench.addressee.network {
        true => Ok(roster),
        false => Err(LaterRoundError::Keys),
    }
}

/// Every answer handed over, with its digest: each of another site that was asked, sealed by its node.
fn answers(
    before: &Order,
    sealed: &[Vec<u8>],
    roster: &Roster,
) -> Result<Vec<(SiteId, Answer, Digest)>, LaterRoundError> {
    let mut answers: Vec<(SiteId, Answer, Digest)> = Vec::with_capacity(sealed.len());
    for sealed in sealed {
        let envelope = Envelope::from_json(sealed).map_err(|_| LaterRoundError::Phantom)?;
        let said = <wire::Answer as prost::Message>::decode(envelope.payload_for_reading());
        let said = said.map_err(|_| LaterRoundError::Phantom)?.site;
        // Who it says it is decides under which key it must verify.
        let seat = before.roster.iter().find(|seat| seat.site.as_str() == said);
        let known = roster.sites.iter().find(|site| site.id.as_str() == said);
        let (Some(seat), Some(known)) = (seat, known) else { return Err(LaterRoundError::Phantom) };
        if known.label != seat.label {
            return Err(LaterRoundError::Phantom);
        }
        let (site, node, snapshot) = (&seat.site, known.node, seat.snapshot);
        let expected = Expected { round: before.round, steps: &before.messages.1, site, snapshot, node };
        let answer = Answer::open(sealed, &expected);
        let answer = answer.map_err(|source| LaterRoundError::Answer { site: site.clone(), source })?;
        if answers.iter().any(|(other, _, _)| other == site) {
            return Err(LaterRoundError::Twice(site.clone()));
        }
        answers.push((site.clone(), answer, Digest::of(sealed)));
    }
    Ok(answers)
}

/// Computes one step again.
fn compare(
    step: &Step,
    before: &Order,
    answers: &[(SiteId, Answer, Digest)],
    bench: &Bench<'_>,
) -> Result<(), LaterRoundError> {
    let id = || step.analysis.clone();
    let at = before.steps.iter().position(|earlier| earlier.analysis == step.analysis);
    let at = at.ok_or_else(|| LaterRoundError::NotAskedBefore(id()))?;
    let (earlier, asked) = (&before.steps[at], step.question.iteration());
    if asked != earlier.question.iteration() + 1 {
        let before = earlier.question.iteration();
        return Err(LaterRoundError::Skipped { analysis: id(), asked, before });
    }
    let analysis = bench.plan.analysis(&step.analysis);
    let analysis = analysis.ok_or_else(|| LaterRoundError::NotAskedBefore(id()))?;
    let layout = analysis.layout(&earlier.question);
    let layout = layout.map_err(|source| LaterRoundError::Layout { analysis: id(), source })?;
    let mut given = Given::new();
    for (site, answer, _) in answers {
        let contribution = answer.contributions.get(at).and_then(Option::as_ref);
        let vector = contribution.map(|contribution| vector::decode(&layout, contribution)).transpose();
        let vector = vector.map_err(|source| LaterRoundError::Vector {
            site: site.clone(),
            analysis: id(),
            source,
        })?;
        given.insert(site.clone(), vector);
    }
    match earlier.follow(analysis, &given, bench.needed) {
        Err(source) => Err(LaterRoundError::Question { analysis: id(), source }),
        Ok(Following::Answer(_) | Following::TooFew) => Err(LaterRoundError::Ended(id())),
        Ok(Following::Changed { .. }) => Err(LaterRoundError::Changed(id())),
        Ok(Following::Ask(next)) if next == *step => Ok(()),
        Ok(Following::Ask(next)) if next.sites != step.sites => Err(LaterRoundError::Sites(id())),
        Ok(Following::Ask(_)) => Err(LaterRoundError::Parameters(id())),
    }
}

#[cfg(test)]
mod tests;
