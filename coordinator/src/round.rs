//! One round: the question as sealed bytes, and what counts as an answer to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use notochord_disclosure::Rule;
use notochord_link::socket::MOST_MESSAGE_BYTES;
use notochord_proto::answer::{Answer, AnswerError, Expected};
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::SecretKey;
use notochord_proto::name::{AnalysisId, NetworkName, RunId, SiteId};
use notochord_proto::root::ROUND_TYPE;
use notochord_proto::vector::{self, VectorError};
use notochord_proto::wire;
use notochord_stats::plan::{LayoutError, Plan};
use notochord_stats::step::{Given, Step};
use prost::Message as _;
use time::OffsetDateTime;

use crate::acceptance::SealedAcceptance;
use crate::directory::Site;

/// The most bytes of what a later round and all that it builds upon may have; base64 and headers need the rest of a
/// message.
const MOST_CARRIED: usize = MOST_MESSAGE_BYTES / 4 * 3;

/// A site that takes part, and the snapshot it answers from.
#[derive(Debug, Clone)]
pub struct Seat {
    /// The site.
    pub site: Site,
    /// Content hash of the snapshot it accepted the study for.
    pub snapshot: Digest,
    /// How it accepted the study.
    pub acceptance: SealedAcceptance,
}

/// What all rounds of a run have in common.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The network.
    pub network: &'a NetworkName,
    /// The run.
    pub run: &'a RunId,
    /// The study.
    pub study: Digest,
    /// Who was asked, also those that answer no more.
    pub seats: &'a [Seat],
    /// SHA-256 of the roster of keys.
    pub keys: Digest,
}

/// A sealed round.
#[derive(Debug)]
pub struct Round {
    /// Which one of its run, from 1.
    pub number: u32,
    /// What it asks; not empty.
    pub steps: Vec<Step>,
    /// The bytes every node gets.
    pub sealed: Vec<u8>,
    /// SHA-256 of the round's exact bytes, to which every answer refers.
    pub digest: Digest,
}

/// A site's answer that belongs to the round and can be true.
#[derive(Debug)]
pub struct SiteAnswer {
    /// The answer as received: evidence.
    pub sealed: Vec<u8>,
    /// The node's software.
    pub software: String,
    /// Per step of the round, in its order: the vector (withheld integers are `None`), or nothing.
    pub steps: Vec<Option<StepAnswer>>,
}

/// A contribution and the rules that withheld parts of it.
#[derive(Debug)]
pub struct StepAnswer {
    /// The vector.
    pub vector: Vec<Option<i128>>,
    /// Rules that fired at the site.
    pub rules: Vec<Rule>,
}

/// A round and the answers to it that are believed.
#[derive(Debug)]
pub struct Answered {
    /// The round.
    pub round: Arc<Round>,
    /// The answers.
    pub answers: BTreeMap<SiteId, SiteAnswer>,
}

/// Why an answer is rubbish.
#[derive(Debug, thiserror::Error)]
pub enum NotBelieved {
    /// It is not the site's answer to the round.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The round asks what has no answer.
    #[error("{analysis}: {source}")]
    Layout {
        /// In which analysis.
        analysis: AnalysisId,
        /// What.
        source: LayoutError,
    },
    /// A vector that cannot be.
    #[error("{analysis}: {source}")]
    Vector {
        /// In which analysis.
        analysis: AnalysisId,
        /// What.
        source: VectorError,
    },
}

impl Round {
    /// Seals the next question of a run: these steps, side by side. Later ones name what they build upon.
    pub fn seal(
        terms: &Terms<'_>,
        steps: Vec<Step>,
        before: Option<&Answered>,
        idempotency_key: [u8; 16],
        expires: OffsetDateTime,
        key: &SecretKey,
    ) -> Self {
        let seat = |seat: &Seat| wire::Seat {
            site: seat.site.id.to_string(),
            label: seat.site.label.clone(),
            snapshot: seat.snapshot.as_bytes().to_vec(),
        };
        let round = wire::Round {
            network: terms.network.to_string(),
            run: terms.run.to_string(),
            idempotency_key: idempotency_key.to_vec(),
            study: terms.study.as_bytes().to_vec(),
            expires_unix_s: expires.unix_timestamp(),
            roster: terms.seats.iter().map(seat).collect(),
            steps: steps.iter().map(Step::to_message).collect(),
            keys: terms.keys.as_bytes().to_vec(),
            previous: before.map(|before| before.round.digest.as_bytes().to_vec()).unwrap_or_default(),
            answers: before.map(|before| before.digests(&steps)).unwrap_or_default(),
        };
        let bytes = round.encode_to_vec();
        let digest = Digest::of(&bytes);
        let sealed = Envelope::seal(ROUND_TYPE, bytes, key).to_json().into_bytes();
        let number = before.map_or(1, |before| before.round.number + 1);
        Self { number, steps, sealed, digest }
    }

    /// The round as it is sent. `before` and the sealed roster go with a later one.
    pub fn request(&self, before: Option<&Answered>, sealed_roster: &str) -> wire::ContributeRequest {
        let preceding = before.map(|before| wire::Preceding {
            sealed_round: before.round.sealed.clone(),
            sealed_answers: before.behind(&self.steps).map(|answer| answer.sealed.clone()).collect(),
            sealed_roster: sealed_roster.as_bytes().to_vec(),
        });
        wire::ContributeRequest { sealed_round: self.sealed.clone(), preceding }
    }

    /// Whether a site is asked anything.
    pub fn asks(&self, site: &SiteId) -> bool {
        self.steps.iter().any(|step| step.is_asked_of(site))
    }

    /// Reads a site's answer, and believes nothing of it that can be checked.
    pub fn read_answer(&self, seat: &Seat, plan: &Plan, sealed: Vec<u8>) -> Result<SiteAnswer, NotBelieved> {
        let messages: Vec<wire::Step> = self.steps.iter().map(Step::to_message).collect();
        let expected = Expected {
            round: self.digest,
            steps: &messages,
            site: &seat.site.id,
            snapshot: seat.snapshot,
            node: seat.site.node,
        };
        let answer = Answer::open(&sealed, &expected)?;
        let read = |(step, contribution): (&Step, Option<wire::Contribution>)| -> Result<_, NotBelieved> {
            let Some(contribution) = contribution else { return Ok(None) };
            let Some(analysis) = plan.analysis(&step.analysis) else { return Ok(None) };
            let layout = analysis
                .layout(&step.question)
                .map_err(|source| NotBelieved::Layout { analysis: step.analysis.clone(), source })?;
            let vector = vector::decode(&layout, &contribution)
                .map_err(|source| NotBelieved::Vector { analysis: step.analysis.clone(), source })?;
            Ok(Some(StepAnswer { vector, rules: known(&contribution.rules) }))
        };
        let steps = self.steps.iter().zip(answer.contributions).map(read).collect::<Result<_, _>>()?;
        Ok(SiteAnswer { sealed, software: version(&answer.software), steps })
    }
}

impl Answered {
    /// What the sites gave to the step at this place in the round.
    pub fn given(&self, at: usize) -> Given {
        let of_site = |answer: &SiteAnswer| Some(answer.steps.get(at)?.as_ref()?.vector.clone());
        self.answers.iter().map(|(site, answer)| (site.clone(), of_site(answer))).collect()
    }

    /// SHA-256 of each answer on which these steps of the next round rest, by site.
    pub fn digests(&self, next: &[Step]) -> Vec<Vec<u8>> {
        self.behind(next).map(|answer| Digest::of(&answer.sealed).as_bytes().to_vec()).collect()
    }

    /// Whether these steps of the next round, and all that they build upon, are too much for one message.
    pub fn is_too_much_for(&self, next: &[Step]) -> bool {
        let answers: usize = self.behind(next).map(|answer| answer.sealed.len()).sum();
        let states: usize = next.iter().map(|step| step.question.bytes().len() * 4 / 3).sum();
        answers + states + self.round.sealed.len() > MOST_CARRIED
    }

    fn behind(&self, next: &[Step]) -> impl Iterator<Item = &SiteAnswer> {
        let asked = |site: &SiteId| next.iter().any(|step| step.is_asked_of(site));
        self.answers.iter().filter(move |(site, _)| asked(site)).map(|(_, answer)| answer)
    }
}

/// The version that a node says its software has. It comes from outside and is shown to people, so only what
/// versions are written with is kept of it.
pub(crate) fn version(said: &str) -> String {
    let in_versions = |letter: &char| letter.is_ascii_alphanumeric() || ".+-".contains(*letter);
    said.chars().filter(in_versions).take(40).collect()
}

/// The rules that have these names; whatever else a node writes there is not passed on.
fn known(names: &[String]) -> Vec<Rule> {
    names.iter().take(Rule::ALL.len()).filter_map(|name| Rule::named(name)).collect()
}
