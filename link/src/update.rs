//! A new root document with the data dictionary it names, carried to sites and people as a file.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use notochord_proto::dictionary::DictionaryFiles;
use notochord_proto::dictionary::files::{LONGEST_FILE, NAMES};
use notochord_proto::envelope::{Envelope, EnvelopeError};
use notochord_proto::problem::Problem;
use notochord_proto::root::{ROOT_TYPE, Root, RootError};
use serde::{Deserialize, Serialize};

/// The longest update, in bytes: every file at its longest as base64, and the root document.
pub const LONGEST: usize = 2 * NAMES.len() * LONGEST_FILE;

/// A new root document and the files of the dictionary it names.
pub struct Update {
    root: Envelope,
    files: DictionaryFiles,
}

/// Why an update is not taken.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// Not the text of an update.
    #[error("is no update of a network: {0}")]
    Malformed(String),
    /// Files that make no dictionary.
    #[error("its dictionary: {0}")]
    Files(#[from] Problem),
    /// A seal that does not hold.
    #[error("is not sealed by the root keys you trust: {0}")]
    Seal(#[from] EnvelopeError),
    /// A root document that does not hold.
    #[error(transparent)]
    Root(#[from] RootError),
    /// It is for somebody else, or changes what an update may not change.
    #[error("changes {0}, which an update of the dictionary may not; do not take it")]
    Stranger(&'static str),
    /// It is not newer.
    #[error("has root document {offered}, and {held} is in force here already")]
    NotNewer {
        /// The version it carries.
        offered: u32,
        /// The version in force.
        held: u32,
    },
    /// Its files are not those its root document names.
    #[error("carries another dictionary than its root document names; do not take it")]
    OtherDictionary,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateJson {
    root: String,
    dictionary: BTreeMap<String, String>,
}

impl Update {
    /// A sealed root document and the files it names.
    pub fn new(root: Envelope, files: DictionaryFiles) -> Self {
        Self { root, files }
    }

    /// Its text.
    pub fn to_json(&self) -> String {
        let encoded = |(name, bytes): (&str, &[u8])| (name.to_owned(), BASE64.encode(bytes));
        let json =
            UpdateJson { root: self.root.to_json(), dictionary: self.files.iter().map(encoded).collect() };
        // Serialising strings into memory cannot fail.
        serde_json::to_string_pretty(&json).unwrap_or_default()
    }

    /// Reads its text.
    pub fn from_json(bytes: &[u8]) -> Result<Self, UpdateError> {
        let malformed = |error: &dyn std::fmt::Display| UpdateError::Malformed(error.to_string());
        if bytes.len() > LONGEST {
            return Err(UpdateError::Malformed(format!("longer than {LONGEST} bytes")));
        }
        let json: UpdateJson = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
        let root = Envelope::from_json(json.root.as_bytes())?;
        let decoded = |(name, text): (String, String)| {
            let bytes = BASE64.decode(text).map_err(|error| malformed(&error))?;
            Ok::<_, UpdateError>((name, bytes))
        };
        let files = json.dictionary.into_iter().map(decoded).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { root, files: DictionaryFiles::new(files)? })
    }

    /// The new root document, if those who hold `held` may take it: the next of the chain ([`Root::successor`]),
    /// and different in nothing but its dates and its dictionary.
    pub fn verify(&self, held: &Root) -> Result<Root, UpdateError> {
        // First whether it is newer at all: an update taken twice is no impostor's.
        let offered = Root::parse(self.root.payload_for_reading())?.version;
        if offered <= held.version && self.root.verify(ROOT_TYPE, &held.root).is_ok() {
            return Err(UpdateError::NotNewer { offered, held: held.version });
        }
        let root = held.successor(&self.root).map_err(|error| match error {
            RootError::OldKeys(fault) => UpdateError::Seal(fault),
            error => UpdateError::Root(error),
        })?;
        let changed = [
            ("the network", root.network != held.network),
            ("the certificate authority", root.authority != held.authority),
            ("the certificate authority", root.former_authority != held.former_authority),
            ("the coordinator's key", root.coordinator != held.coordinator),
            ("who holds an office", root.root != held.root),
            ("who holds an office", root.approvers != held.approvers),
            ("who holds an office", root.investigators != held.investigators),
            ("the smallest count", root.throwaway_minimum != held.throwaway_minimum),
        ];
        if let Some((what, _)) = changed.iter().find(|(_, changed)| *changed) {
            return Err(UpdateError::Stranger(what));
        }
        if self.files.digest() != root.dictionary {
            return Err(UpdateError::OtherDictionary);
        }
        Ok(root)
    }

    /// The sealed root document.
    pub fn root(&self) -> &Envelope {
        &self.root
    }

    /// The dictionary's files.
    pub fn files(&self) -> &DictionaryFiles {
        &self.files
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use notochord_proto::digest::Digest;
    use notochord_proto::keys::SecretKey;
    use notochord_proto::name::NetworkName;
    use notochord_proto::role::{NamedKey, Role};
    use zeroize::Zeroizing;

    use super::*;

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_seed(&Zeroizing::new([seed; 32]))
    }

    fn files() -> DictionaryFiles {
        DictionaryFiles::of_fields(b"the new dictionary")
    }

    fn root(version: u32) -> Root {
        let role = |name: &str, seed: u8| {
            Role::new(name, 1, vec![NamedKey { name: name.into(), key: key(seed).public() }]).unwrap()
        };
        Root {
            network: NetworkName::new("spine").unwrap(),
            version,
            expires: time::macros::date!(2027 - 01 - 31),
            authority: Digest::of(b"ca"),
            former_authority: None,
            coordinator: key(3).public(),
            dictionary_version: version.to_string(),
            dictionary: files().digest(),
            root: role("root", 1),
            approvers: role("approvers", 4),
            investigators: role("investigators", 5),
            throwaway_minimum: None,
        }
    }

    fn update(root: &Root, seed: u8) -> Update {
        let sealed = Envelope::seal(ROOT_TYPE, root.to_bytes(), &key(seed));
        Update::from_json(Update::new(sealed, files()).to_json().as_bytes()).unwrap()
    }

    fn refusal(update: &Update) -> String {
        update.verify(&root(1)).unwrap_err().to_string()
    }

    #[test]
    fn a_newer_root_document_of_the_same_keys_is_taken() {
        assert_eq!(update(&root(2), 1).verify(&root(1)).unwrap().dictionary_version, "2");
    }

    #[test]
    fn an_update_sealed_by_a_stranger_is_refused() {
        assert!(refusal(&update(&root(2), 9)).starts_with("is not sealed by the root keys you trust"));
    }

    #[test]
    fn an_older_or_equal_root_document_is_refused() {
        assert_eq!(refusal(&update(&root(1), 1)), "has root document 1, and 1 is in force here already");
    }

    #[test]
    fn an_update_that_changes_an_office_is_refused() {
        let mut changed = root(2);
        changed.approvers =
            Role::new("approvers", 1, vec![NamedKey { name: "x".into(), key: key(8).public() }]).unwrap();
        assert_eq!(
            refusal(&update(&changed, 1)),
            "changes who holds an office, which an update of the dictionary may not; do not take it"
        );
    }

    #[test]
    fn another_dictionary_than_the_root_document_names_is_refused() {
        let mut other = root(2);
        other.dictionary = Digest::of(b"another");
        assert_eq!(
            refusal(&update(&other, 1)),
            "carries another dictionary than its root document names; do not take it"
        );
    }

    #[test]
    fn no_bytes_make_an_update_panic() {
        for bytes in [&b""[..], b"{}", b"[]", b"\xff", b"{\"root\":\"{}\",\"dictionary\":{\"x\":\"%\"}}"] {
            assert!(Update::from_json(bytes).is_err());
        }
    }
}
