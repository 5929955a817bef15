//! The coordinator's index: open invitations and the list of runs. sled does not sync reliably, so nothing is
//! kept here alone: a lost invitation is issued again, and runs are read from their folders.

use std::path::Path;

use notochord_proto::digest::Digest;
use notochord_proto::name::{RunId, SiteId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// The index.
#[derive(Clone)]
pub struct Store {
    invitations: sled::Tree,
    admissions: sled::Tree,
    runs: sled::Tree,
}

/// Why the index failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// sled.
    #[error("the coordinator's state: {0}. If it is damaged, remove state/ and restart")]
    Sled(#[from] sled::Error),
    /// A record that does not parse.
    #[error("the coordinator's state holds a damaged record: {0}. Remove state/ and restart")]
    Damaged(#[from] serde_json::Error),
}

/// An invitation that waits for its bearer. The token itself is not kept, only its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenInvitation {
    /// Who is invited.
    pub id: SiteId,
    /// The name in full.
    pub label: String,
    /// A site or a person.
    pub invitee: Invitee,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
}

impl OpenInvitation {
    /// Whether a site is invited.
    pub fn is_for_a_site(&self) -> bool {
        matches!(self.invitee, Invitee::Site { .. })
    }
}

/// What is invited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invitee {
    /// A person.
    Person,
    /// A site, and where to dial it if it listens.
    Site {
        /// `host:port`.
        dial: Option<String>,
    },
}

/// Whom an invitation has let in, kept until the invitation ends: a newcomer who lost the reply asks again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admission {
    /// The invitation that was used.
    pub invitation: OpenInvitation,
    /// SHA-256 over the newcomer's public keys.
    pub keys: Digest,
    /// The certificate chain (DER, leaf first), hexadecimal. It holds nothing secret.
    pub chain: Vec<String>,
    /// Whether the enrolment log holds the newcomer.
    pub recorded: bool,
}

/// A line of the list of runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLine {
    /// The run.
    pub run: RunId,
    /// `id@version` of its study.
    pub study: String,
    /// When it started.
    #[serde(with = "time::serde::rfc3339")]
    pub started: OffsetDateTime,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished: Option<OffsetDateTime>,
    /// How it stands.
    pub status: RunStatus,
    /// Why, where it is broken.
    pub reason: String,
    /// The key by which it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Ended without a result.
    Broken,
    /// Ended with a result.
    Released,
    /// Under way.
    Running,
}

impl RunStatus {
    /// The word for people and programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Released => "released",
            Self::Running => "running",
        }
    }
}

impl Store {
    /// Opens the index, making it if need be.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let db = sled::open(directory)?;
        Ok(Self {
            invitations: db.open_tree("invitations")?,
            admissions: db.open_tree("admissions")?,
            runs: db.open_tree("runs")?,
        })
    }

    /// Keeps an invitation under its token's digest.
    pub fn invite(&self, token: Digest, invitation: &OpenInvitation) -> Result<(), StoreError> {
        self.invitations.insert(token.as_bytes(), serde_json::to_vec(invitation)?)?;
        self.invitations.flush()?;
        Ok(())
    }

    /// Takes the invitation of a token: a token works once, also if two come at the same time.
    pub fn take_invitation(&self, token: Digest) -> Result<Option<OpenInvitation>, StoreError> {
        let taken = self.invitations.remove(token.as_bytes())?;
        self.invitations.flush()?;
        Ok(taken.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    /// Keeps whom a token has let in, and forgets those whose invitations are over.
    pub fn admit(&self, token: Digest, admission: &Admission, now: OffsetDateTime) -> Result<(), StoreError> {
        for entry in self.admissions.iter() {
            let (key, bytes) = entry?;
            if serde_json::from_slice::<Admission>(&bytes)?.invitation.expires <= now {
                self.admissions.remove(key)?;
            }
        }
        self.admissions.insert(token.as_bytes(), serde_json::to_vec(admission)?)?;
        self.admissions.flush()?;
        Ok(())
    }

    /// Whom a token has let in.
    pub fn admission(&self, token: Digest) -> Result<Option<Admission>, StoreError> {
        let found = self.admissions.get(token.as_bytes())?;
        Ok(found.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    /// The invitations that nobody has used and that have not ended, by id.
    pub fn open_invitations(&self, now: OffsetDateTime) -> Result<Vec<OpenInvitation>, StoreError> {
        let mut open = Vec::new();
        for kept in self.invitations.iter().values() {
            let invitation: OpenInvitation = serde_json::from_slice(&kept?)?;
            if now < invitation.expires {
                open.push(invitation);
            }
        }
        open.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(open)
    }

    /// Writes a run's line.
    pub fn put_run(&self, line: &RunLine) -> Result<(), StoreError> {
        self.runs.insert(line.run.as_str(), serde_json::to_vec(line)?)?;
        self.runs.flush()?;
        Ok(())
    }

    /// Every run, oldest first.
    pub fn runs(&self) -> Result<Vec<RunLine>, StoreError> {
        let mut lines = Vec::new();
        for entry in self.runs.iter() {
            lines.push(serde_json::from_slice::<RunLine>(&entry?.1)?);
        }
        lines.sort_by(|a, b| (a.started, a.run.as_str()).cmp(&(b.started, b.run.as_str())));
        Ok(lines)
    }

    /// The runs that are under way, as far as this index knows.
    pub fn running(&self) -> Result<Vec<RunLine>, StoreError> {
        Ok(self.runs()?.into_iter().filter(|line| line.status == RunStatus::Running).collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_works_once() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let invitation = OpenInvitation {
            id: SiteId::new("toronto").unwrap(),
            label: "Toronto".into(),
            invitee: Invitee::Site { dial: None },
            expires: OffsetDateTime::UNIX_EPOCH,
        };
        store.invite(Digest::of(b"token"), &invitation).unwrap();
        assert_eq!(store.take_invitation(Digest::of(b"other")).unwrap(), None);
        assert_eq!(store.take_invitation(Digest::of(b"token")).unwrap(), Some(invitation));
        assert_eq!(store.take_invitation(Digest::of(b"token")).unwrap(), None);
    }
}
