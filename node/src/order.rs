//! A round as a node reads it: verified, complete, and addressed to this site.

use notochord_proto::digest::{Digest, DigestError};
use notochord_proto::envelope::{Envelope, EnvelopeError};
use notochord_proto::name::{NameError, NetworkName, RunId, SiteId};
use notochord_proto::role::Role;
use notochord_proto::root::ROUND_TYPE;
use notochord_proto::wire;
use notochord_stats::step::{Step, StepError};
use prost::Message as _;
use time::{Duration, OffsetDateTime};

/// The longest a round may be open.
const LONGEST_ROUND: Duration = Duration::hours(24);
/// The most seats of a roster.
const MOST_SEATS: usize = 1000;
/// The longest label of a site, in characters.
const LONGEST_LABEL: usize = 200;
/// The most steps of a round.
const MOST_STEPS: usize = 1000;

/// What a site is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    /// SHA-256 of the round's exact bytes.
    pub(crate) round: Digest,
    /// The run it belongs to.
    pub(crate) run: RunId,
    /// Until when it may be answered.
    pub(crate) expires: OffsetDateTime,
    /// 32 hexadecimal digits.
    pub(crate) idempotency_key: String,
    /// The study.
    pub(crate) study: Digest,
    /// Who takes part.
    pub(crate) roster: Vec<Seat>,
    /// This site's own snapshot, as the round names it.
    pub(crate) snapshot: Digest,
    /// What to compute; all of one iteration.
    pub(crate) steps: Vec<Step>,
    /// SHA-256 of the roster of keys; none in rounds of an earlier version's coordinator.
    pub(crate) keys: Option<Digest>,
    /// What a later round builds upon.
    pub(crate) previous: Option<Previous>,
    /// The roster and the steps as the round has them.
    pub(crate) messages: (Vec<wire::Seat>, Vec<wire::Step>),
}

/// What a later round says it builds upon.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Previous {
    /// SHA-256 of the round before.
    pub(crate) round: Digest,
    /// SHA-256 of each sealed answer to it.
    pub(crate) answers: Vec<Digest>,
}

/// A place in the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seat {
    /// The site.
    pub(crate) site: SiteId,
    /// Its level of `site`.
    pub(crate) label: String,
    /// The snapshot it answers from.
    pub(crate) snapshot: Digest,
}

/// Who is asked, where, and when.
pub(crate) struct Addressee<'a> {
    pub(crate) network: &'a NetworkName,
    pub(crate) site: &'a SiteId,
    pub(crate) label: &'a str,
    pub(crate) now: OffsetDateTime,
}

/// Why bytes are no order for this site.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    #[error("the round's seal: {0}")]
    Envelope(#[from] EnvelopeError),
    #[error("the round cannot be read")]
    Malformed(#[from] prost::DecodeError),
    #[error("the round says more than this node, {software}, understands; update the node", software = env!("CARGO_PKG_VERSION"))]
    Newer,
    #[error("the round holds something that is no name: {0}")]
    Name(#[from] NameError),
    #[error("the round holds something that is no digest")]
    Digest(#[from] DigestError),
    #[error("the round is for the network `{0}`")]
    Network(String),
    #[error("the round has expired, or is open longer than a day")]
    Expired,
    #[error("the round's idempotency key is not 16 bytes")]
    Key,
    #[error("the roster names a site or a label twice, or too many")]
    Roster,
    #[error("the roster does not seat this site under its own name")]
    NotSeated,
    #[error("the round names no step, a step twice, or too many")]
    Steps,
    #[error(transparent)]
    Step(#[from] StepError),
    #[error("the round mixes iterations")]
    Iterations,
    #[error("a later iteration names the round and the answers before it, and a first one names none")]
    Previous,
}

impl Order {
    /// Whether it may still be answered.
    pub(crate) fn in_time(&self, now: OffsetDateTime) -> Result<(), OrderError> {
        if now < self.expires { Ok(()) } else { Err(OrderError::Expired) }
    }

    /// The order in a sealed round. The coordinator's seal is verified before anything is parsed.
    pub(crate) fn read(
        sealed: &[u8],
        coordinator: &Role,
        addressee: &Addressee<'_>,
    ) -> Result<Self, OrderError> {
        let order = Self::of_any_time(sealed, coordinator, addressee)?;
        order.in_time(addressee.now)?;
        if order.expires > addressee.now + LONGEST_ROUND {
            return Err(OrderError::Expired);
        }
        Ok(order)
    }

    /// The same, also if it has expired: what was asked before.
    pub(crate) fn of_any_time(
        sealed: &[u8],
        coordinator: &Role,
        addressee: &Addressee<'_>,
    ) -> Result<Self, OrderError> {
        let envelope = Envelope::from_json(sealed)?;
        let verified = envelope.verify(ROUND_TYPE, coordinator)?;
        let round = wire::Round::decode(verified.payload)?;
        // A field that this release does not know may change what is asked: half a question is not answered.
        if round.encode_to_vec() != verified.payload {
            return Err(OrderError::Newer);
        }
        if round.network != addressee.network.as_str() {
            return Err(OrderError::Network(round.network.chars().take(63).collect()));
        }
        if round.idempotency_key.len() != 16 {
            return Err(OrderError::Key);
        }
        let (roster, snapshot) = roster(&round.roster, addressee)?;
        let (steps, previous) = (steps(&round.steps)?, previous(&round)?);
        let is_later = steps.iter().any(|step| step.question.iteration() > 0);
        if is_later != previous.is_some() {
            return Err(OrderError::Previous);
        }
        let keys = (!round.keys.is_empty()).then(|| Digest::try_from(round.keys.as_slice())).transpose()?;
        Ok(Self {
            round: envelope.payload_digest(),
            run: RunId::new(round.run)?,
            expires: OffsetDateTime::from_unix_timestamp(round.expires_unix_s)
                .map_err(|_| OrderError::Expired)?,
            idempotency_key: hex::encode(&round.idempotency_key),
            study: Digest::try_from(round.study.as_slice())?,
            roster,
            snapshot,
            steps,
            keys,
            previous,
            messages: (round.roster, round.steps),
        })
    }
}

fn previous(round: &wire::Round) -> Result<Option<Previous>, OrderError> {
    if round.previous.is_empty() {
        return if round.answers.is_empty() { Ok(None) } else { Err(OrderError::Previous) };
    }
    if round.answers.len() > MOST_SEATS {
        return Err(OrderError::Roster);
    }
    let answers = round.answers.iter().map(|digest| Digest::try_from(digest.as_slice()));
    let answers = answers.collect::<Result<_, _>>()?;
    Ok(Some(Previous { round: Digest::try_from(round.previous.as_slice())?, answers }))
}

fn roster(seats: &[wire::Seat], addressee: &Addressee<'_>) -> Result<(Vec<Seat>, Digest), OrderError> {
    if seats.len() > MOST_SEATS {
        return Err(OrderError::Roster);
    }
    if seats.iter().any(|seat| seat.label.chars().count() > LONGEST_LABEL) {
        return Err(OrderError::Roster);
    }
    let mut roster: Vec<Seat> = Vec::with_capacity(seats.len());
    let mut own = None;
    for seat in seats {
        let site = SiteId::new(seat.site.as_str())?;
        if roster.iter().any(|other| other.site == site || other.label == seat.label) {
            return Err(OrderError::Roster);
        }
        let snapshot = Digest::try_from(seat.snapshot.as_slice())?;
        if site == *addressee.site && seat.label == addressee.label {
            own = Some(snapshot);
        }
        roster.push(Seat { site, label: seat.label.clone(), snapshot });
    }
    Ok((roster, own.ok_or(OrderError::NotSeated)?))
}

fn steps(messages: &[wire::Step]) -> Result<Vec<Step>, OrderError> {
    if messages.is_empty() || messages.len() > MOST_STEPS {
        return Err(OrderError::Steps);
    }
    let mut steps: Vec<Step> = Vec::with_capacity(messages.len());
    for message in messages {
        let step = Step::read(message)?;
        if steps.iter().any(|other| other.analysis == step.analysis) {
            return Err(OrderError::Steps);
        }
        if steps.first().is_some_and(|first| first.question.iteration() != step.question.iteration()) {
            return Err(OrderError::Iterations);
        }
        steps.push(step);
    }
    Ok(steps)
}
