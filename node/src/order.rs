//! A round as a node reads it: verified, complete, and addressed to this site.

use notochord_proto::digest::{Digest, DigestError};
use notochord_proto::envelope::{Envelope, EnvelopeError};
use notochord_proto::name::{AnalysisId, NameError, NetworkName, RunId, SiteId};
use notochord_proto::role::Role;
use notochord_proto::root::ROUND_TYPE;
use notochord_proto::wire;
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// What to compute.
    pub(crate) steps: Vec<AnalysisId>,
}

/// A place in the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seat {
    /// The site.
    pub(crate) site: SiteId,
    /// Its level of `site`.
    pub(crate) label: String,
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
    #[error("`{analysis}` has no iteration {iteration}")]
    Iteration { analysis: String, iteration: u32 },
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
        let ends =
            OffsetDateTime::from_unix_timestamp(round.expires_unix_s).map_err(|_| OrderError::Expired)?;
        if ends <= addressee.now || ends > addressee.now + LONGEST_ROUND {
            return Err(OrderError::Expired);
        }
        if round.idempotency_key.len() != 16 {
            return Err(OrderError::Key);
        }
        let (roster, snapshot) = roster(&round.roster, addressee)?;
        Ok(Self {
            round: envelope.payload_digest(),
            run: RunId::new(round.run)?,
            expires: ends,
            idempotency_key: hex::encode(&round.idempotency_key),
            study: Digest::try_from(round.study.as_slice())?,
            roster,
            snapshot,
            steps: steps(&round.steps)?,
        })
    }
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
        roster.push(Seat { site, label: seat.label.clone() });
    }
    Ok((roster, own.ok_or(OrderError::NotSeated)?))
}

fn steps(steps: &[wire::Step]) -> Result<Vec<AnalysisId>, OrderError> {
    let mut named: Vec<AnalysisId> = Vec::with_capacity(steps.len().min(MOST_STEPS));
    if steps.is_empty() || steps.len() > MOST_STEPS {
        return Err(OrderError::Steps);
    }
    for step in steps {
        let analysis = AnalysisId::new(step.analysis.as_str())?;
        // Every statistic of this version is answered in one round.
        if step.iteration != 0 {
            return Err(OrderError::Iteration { analysis: analysis.to_string(), iteration: step.iteration });
        }
        if named.contains(&analysis) {
            return Err(OrderError::Steps);
        }
        named.push(analysis);
    }
    Ok(named)
}
