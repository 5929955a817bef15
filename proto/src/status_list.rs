//! The status list: what has been revoked and withdrawn, as the coordinator's online key says it, for a day at most.
//!
//! It names the root document it belongs to, so that an old list cannot be shown beside a new root document or the
//! other way round. [`crate::trust::Trust`] decides which list counts.

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::digest::Digest;
use crate::envelope::{Envelope, EnvelopeError};
use crate::name::{NetworkName, SiteId};
use crate::role::Role;
use crate::root::Root;
use crate::weakened::Check;

/// What a status list says it is.
pub const STATUS_TYPE: &str = "application/vnd.notochord.status.v1+json";
/// How long a status list lives at most.
pub const LONGEST_LIFE: Duration = Duration::hours(24);
/// How far the clocks of the coordinator and of a centre may differ.
pub const CLOCK_SLACK: Duration = Duration::minutes(10);
/// The most entries of each kind.
const MOST_ENTRIES: usize = 10_000;

/// A status list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusList {
    /// The network.
    pub network: NetworkName,
    /// Counts up with each list.
    pub version: u64,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub issued: OffsetDateTime,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    /// The root document it belongs to.
    pub root: RootReference,
    /// Members whose certificates count no more.
    pub revoked: Vec<Revoked>,
    /// Studies that run no more.
    pub withdrawn: Vec<Withdrawn>,
    /// Studies in whose place another has come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub superseded: Vec<Superseded>,
    /// Approvers whose endorsement of a study does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recused: Vec<Recused>,
}

/// A root document, named so that it cannot be another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootReference {
    /// Its version.
    pub version: u32,
    /// SHA-256 of its exact bytes.
    pub digest: Digest,
}

/// A member whose certificate counts no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// Who.
    pub member: Member,
    /// SHA-256 of the certificate (DER).
    pub certificate: Digest,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
}

/// A site or a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Member {
    /// A person.
    Person(SiteId),
    /// A site.
    Site(SiteId),
}

/// A study that runs no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawn {
    /// SHA-256 of the study's exact bytes.
    pub study: Digest,
    /// Who withdrew it, as the network knows them.
    pub by: String,
    /// The sealed statement.
    pub statement: String,
}

/// A study in whose place another has come: one that names it in `supersedes`, and is endorsed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Superseded {
    /// SHA-256 of the exact bytes of the study that runs no more.
    pub study: Digest,
    /// SHA-256 of the exact bytes of the study that takes its place.
    pub replacement: Digest,
    /// The `id@version` of that one.
    pub by: String,
}

/// An approver who takes no part in deciding on a study.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recused {
    /// SHA-256 of the study's exact bytes.
    pub study: Digest,
    /// The approver, as the root document names them.
    pub approver: String,
    /// The sealed statement.
    pub statement: String,
}

/// Why a status list does not count.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// Its seal.
    #[error("the status list: {0}")]
    Envelope(#[from] EnvelopeError),
    /// Its text.
    #[error("the status list is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Too much of it.
    #[error("the status list has more than 10,000 entries of one kind")]
    TooLong,
    /// Another network's.
    #[error("the status list is of the network `{0}`")]
    Network(NetworkName),
    /// Rollback.
    #[error(
        "the status list has version {offered}, and {held} was heard already: somebody plays back an older one"
    )]
    Rollback {
        /// The newest heard.
        held: u64,
        /// The version offered.
        offered: u64,
    },
    /// Two lists of one version.
    #[error("the status list is another one than was heard under the same version {0}")]
    Fork(u64),
    /// Mix and match.
    #[error("the status list belongs to root document {} version {}, and {} version {} is in force",
        .offered.digest.short(), .offered.version, .held.digest.short(), .held.version)]
    OtherRoot {
        /// The document in force.
        held: RootReference,
        /// The document it names.
        offered: RootReference,
    },
    /// Freeze.
    #[error("the status list ended on {}; the coordinator must issue a new one each day", rfc3339(.0))]
    Expired(OffsetDateTime),
    /// Longer than allowed.
    #[error("the status list is valid for more than 24 hours, or ends before it begins")]
    Life,
    /// Clocks.
    #[error(
        "the status list was issued on {0}, which is ahead of this clock; set one of the two clocks right"
    )]
    Ahead(OffsetDateTime),
}

impl StatusList {
    /// The list's bytes, ready to be sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Serialising plain strings and numbers into memory cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The list in `envelope`, if the coordinator of `root` sealed it. Whether it counts now is asked elsewhere.
    pub fn open(envelope: &Envelope, root: &Root) -> Result<Self, StatusError> {
        let coordinator = match Check::StatusKey.stands() {
            true => Role::of_one("the coordinator", root.coordinator),
            false => Role::anybody("the coordinator"),
        };
        let verified = envelope.verify(STATUS_TYPE, &coordinator)?;
        let list: Self = serde_json::from_slice(verified.payload)?;
        let lengths = [list.revoked.len(), list.withdrawn.len(), list.superseded.len(), list.recused.len()];
        if lengths.into_iter().any(|length| length > MOST_ENTRIES) {
            return Err(StatusError::TooLong);
        }
        if Check::StatusNetwork.stands() && list.network != root.network {
            return Err(StatusError::Network(list.network));
        }
        if Check::StatusLife.stands()
            && (list.expires <= list.issued || list.expires - list.issued > LONGEST_LIFE)
        {
            return Err(StatusError::Life);
        }
        Ok(list)
    }

    /// Who withdrew a study, if somebody did.
    pub fn withdrawn(&self, study: Digest) -> Option<&Withdrawn> {
        self.withdrawn.iter().find(|one| Check::Withdrawal.stands() && one.study == study)
    }

    /// What has come in a study's place, if something has.
    pub fn superseded(&self, study: Digest) -> Option<&Superseded> {
        self.superseded.iter().find(|one| Check::Supersession.stands() && one.study == study)
    }

    /// The approvers whose endorsement of a study does not count.
    pub fn recused(&self, study: Digest) -> impl Iterator<Item = &str> {
        let of_study = self.recused.iter().filter(move |one| Check::Recusal.stands() && one.study == study);
        of_study.map(|one| one.approver.as_str())
    }

    /// Whether a site's certificate was revoked.
    pub fn site_is_revoked(&self, site: &SiteId) -> bool {
        let member = Member::Site(site.clone());
        Check::Revocation.stands() && self.revoked.iter().any(|one| one.member == member)
    }
}

/// A time as people and programs read it.
pub(crate) fn rfc3339(time: &OffsetDateTime) -> String {
    // A time that can be held can be written.
    time.format(&Rfc3339).unwrap_or_default()
}
