//! Signed notes: a text and Ed25519 signatures under it, as C2SP `signed-note` writes them.

use std::fmt;
use std::str::FromStr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use notochord_proto::keys::PublicKey;
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

/// A text that is not a verifier key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a ledger's verifier key is written `origin+8 hexadecimal digits+base64`")]
pub struct VerifierKeyError;

/// Why a signed note is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not a text with signature lines under it.
    #[error("it is not a signed note")]
    Form,
    /// No signature line names the key.
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

    /// The ledger of the node that signs with `key`. It is named by its key, since it exists before the node has a
    /// name in any network.
    pub fn of_node(key: &PublicKey) -> Self {
        Self(format!("notochord-node-{}", &key.id().0[..16]))
    }

    /// The ledger of the coordinator that signs with `key`.
    pub fn of_coordinator(key: &PublicKey) -> Self {
        Self(format!("notochord-coordinator-{}", &key.id().0[..16]))
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
        format!("{text}\n{}", self.line(ED25519, &self.signature(text.as_bytes())))
    }

    /// This key's signature over a message.
    pub(crate) fn signature(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// A signature line of this key, newline included.
    pub(crate) fn line(&self, algorithm: u8, signature: &[u8]) -> String {
        let mut line = self.verifier().id(algorithm).to_vec();
        line.extend(signature);
        format!("— {} {}\n", self.origin.0, STANDARD.encode(line))
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

    /// The text of `note`, once a signature under it is found to be this key's.
    pub(crate) fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let note = Note::parse(note)?;
        for signature in note.signatures_of(self, ED25519) {
            if !self.verifies(note.text.as_bytes(), signature) {
                return Err(NoteError::Signature);
            }
        }
        match note.signatures_of(self, ED25519).next() {
            Some(_) => Ok(note.text),
            None => Err(NoteError::Key),
        }
    }

    /// Whether `signature` is this key's over `message`, by the strict rules.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }

    /// The key id that stands before each signature of an algorithm.
    fn id(&self, algorithm: u8) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(&self.origin.0)
            .chain_update([b'\n', algorithm])
            .chain_update(self.key.as_bytes())
            .finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }
}

impl<'a> Note<'a> {
    /// Takes a note apart, and believes nothing of it.
    pub(crate) fn parse(note: &'a str) -> Result<Self, NoteError> {
        if note.len() > MOST_NOTE_BYTES {
            return Err(NoteError::Form);
        }
        let blank = note.rfind("\n\n").ok_or(NoteError::Form)?;
        let (text, below) = (&note[..=blank], &note[blank + 2..]);
        let lines: Vec<&str> = below.split_inclusive('\n').take(MOST_SIGNATURES + 1).collect();
        if lines.is_empty() || lines.len() > MOST_SIGNATURES {
            return Err(NoteError::Form);
        }
        let signatures = lines.into_iter().map(SignatureLine::parse).collect::<Result<_, _>>()?;
        Ok(Self { text, signatures })
    }

    /// The signatures whose lines name a key and an algorithm.
    pub(crate) fn signatures_of(&self, key: &VerifierKey, algorithm: u8) -> impl Iterator<Item = &[u8]> {
        let id = key.id(algorithm);
        let named = move |line: &&SignatureLine<'_>| line.name == key.origin.0 && line.id == id;
        self.signatures.iter().filter(named).map(|line| line.signature.as_slice())
    }
}

impl<'a> SignatureLine<'a> {
    fn parse(line: &'a str) -> Result<Self, NoteError> {
        let line = line.strip_prefix("— ").and_then(|line| line.strip_suffix('\n'));
        let (name, encoded) = line.and_then(|line| line.split_once(' ')).ok_or(NoteError::Form)?;
        let decoded = STANDARD.decode(encoded).map_err(|_| NoteError::Form)?;
        let (id, signature) = decoded.split_first_chunk::<4>().ok_or(NoteError::Form)?;
        Ok(Self { name, id: *id, signature: signature.to_vec() })
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        let (name, rest) = text.split_once('+').ok_or(VerifierKeyError)?;
        let (_, encoded) = rest.split_once('+').ok_or(VerifierKeyError)?;
        let decoded = STANDARD.decode(encoded).map_err(|_| VerifierKeyError)?;
        let bytes = decoded.strip_prefix(&[ED25519]).ok_or(VerifierKeyError)?;
        // A key by which many signatures would be right is no key.
        let key = PublicKey::from_bytes(bytes).map_err(|_| VerifierKeyError)?;
        let key =
            Self { origin: Origin::new(name).map_err(|_| VerifierKeyError)?, key: *key.verifying_key() };
        if key.to_string() == text { Ok(key) } else { Err(VerifierKeyError) }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519];
        key.extend(self.key.as_bytes());
        write!(out, "{}+{}+{}", self.origin.0, hex::encode(self.id(ED25519)), STANDARD.encode(key))
    }
}

/// A note taken apart.
pub(crate) struct Note<'a> {
    /// What is signed, its last newline included.
    pub(crate) text: &'a str,
    signatures: Vec<SignatureLine<'a>>,
}

struct SignatureLine<'a> {
    name: &'a str,
    id: [u8; 4],
    signature: Vec<u8>,
}

/// The signature type that C2SP assigns to Ed25519.
const ED25519: u8 = 1;

/// The most signature lines a note may have.
const MOST_SIGNATURES: usize = 1100;

/// The most bytes of a note, its signature lines included.
pub(crate) const MOST_NOTE_BYTES: usize = 512 << 10;

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
        assert_eq!(VERIFIER.parse(), Ok(peter_neumann()));
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
    fn lines_of_unknown_keys_change_nothing_but_a_wrong_one_of_a_known_key_does() {
        let stranger = "— stranger.example/w c29tZSBzaWduYXR1cmU=\n";
        let more = format!("{NOTE}{stranger}");
        assert!(peter_neumann().open(&more).is_ok());
        let (text, line) = NOTE.rsplit_once("\n\n").unwrap();
        assert!(peter_neumann().open(&format!("{text}\n\n{stranger}{line}")).is_ok());
        assert_eq!(peter_neumann().open(&format!("{text}\n\n{stranger}")), Err(NoteError::Key));
        let wrong = line.replace("ZJku", "ZJkv");
        assert_eq!(peter_neumann().open(&format!("{NOTE}{wrong}")), Err(NoteError::Signature));
        assert_eq!(peter_neumann().open(&format!("{NOTE}no signature line\n")), Err(NoteError::Form));
        let flood = format!("{NOTE}{}", stranger.repeat(MOST_SIGNATURES));
        assert_eq!(peter_neumann().open(&flood), Err(NoteError::Form));
        let long = format!("{NOTE}— stranger.example/w {}\n", "AAAA".repeat(MOST_NOTE_BYTES / 4));
        assert_eq!(peter_neumann().open(&long), Err(NoteError::Form));
    }

    #[test]
    fn a_text_that_is_no_verifier_key_is_refused() {
        for text in [
            "",
            "PeterNeumann",
            "PeterNeumann+c74f20a3",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "Peter+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ] {
            assert_eq!(text.parse::<VerifierKey>(), Err(VerifierKeyError), "{text}");
        }
    }

    #[test]
    fn an_origin_that_would_break_the_signature_line_is_refused() {
        for text in ["", "a b", "a+b", "a\nb", "a\u{2003}b", &"a".repeat(256)] {
            assert!(Origin::new(text).is_err(), "{text}");
        }
    }
}
