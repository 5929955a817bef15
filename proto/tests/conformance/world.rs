//! A network to try things on: keys by number, and documents with nothing wrong.

use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::SecretKey;
use notochord_proto::name::{NetworkName, SiteId};
use notochord_proto::role::{NamedKey, Role};
use notochord_proto::root::{ROOT_TYPE, Root, STUDY_TYPE};
use notochord_proto::status_list::{STATUS_TYPE, StatusList};
use notochord_proto::study::Study;
use notochord_proto::trust::Trust;
use time::macros::{date, datetime};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-12-01 12:00 UTC);
pub(crate) const COORDINATOR: u8 = 10;
pub(crate) const OTHER_COORDINATOR: u8 = 11;
pub(crate) const APPROVER: u8 = 20;
pub(crate) const INVESTIGATOR: u8 = 30;
pub(crate) const STEWARD: u8 = 40;
pub(crate) const STRANGER: u8 = 66;

pub(crate) fn key(number: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([number; 32]))
}

pub(crate) fn role(name: &str, threshold: usize, numbers: &[u8]) -> Role {
    let named = |number: &u8| NamedKey { name: format!("k{number}"), key: key(*number).public() };
    Role::new(name, threshold, numbers.iter().map(named).collect()).unwrap()
}

pub(crate) fn network() -> NetworkName {
    NetworkName::new("reference").unwrap()
}

pub(crate) fn site(id: &str) -> SiteId {
    SiteId::new(id).unwrap()
}

/// Two of the keys 1, 2 and 3 make root documents.
pub(crate) fn root(version: u32) -> Root {
    Root {
        network: network(),
        version,
        expires: date!(2027 - 01 - 31),
        authority: Digest::of(b"authority"),
        former_authority: None,
        coordinator: key(COORDINATOR).public(),
        dictionary_version: "1".into(),
        dictionary: Digest::of(b"dictionary"),
        root: role("root", 2, &[1, 2, 3]),
        approvers: role("approvers", 2, &[APPROVER, 21, 22]),
        investigators: role("investigators", 1, &[INVESTIGATOR]),
        throwaway_minimum: None,
    }
}

pub(crate) fn sealed(payload_type: &str, bytes: Vec<u8>, signers: &[u8]) -> Envelope {
    let mut envelope = Envelope::new(payload_type, bytes);
    signers.iter().for_each(|number| envelope.sign(&key(*number)));
    envelope
}

pub(crate) fn sealed_root(root: &Root, signers: &[u8]) -> Envelope {
    sealed(ROOT_TYPE, root.to_bytes(), signers)
}

/// The root document of version 2, its text changed by hand: as only somebody who writes their own tools would.
pub(crate) fn rewritten_root(change: impl FnOnce(&mut serde_json::Value), signers: &[u8]) -> Envelope {
    let mut json = serde_json::from_slice(&root(2).to_bytes()).unwrap();
    change(&mut json);
    sealed(ROOT_TYPE, serde_json::to_vec(&json).unwrap(), signers)
}

/// The envelope with its signatures changed by hand.
pub(crate) fn reshuffled(envelope: &Envelope, change: impl FnOnce(&mut Vec<serde_json::Value>)) -> Envelope {
    let mut json: serde_json::Value = serde_json::from_str(&envelope.to_json()).unwrap();
    change(json["signatures"].as_array_mut().unwrap());
    Envelope::from_json(json.to_string().as_bytes()).unwrap()
}

/// A member who was handed version 1 and the right digest.
pub(crate) fn member() -> Trust {
    let first = sealed_root(&root(1), &[1, 2]);
    Trust::begin(&first, first.payload_digest()).unwrap()
}

/// A status list for what `trust` holds, in which nothing is wrong.
pub(crate) fn list(trust: &Trust, version: u64) -> StatusList {
    StatusList {
        network: network(),
        version,
        issued: NOW - Duration::hours(1),
        expires: NOW + Duration::hours(23),
        root: trust.root_reference(),
        revoked: Vec::new(),
        withdrawn: Vec::new(),
        superseded: Vec::new(),
        recused: Vec::new(),
    }
}

pub(crate) fn sealed_list(list: &StatusList, signer: u8) -> Envelope {
    sealed(STATUS_TYPE, list.to_bytes(), &[signer])
}

/// A member who has heard the list of version 5.
pub(crate) fn informed_member() -> Trust {
    let mut trust = member();
    let list = list(&trust, 5);
    trust.hear(&sealed_list(&list, COORDINATOR), NOW).unwrap();
    trust
}

const STUDY: &str = include_str!("../../../tests/tests/attacks/ages.toml");

/// The same study, sealed by these keys.
pub(crate) fn sealed_study(signers: &[u8]) -> Envelope {
    sealed(STUDY_TYPE, STUDY.as_bytes().to_vec(), signers)
}

pub(crate) fn study() -> Study {
    let text = STUDY;
    Study::parse("ages.toml", text.as_bytes()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// What `done` says, as an outcome of a case.
pub(crate) fn said<T, E: std::fmt::Display>(done: Result<T, E>) -> Result<(), String> {
    done.map(drop).map_err(|error| error.to_string())
}
