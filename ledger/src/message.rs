//! Testimonies and offers as they travel. What comes from outside is bounded before it is believed.

use notochord_proto::digest::Digest;
use notochord_proto::wire;

use crate::entry::MOST_ENTRY_BYTES;
use crate::ledger::{ProvenEntry, Testimony};
use crate::note::VerifierKey;
use crate::proof::{ConsistencyProof, InclusionProof, MOST_PROOF_HASHES};
use crate::witness::Offer;

/// The most sizes a ledger proves its growth from, entries it shows, or checkpoints a message carries.
pub const MOST_ITEMS: usize = 1024;

/// A message that is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// More than is ever needed.
    #[error("it holds more hashes, entries or checkpoints than there can be")]
    TooMuch,
    /// Something in it is no hash, text or key.
    #[error("it is malformed")]
    Malformed,
}

/// An offer, taken from its message.
#[derive(Debug, Clone)]
pub struct ReceivedOffer {
    log: VerifierKey,
    checkpoint: Vec<u8>,
    since: u64,
    proof: ConsistencyProof,
}

impl From<Testimony> for wire::TestifyReply {
    fn from(testimony: Testimony) -> Self {
        Self {
            checkpoint: testimony.checkpoint.into_bytes(),
            since: testimony.since.iter().map(|(since, proof)| growth(*since, proof)).collect(),
            entries: testimony.entries.into_iter().map(proven).collect(),
        }
    }
}

impl TryFrom<wire::TestifyReply> for Testimony {
    type Error = MessageError;

    fn try_from(reply: wire::TestifyReply) -> Result<Self, MessageError> {
        if reply.since.len() > MOST_ITEMS || reply.entries.len() > MOST_ITEMS {
            return Err(MessageError::TooMuch);
        }
        Ok(Self {
            checkpoint: String::from_utf8(reply.checkpoint).map_err(|_| MessageError::Malformed)?,
            since: reply
                .since
                .into_iter()
                .map(|growth| Ok((growth.since, ConsistencyProof(hashes(&growth.proof)?))))
                .collect::<Result<_, MessageError>>()?,
            entries: reply.entries.into_iter().map(entry).collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<wire::CheckpointOffer> for ReceivedOffer {
    type Error = MessageError;

    fn try_from(offer: wire::CheckpointOffer) -> Result<Self, MessageError> {
        let growth = offer.growth.ok_or(MessageError::Malformed)?;
        Ok(Self {
            log: offer.verifier.parse().map_err(|_| MessageError::Malformed)?,
            checkpoint: offer.checkpoint,
            since: growth.since,
            proof: ConsistencyProof(hashes(&growth.proof)?),
        })
    }
}

impl ReceivedOffer {
    /// As a witness takes it.
    pub fn as_offer(&self) -> Offer<'_> {
        let Self { log, checkpoint, since, proof } = self;
        Offer { log, checkpoint, since: *since, proof }
    }
}

impl From<Offer<'_>> for wire::CheckpointOffer {
    fn from(offer: Offer<'_>) -> Self {
        Self {
            verifier: offer.log.to_string(),
            checkpoint: offer.checkpoint.to_vec(),
            growth: Some(growth(offer.since, offer.proof)),
        }
    }
}

fn growth(since: u64, proof: &ConsistencyProof) -> wire::Growth {
    wire::Growth { since, proof: bytes(&proof.0) }
}

fn proven(entry: ProvenEntry) -> wire::ProvenEntry {
    wire::ProvenEntry {
        json: entry.json.into_bytes(),
        index: entry.proof.index,
        proof: bytes(&entry.proof.path),
    }
}

fn entry(message: wire::ProvenEntry) -> Result<ProvenEntry, MessageError> {
    if message.json.len() > MOST_ENTRY_BYTES {
        return Err(MessageError::TooMuch);
    }
    let json = String::from_utf8(message.json).map_err(|_| MessageError::Malformed)?;
    let proof = InclusionProof { index: message.index, path: hashes(&message.proof)? };
    Ok(ProvenEntry { json, proof })
}

fn bytes(path: &[Digest]) -> Vec<Vec<u8>> {
    path.iter().map(|hash| hash.as_bytes().to_vec()).collect()
}

fn hashes(proof: &[Vec<u8>]) -> Result<Vec<Digest>, MessageError> {
    if proof.len() > MOST_PROOF_HASHES {
        return Err(MessageError::TooMuch);
    }
    let hash = |bytes: &Vec<u8>| Digest::try_from(bytes.as_slice()).map_err(|_| MessageError::Malformed);
    proof.iter().map(hash).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn testimony() -> Testimony {
        let path = vec![Digest::of(b"beside")];
        Testimony {
            checkpoint: "origin\n".into(),
            since: vec![(3, ConsistencyProof(path.clone()))],
            entries: vec![ProvenEntry { json: "{}".into(), proof: InclusionProof { index: 2, path } }],
        }
    }

    #[test]
    fn a_testimony_arrives_as_it_was_sent() {
        assert_eq!(Testimony::try_from(wire::TestifyReply::from(testimony())), Ok(testimony()));
    }

    #[test]
    fn a_testimony_with_too_much_or_malformed_parts_is_refused() {
        let sent = || wire::TestifyReply::from(testimony());
        let mut many = sent();
        many.since = vec![many.since[0].clone(); MOST_ITEMS + 1];
        assert_eq!(Testimony::try_from(many), Err(MessageError::TooMuch));
        let mut long = sent();
        long.entries[0].proof = vec![vec![0; 32]; MOST_PROOF_HASHES + 1];
        assert_eq!(Testimony::try_from(long), Err(MessageError::TooMuch));
        let mut short = sent();
        short.since[0].proof[0].pop();
        assert_eq!(Testimony::try_from(short), Err(MessageError::Malformed));
        let mut no_text = sent();
        no_text.entries[0].json = vec![0xff];
        assert_eq!(Testimony::try_from(no_text), Err(MessageError::Malformed));
        let mut huge = sent();
        huge.entries[0].json = vec![b' '; MOST_ENTRY_BYTES + 1];
        assert_eq!(Testimony::try_from(huge), Err(MessageError::TooMuch));
    }
}
