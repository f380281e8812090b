//! The Merkle tree of RFC 6962 §2.1 (RFC 9162 §2.1): hashes, and the decomposition of a range into aligned subtrees.

use sha2::{Digest, Sha256};

/// A node of a tree: SHA-256.
pub type Hash = [u8; 32];

/// The hash of a leaf: `SHA-256(0x00 ‖ entry)`.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0x00]).chain_update(entry).finalize().into()
}

/// The hash of a node over two others: `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([0x01]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of the empty tree.
pub(crate) fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// A perfect subtree: the leaves `index << height .. (index + 1) << height`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Node {
    /// The logarithm of its number of leaves.
    pub height: u32,
    /// Its place among the subtrees of that height.
    pub index: u64,
}

/// The perfect subtrees that cover the leaves `from..to`, from left to right, as few as possible. `from` must be
/// aligned with the largest of them, as it is in every range of a proof.
pub(crate) fn decompose(from: u64, to: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut at = from;
    while at < to {
        let height = (to - at).ilog2();
        nodes.push(Node { height, index: at >> height });
        at += 1 << height;
    }
    nodes
}

/// The root over adjacent subtrees, the larger ones on the left, as [`decompose`] orders them. `None` for no subtree.
pub(crate) fn fold(nodes: impl DoubleEndedIterator<Item = Hash>) -> Option<Hash> {
    nodes.rev().reduce(|right, left| node_hash(&left, &right))
}

/// The ranges of leaves whose hashes make the inclusion proof of a leaf, from the leaf upwards. `index` is below `size`.
pub(crate) fn audit_path(index: u64, size: u64) -> Vec<(u64, u64)> {
    let (mut low, mut high) = (0, size);
    let mut path = Vec::new();
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            path.push((middle, high));
            high = middle;
        } else {
            path.push((low, middle));
            low = middle;
        }
    }
    path.reverse();
    path
}

/// The largest power of two below `n`, which is at least 2.
pub(super) fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// Trees that are small enough to write down, for the tests of this folder.
#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "trees of tests fit into memory")]
pub(super) mod trees {
    use super::*;

    /// The leaves `"0"`, `"1"`, …
    pub fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(n.to_string().as_bytes())).collect()
    }

    /// The definition, word for word.
    pub fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
                node_hash(&root(left), &root(right))
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "trees of tests fit into memory")]
mod tests {
    use super::{
        trees::{leaves, root},
        *,
    };

    #[test]
    fn the_hashes_are_those_of_the_standard() {
        // The test vectors of certificate transparency's reference implementation.
        assert_eq!(hex::encode(empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hex::encode(leaf_hash(b"")), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(
            hex::encode(node_hash(&leaf_hash(b""), &leaf_hash(b"\0"))),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
        );
    }

    #[test]
    fn a_range_is_made_of_as_many_subtrees_as_its_length_has_bits() {
        for size in 0_u64..2000 {
            let nodes = decompose(0, size);
            assert_eq!(nodes.len(), size.count_ones() as usize);
            assert_eq!(nodes.iter().map(|node| 1_u64 << node.height).sum::<u64>(), size);
        }
        assert_eq!(decompose(8, 11), [Node { height: 1, index: 4 }, Node { height: 0, index: 10 }]);
    }

    #[test]
    fn a_root_is_the_fold_of_its_subtrees() {
        for size in 1_u64..200 {
            let leaves = leaves(size);
            let subtree = |node: Node| {
                let first = (node.index << node.height) as usize;
                root(&leaves[first..first + (1 << node.height)])
            };
            assert_eq!(fold(decompose(0, size).into_iter().map(subtree)), Some(root(&leaves)));
        }
    }

    #[test]
    fn a_path_and_its_leaf_cover_the_tree() {
        for size in 1_u64..100 {
            for index in 0..size {
                let covered: u64 = audit_path(index, size).iter().map(|(from, to)| to - from).sum();
                assert_eq!(covered + 1, size);
            }
        }
    }
}
