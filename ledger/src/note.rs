//! Signed notes: a text and an Ed25519 signature under it, as C2SP `signed-note` writes them.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

/// The name of a ledger, such as `spine.example/site/utrecht`: what its checkpoints speak about and the name
/// of the key that signs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// A text that cannot name a ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a ledger's origin is 1 to 255 printable characters without spaces and `+`")]
pub struct OriginError;

/// The key that signs a ledger's checkpoints.
pub struct CheckpointKey {
    origin: Origin,
    key: SigningKey,
}

/// The public half of a [`CheckpointKey`]. It prints as a signed-note verifier key, `name+id+key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    origin: Origin,
    key: VerifyingKey,
}

/// Why a signed note is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not a text with one signature line under it.
    #[error("it is not a signed note of one signature")]
    Form,
    /// The signature line names another key.
    #[error("it is signed with another key")]
    Key,
    /// The signature does not fit the text.
    #[error("its signature does not fit its text")]
    Signature,
}

impl Origin {
    /// Parses an origin.
    pub fn new(text: impl Into<String>) -> Result<Self, OriginError> {
        let text = text.into();
        let fits = (1..=255).contains(&text.len())
            && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
        if fits { Ok(Self(text)) } else { Err(OriginError) }
    }

    /// The origin as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl CheckpointKey {
    /// The key with which the ledger `origin` signs.
    pub fn new(origin: Origin, key: SigningKey) -> Self {
        Self { origin, key }
    }

    /// What others need to verify its signatures.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { origin: self.origin.clone(), key: self.key.verifying_key() }
    }

    /// `text`, which ends in a newline, with this key's signature under it.
    pub(crate) fn sign(&self, text: &str) -> String {
        let mut line = self.verifier().id().to_vec();
        line.extend(self.key.sign(text.as_bytes()).to_bytes());
        format!("{text}\n— {} {}\n", self.origin.0, STANDARD.encode(line))
    }
}

impl fmt::Debug for CheckpointKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CheckpointKey({})", self.verifier())
    }
}

impl VerifierKey {
    /// The key whose signatures the ledger `origin` is known by.
    pub fn new(origin: Origin, key: VerifyingKey) -> Self {
        Self { origin, key }
    }

    /// The ledger it speaks for.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The text of `note`, once its signature is found to be this key's.
    pub(crate) fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let blank = note.rfind("\n\n").ok_or(NoteError::Form)?;
        let (text, signature) = (&note[..=blank], &note[blank + 2..]);
        let line = signature.strip_prefix("— ").and_then(|line| line.strip_suffix('\n'));
        let (name, encoded) = line.and_then(|line| line.split_once(' ')).ok_or(NoteError::Form)?;
        let decoded = STANDARD.decode(encoded).map_err(|_| NoteError::Form)?;
        let (id, signature) = decoded.split_first_chunk::<4>().ok_or(NoteError::Form)?;
        let signature = Signature::from_slice(signature).map_err(|_| NoteError::Form)?;
        if name != self.origin.0 || *id != self.id() {
            return Err(NoteError::Key);
        }
        self.key.verify_strict(text.as_bytes(), &signature).map_err(|_| NoteError::Signature)?;
        Ok(text)
    }

    /// The key id that stands before each signature.
    fn id(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(&self.origin.0)
            .chain_update([b'\n', ED25519])
            .chain_update(self.key.as_bytes())
            .finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519];
        key.extend(self.key.as_bytes());
        write!(out, "{}+{}+{}", self.origin.0, hex::encode(self.id()), STANDARD.encode(key))
    }
}

/// The signature type that C2SP assigns to Ed25519.
const ED25519: u8 = 1;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The example of Go's `golang.org/x/mod/sumdb/note`.
    const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\
        \n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn peter_neumann() -> VerifierKey {
        let encoded = VERIFIER.rsplit('+').next().unwrap();
        let bytes = STANDARD.decode(encoded).unwrap();
        let key = VerifyingKey::from_bytes(bytes[1..].try_into().unwrap()).unwrap();
        VerifierKey::new(Origin::new("PeterNeumann").unwrap(), key)
    }

    #[test]
    fn the_published_note_and_key_are_understood() {
        assert_eq!(peter_neumann().to_string(), VERIFIER);
        let text = peter_neumann().open(NOTE).unwrap();
        assert!(text.starts_with("If you think") && text.ends_with("problem is.\n"));
    }

    #[test]
    fn a_note_with_any_byte_changed_is_refused() {
        for position in 0..NOTE.len() {
            let mut bytes = NOTE.as_bytes().to_vec();
            bytes[position] ^= 1;
            if let Ok(note) = String::from_utf8(bytes) {
                assert!(peter_neumann().open(&note).is_err(), "byte {position}");
            }
        }
    }

    #[test]
    fn a_signed_note_opens_with_its_own_key_and_no_other() {
        let key = |seed: u8, origin: &str| {
            CheckpointKey::new(Origin::new(origin).unwrap(), SigningKey::from_bytes(&[seed; 32]))
        };
        let note = key(1, "a.example/log").sign("hello\n");
        assert_eq!(key(1, "a.example/log").verifier().open(&note), Ok("hello\n"));
        assert_eq!(key(2, "a.example/log").verifier().open(&note), Err(NoteError::Key));
        assert_eq!(key(1, "b.example/log").verifier().open(&note), Err(NoteError::Key));
        assert_eq!(key(1, "a.example/log").verifier().open("hello\n"), Err(NoteError::Form));
    }

    #[test]
    fn an_origin_that_would_break_the_signature_line_is_refused() {
        for text in ["", "a b", "a+b", "a\nb", "a\u{2003}b", &"a".repeat(256)] {
            assert!(Origin::new(text).is_err(), "{text}");
        }
    }
}
