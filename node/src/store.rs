//! Answers given, by idempotency key, so that a retry gets the same bytes without computing again. The ledger
//! says which answers were released; what is lost here is computed again and is the same.

use std::path::Path;

use notochord_proto::digest::Digest;

/// The node's index.
pub struct Store {
    answers: sled::Tree,
}

/// Why the index failed.
#[derive(Debug, thiserror::Error)]
#[error("the node's state: {0}. If it is damaged, remove state/ and restart: nothing is lost")]
pub struct StoreError(#[from] sled::Error);

impl Store {
    /// Opens the index, making it if need be.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        Ok(Self { answers: sled::open(directory)?.open_tree("answers")? })
    }

    /// Keeps the answer to a round.
    pub fn keep(&self, round: Digest, answer: &[u8]) -> Result<(), StoreError> {
        self.answers.insert(round.as_bytes(), answer)?;
        self.answers.flush()?;
        Ok(())
    }

    /// The answer given to a round.
    pub fn answer(&self, round: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.answers.get(round.as_bytes())?.map(|bytes| bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_answer_is_kept_for_its_round_alone() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        store.keep(Digest::of(b"round"), b"answer").unwrap();
        assert_eq!(store.answer(Digest::of(b"round")).unwrap().as_deref(), Some(&b"answer"[..]));
        assert_eq!(store.answer(Digest::of(b"other")).unwrap(), None);
    }
}
