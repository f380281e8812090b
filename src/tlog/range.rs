//! The compact range of a growing tree: the hashes of its perfect subtrees, at most one for each bit of the size. It is
//! sufficient to continue hashing and to compute the root, for any number of leaves.

use super::merkle::{Hash, empty_root, fold, node_hash};

/// The leaves `0..size` of a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompactRange {
    size: u64,
    /// One for each bit of `size`, the largest subtree first.
    nodes: Vec<Hash>,
}

impl CompactRange {
    /// A range from stored parts. `None` if the number of hashes does not match the bits of the size.
    pub(crate) fn from_parts(size: u64, nodes: Vec<Hash>) -> Option<Self> {
        (nodes.len() == size.count_ones() as usize).then_some(Self { size, nodes })
    }

    /// The number of leaves that it covers.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes, the largest subtree first.
    pub(crate) fn nodes(&self) -> &[Hash] {
        &self.nodes
    }

    /// Adds the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.push_subtree(0, leaf);
    }

    /// Adds a perfect subtree of `1 << height` leaves, which must begin where the range ends and be aligned.
    fn push_subtree(&mut self, height: u32, hash: Hash) {
        debug_assert_eq!(self.size % (1 << height), 0, "a subtree begins at a multiple of its size");
        let mut merged = hash;
        let mut height = height;
        while self.size >> height & 1 == 1 {
            let Some(left) = self.nodes.pop() else { break };
            merged = node_hash(&left, &merged);
            self.size -= 1 << height;
            height += 1;
        }
        self.nodes.push(merged);
        self.size += 1 << height;
    }

    /// The root of the tree of just these leaves.
    pub fn root(&self) -> Hash {
        fold(self.nodes.iter().copied()).unwrap_or_else(empty_root)
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "trees of tests fit into memory")]
mod tests {
    use super::{
        super::merkle::trees::{leaves, root},
        *,
    };

    #[test]
    fn the_root_is_that_of_the_tree_at_every_size_to_2000() {
        let leaves = leaves(2000);
        let mut range = CompactRange::default();
        assert_eq!(range.root(), root(&[]));
        for (size, leaf) in (1_usize..).zip(&leaves) {
            range.push(*leaf);
            assert_eq!(range.size(), size as u64);
            assert_eq!(range.nodes().len(), size.count_ones() as usize);
            if size < 300 || size % 97 == 0 || size == 2000 {
                assert_eq!(range.root(), root(&leaves[..size]), "{size}");
            }
        }
    }

    #[test]
    fn a_range_that_was_kept_goes_on_as_if_it_had_not_been() {
        let leaves = leaves(130);
        let mut whole = CompactRange::default();
        for leaf in &leaves {
            whole = CompactRange::from_parts(whole.size(), whole.nodes().to_vec()).expect("as many as bits");
            whole.push(*leaf);
        }
        assert_eq!(whole.root(), root(&leaves));
    }

    #[test]
    fn parts_that_do_not_fit_are_no_range() {
        assert_eq!(CompactRange::from_parts(3, vec![[0; 32]]), None);
        assert_eq!(CompactRange::from_parts(0, vec![[0; 32]]), None);
        assert!(CompactRange::from_parts(u64::MAX, vec![[0; 32]; 64]).is_some());
    }
}
