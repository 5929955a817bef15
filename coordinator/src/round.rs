//! One round: the question as sealed bytes, and what counts as an answer to it.

use notochord_disclosure::Rule;
use notochord_proto::digest::Digest;
use notochord_proto::envelope::{Envelope, EnvelopeError};
use notochord_proto::keys::SecretKey;
use notochord_proto::name::{AnalysisId, NetworkName, RunId};
use notochord_proto::root::{ANSWER_TYPE, ROUND_TYPE};
use notochord_proto::vector::{self, VectorError};
use notochord_proto::wire;
use notochord_stats::plan::Plan;
use notochord_stats::question::Question;
use prost::Message as _;
use time::OffsetDateTime;

use crate::acceptance::SealedAcceptance;
use crate::directory::Site;

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

/// A sealed round.
pub struct Round {
    /// The bytes every node gets.
    pub sealed: Vec<u8>,
    /// SHA-256 of the round's exact bytes, to which every answer refers.
    pub digest: Digest,
}

/// A site's answer that belongs to the round and can be true.
pub struct SiteAnswer {
    /// The answer as received: evidence.
    pub sealed: Vec<u8>,
    /// The node's software.
    pub software: String,
    /// Per analysis of the plan, in its order: the vector (withheld integers are `None`), or nothing.
    pub steps: Vec<Option<StepAnswer>>,
}

/// A contribution and the rules that withheld parts of it.
pub struct StepAnswer {
    /// The vector.
    pub vector: Vec<Option<i128>>,
    /// Rules that fired at the site.
    pub rules: Vec<Rule>,
}

/// Why an answer is rubbish.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// Not sealed by the site's node.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Not an answer.
    #[error("the answer cannot be read")]
    Malformed(#[from] prost::DecodeError),
    /// An answer to something else.
    #[error("the answer is to another {0}")]
    Other(&'static str),
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
    /// Seals the question of a run: all analyses of the plan, side by side.
    #[expect(clippy::too_many_arguments, reason = "they are the fields of the message")]
    pub fn seal(
        network: &NetworkName,
        run: &RunId,
        study: Digest,
        seats: &[Seat],
        plan: &Plan,
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
            network: network.to_string(),
            run: run.to_string(),
            idempotency_key: idempotency_key.to_vec(),
            study: study.as_bytes().to_vec(),
            expires_unix_s: expires.unix_timestamp(),
            roster: seats.iter().map(seat).collect(),
            steps: plan
                .analyses
                .iter()
                .map(|analysis| wire::Step { analysis: analysis.id.to_string(), iteration: 0 })
                .collect(),
        };
        let bytes = round.encode_to_vec();
        let digest = Digest::of(&bytes);
        Self { sealed: Envelope::seal(ROUND_TYPE, bytes, key).to_json().into_bytes(), digest }
    }

    /// Reads a site's answer, and believes nothing of it that can be checked.
    pub fn read_answer(&self, seat: &Seat, plan: &Plan, sealed: Vec<u8>) -> Result<SiteAnswer, AnswerError> {
        let envelope = Envelope::from_json(&sealed)?;
        let verified = envelope.verify(ANSWER_TYPE, &seat.site.node_role())?;
        let answer = wire::Answer::decode(verified.payload)?;
        if answer.round != self.digest.as_bytes() {
            return Err(AnswerError::Other("round"));
        }
        if answer.site != seat.site.id.as_str() {
            return Err(AnswerError::Other("site"));
        }
        if answer.snapshot != seat.snapshot.as_bytes() {
            return Err(AnswerError::Other("snapshot"));
        }
        if answer.steps.len() != plan.analyses.len() {
            return Err(AnswerError::Other("list of steps"));
        }
        let software = version(&answer.software);
        let steps = plan
            .analyses
            .iter()
            .zip(answer.steps)
            .map(|(analysis, step)| {
                let wire::StepAnswer { step, contribution } = step;
                let expected = wire::Step { analysis: analysis.id.to_string(), iteration: 0 };
                if step != Some(expected) {
                    return Err(AnswerError::Other("step"));
                }
                let Some(contribution) = contribution else { return Ok(None) };
                let vector = vector::decode(
                    &analysis.statistic.layout(&Question::first()).unwrap_or_default(),
                    &contribution,
                )
                .map_err(|source| AnswerError::Vector { analysis: analysis.id.clone(), source })?;
                Ok(Some(StepAnswer { vector, rules: known(&contribution.rules) }))
            })
            .collect::<Result<_, _>>()?;
        Ok(SiteAnswer { sealed, software, steps })
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
