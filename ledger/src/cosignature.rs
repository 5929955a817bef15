//! Cosignatures: what a witness writes under another ledger's checkpoint, as C2SP `tlog-cosignature` defines
//! `cosignature/v1`.
//!
//! The line is `— <witness> <base64(key id || time || signature)>`. The key id is the first four bytes of
//! `SHA-256(witness || 0x0A || 0x04 || public key)`, the time is eight bytes of seconds since 1970 with the
//! highest first, and the signature is Ed25519 over
//!
//! ```text
//! cosignature/v1\n
//! time <seconds>\n
//! <the checkpoint's text>
//! ```

use time::OffsetDateTime;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::note::{CheckpointKey, Note, NoteError, Origin, VerifierKey};

/// The signature type that C2SP assigns to timestamped Ed25519 cosignatures.
const COSIGNATURE: u8 = 4;

/// A checkpoint file: the ledger's own signature, and the cosignatures that were had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignedCheckpoint {
    checkpoint: Checkpoint,
    note: String,
}

/// A cosignature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The witness.
    pub witness: Origin,
    /// When it cosigned, by its own clock.
    pub time: OffsetDateTime,
}

impl CosignedCheckpoint {
    /// Reads a checkpoint file once the ledger's own signature is found to be `key`'s. Nothing is believed of
    /// the other lines yet.
    pub fn open(bytes: &[u8], key: &VerifierKey) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::open(bytes, key)?;
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Form)?.to_owned();
        Ok(Self { checkpoint, note })
    }

    /// What the ledger states.
    pub fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }

    /// The file's text.
    pub fn as_str(&self) -> &str {
        &self.note
    }

    /// The line with which `witness` says at `now` that it has seen this checkpoint continue the one before.
    pub(crate) fn cosign(&self, witness: &CheckpointKey, now: OffsetDateTime) -> Result<String, NoteError> {
        let seconds = u64::try_from(now.unix_timestamp()).map_err(|_| NoteError::Form)?;
        let message = message(seconds, Note::parse(&self.note)?.text);
        let signature = [&seconds.to_be_bytes()[..], &witness.signature(&message)].concat();
        Ok(witness.line(COSIGNATURE, &signature))
    }

    /// Adds a witness's line, if it holds and is not there.
    pub fn add(&mut self, line: &str, witness: &VerifierKey) -> Result<(), NoteError> {
        let longer = Self { note: format!("{}{line}", self.note), ..self.clone() };
        if self.cosigned_by(witness)?.is_none() {
            longer.cosigned_by(witness)?.ok_or(NoteError::Key)?;
            *self = longer;
        }
        Ok(())
    }

    /// The cosignature of `witness`, if there is one; a line in its name that does not hold is an error.
    pub fn cosigned_by(&self, witness: &VerifierKey) -> Result<Option<Cosigned>, NoteError> {
        let note = Note::parse(&self.note)?;
        let mut found = None;
        for line in note.signatures_of(witness, COSIGNATURE) {
            let (seconds, signature) = line.split_first_chunk::<8>().ok_or(NoteError::Signature)?;
            let seconds = u64::from_be_bytes(*seconds);
            if !witness.verifies(&message(seconds, note.text), signature) {
                return Err(NoteError::Signature);
            }
            let time =
                i64::try_from(seconds).ok().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
            let time = time.ok_or(NoteError::Signature)?;
            found = Some(Cosigned { witness: witness.origin().clone(), time });
        }
        Ok(found)
    }
}

fn message(seconds: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ed25519_dalek::SigningKey;
    use notochord_proto::digest::Digest;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-22 14:50:00 UTC);

    fn key(name: &str, seed: u8) -> CheckpointKey {
        CheckpointKey::new(Origin::new(name).unwrap(), SigningKey::from_bytes(&[seed; 32]))
    }

    fn signed() -> CosignedCheckpoint {
        let log = key("net.example/a", 1);
        let note = Checkpoint { size: 3, root: Digest::of(b"root") }.sign(&log);
        CosignedCheckpoint::open(note.as_bytes(), &log.verifier()).unwrap()
    }

    #[test]
    fn a_cosignature_has_the_published_form_and_holds() {
        let witness = key("net.example/w", 2);
        let mut checkpoint = signed();
        let text =
            checkpoint.as_str().split_inclusive("\n\n").next().unwrap().trim_end_matches('\n').to_owned();
        let line = checkpoint.cosign(&witness, NOW).unwrap();
        checkpoint.add(&line, &witness.verifier()).unwrap();
        let found = checkpoint.cosigned_by(&witness.verifier()).unwrap().unwrap();
        assert_eq!((found.witness.as_str(), found.time), ("net.example/w", NOW));

        use base64::{Engine as _, engine::general_purpose::STANDARD};
        use sha2::{Digest as _, Sha256};
        let public = SigningKey::from_bytes(&[2; 32]).verifying_key();
        let encoded = line.strip_prefix("— net.example/w ").unwrap().trim_end();
        let bytes = STANDARD.decode(encoded).unwrap();
        assert_eq!(bytes.len(), 4 + 8 + 64);
        let id = Sha256::digest([&b"net.example/w\n\x04"[..], public.as_bytes()].concat());
        assert_eq!(bytes[..4], id[..4]);
        let seconds = u64::from_be_bytes(bytes[4..12].try_into().unwrap());
        assert_eq!(seconds, NOW.unix_timestamp() as u64);
        let signature = ed25519_dalek::Signature::from_slice(&bytes[12..]).unwrap();
        let message = format!("cosignature/v1\ntime {seconds}\n{text}\n");
        assert!(public.verify_strict(message.as_bytes(), &signature).is_ok());
    }

    #[test]
    fn the_published_example_is_taken_apart() {
        let note = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
            — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
            — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
        assert!(Note::parse(note).unwrap().text.ends_with("jxq2I=\n"));
    }

    #[test]
    fn a_cosignature_of_another_checkpoint_time_or_witness_is_not_added() {
        let (witness, other) = (key("net.example/w", 2), key("net.example/w", 3));
        let line = signed().cosign(&witness, NOW).unwrap();
        let mut checkpoint = signed();
        assert_eq!(checkpoint.add(&line, &other.verifier()), Err(NoteError::Key));
        assert_eq!(checkpoint.add("rubbish", &witness.verifier()), Err(NoteError::Form));
        let log = key("net.example/a", 1);
        let note = Checkpoint { size: 4, root: Digest::of(b"root") }.sign(&log);
        let mut longer = CosignedCheckpoint::open(note.as_bytes(), &log.verifier()).unwrap();
        assert_eq!(longer.add(&line, &witness.verifier()), Err(NoteError::Signature));
        checkpoint.add(&line, &witness.verifier()).unwrap();
        checkpoint.add(&line, &witness.verifier()).unwrap();
        assert_eq!(checkpoint.as_str().matches("net.example/w").count(), 1);
        let later = checkpoint.as_str().replace("AAAABrA", "AAAABrB");
        assert_ne!(later, checkpoint.as_str());
        let later = CosignedCheckpoint { note: later, ..checkpoint };
        assert_eq!(later.cosigned_by(&witness.verifier()), Err(NoteError::Signature));
    }

    #[test]
    fn a_signature_of_the_ledger_itself_is_no_cosignature() {
        let log = key("net.example/a", 1);
        assert_eq!(signed().cosigned_by(&log.verifier()), Ok(None));
    }
}
