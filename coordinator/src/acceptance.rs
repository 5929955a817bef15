//! A site's acceptance of a study, as it came.

use notochord_proto::acceptance::{Acceptance, AcceptanceError};
use notochord_proto::digest::Digest;
use notochord_proto::envelope::{Envelope, EnvelopeError};
use notochord_proto::name::NetworkName;
use notochord_proto::root::STUDY_TYPE;
use serde::{Deserialize, Serialize};

use crate::directory::Site;

/// The two documents with which a data steward accepts a study: evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedAcceptance {
    /// The sealed statement: which study, for which snapshot.
    pub statement: String,
    /// The study with the steward's signature on its own bytes.
    pub countersigned: String,
}

/// Why an acceptance does not count.
#[derive(Debug, thiserror::Error)]
pub enum AcceptanceRefused {
    /// The statement.
    #[error(transparent)]
    Statement(#[from] AcceptanceError),
    /// A seal.
    #[error("the countersigned study: {0}")]
    Envelope(#[from] EnvelopeError),
    /// It is about something else.
    #[error("it is an acceptance of another {0}")]
    Other(&'static str),
}

impl SealedAcceptance {
    /// What the steward of `site` stated, if both seals hold and it is about this study in this network.
    pub fn open(
        &self,
        site: &Site,
        network: &NetworkName,
        study: Digest,
    ) -> Result<Acceptance, AcceptanceRefused> {
        let statement = Envelope::from_json(self.statement.as_bytes())?;
        let countersigned = Envelope::from_json(self.countersigned.as_bytes())?;
        countersigned.verify(STUDY_TYPE, &site.steward_role())?;
        let accepted = Acceptance::open(&statement, &site.steward_role())?;
        if accepted.study != study || countersigned.payload_digest() != study {
            return Err(AcceptanceRefused::Other("study"));
        }
        if accepted.site != site.id {
            return Err(AcceptanceRefused::Other("site"));
        }
        match accepted.network == *network {
            true => Ok(accepted),
            false => Err(AcceptanceRefused::Other("network")),
        }
    }
}
