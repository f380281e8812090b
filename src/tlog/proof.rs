//! Verifies inclusion and consistency proofs (RFC 9162 §2.1.3.2 and §2.1.4.2).
//!
//! An inclusion proof of the *last* leaf of a smaller tree in a larger one proves both at once: with all of its hashes
//! it gives the root of the larger tree, with those on the left alone the root of the smaller one. If the first is the
//! signed root and the second is not, the log signed two trees that cannot be of one history, and anyone can check it.

use super::{
    merkle::{Hash, node_hash},
    range::CompactRange,
};
use crate::model::ConsistencyProof;

/// The proof that a leaf is at an index of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// The index.
    pub index: u64,
    /// The tree's size.
    pub size: u64,
    /// The siblings, from the leaf upwards.
    pub path: Vec<Hash>,
}

/// The side of the path on which a sibling is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

impl InclusionProof {
    /// The root that the tree has if the leaf is where the proof places it. `None` if the proof does not have the
    /// required length, or the index is not in the tree.
    pub fn root(&self, leaf: &Hash) -> Option<Hash> {
        let up = |hash: Hash, (side, sibling): (Side, &Hash)| match side {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
        Some(self.siblings()?.into_iter().fold(*leaf, up))
    }

    /// The leaves up to and with this one, as a compact range. It proves nothing unless [`Self::root`] gives a known
    /// root. `None` as there.
    pub fn prefix(&self, leaf: &Hash) -> Option<CompactRange> {
        let lefts = self.siblings()?.into_iter().rev().filter(|(side, _)| *side == Side::Left);
        let mut range = CompactRange::from_parts(self.index, lefts.map(|(_, hash)| *hash).collect())?;
        range.push(*leaf);
        Some(range)
    }

    /// The proof that the leaves up to and with this one are a prefix of the tree: it has the same hashes, from the
    /// largest subtree upwards that ends with the leaf. It proves nothing unless [`Self::root`] gives a known root.
    pub fn consistency(&self, leaf: &Hash) -> Option<ConsistencyProof> {
        let range = self.prefix(leaf)?;
        let (first, second) = (range.size(), self.size);
        if first == second {
            return Some(ConsistencyProof { first, second, hashes: Vec::new() });
        }
        let above = self.path.get(first.trailing_zeros() as usize..)?;
        let subtree = range.nodes().last().filter(|_| !first.is_power_of_two());
        Some(ConsistencyProof { first, second, hashes: subtree.into_iter().chain(above).copied().collect() })
    }

    /// The siblings with their sides, from the leaf upwards.
    fn siblings(&self) -> Option<Vec<(Side, &Hash)>> {
        let mut at = self.index;
        let mut last = self.size.checked_sub(1).filter(|last| at <= *last)?;
        let mut siblings = Vec::with_capacity(self.path.len().min(64));
        for sibling in &self.path {
            if last == 0 {
                return None;
            }
            let is_right = at & 1 == 1 || at == last;
            siblings.push((if is_right { Side::Left } else { Side::Right }, sibling));
            // On the ragged right edge a node without sibling moves up unchanged.
            while is_right && at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
            at >>= 1;
            last >>= 1;
        }
        (last == 0).then_some(siblings)
    }
}

impl ConsistencyProof {
    /// Whether the tree with the first root is a prefix of the one with the second.
    pub fn proves(&self, first_root: &Hash, second_root: &Hash) -> bool {
        match (self.first, self.second) {
            (first, second) if first > second => false,
            (first, second) if first == second => self.hashes.is_empty() && first_root == second_root,
            (0, _) => self.hashes.is_empty(),
            _ => self.roots(first_root) == Some((*first_root, *second_root)),
        }
    }

    /// The roots from the hashes; the first is presumed if it covers a whole subtree.
    fn roots(&self, first_root: &Hash) -> Option<(Hash, Hash)> {
        let presumed = self.first.is_power_of_two().then_some(first_root);
        let mut hashes = presumed.into_iter().chain(&self.hashes);
        let seed = *hashes.next()?;
        let (mut first, mut second) = (seed, seed);
        let shared = (self.first - 1).trailing_ones();
        let mut at = (self.first - 1) >> shared;
        let mut last = (self.second - 1) >> shared;
        for hash in hashes {
            if last == 0 {
                return None;
            }
            if at & 1 == 1 || at == last {
                first = node_hash(hash, &first);
                second = node_hash(hash, &second);
                while at & 1 == 0 && at != 0 {
                    at >>= 1;
                    last >>= 1;
                }
            } else {
                second = node_hash(&second, hash);
            }
            at >>= 1;
            last >>= 1;
        }
        (last == 0).then_some((first, second))
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "trees of tests fit into memory")]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::merkle::{
            audit_path,
            trees::{leaves, root},
        },
        *,
    };

    fn inclusion(index: u64, leaves: &[Hash]) -> InclusionProof {
        let size = leaves.len() as u64;
        let path = audit_path(index, size).into_iter().map(|(from, to)| root(&leaves[from as usize..to as usize]));
        InclusionProof { index, size, path: path.collect() }
    }

    /// RFC 6962 §2.1.2, word for word.
    fn consistency(first: u64, leaves: &[Hash]) -> ConsistencyProof {
        fn sub(first: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
            if first == leaves.len() {
                return if whole { Vec::new() } else { vec![root(leaves)] };
            }
            let k = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(k);
            let (mut hashes, other) = if first <= k {
                (sub(first, left, whole), root(right))
            } else {
                (sub(first - k, right, false), root(left))
            };
            hashes.push(other);
            hashes
        }
        let hashes = if first == 0 { Vec::new() } else { sub(first as usize, leaves, true) };
        ConsistencyProof { first, second: leaves.len() as u64, hashes }
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proven_and_gives_its_prefix() {
        for size in 1..=70 {
            let leaves = leaves(size);
            for index in 0..size {
                let proof = inclusion(index, &leaves);
                let leaf = &leaves[index as usize];
                assert_eq!(proof.root(leaf), Some(root(&leaves)), "{index} of {size}");
                let prefix = proof.prefix(leaf).expect("it has the right length");
                assert_eq!(prefix.size(), index + 1);
                assert_eq!(prefix.root(), root(&leaves[..=index as usize]), "{index} of {size}");
                assert_eq!(proof.consistency(leaf), Some(consistency(index + 1, &leaves)), "{index} of {size}");
            }
        }
    }

    #[test]
    fn every_prefix_of_every_small_tree_is_proven() {
        for size in 1..=70 {
            let leaves = leaves(size);
            for first in 0..=size {
                let proof = consistency(first, &leaves);
                assert!(proof.proves(&root(&leaves[..first as usize]), &root(&leaves)), "{first} of {size}");
            }
        }
    }

    #[test]
    fn proofs_of_impossible_places_are_none() {
        let leaf = leaves(1)[0];
        for (index, size, length) in
            [(0, 0, 0), (1, 1, 0), (5, 4, 2), (0, 1, 1), (0, 2, 0), (3, 4, 3), (u64::MAX, 1, 0)]
        {
            let proof = InclusionProof { index, size, path: vec![leaf; length] };
            assert_eq!((proof.root(&leaf), proof.prefix(&leaf)), (None, None), "{index} of {size}");
        }
        for (first, second, length) in [(2, 1, 0), (1, 1, 1), (3, 4, 0), (0, 4, 1), (1, 4, 9), (u64::MAX, u64::MAX, 1)]
        {
            let proof = ConsistencyProof { first, second, hashes: vec![leaf; length] };
            assert!(!proof.proves(&leaf, &leaf), "{first} of {second}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn proofs_hold_at_any_size_to_2000(size in 1_u64..=2000, place in any::<prop::sample::Index>()) {
            let leaves = leaves(size);
            let index = place.index(size as usize) as u64;
            let proof = inclusion(index, &leaves);
            prop_assert_eq!(proof.root(&leaves[index as usize]), Some(root(&leaves)));
            let prefix = proof.prefix(&leaves[index as usize]).map(|range| range.root());
            prop_assert_eq!(prefix, Some(root(&leaves[..=index as usize])));
            prop_assert!(consistency(index, &leaves).proves(&root(&leaves[..index as usize]), &root(&leaves)));
        }

        #[test]
        fn no_proof_holds_for_another_tree(
            size in 2_u64..=300, place in any::<prop::sample::Index>(), changed in any::<prop::sample::Index>(),
        ) {
            let leaves = leaves(size);
            let index = place.index(size as usize) as u64;
            let mut forked = leaves.clone();
            forked[changed.index(size as usize)][0] ^= 1;
            let proof = inclusion(index, &forked);
            prop_assert_ne!(proof.root(&forked[index as usize]), Some(root(&leaves)));
            let first = changed.index(size as usize) as u64 + 1;
            // A prefix that has the changed leaf is not a prefix of the honest tree, whichever of them proves it.
            let old = root(&forked[..first as usize]);
            prop_assert!(!consistency(first, &leaves).proves(&old, &root(&leaves)));
            if first < size {
                prop_assert!(!consistency(first, &forked).proves(&old, &root(&leaves)));
            }
        }

        #[test]
        fn a_damaged_proof_proves_nothing(size in 3_u64..=300, place in any::<prop::sample::Index>(), byte in 0_usize..32) {
            let leaves = leaves(size);
            let index = place.index(size as usize - 1) as u64 + 1;
            let mut proof = inclusion(index, &leaves);
            let hit = place.index(proof.path.len());
            proof.path[hit][byte] ^= 0x40;
            prop_assert_ne!(proof.root(&leaves[index as usize]), Some(root(&leaves)));
        }
    }
}
