//! Proofs about the Merkle tree of RFC 6962: that it holds an entry, and that it only grew. They are checked as
//! RFC 9162 says in sections 2.1.3.2 and 2.1.4.2.

use notochord_proto::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::merkle::{Hash, empty, leaf, node};

/// The most hashes a proof can need: one for each level of the largest tree, and one more.
pub const MOST_PROOF_HASHES: usize = 65;

/// A proof that a ledger holds an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InclusionProof {
    /// The entry's place, counted from 0.
    pub index: u64,
    /// The hashes beside the way from the entry to the root, from below.
    pub path: Vec<Digest>,
}

/// A proof that a ledger's older entries are the beginning of its newer ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConsistencyProof(
    /// The hashes from which both roots follow, from below.
    pub Vec<Digest>,
);

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It has another number of hashes than such a proof has.
    #[error("the proof has too few hashes or too many")]
    Length,
    /// The newer checkpoint has fewer entries than the older one.
    #[error("the newer checkpoint covers {new} entries, the older one {old}")]
    Order {
        /// Entries of the older checkpoint.
        old: u64,
        /// Entries of the newer one.
        new: u64,
    },
    /// The entry would stand after the last one.
    #[error("the entry would stand at {index}, but the checkpoint covers {size} entries")]
    Index {
        /// The place claimed.
        index: u64,
        /// How many entries there are.
        size: u64,
    },
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the checkpoint's root")]
    Root,
}

impl InclusionProof {
    /// Checks that the ledger of `checkpoint` holds the entry with these JSON bytes.
    pub fn verify(&self, entry: &[u8], checkpoint: &Checkpoint) -> Result<(), ProofError> {
        let (index, size) = (self.index, checkpoint.size);
        if index >= size {
            return Err(ProofError::Index { index, size });
        }
        let (mut at, mut last, mut root) = (index, size - 1, leaf(entry));
        for beside in &self.path {
            if last == 0 {
                return Err(ProofError::Length);
            }
            if at & 1 == 1 || at == last {
                root = node(beside.as_bytes(), &root);
                (at, last) = climb(at, last);
            } else {
                root = node(&root, beside.as_bytes());
            }
            (at, last) = (at >> 1, last >> 1);
        }
        if last != 0 {
            return Err(ProofError::Length);
        }
        if root == *checkpoint.root.as_bytes() { Ok(()) } else { Err(ProofError::Root) }
    }
}

impl ConsistencyProof {
    /// Checks that the entries of `old` are the first ones of `new`.
    pub fn verify(&self, old: &Checkpoint, new: &Checkpoint) -> Result<(), ProofError> {
        if old.size > new.size {
            return Err(ProofError::Order { old: old.size, new: new.size });
        }
        if old.size == 0 || old.size == new.size {
            let before = if old.size == 0 { Digest::from_bytes(empty()) } else { new.root };
            return match (self.0.is_empty(), old.root == before) {
                (true, true) => Ok(()),
                (true, false) => Err(ProofError::Root),
                (false, _) => Err(ProofError::Length),
            };
        }
        let (old_root, new_root) = self.roots(old, new)?;
        match old_root == *old.root.as_bytes() && new_root == *new.root.as_bytes() {
            true => Ok(()),
            false => Err(ProofError::Root),
        }
    }

    /// The two roots that the hashes give, where there are at least one old entry and one new one.
    fn roots(&self, old: &Checkpoint, new: &Checkpoint) -> Result<(Hash, Hash), ProofError> {
        let mut hashes = self.0.iter().map(Digest::as_bytes);
        // A complete old tree is itself the first part of the new one, and is not sent.
        let first = match old.size.is_power_of_two() {
            true => *old.root.as_bytes(),
            false => *hashes.next().ok_or(ProofError::Length)?,
        };
        let complete = (old.size - 1).trailing_ones();
        let (mut at, mut last) = ((old.size - 1) >> complete, (new.size - 1) >> complete);
        let (mut old_root, mut new_root) = (first, first);
        for beside in hashes {
            if last == 0 {
                return Err(ProofError::Length);
            }
            if at & 1 == 1 || at == last {
                old_root = node(beside, &old_root);
                new_root = node(beside, &new_root);
                (at, last) = climb(at, last);
            } else {
                new_root = node(&new_root, beside);
            }
            (at, last) = (at >> 1, last >> 1);
        }
        if last == 0 { Ok((old_root, new_root)) } else { Err(ProofError::Length) }
    }
}

/// Skips the levels on which a node at the right edge has nothing beside it.
fn climb(mut at: u64, mut last: u64) -> (u64, u64) {
    while at & 1 == 0 && at != 0 {
        (at, last) = (at >> 1, last >> 1);
    }
    (at, last)
}

#[cfg(test)]
mod tests;
