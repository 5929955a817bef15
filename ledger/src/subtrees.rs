//! Every complete subtree of a growing Merkle tree, kept so that anything in it can be proved.

use notochord_proto::digest::Digest;

use crate::merkle::{Hash, empty, node};
use crate::proof::{ConsistencyProof, InclusionProof};

/// A tree that can prove what it holds and how it grew. It keeps two hashes for each leaf.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subtrees {
    /// `levels[k][i]` is the root over the leaves from `i * 2^k` up to `(i + 1) * 2^k`.
    levels: Vec<Vec<Hash>>,
}

impl Subtrees {
    /// Adds a leaf at the right.
    pub(crate) fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let roots = &mut self.levels[level];
            roots.push(hash);
            match roots.len().checked_sub(2) {
                Some(left) if roots.len().is_multiple_of(2) => hash = node(&roots[left], &hash),
                _ => return,
            }
        }
    }

    /// How many leaves.
    pub(crate) fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The root when there were `size` leaves; nothing if there never were so many.
    pub(crate) fn root(&self, size: u64) -> Option<Digest> {
        let root = match size {
            0 => empty(),
            _ => self.over(0, size)?,
        };
        Some(Digest::from_bytes(root))
    }

    /// A proof that the first `size` leaves hold the one at `index`.
    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Option<InclusionProof> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut start, mut end, mut path) = (0, size, Vec::new());
        while end - start > 1 {
            let middle = start + split(end - start);
            let (kept, other) = match index < middle {
                true => ((start, middle), (middle, end)),
                false => ((middle, end), (start, middle)),
            };
            path.push(self.over(other.0, other.1)?);
            (start, end) = kept;
        }
        path.reverse();
        Some(InclusionProof { index, path: digests(path) })
    }

    /// A proof that the first `old` leaves are the beginning of the first `new`.
    pub(crate) fn consistency(&self, old: u64, new: u64) -> Option<ConsistencyProof> {
        if old > new || new > self.size() {
            return None;
        }
        if old == 0 || old == new {
            return Some(ConsistencyProof(Vec::new()));
        }
        let (mut start, mut end, mut path) = (0, new, Vec::new());
        while end != old {
            let middle = start + split(end - start);
            let (kept, other) = match old <= middle {
                true => ((start, middle), (middle, end)),
                false => ((middle, end), (start, middle)),
            };
            path.push(self.over(other.0, other.1)?);
            (start, end) = kept;
        }
        // Whoever checks knows the old root, and needs this part only where it is not that root.
        if start > 0 {
            path.push(self.over(start, end)?);
        }
        path.reverse();
        Some(ConsistencyProof(digests(path)))
    }

    /// The hash over the leaves from `start` up to `end`, of which there is at least one. `start` is where a
    /// subtree of that size may begin.
    fn over(&self, start: u64, end: u64) -> Option<Hash> {
        let leaves = end - start;
        if leaves.is_power_of_two() {
            let (level, place) = (leaves.trailing_zeros() as usize, start / leaves);
            return self.levels.get(level)?.get(usize::try_from(place).ok()?).copied();
        }
        let middle = start + split(leaves);
        Some(node(&self.over(start, middle)?, &self.over(middle, end)?))
    }
}

/// How many of more than one leaves stand in the left half: the largest power of two below their number.
fn split(leaves: u64) -> u64 {
    leaves.next_power_of_two() / 2
}

fn digests(path: Vec<Hash>) -> Vec<Digest> {
    path.into_iter().map(Digest::from_bytes).collect()
}
