//! The root of trust of a network: who may do what, sealed by the root keys.

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime, UtcOffset};

use crate::digest::Digest;
use crate::envelope::{Envelope, EnvelopeError};
use crate::keys::PublicKey;
use crate::name::NetworkName;
use crate::role::{NamedKey, Role, RoleError};
use crate::weakened::Check;

/// What a root document says it is.
pub const ROOT_TYPE: &str = "application/vnd.notochord.root.v1+json";
/// What a study says it is.
pub const STUDY_TYPE: &str = "application/vnd.notochord.study.v1+toml";
/// What a round says it is.
pub const ROUND_TYPE: &str = "application/vnd.notochord.round.v1+protobuf";
/// What an answer says it is.
pub const ANSWER_TYPE: &str = "application/vnd.notochord.answer.v1+protobuf";
/// What a release record says it is.
pub const RELEASE_TYPE: &str = "application/vnd.notochord.release.v1+protobuf";

/// A network's root document: roles, keys and the dictionary in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Root {
    /// The network.
    pub network: NetworkName,
    /// Counts up with each new root document.
    pub version: u32,
    /// The last day on which it counts.
    pub expires: Date,
    /// SHA-256 of the certificate authority's certificate (DER).
    pub authority: Digest,
    /// The authority before it, trusted beside it until everybody holds a certificate of the new one.
    pub former_authority: Option<Digest>,
    /// The key the coordinator seals rounds and release records with. It can start steps, never approve.
    pub coordinator: PublicKey,
    /// Version of the data dictionary, for people.
    pub dictionary_version: String,
    /// SHA-256 of the data dictionary's exact bytes.
    pub dictionary: Digest,
    /// Who may change this document.
    pub root: Role,
    /// Who approves studies.
    pub approvers: Role,
    /// Who may sign studies.
    pub investigators: Role,
    /// Set in a throw-away network over data that need no protection: the k of every profile.
    pub throwaway_minimum: Option<u32>,
}

/// Why a root document is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Its seal does not hold.
    #[error("the network's root document: {0}")]
    Envelope(#[from] EnvelopeError),
    /// Its text is not a root document.
    #[error("the network's root document is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// One key in two offices: its holder alone could sign for both.
    #[error("the network's root document: {0} and {1} share a key; each office needs its own")]
    SharedKey(&'static str, &'static str),
    /// A role in it makes no sense.
    #[error("the network's root document: {0}")]
    Role(#[from] RoleError),
    /// It is not the document that was announced in another way.
    #[error("the network's root document is {found}, not {expected} as announced; do not trust this network")]
    OtherDocument {
        /// What was announced.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// Too few of those who hold the root keys now have signed the next document.
    #[error("the new root document is not sealed by the root keys in force: {0}")]
    OldKeys(EnvelopeError),
    /// Too few of those who would hold the root keys then have signed it.
    #[error("the new root document is not sealed by its own root keys: {0}")]
    NewKeys(EnvelopeError),
    /// Another network's.
    #[error("the new root document is of the network `{0}`")]
    Network(NetworkName),
    /// Not the next one.
    #[error("the new root document has version {offered}; only the next one after {held} is taken")]
    Version {
        /// The version in force.
        held: u32,
        /// The version offered.
        offered: u32,
    },
}

/// The most bytes of a root document.
pub const LONGEST: usize = 1 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RootJson {
    network: NetworkName,
    version: u32,
    expires: Date,
    certificate_authority: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    former_certificate_authority: Option<Digest>,
    coordinator: PublicKey,
    dictionary: DictionaryJson,
    roles: RolesJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    throwaway: Option<ThrowawayJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DictionaryJson {
    version: String,
    digest: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RolesJson {
    approvers: RoleJson,
    investigators: RoleJson,
    root: RoleJson,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleJson {
    threshold: usize,
    keys: Vec<NamedKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThrowawayJson {
    minimum: u32,
}

impl Root {
    /// The document's bytes, ready to be sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let role = |role: &Role| RoleJson { threshold: role.threshold(), keys: role.keys().to_vec() };
        let json = RootJson {
            network: self.network.clone(),
            version: self.version,
            expires: self.expires,
            certificate_authority: self.authority,
            former_certificate_authority: self.former_authority,
            coordinator: self.coordinator,
            dictionary: DictionaryJson { version: self.dictionary_version.clone(), digest: self.dictionary },
            roles: RolesJson {
                approvers: role(&self.approvers),
                investigators: role(&self.investigators),
                root: role(&self.root),
            },
            throwaway: self.throwaway_minimum.map(|minimum| ThrowawayJson { minimum }),
        };
        // Serialising plain strings and numbers into memory cannot fail.
        serde_json::to_vec_pretty(&json).unwrap_or_default()
    }

    /// The root document in `envelope`, if it is sealed by its own root role. Whoever opens it for the first
    /// time must compare its digest with one obtained in another way (an invitation carries it).
    pub fn open(envelope: &Envelope) -> Result<Self, RootError> {
        let root = Self::parse(envelope.payload_for_reading())?;
        envelope.verify(ROOT_TYPE, &root.root)?;
        Ok(root)
    }

    /// The root document in `envelope`, if it is the one whose digest was announced in another way.
    pub fn open_pinned(envelope: &Envelope, announced: Digest) -> Result<Self, RootError> {
        let found = envelope.payload_digest();
        if Check::RootPin.stands() && found != announced {
            return Err(RootError::OtherDocument { expected: announced, found });
        }
        Self::open(envelope)
    }

    /// The root document that may take this one's place: sealed by the root keys in force and by its own, of the
    /// same network, and of the very next version. Whether it has expired does not matter here: the last of a
    /// chain of documents is the one in force, and [`Root::expired`] is asked of that one.
    pub fn successor(&self, envelope: &Envelope) -> Result<Self, RootError> {
        let nobody = Role::anybody("root");
        let old = if Check::OldRootKeys.stands() { &self.root } else { &nobody };
        envelope.verify(ROOT_TYPE, old).map_err(RootError::OldKeys)?;
        let next = Self::parse(envelope.payload_for_reading())?;
        let new = if Check::NewRootKeys.stands() { &next.root } else { &nobody };
        envelope.verify(ROOT_TYPE, new).map_err(RootError::NewKeys)?;
        if Check::RootNetwork.stands() && next.network != self.network {
            return Err(RootError::Network(next.network));
        }
        if Check::RootVersion.stands() && Some(next.version) != self.version.checked_add(1) {
            return Err(RootError::Version { held: self.version, offered: next.version });
        }
        Ok(next)
    }

    /// Whether its last day is over.
    pub fn expired(&self, now: OffsetDateTime) -> bool {
        Check::RootExpiry.stands() && now.to_offset(UtcOffset::UTC).date() > self.expires
    }

    /// Whether a certificate authority of this fingerprint is trusted.
    pub fn trusts(&self, authority: &Digest) -> bool {
        self.authorities().any(|trusted| trusted == *authority)
    }

    /// The fingerprints of the certificate authorities that are trusted, the one in force first.
    pub fn authorities(&self) -> impl Iterator<Item = Digest> {
        [Some(self.authority), self.former_authority].into_iter().flatten()
    }

    /// Reads a document whose seals are verified by the caller, or that is about to be signed.
    pub fn parse(bytes: &[u8]) -> Result<Self, RootError> {
        if bytes.len() > LONGEST {
            return Err(EnvelopeError::Malformed("it is larger than 1 MiB".into()).into());
        }
        let json: RootJson = serde_json::from_slice(bytes)?;
        let role = |name: &str, role: RoleJson| Role::new(name, role.threshold, role.keys);
        let approvers = role("approvers", json.roles.approvers)?;
        let investigators = role("investigators", json.roles.investigators)?;
        let root = role("root", json.roles.root)?;
        let coordinator = Role::of_one("coordinator", json.coordinator);
        apart("root", &root, "approvers", &approvers)?;
        apart("root", &root, "investigators", &investigators)?;
        apart("approvers", &approvers, "investigators", &investigators)?;
        apart("coordinator", &coordinator, "approvers", &approvers)?;
        apart("coordinator", &coordinator, "investigators", &investigators)?;
        Ok(Self {
            network: json.network,
            version: json.version,
            expires: json.expires,
            authority: json.certificate_authority,
            former_authority: json.former_certificate_authority,
            coordinator: json.coordinator,
            dictionary_version: json.dictionary.version,
            dictionary: json.dictionary.digest,
            root,
            approvers,
            investigators,
            throwaway_minimum: json.throwaway.map(|throwaway| throwaway.minimum.max(1)),
        })
    }
}

/// Whether two offices have no key in common.
fn apart(one: &'static str, of: &Role, other: &'static str, and: &Role) -> Result<(), RootError> {
    let shared = Check::SeparateOffices.stands()
        && of.keys().iter().any(|key| and.keys().iter().any(|too| too.key == key.key));
    if shared { Err(RootError::SharedKey(one, other)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use zeroize::Zeroizing;

    use super::*;
    use crate::keys::SecretKey;

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_seed(&Zeroizing::new([seed; 32]))
    }

    fn named(seed: u8) -> NamedKey {
        NamedKey { name: format!("k{seed}"), key: key(seed).public() }
    }

    fn root() -> Root {
        Root {
            network: NetworkName::new("reference").unwrap(),
            version: 1,
            expires: time::macros::date!(2027 - 01 - 31),
            authority: Digest::of(b"ca"),
            former_authority: None,
            coordinator: key(3).public(),
            dictionary_version: "1".into(),
            dictionary: Digest::of(b"dictionary"),
            root: Role::new("root", 2, vec![named(1), named(2)]).unwrap(),
            approvers: Role::new("approvers", 1, vec![named(4)]).unwrap(),
            investigators: Role::new("investigators", 1, vec![named(5)]).unwrap(),
            throwaway_minimum: None,
        }
    }

    #[test]
    fn a_root_document_opens_with_its_own_threshold_of_root_keys_only() {
        let mut envelope = Envelope::seal(ROOT_TYPE, root().to_bytes(), &key(1));
        assert!(matches!(Root::open(&envelope), Err(RootError::Envelope(_))));
        envelope.sign(&key(2));
        assert_eq!(Root::open(&envelope).unwrap(), root());
    }

    #[test]
    fn a_key_in_two_offices_is_refused() {
        let mut shared = root();
        shared.investigators = Role::new("investigators", 1, vec![named(4)]).unwrap();
        let mut envelope = Envelope::seal(ROOT_TYPE, shared.to_bytes(), &key(1));
        envelope.sign(&key(2));
        assert!(matches!(Root::open(&envelope), Err(RootError::SharedKey("approvers", "investigators"))));
    }
}
