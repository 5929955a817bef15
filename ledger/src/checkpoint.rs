//! Checkpoints: the signed statement "this log has n entries and this root", as C2SP `tlog-checkpoint` writes
//! it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use notochord_proto::digest::Digest;

use crate::note::{CheckpointKey, NoteError, VerifierKey};

/// What a checkpoint states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many entries.
    pub size: u64,
    /// The RFC 6962 Merkle tree hash over them.
    pub root: Digest,
}

/// Why a checkpoint is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The signed text.
    #[error("it does not state an origin, a size and a root")]
    Text,
    /// Another ledger's checkpoint.
    #[error("it speaks of another ledger")]
    Origin,
}

impl Checkpoint {
    /// Reads a checkpoint once its signature is found to be `key`'s.
    pub fn open(bytes: &[u8], key: &VerifierKey) -> Result<Self, CheckpointError> {
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Form)?;
        let text = key.open(note)?;
        let lines: Vec<&str> = text.split_terminator('\n').collect();
        let [origin, size, root] = lines[..] else { return Err(CheckpointError::Text) };
        if origin != key.origin().as_str() {
            return Err(CheckpointError::Origin);
        }
        let canonical = size == "0" || !size.starts_with(['0', '+']);
        let size = size.parse().ok().filter(|_| canonical).ok_or(CheckpointError::Text)?;
        let root = STANDARD.decode(root).map_err(|_| CheckpointError::Text)?;
        let root = Digest::try_from(root.as_slice()).map_err(|_| CheckpointError::Text)?;
        Ok(Self { size, root })
    }

    /// The checkpoint file.
    pub(crate) fn sign(&self, key: &CheckpointKey) -> String {
        let root = STANDARD.encode(self.root.as_bytes());
        key.sign(&format!("{}\n{}\n{root}\n", key.verifier().origin().as_str(), self.size))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::note::Origin;

    fn key(origin: &str) -> CheckpointKey {
        CheckpointKey::new(Origin::new(origin).unwrap(), SigningKey::from_bytes(&[7; 32]))
    }

    #[test]
    fn a_checkpoint_reads_back_and_has_the_published_form() {
        let checkpoint = Checkpoint { size: 12, root: Digest::of(b"root") };
        let file = checkpoint.sign(&key("net.example/site/a"));
        let lines: Vec<&str> = file.split('\n').collect();
        assert_eq!(lines[..2], ["net.example/site/a", "12"]);
        assert_eq!(lines[3], "");
        assert!(lines[4].starts_with("— net.example/site/a "));
        assert_eq!(lines[5..], [""]);
        assert_eq!(Checkpoint::open(file.as_bytes(), &key("net.example/site/a").verifier()), Ok(checkpoint));
    }

    #[test]
    fn a_signed_text_that_states_no_size_and_root_is_refused() {
        let key = key("net.example/site/a");
        let open = |text: &str| Checkpoint::open(key.sign(text).as_bytes(), &key.verifier());
        let root = STANDARD.encode([0; 32]);
        assert!(open(&format!("net.example/site/a\n1\n{root}\n")).is_ok());
        assert_eq!(open(&format!("net.example/site/b\n1\n{root}\n")), Err(CheckpointError::Origin));
        for text in [
            "net.example/site/a\n".to_owned(),
            format!("net.example/site/a\n-1\n{root}\n"),
            format!("net.example/site/a\n+1\n{root}\n"),
            format!("net.example/site/a\n01\n{root}\n"),
            format!("net.example/site/a\n99999999999999999999\n{root}\n"),
            "net.example/site/a\n1\nAAAA\n".to_owned(),
            format!("net.example/site/a\n1\n{root}\nmore\n"),
        ] {
            assert_eq!(open(&text), Err(CheckpointError::Text), "{text}");
        }
    }
}
