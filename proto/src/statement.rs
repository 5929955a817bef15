//! What people state about a study beside endorsing it: that it is withdrawn, that they reject it, that they take no
//! part in deciding on it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::digest::Digest;
use crate::envelope::{Envelope, EnvelopeError};
use crate::keys::SecretKey;
use crate::name::NetworkName;
use crate::role::Role;
use crate::root::Root;
use crate::weakened::Check;

/// What a statement says it is.
pub const STATEMENT_TYPE: &str = "application/vnd.notochord.statement.v1+json";
/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 1000;

/// A statement about a study.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The network.
    pub network: NetworkName,
    /// SHA-256 of the study's exact bytes.
    pub study: Digest,
    /// What is stated.
    pub says: Says,
    /// Why, for people.
    pub reason: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub made_at: OffsetDateTime,
}

/// What somebody states about a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// An approver takes no part in deciding: an interest of their own.
    Recuse,
    /// An approver says no.
    Reject,
    /// It is to run no more, anywhere. Investigators, approvers and centres may say so.
    Withdraw,
}

/// Why a statement does not count.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// Its seal.
    #[error("the statement: {0}")]
    Envelope(#[from] EnvelopeError),
    /// Its text.
    #[error("the statement is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Too long.
    #[error("the statement's reason is longer than 1000 characters")]
    TooLong,
    /// Another network's.
    #[error("the statement is for the network `{0}`")]
    Network(NetworkName),
    /// Nobody who may.
    #[error("the statement is sealed by nobody who may {0} this study")]
    Office(&'static str),
    /// Nobody of this network.
    #[error(
        "the statement is sealed by nobody who may withdraw, reject or recuse: by nobody of this network"
    )]
    Stranger,
}

impl Says {
    /// The word for people and programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recuse => "recuse",
            Self::Reject => "reject",
            Self::Withdraw => "withdraw",
        }
    }
}

impl Statement {
    /// Seals it.
    pub fn seal(&self, key: &SecretKey) -> Envelope {
        // Serialising plain strings into memory cannot fail.
        Envelope::seal(STATEMENT_TYPE, serde_json::to_vec(self).unwrap_or_default(), key)
    }

    /// The statement in `envelope` and the name of who made it, if somebody of `root` who may make it, or one of
    /// these data stewards, sealed it.
    pub fn open(
        envelope: &Envelope,
        root: &Root,
        stewards: &[Role],
    ) -> Result<(Self, String), StatementError> {
        // Nothing of what a stranger says is read.
        let offices = [&root.investigators, &root.approvers];
        let is_known = offices.into_iter().chain(stewards).any(|role| !envelope.signers(role).is_empty());
        if Check::StatementOffice.stands() && !is_known {
            return Err(StatementError::Stranger);
        }
        let statement = Self::parse(envelope)?;
        if statement.network != root.network {
            return Err(StatementError::Network(statement.network));
        }
        let of_root = match statement.says {
            Says::Withdraw => vec![&root.investigators, &root.approvers],
            Says::Reject | Says::Recuse => vec![&root.approvers],
        };
        let of_centres = if statement.says == Says::Withdraw { stewards } else { &[] };
        let maker =
            of_root.into_iter().chain(of_centres).find_map(|role| envelope.signers(role).into_iter().next());
        match maker {
            Some(maker) => Ok((statement, maker)),
            None if !Check::StatementOffice.stands() => Ok((statement, String::new())),
            None => Err(StatementError::Office(statement.says.name())),
        }
    }

    fn parse(envelope: &Envelope) -> Result<Self, StatementError> {
        let anybody = Role::anybody("somebody");
        let payload = envelope.verify(STATEMENT_TYPE, &anybody)?.payload;
        let statement: Self = serde_json::from_slice(payload)?;
        match statement.reason.chars().count() > LONGEST_REASON {
            true => Err(StatementError::TooLong),
            false => Ok(statement),
        }
    }
}
