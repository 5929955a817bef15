//! Bringing the next root document into force while the coordinator serves.

use std::sync::PoisonError;

use notochord_proto::digest::Digest;
use notochord_proto::envelope::{Envelope, EnvelopeError};
use notochord_proto::problem::Problem;
use notochord_proto::root::RootError;

use crate::home::HomeError;
use crate::in_force::InForce;
use crate::logbook::RootPublished;
use crate::office::Office;
use crate::operator;
use crate::status_board::{self, StatusBoardError};
use crate::succession;

/// Why a root document does not come into force.
#[derive(Debug, thiserror::Error)]
pub enum PublicationError {
    /// Not an envelope.
    #[error("{0}")]
    Envelope(#[from] EnvelopeError),
    /// Not the next of the chain.
    #[error("{0}")]
    Root(#[from] RootError),
    /// Over already.
    #[error("the new root document ended on {0}; draft it with a later end")]
    Expired(time::Date),
    /// Its dictionary is not here.
    #[error("the new root document names the dictionary {0}, which this coordinator does not hold")]
    Dictionary(Digest),
    /// Its authority's key is not here.
    #[error(
        "the new root document names a certificate authority whose key this coordinator does not hold; make one \
         with `notochord root draft --new-authority`"
    )]
    Authority,
    /// The old authority would be cut off.
    #[error(
        "the new root document must name the certificate authority in force as the former one: every site holds a \
         certificate of it"
    )]
    Overlap,
    /// Another coordinator's key.
    #[error(
        "the new root document names a coordinator's key that this coordinator does not hold; make one with `notochord \
         root draft --new-coordinator-key`"
    )]
    Coordinator,
    /// The key made for it.
    #[error(transparent)]
    Key(#[from] Problem),
    /// The directory.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] notochord_ledger::LedgerError),
    /// The status list that belongs to it.
    #[error(transparent)]
    Status(#[from] StatusBoardError),
    /// The coordinator's own membership.
    #[error("{0}")]
    Operator(String),
}

impl PublicationError {
    /// Whether the fault is in the document, not here.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Home(_) | Self::Key(_) | Self::Ledger(_) | Self::Status(_) | Self::Operator(_))
    }
}

/// What became of a root document of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// It is in force.
    InForce(u32),
    /// It comes into force when the coordinator starts again: with another key of its own it cannot go on.
    AtNextStart(u32),
}

/// Brings a sealed root document into force. Every connected site hears of it at once.
pub fn publish(office: &Office, sealed: &[u8]) -> Result<Published, PublicationError> {
    let _alone = office.registering.lock().unwrap_or_else(PoisonError::into_inner);
    let envelope = Envelope::from_json(sealed)?;
    let held = office.in_force();
    // A second copy of what is in force already.
    if envelope.payload_digest() == held.reference().digest {
        return Ok(Published::InForce(held.root.version));
    }
    let next = held.root.successor(&envelope)?;
    if next.expired(office.now()) {
        return Err(PublicationError::Expired(next.expires));
    }
    if !office.home.holds_dictionary(&next.dictionary) {
        return Err(PublicationError::Dictionary(next.dictionary));
    }
    let changes_key = next.coordinator != office.key.public();
    if changes_key && succession::next_key(&office.home)? != Some(next.coordinator) {
        return Err(PublicationError::Coordinator);
    }
    if next.authority != held.root.authority {
        if next.former_authority != Some(held.root.authority) {
            return Err(PublicationError::Overlap);
        }
        if office.home.next_authority()? != Some(next.authority) {
            return Err(PublicationError::Authority);
        }
    }
    if changes_key {
        succession::wait(&office.home, &envelope)?;
        return Ok(Published::AtNextStart(next.version));
    }
    let entry = RootPublished {
        root: envelope.payload_digest(),
        version: next.version,
        signers: envelope.signers(&next.root),
    };
    office.logbook.write(&entry, office.now())?;
    office.home.write_root(&envelope, next.version)?;
    let in_force = InForce::load(&office.home)?.with_member_life(held.member_life);
    *office.in_force.write().unwrap_or_else(PoisonError::into_inner) = in_force;
    operator::renew_alone(office).map_err(|error| PublicationError::Operator(error.to_string()))?;
    status_board::current(office)?;
    Ok(Published::InForce(next.version))
}
