//! Sealed documents: DSSE v1.0.2 envelopes over exact bytes.
//!
//! A signature covers `"DSSEv1" SP len(type) SP type SP len(payload) SP payload`
//! (<https://github.com/secure-systems-lab/dsse>). Whoever needs the payload must verify it against a
//! [`Role`] first, and parses the very bytes that were verified. Key ids are hints and are not looked at:
//! every signature is tried with every key of the role, and a key counts once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::keys::{KeyId, SecretKey};
use crate::role::Role;
use crate::weakened::Check;

/// The most bytes an envelope may have.
pub const MOST_BYTES: usize = 16 << 20;
/// The most signatures an envelope may carry.
pub const MOST_SIGNATURES: usize = 64;

/// A sealed document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<Seal>,
}

/// One signature of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seal {
    key_id: KeyId,
    signature: Vec<u8>,
}

/// A payload whose signatures meet a role's threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<'a> {
    /// The bytes that were signed.
    pub payload: &'a [u8],
    /// Names of the role's keys that signed, in the role's order.
    pub signers: Vec<String>,
}

/// Why an envelope is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not an envelope.
    #[error("not a sealed document (DSSE envelope): {0}")]
    Malformed(String),
    /// It is something else than was asked for.
    #[error("the sealed document is `{found}`, not `{expected}`")]
    Type {
        /// What was asked for.
        expected: &'static str,
        /// What it says it is.
        found: String,
    },
    /// Not enough valid signatures.
    #[error("{valid} of the {needed} signatures needed from {role} are there and verify")]
    Threshold {
        /// The role asked.
        role: String,
        /// Distinct keys of the role with a valid signature.
        valid: usize,
        /// The role's threshold.
        needed: usize,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<JsonSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonSignature {
    keyid: String,
    sig: String,
}

impl Envelope {
    /// Wraps `payload`, unsigned.
    pub fn new(payload_type: &str, payload: Vec<u8>) -> Self {
        Self { payload_type: payload_type.to_owned(), payload, signatures: Vec::new() }
    }

    /// Wraps and signs `payload`.
    pub fn seal(payload_type: &str, payload: Vec<u8>, key: &SecretKey) -> Self {
        let mut envelope = Self::new(payload_type, payload);
        envelope.sign(key);
        envelope
    }

    /// Adds a signature by `key`; a second one by the same key changes nothing.
    pub fn sign(&mut self, key: &SecretKey) {
        let message = pre_authentication(&self.payload_type, &self.payload);
        let (public, key_id) = (key.public(), key.public().id());
        // A seal that only claims to be this key's must not keep the key from signing.
        self.signatures.retain(|seal| seal.key_id != key_id || public.verifies(&message, &seal.signature));
        if !self.signatures.iter().any(|seal| public.verifies(&message, &seal.signature)) {
            self.signatures.push(Seal { key_id, signature: key.sign(&message).to_vec() });
        }
    }

    /// Drops every seal that is no valid one of a key of these roles.
    pub fn keep_seals_of(&mut self, roles: &[&Role]) {
        let message = pre_authentication(&self.payload_type, &self.payload);
        let keys = || roles.iter().flat_map(|role| role.keys());
        self.signatures.retain(|seal| keys().any(|named| named.key.verifies(&message, &seal.signature)));
    }

    /// Adds the signatures of `other`, an envelope over the same bytes; says whether it was one.
    pub fn join(&mut self, other: &Self) -> bool {
        if self.payload_type != other.payload_type || self.payload != other.payload {
            return false;
        }
        for seal in &other.signatures {
            if !self.signatures.contains(seal) && self.signatures.len() < MOST_SIGNATURES {
                self.signatures.push(seal.clone());
            }
        }
        true
    }

    /// Reads an envelope from its JSON bytes.
    pub fn from_json(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let malformed = |what: &str| EnvelopeError::Malformed(what.to_owned());
        if bytes.len() > MOST_BYTES {
            return Err(malformed("it is larger than 16 MiB"));
        }
        // The parser quotes what it did not expect, which may be as long as the whole envelope.
        let quoted = |error: serde_json::Error| error.to_string().chars().take(200).collect::<String>();
        let json: Json = serde_json::from_slice(bytes).map_err(|error| malformed(&quoted(error)))?;
        if json.signatures.len() > MOST_SIGNATURES {
            return Err(malformed("it has more than 64 signatures"));
        }
        let decode = |text: &str| BASE64.decode(text).map_err(|_| malformed("its base64 is broken"));
        let payload = decode(&json.payload)?;
        let signatures = json
            .signatures
            .iter()
            .map(|json| Ok(Seal { key_id: KeyId(json.keyid.clone()), signature: decode(&json.sig)? }))
            .collect::<Result<_, EnvelopeError>>()?;
        Ok(Self { payload_type: json.payload_type, payload, signatures })
    }

    /// The same envelope, if its payload says that it is a `payload_type`.
    pub fn of_type(self, payload_type: &'static str) -> Result<Self, EnvelopeError> {
        if self.payload_type == payload_type {
            return Ok(self);
        }
        let found = self.payload_type.chars().take(100).collect();
        Err(EnvelopeError::Type { expected: payload_type, found })
    }

    /// The envelope's JSON, on one line.
    pub fn to_json(&self) -> String {
        let quote = |text: &str| serde_json::Value::from(text).to_string();
        let signatures: Vec<String> = self
            .signatures
            .iter()
            .map(|seal| {
                format!(
                    "{{\"keyid\":{},\"sig\":\"{}\"}}",
                    quote(&seal.key_id.0),
                    BASE64.encode(&seal.signature)
                )
            })
            .collect();
        format!(
            "{{\"payload\":\"{}\",\"payloadType\":{},\"signatures\":[{}]}}\n",
            BASE64.encode(&self.payload),
            quote(&self.payload_type),
            signatures.join(",")
        )
    }

    /// The payload, if `role`'s threshold of distinct keys signed it as a `payload_type`.
    pub fn verify(&self, payload_type: &'static str, role: &Role) -> Result<Verified<'_>, EnvelopeError> {
        if Check::PayloadType.stands() && self.payload_type != payload_type {
            let found = self.payload_type.chars().take(100).collect();
            return Err(EnvelopeError::Type { expected: payload_type, found });
        }
        let signers = self.signers(role);
        let valid = match Check::KeyCountsOnce.stands() {
            true => signers.len(),
            false => self.signatures.len(),
        };
        if Check::Threshold.stands() && valid < role.threshold() {
            let role_name = role.name().to_owned();
            return Err(EnvelopeError::Threshold { role: role_name, valid, needed: role.threshold() });
        }
        Ok(Verified { payload: &self.payload, signers })
    }

    /// Names of the keys of `role` that validly signed this envelope, each once.
    pub fn signers(&self, role: &Role) -> Vec<String> {
        let message = pre_authentication(&self.payload_type, &self.payload);
        role.keys()
            .iter()
            .filter(|named| self.signatures.iter().any(|seal| named.key.verifies(&message, &seal.signature)))
            .map(|named| named.name.clone())
            .collect()
    }

    /// The digest of the payload's exact bytes, which names the document whoever signed it.
    pub fn payload_digest(&self) -> Digest {
        Digest::of(&self.payload)
    }

    /// The payload without any check: to be shown to the person who is about to sign it, and for nothing else.
    pub fn payload_for_reading(&self) -> &[u8] {
        &self.payload
    }
}

/// DSSE's pre-authentication encoding.
fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut message = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    message.extend_from_slice(payload);
    message
}

#[cfg(test)]
mod tests;
