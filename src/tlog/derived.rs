//! Derives the consistency proof between two trees from proofs between others, so that a checkpoint of a chain can be
//! dropped or put in without a request to the log.
//!
//! The hashes of a proof are those of ranges of leaves. A proof that was verified has no false one, and the ranges that
//! another proof needs are among them, or their two halves are.

use std::collections::BTreeMap;

use super::merkle::{Hash, node_hash, split};
use crate::model::ConsistencyProof;

/// The proof between two trees, each with its size and root, from proofs that were verified. `None` if these do not have
/// all of its hashes.
pub(crate) fn derived(
    proofs: &[ConsistencyProof],
    (first, first_root): (u64, &Hash),
    (second, second_root): (u64, &Hash),
) -> Option<ConsistencyProof> {
    let proof = Ranges::of(proofs).consistency(first, second)?;
    proof.proves(first_root, second_root).then_some(proof)
}

/// The hashes over ranges of leaves.
struct Ranges(BTreeMap<(u64, u64), Hash>);

impl Ranges {
    fn of(proofs: &[ConsistencyProof]) -> Self {
        let hashes = |proof: &ConsistencyProof| {
            let ranges = consistency_path(proof.first, proof.second);
            ranges.into_iter().zip(proof.hashes.clone()).collect::<Vec<_>>()
        };
        Self(proofs.iter().flat_map(hashes).collect())
    }

    fn consistency(&self, first: u64, second: u64) -> Option<ConsistencyProof> {
        let ranges = consistency_path(first, second).into_iter();
        let hashes = ranges.map(|(from, to)| self.hash(from, to)).collect::<Option<_>>()?;
        Some(ConsistencyProof { first, second, hashes })
    }

    fn known(&self, from: u64, to: u64) -> Option<Hash> {
        self.0.get(&(from, to)).copied()
    }

    /// The hash over the leaves `from..to`. Of two halves at least one is known as a whole, or neither can be found: so
    /// this takes one step for each level of the tree.
    fn hash(&self, from: u64, to: u64) -> Option<Hash> {
        if let Some(hash) = self.known(from, to) {
            return Some(hash);
        }
        if to - from < 2 {
            return None;
        }
        let middle = from + split(to - from);
        let (left, right) = match (self.known(from, middle), self.known(middle, to)) {
            (Some(left), Some(right)) => (left, right),
            (Some(left), None) => (left, self.hash(middle, to)?),
            (None, Some(right)) => (self.hash(from, middle)?, right),
            (None, None) => return None,
        };
        Some(node_hash(&left, &right))
    }
}

/// The ranges of leaves whose hashes make the proof that the tree of `first` leaves is a prefix of that of `second`, in
/// its order (RFC 9162 §2.1.4.1). No hash is needed where the smaller tree is empty, or the larger one too.
fn consistency_path(first: u64, second: u64) -> Vec<(u64, u64)> {
    if first == 0 || first >= second {
        return Vec::new();
    }
    let (mut low, mut high) = (0, second);
    let mut path = Vec::new();
    while high != first {
        let middle = low + split(high - low);
        if first <= middle {
            path.push((middle, high));
            high = middle;
        } else {
            path.push((low, middle));
            low = middle;
        }
    }
    // A smaller tree that is a whole subtree is known by its root.
    if low > 0 {
        path.push((low, high));
    }
    path.reverse();
    path
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "trees of tests fit into memory")]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::merkle::trees::{leaves, root},
        *,
    };

    fn proof(first: u64, second: u64, leaves: &[Hash]) -> ConsistencyProof {
        let ranges = consistency_path(first, second).into_iter();
        let hashes = ranges.map(|(from, to)| root(&leaves[from as usize..to as usize])).collect();
        ConsistencyProof { first, second, hashes }
    }

    fn between(proofs: &[ConsistencyProof], first: u64, second: u64, leaves: &[Hash]) -> Option<ConsistencyProof> {
        let root = |size: u64| root(&leaves[..size as usize]);
        derived(proofs, (first, &root(first)), (second, &root(second)))
    }

    #[test]
    fn the_path_is_that_of_the_standard() {
        // The examples of RFC 9162, section 2.1.5: a tree of seven entries.
        assert_eq!(consistency_path(3, 7), [(2, 3), (3, 4), (0, 2), (4, 7)]);
        assert_eq!(consistency_path(4, 7), [(4, 7)]);
        assert_eq!(consistency_path(6, 7), [(4, 6), (6, 7), (0, 4)]);
        for (first, second) in [(0, 7), (7, 7), (8, 7)] {
            assert_eq!(consistency_path(first, second), []);
        }
    }

    #[test]
    fn every_tree_can_be_left_out_of_a_chain_or_put_into_it() {
        let leaves = leaves(24);
        for third in 3..=24 {
            for second in 2..third {
                for first in 1..second {
                    let three = [(first, second), (second, third), (first, third)]
                        .map(|(first, second)| proof(first, second, &leaves));
                    for (number, expected) in three.iter().enumerate() {
                        // The first two give the last one; the last and the second give the first.
                        if number == 1 {
                            continue;
                        }
                        let others: Vec<_> = three
                            .iter()
                            .enumerate()
                            .filter(|(n, _)| *n != number)
                            .map(|(_, one)| one.clone())
                            .collect();
                        let found = between(&others, expected.first, expected.second, &leaves);
                        assert_eq!(found.as_ref(), Some(expected), "{first} {second} {third}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_known_or_false_is_not_derived() {
        let leaves = leaves(9);
        let (one, other) = (proof(3, 6, &leaves), proof(6, 9, &leaves));
        assert_eq!(between(std::slice::from_ref(&one), 3, 9, &leaves), None);
        assert_eq!(between(&[], 1, 2, &leaves), None);
        let mut wrong = other.clone();
        wrong.hashes[0][0] ^= 1;
        assert_eq!(between(&[one.clone(), wrong], 3, 9, &leaves), None);
        let short = ConsistencyProof { hashes: Vec::new(), ..other };
        assert_eq!(between(&[one, short], 3, 9, &leaves), None);
        let huge = ConsistencyProof { first: u64::MAX - 1, second: u64::MAX, hashes: vec![[0; 32]; 9] };
        assert_eq!(between(&[huge], 3, 9, &leaves), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_chain_gives_the_proof_between_any_two_of_its_trees(
            sizes in prop::collection::btree_set(1_u64..600, 2..9),
            from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(),
        ) {
            let (leaves, sizes) = (leaves(600), sizes.into_iter().collect::<Vec<_>>());
            let chain: Vec<_> = sizes.windows(2).map(|two| proof(two[0], two[1], &leaves)).collect();
            let (from, to) = (*from.get(&sizes), *to.get(&sizes));
            let (first, second) = (from.min(to), from.max(to));
            prop_assert_eq!(between(&chain, first, second, &leaves), Some(proof(first, second, &leaves)));
        }
    }
}
