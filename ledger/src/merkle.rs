//! The Merkle tree of RFC 6962, grown one leaf at a time.

use sha2::{Digest as _, Sha256};

/// A SHA-256 hash.
pub(crate) type Hash = [u8; 32];

/// A tree that knows its root and how to grow, and nothing of its leaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    leaves: u64,
    /// The roots of the complete subtrees, largest first: one for each set bit of `leaves`.
    subtrees: Vec<Hash>,
}

/// The hash of a leaf holding `bytes`.
pub(crate) fn leaf(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

impl Tree {
    /// Adds a leaf at the right.
    pub(crate) fn push(&mut self, leaf: Hash) {
        let mut root = leaf;
        // Each trailing one of the count is a complete subtree as large as the one just completed.
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                root = node(&left, &root);
            }
        }
        self.subtrees.push(root);
        self.leaves += 1;
    }

    /// The Merkle tree hash over all leaves.
    pub(crate) fn root(&self) -> Hash {
        let mut subtrees = self.subtrees.iter().rev();
        match subtrees.next() {
            None => empty(),
            Some(last) => subtrees.fold(*last, |right, left| node(left, &right)),
        }
    }
}

/// The hash over no leaf at all.
pub(crate) fn empty() -> Hash {
    Sha256::digest([]).into()
}

/// The hash over two neighbouring subtrees.
pub(crate) fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The inputs and roots of the certificate-transparency reference implementation.
    const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn the_roots_are_those_of_certificate_transparency() {
        let mut tree = Tree::default();
        assert_eq!(
            hex::encode(tree.root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        for (input, root) in LEAVES.iter().zip(ROOTS) {
            tree.push(leaf(&hex::decode(input).unwrap()));
            assert_eq!(hex::encode(tree.root()), root);
        }
    }

    #[test]
    fn growing_gives_the_recursive_definition_for_any_size() {
        fn defined(leaves: &[Hash]) -> Hash {
            match leaves {
                [] => Sha256::digest([]).into(),
                [one] => *one,
                _ => {
                    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                    node(&defined(left), &defined(right))
                }
            }
        }
        let leaves: Vec<Hash> = (0..70u8).map(|n| leaf(&[n])).collect();
        let mut tree = Tree::default();
        for (count, next) in leaves.iter().enumerate() {
            assert_eq!(tree.root(), defined(&leaves[..count]));
            tree.push(*next);
        }
    }
}
