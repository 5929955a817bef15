#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::subtrees::Subtrees;

/// The inputs of the certificate-transparency reference implementation.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
/// Its inclusion proofs: index, size, path.
const INCLUSIONS: [(u64, u64, &[&str]); 5] = [
    (0, 1, &[]),
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];
/// Its consistency proofs: old size, new size, path.
const CONSISTENCIES: [(u64, u64, &[&str]); 4] = [
    (1, 1, &[]),
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

fn entries(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| number.to_string().into_bytes()).collect()
}

fn tree(entries: &[Vec<u8>]) -> Subtrees {
    let mut tree = Subtrees::default();
    entries.iter().for_each(|entry| tree.push(leaf(entry)));
    tree
}

fn checkpoint(tree: &Subtrees, size: u64) -> Checkpoint {
    Checkpoint { size, root: tree.root(size).unwrap() }
}

fn hashes(path: &[Digest]) -> Vec<String> {
    path.iter().map(Digest::hex).collect()
}

#[test]
fn the_published_proofs_are_made_and_hold() {
    let entries: Vec<Vec<u8>> = LEAVES.iter().map(|text| hex::decode(text).unwrap()).collect();
    let tree = tree(&entries);
    for (index, size, path) in INCLUSIONS {
        let proof = tree.inclusion(index, size).unwrap();
        assert_eq!(hashes(&proof.path), path, "entry {index} of {size}");
        assert_eq!(proof.verify(&entries[index as usize], &checkpoint(&tree, size)), Ok(()));
    }
    for (old, new, path) in CONSISTENCIES {
        let proof = tree.consistency(old, new).unwrap();
        assert_eq!(hashes(&proof.0), path, "{old} to {new}");
        assert_eq!(proof.verify(&checkpoint(&tree, old), &checkpoint(&tree, new)), Ok(()));
    }
}

/// The recursive definitions of RFC 6962, section 2.1.
mod defined {
    use super::*;

    pub(super) fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [one] => *one,
            _ => {
                let (left, right) = halves(leaves);
                node(&root(left), &root(right))
            }
        }
    }

    pub(super) fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let (left, right) = halves(leaves);
        let (mut below, beside) = match index < left.len() {
            true => (path(index, left), root(right)),
            false => (path(index - left.len(), right), root(left)),
        };
        below.push(beside);
        below
    }

    pub(super) fn proof(old: usize, leaves: &[Hash], whole: &[bool]) -> Vec<Hash> {
        let is_whole = whole.iter().all(|one| *one);
        if old == leaves.len() {
            return if is_whole { Vec::new() } else { vec![root(leaves)] };
        }
        let (left, right) = halves(leaves);
        let (mut below, beside) = match old <= left.len() {
            true => (proof(old, left, whole), root(right)),
            false => (proof(old - left.len(), right, &[false]), root(left)),
        };
        below.push(beside);
        below
    }

    fn halves(leaves: &[Hash]) -> (&[Hash], &[Hash]) {
        leaves.split_at(leaves.len().next_power_of_two() / 2)
    }
}

#[test]
fn every_proof_up_to_forty_entries_is_the_one_that_the_definition_gives_and_holds() {
    let entries = entries(40);
    let leaves: Vec<Hash> = entries.iter().map(|entry| leaf(entry)).collect();
    let tree = tree(&entries);
    let digests = |path: Vec<Hash>| path.into_iter().map(Digest::from_bytes).collect::<Vec<_>>();
    for size in 1..=40_usize {
        let new = checkpoint(&tree, size as u64);
        assert_eq!(*new.root.as_bytes(), defined::root(&leaves[..size]));
        for (index, entry) in entries.iter().enumerate().take(size) {
            let proof = tree.inclusion(index as u64, size as u64).unwrap();
            assert_eq!(proof.path, digests(defined::path(index, &leaves[..size])), "{index} in {size}");
            assert_eq!(proof.verify(entry, &new), Ok(()));
        }
        for old in 1..=size {
            let proof = tree.consistency(old as u64, size as u64).unwrap();
            assert_eq!(proof.0, digests(defined::proof(old, &leaves[..size], &[])), "{old} to {size}");
            assert_eq!(proof.verify(&checkpoint(&tree, old as u64), &new), Ok(()));
        }
    }
}

#[test]
fn what_a_tree_never_held_cannot_be_proved() {
    let tree = tree(&entries(5));
    assert_eq!(tree.inclusion(5, 5), None);
    assert_eq!(tree.inclusion(0, 6), None);
    assert_eq!(tree.consistency(3, 6), None);
    assert_eq!(tree.consistency(4, 3), None);
    assert_eq!(tree.root(6), None);
}

#[test]
fn an_empty_ledger_is_the_beginning_of_any_and_a_ledger_of_itself() {
    let tree = tree(&entries(3));
    let (none, all) = (checkpoint(&tree, 0), checkpoint(&tree, 3));
    assert_eq!(tree.consistency(0, 3).unwrap().verify(&none, &all), Ok(()));
    assert_eq!(tree.consistency(3, 3).unwrap().verify(&all, &all), Ok(()));
    let other = Checkpoint { root: Digest::of(b"other"), ..all };
    assert_eq!(ConsistencyProof(Vec::new()).verify(&other, &all), Err(ProofError::Root));
    let impossible = Checkpoint { root: Digest::of(b"other"), ..none };
    assert_eq!(ConsistencyProof(Vec::new()).verify(&impossible, &all), Err(ProofError::Root));
    assert_eq!(ConsistencyProof(vec![all.root]).verify(&none, &all), Err(ProofError::Length));
    assert_eq!(ConsistencyProof(Vec::new()).verify(&all, &none), Err(ProofError::Order { old: 3, new: 0 }));
}

proptest! {
    #[test]
    fn a_proof_of_inclusion_holds_for_its_own_entry_place_and_root_only(
        size in 1_u64..70,
        index: prop::sample::Index,
        other: prop::sample::Index,
        byte in 0_usize..32,
        longer: bool,
    ) {
        let entries = entries(70);
        let tree = tree(&entries);
        let (index, other) = (index.index(size as usize), other.index(70));
        let root = checkpoint(&tree, size);
        let proof = tree.inclusion(index as u64, size).unwrap();
        prop_assert!(other == index || proof.verify(&entries[other], &root).is_err());
        let moved = InclusionProof { index: other as u64, ..proof.clone() };
        prop_assert!(other == index || moved.verify(&entries[index], &root).is_err());
        let mut bytes = *root.root.as_bytes();
        bytes[byte] ^= 1;
        let changed = Checkpoint { root: Digest::from_bytes(bytes), ..root };
        prop_assert_eq!(proof.verify(&entries[index], &changed), Err(ProofError::Root));
        let mut stretched = proof.clone();
        match longer {
            true => stretched.path.push(root.root),
            false => { stretched.path.pop(); }
        }
        prop_assert!(stretched == proof || stretched.verify(&entries[index], &root).is_err());
        for place in 0..proof.path.len() {
            let mut bent = proof.clone();
            bent.path[place] = Digest::of(b"bent");
            prop_assert_eq!(bent.verify(&entries[index], &root), Err(ProofError::Root));
        }
    }

    #[test]
    fn no_proof_makes_a_rewritten_history_a_continuation(
        new in 2_u64..70,
        old: prop::sample::Index,
        changed: prop::sample::Index,
    ) {
        let old = old.index(new as usize - 1) as u64 + 1;
        let honest = entries(70);
        let mut rewritten = honest.clone();
        rewritten[changed.index(old as usize)] = b"rewritten".to_vec();
        let (honest, rewritten) = (tree(&honest), tree(&rewritten));
        let (before, after) = (checkpoint(&honest, old), checkpoint(&rewritten, new));
        for proof in [honest.consistency(old, new).unwrap(), rewritten.consistency(old, new).unwrap()] {
            prop_assert_eq!(proof.verify(&before, &after), Err(ProofError::Root));
        }
    }

    #[test]
    fn any_hashes_at_all_are_refused_without_a_panic(
        old: u64,
        new: u64,
        index: u64,
        path in prop::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let path: Vec<Digest> = path.into_iter().map(Digest::from_bytes).collect();
        let of = |size| Checkpoint { size, root: Digest::of(b"root") };
        let inclusion = InclusionProof { index, path: path.clone() };
        prop_assert!(inclusion.verify(b"entry", &of(new)).is_err());
        prop_assert!(old == new || ConsistencyProof(path).verify(&of(old), &of(new)).is_err());
    }
}
