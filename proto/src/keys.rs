//! Ed25519 keys: how they are written, and who is called by them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::digest::Digest;

/// A public key, written `ed25519:<base64 of 32 bytes>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(VerifyingKey);

/// A secret key. It is wiped when dropped, and has no `Debug`, `Display` or `Serialize`.
pub struct SecretKey(SigningKey);

/// The name of a key in an envelope: the SHA-256 of its 32 bytes, in hexadecimal. A hint, never trusted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub String);

/// A text or bytes that are not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a public key.
    #[error("a public key is `ed25519:` and the base64 of 32 bytes that are a point of the curve")]
    Public,
    /// Not a secret key file.
    #[error("not a secret key file, which holds `notochord-secret-key-v1 ` and the base64 of 32 bytes")]
    Secret,
}

const SECRET_PREFIX: &str = "notochord-secret-key-v1 ";

impl PublicKey {
    /// A key from its 32 bytes. Weak points (of small order), which would accept many signatures, are refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes = bytes.try_into().map_err(|_| KeyError::Public)?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Public)?;
        // A non-canonical encoding would be a second name for the same key, and let one key count twice.
        if key.is_weak() || key.as_bytes() != bytes || !is_canonical(bytes) {
            return Err(KeyError::Public);
        }
        Ok(Self(key))
    }

    /// The 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The key as ed25519-dalek's type.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.0
    }

    /// The key's id.
    pub fn id(&self) -> KeyId {
        KeyId(Digest::of(self.0.as_bytes()).hex())
    }

    /// Whether `signature` is this key's over `message`, by the strict rules.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

/// Whether the y coordinate is below the field's prime 2^255 − 19.
fn is_canonical(bytes: &[u8; 32]) -> bool {
    let high_bits_set = bytes[31] & 0x7f == 0x7f && bytes[1..31].iter().all(|byte| *byte == 0xff);
    !(high_bits_set && bytes[0] >= 0xed)
}

impl SecretKey {
    /// A key from 32 secret bytes of the operating system's randomness.
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Reads a secret key file's text.
    pub fn from_file_text(text: &str) -> Result<Self, KeyError> {
        let encoded = text.trim_end().strip_prefix(SECRET_PREFIX).ok_or(KeyError::Secret)?;
        let bytes = Zeroizing::new(BASE64.decode(encoded).map_err(|_| KeyError::Secret)?);
        let seed = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyError::Secret)?;
        Ok(Self::from_seed(&Zeroizing::new(seed)))
    }

    /// The text of a secret key file. To be written with mode 0600 only.
    pub fn to_file_text(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(BASE64.encode(Zeroizing::new(self.0.to_bytes()).as_slice()));
        Zeroizing::new(format!("{SECRET_PREFIX}{}\n", encoded.as_str()))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The key as ed25519-dalek's type.
    pub fn signing_key(&self) -> &SigningKey {
        &self.0
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl std::str::FromStr for PublicKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let encoded = text.trim().strip_prefix("ed25519:").ok_or(KeyError::Public)?;
        Self::from_bytes(&BASE64.decode(encoded).map_err(|_| KeyError::Public)?)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;
    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> String {
        key.to_string()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ed25519:{}", BASE64.encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn key() -> SecretKey {
        SecretKey::from_seed(&Zeroizing::new([7; 32]))
    }

    #[test]
    fn keys_read_back_what_they_write() {
        let public = key().public();
        assert_eq!(public.to_string().parse::<PublicKey>().unwrap(), public);
        let again = SecretKey::from_file_text(&key().to_file_text()).unwrap();
        assert_eq!(again.public(), public);
    }

    #[test]
    fn points_of_small_order_and_second_encodings_are_not_keys() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(PublicKey::from_bytes(&identity).is_err());
        let mut non_canonical_one = [0xff; 32];
        non_canonical_one[0] = 0xee;
        non_canonical_one[31] = 0x7f;
        assert!(PublicKey::from_bytes(&non_canonical_one).is_err());
        assert!(PublicKey::from_bytes(&[1; 31]).is_err());
    }

    #[test]
    fn a_signature_is_of_one_key_and_one_message() {
        let signature = key().sign(b"message");
        assert!(key().public().verifies(b"message", &signature));
        assert!(!key().public().verifies(b"massage", &signature));
        let other = SecretKey::from_seed(&Zeroizing::new([8; 32]));
        assert!(!other.public().verifies(b"message", &signature));
    }
}
