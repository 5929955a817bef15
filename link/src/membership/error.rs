//! Why somebody is not, or no more, a member.

use notochord_proto::problem::Problem;

use crate::credentials::CredentialsError;
use crate::dictionary_directory::DirectoryError;
use crate::interception::{Fault, Issuer};
use crate::tls::TlsError;
use crate::trust_store::NewsError;
use crate::update::UpdateError;
use crate::way_out::WayOutError;

/// Why somebody is not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    /// The data dictionary's files.
    #[error(transparent)]
    Dictionary(#[from] DirectoryError),
    /// A file that a person may have touched.
    #[error("{0}")]
    Problem(#[from] Problem),
    /// A file.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// No file of that kind is there: never enrolled.
    #[error("{0} holds no membership; enrol with an invitation first")]
    NotEnrolled(String),
    /// The invitation is over.
    #[error("the invitation ended on {0}; ask the coordinator for a new one")]
    InvitationExpired(String),
    /// Somebody answers there with a certificate of another authority: most often a firewall that inspects TLS.
    #[error(
        "who answers at {address} is not the network's coordinator: its certificate is of another authority, \
         issued by `{issuer}`. If that is your organisation's, a firewall in between inspects TLS: ask IT to \
         exempt {address} from inspection. If it is not, do not trust it"
    )]
    Intercepted {
        /// Where.
        address: String,
        /// Who issued what it shows, as it says.
        issuer: Issuer,
    },
    /// Nobody there, or somebody else.
    #[error("{address} cannot be reached as the network's coordinator: {reason}")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        reason: String,
    },
    /// Somebody answers there who is not the coordinator.
    #[error("who answers at {address} is not the network's coordinator: {reason}. Do not trust it")]
    Unproven {
        /// Where.
        address: String,
        /// Why; nothing of it is the other side's words.
        reason: &'static str,
    },
    /// It was reached, and what it answered was not heard.
    #[error("{address} was reached, but its answer was lost; run the same command again")]
    Lost {
        /// Where.
        address: String,
    },
    /// The coordinator said no.
    #[error("the coordinator refused: {0}")]
    Refused(String),
    /// What the coordinator sent does not fit the invitation.
    #[error("the coordinator's answer does not fit the invitation: {0}. Do not trust this network")]
    Impostor(String),
    /// An update that is not taken.
    #[error("the update {0}")]
    Update(#[from] UpdateError),
    /// Keys or certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// No connection.
    #[error(transparent)]
    WayOut(#[from] WayOutError),
    /// The member's own certificate and key.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// Root documents and status lists that are not taken.
    #[error(transparent)]
    News(#[from] NewsError),
}

impl MembershipError {
    /// Why who answered in the coordinator's place is not the coordinator, where that is the error; in fixed words.
    pub fn unproven(&self) -> Option<&'static str> {
        match self {
            Self::Intercepted { issuer, .. } => Some(Fault::OtherAuthority(issuer.clone()).reason()),
            Self::Unproven { reason, .. } => Some(reason),
            _ => None,
        }
    }
}
