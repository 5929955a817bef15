//! A node's sealed answer, as everybody reads it who knows the round it belongs to.

use prost::Message as _;

use crate::digest::Digest;
use crate::envelope::{Envelope, EnvelopeError};
use crate::keys::PublicKey;
use crate::name::SiteId;
use crate::role::Role;
use crate::root::ANSWER_TYPE;
use crate::wire::{self, Contribution, Step};

/// Whose answer it must be, and to what.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// SHA-256 of the round's exact bytes.
    pub round: Digest,
    /// The round's steps, in its order.
    pub steps: &'a [Step],
    /// The site.
    pub site: &'a SiteId,
    /// The snapshot that the round names for it.
    pub snapshot: Digest,
    /// The key of its node.
    pub node: PublicKey,
}

/// An answer to the round by the site. What its vectors hold is not read yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What the node says of its software.
    pub software: String,
    /// Per step, in the round's order; nothing where the site's rules withheld the whole step.
    pub contributions: Vec<Option<Contribution>>,
}

/// Why bytes are not that answer.
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
}

/// A step as an answer names it: which one it is, without what it was asked with.
pub fn named(step: &Step) -> Step {
    Step { analysis: step.analysis.clone(), iteration: step.iteration, ..Step::default() }
}

impl Answer {
    /// The answer in `sealed`, if it is the one expected.
    pub fn open(sealed: &[u8], expected: &Expected<'_>) -> Result<Self, AnswerError> {
        let envelope = Envelope::from_json(sealed)?;
        let node = Role::of_one(expected.site.as_str(), expected.node);
        let answer = wire::Answer::decode(envelope.verify(ANSWER_TYPE, &node)?.payload)?;
        if answer.round != expected.round.as_bytes() {
            return Err(AnswerError::Other("round"));
        }
        if answer.site != expected.site.as_str() {
            return Err(AnswerError::Other("site"));
        }
        if answer.snapshot != expected.snapshot.as_bytes() {
            return Err(AnswerError::Other("snapshot"));
        }
        if answer.steps.len() != expected.steps.len() {
            return Err(AnswerError::Other("list of steps"));
        }
        let of_step = |(answered, asked): (wire::StepAnswer, &Step)| match answered.step == Some(named(asked))
        {
            true => Ok(answered.contribution),
            false => Err(AnswerError::Other("step")),
        };
        let contributions = answer.steps.into_iter().zip(expected.steps).map(of_step);
        Ok(Self { software: answer.software, contributions: contributions.collect::<Result<_, _>>()? })
    }
}
