//! What a member of a network trusts now: a root document and the status list that belongs to it.
//!
//! Documents come from the coordinator, which is trusted with nothing: a root document is taken only as the next of
//! the chain, a status list only if it is newer than the last, belongs to the root document and has not run out. Who
//! cuts the flow of documents off stops the member within a day; who plays older ones back is refused.

use time::OffsetDateTime;

use crate::digest::Digest;
use crate::envelope::Envelope;
use crate::root::{Root, RootError};
use crate::status_list::{CLOCK_SLACK, RootReference, StatusError, StatusList, rfc3339};
use crate::weakened::Check;

/// The most root documents that are taken at once.
pub const MOST_ROOTS: usize = 1000;

/// A root document and the newest status list.
#[derive(Debug, Clone, PartialEq)]
pub struct Trust {
    root: Root,
    digest: Digest,
    heard: Option<Heard>,
}

/// The newest status list that was heard.
#[derive(Debug, Clone, PartialEq)]
struct Heard {
    list: StatusList,
    digest: Digest,
}

/// Why nothing may happen now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutOfForce {
    /// The root document is over.
    #[error("the network's root document expired on {0}; its root keys must seal a new one")]
    RootExpired(time::Date),
    /// No list.
    #[error("no status list of the network has come yet; this site must reach the coordinator first")]
    NoStatusList,
    /// The list is over.
    #[error(
        "the network's status list ended on {}; this site must reach the coordinator, which issues one each day",
        rfc3339(.0)
    )]
    StatusListExpired(OffsetDateTime),
    /// The list is of an earlier root document.
    #[error(
        "the network's status list belongs to another root document; the coordinator must issue a new one"
    )]
    OtherRoot,
    /// The clock.
    #[error("this clock is before {}, when the network's status list was issued; set it right", rfc3339(.0))]
    ClockTurnedBack(OffsetDateTime),
}

impl Trust {
    /// Trust that begins with a root document whose digest was announced in another way.
    pub fn begin(root: &Envelope, announced: Digest) -> Result<Self, RootError> {
        let digest = root.payload_digest();
        Ok(Self { root: Root::open_pinned(root, announced)?, digest, heard: None })
    }

    /// Trust as it was written down earlier. A status list that the root document's coordinator did not seal is
    /// of an earlier coordinator's key, and forgotten.
    pub fn resume(root: &Envelope, status: Option<&Envelope>) -> Result<Self, RootError> {
        let (digest, root) = (root.payload_digest(), Root::open(root)?);
        let heard = status.and_then(|envelope| {
            let list = StatusList::open(envelope, &root).ok()?;
            Some(Heard { list, digest: envelope.payload_digest() })
        });
        Ok(Self { root, digest, heard })
    }

    /// The root document.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The root document's name.
    pub fn root_reference(&self) -> RootReference {
        RootReference { version: self.root.version, digest: self.digest }
    }

    /// The newest status list that was heard, whether it counts or not.
    pub fn last_heard(&self) -> Option<&StatusList> {
        self.heard.as_ref().map(|heard| &heard.list)
    }

    /// Takes the next root document. With a new coordinator's key the count of status lists begins anew, so that
    /// a stolen key that signed the highest of versions is got rid of by replacing it.
    pub fn succeed(&mut self, envelope: &Envelope) -> Result<(), RootError> {
        let next = self.root.successor(envelope)?;
        if Check::StatusRecovery.stands() && next.coordinator != self.root.coordinator {
            self.heard = None;
        }
        (self.root, self.digest) = (next, envelope.payload_digest());
        Ok(())
    }

    /// Takes a status list; says whether it is another one than was held.
    pub fn hear(&mut self, envelope: &Envelope, now: OffsetDateTime) -> Result<bool, StatusError> {
        let list = StatusList::open(envelope, &self.root)?;
        let digest = envelope.payload_digest();
        if let Some(heard) = &self.heard {
            let (held, offered) = (heard.list.version, list.version);
            if Check::StatusRollback.stands() && offered < held {
                return Err(StatusError::Rollback { held, offered });
            }
            if Check::StatusFork.stands() && offered == held && digest != heard.digest {
                return Err(StatusError::Fork(held));
            }
        }
        let held = self.root_reference();
        if Check::StatusRoot.stands() && list.root != held {
            return Err(StatusError::OtherRoot { held, offered: list.root });
        }
        if Check::StatusClock.stands() && list.issued > now + CLOCK_SLACK {
            return Err(StatusError::Ahead(list.issued));
        }
        if Check::StatusExpiry.stands() && list.expires <= now {
            return Err(StatusError::Expired(list.expires));
        }
        let is_new = self.heard.as_ref().is_none_or(|heard| heard.digest != digest);
        self.heard = Some(Heard { list, digest });
        Ok(is_new)
    }

    /// The status list in force now. Without one nothing may be answered.
    pub fn in_force(&self, now: OffsetDateTime) -> Result<&StatusList, OutOfForce> {
        if self.root.expired(now) {
            return Err(OutOfForce::RootExpired(self.root.expires));
        }
        let Some(heard) = &self.heard else { return Err(OutOfForce::NoStatusList) };
        let list = &heard.list;
        if Check::StatusRoot.stands() && list.root != self.root_reference() {
            return Err(OutOfForce::OtherRoot);
        }
        if Check::StatusExpiry.stands() && list.expires <= now {
            return Err(OutOfForce::StatusListExpired(list.expires));
        }
        if Check::StatusClock.stands() && list.issued > now + CLOCK_SLACK {
            return Err(OutOfForce::ClockTurnedBack(list.issued));
        }
        Ok(list)
    }
}
