//! A centre's acceptance of a study: from which snapshot it will answer.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::digest::Digest;
use crate::envelope::{Envelope, EnvelopeError};
use crate::name::{NetworkName, SiteId};
use crate::role::Role;

/// What an acceptance says it is.
pub const ACCEPTANCE_TYPE: &str = "application/vnd.notochord.acceptance.v1+json";

/// What the data steward signs beside the countersignature on the study's own bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The network.
    pub network: NetworkName,
    /// The accepting site.
    pub site: SiteId,
    /// SHA-256 of the study's exact bytes.
    pub study: Digest,
    /// Content hash of the snapshot the site will answer from.
    pub snapshot: Digest,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub accepted_at: OffsetDateTime,
}

/// Why an acceptance does not count.
#[derive(Debug, thiserror::Error)]
pub enum AcceptanceError {
    /// Its seal does not hold.
    #[error("the acceptance: {0}")]
    Envelope(#[from] EnvelopeError),
    /// Its text is not an acceptance.
    #[error("the acceptance is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl Acceptance {
    /// The statement's bytes, ready to be sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Serialising plain strings into memory cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The acceptance in `envelope`, if the centre's own key sealed it.
    pub fn open(envelope: &Envelope, steward: &Role) -> Result<Self, AcceptanceError> {
        let verified = envelope.verify(ACCEPTANCE_TYPE, steward)?;
        Ok(serde_json::from_slice(verified.payload)?)
    }
}
