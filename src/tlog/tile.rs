//! Tiles and entry bundles of C2SP tlog-tiles: paths, widths and content.
//! <https://github.com/C2SP/C2SP/blob/main/tlog-tiles.md>

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::merkle::{Hash, Node, decompose, fold};

/// Hashes in a full tile, entries in a full bundle.
pub(crate) const WIDTH: u64 = 256;

/// Levels of the tree in one tile: its hashes are the roots of subtrees `8 * level` high.
const LEVELS: u32 = 8;

/// Bytes of a full tile.
pub(crate) const MAX_TILE: usize = 256 * 32;

/// Bytes of the largest bundle that the format allows.
pub(crate) const MAX_BUNDLE: usize = 256 * (2 + u16::MAX as usize);

/// The resources of a log under `tile/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tile {
    /// Hashes of this level.
    Hashes(u32),
    Entries,
    /// Entries of a static CT log.
    Data,
}

/// A tile or bundle in the tree of a certain size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TileId {
    /// Its kind.
    pub tile: Tile,
    /// The index among those of its level.
    pub index: u64,
    /// The number of hashes or entries at that size: 1 to 256.
    pub width: u64,
}

impl TileId {
    /// The tile of this place that the tree of `size` leaves implies. `None` if that tree has none there.
    pub fn in_tree(tile: Tile, index: u64, size: u64) -> Option<Self> {
        let height = match tile {
            Tile::Hashes(level) => LEVELS * level,
            Tile::Entries | Tile::Data => 0,
        };
        let width = (size.checked_shr(height)?).saturating_sub(index.checked_mul(WIDTH)?).min(WIDTH);
        (width > 0).then_some(Self { tile, index, width })
    }

    /// Whether it is complete.
    pub fn is_full(self) -> bool {
        self.width == WIDTH
    }

    /// The full one of the same place.
    #[must_use]
    pub fn full(self) -> Self {
        Self { width: WIDTH, ..self }
    }

    /// Its path below the log's prefix: `tile/0/x001/234.p/5`.
    pub fn path(self) -> String {
        let level = match self.tile {
            Tile::Hashes(level) => level.to_string(),
            Tile::Entries => "entries".to_owned(),
            Tile::Data => "data".to_owned(),
        };
        let partial = if self.is_full() { String::new() } else { format!(".p/{}", self.width) };
        format!("tile/{level}/{}{partial}", grouped(self.index))
    }
}

/// A number in groups of three digits, all but the last marked.
fn grouped(number: u64) -> String {
    let (rest, last) = (number / 1000, number % 1000);
    if rest == 0 { format!("{last:03}") } else { format!("{}/{last:03}", marked(rest)) }
}

fn marked(number: u64) -> String {
    let (rest, last) = (number / 1000, number % 1000);
    if rest == 0 { format!("x{last:03}") } else { format!("{}/x{last:03}", marked(rest)) }
}

/// The reason why bytes are not a tile or bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// The length does not match the width.
    #[error("{bytes} bytes where {expected} hashes of 32 are expected")]
    Length {
        /// The number of bytes.
        bytes: usize,
        /// The expected number.
        expected: u64,
    },
    /// An entry's length reaches beyond the end.
    #[error("entry {number} claims more bytes than the bundle has left")]
    Cut {
        /// The entry's place in the bundle.
        number: u64,
    },
    /// An entry of an unknown type, whose end is therefore unknown.
    #[error("entry {number} is of type {found}, which is not known")]
    EntryType {
        /// The entry's place in the bundle.
        number: u64,
        /// Its type.
        found: usize,
    },
    /// An entry with an impossible length of its chain.
    #[error("entry {number} has {bytes} bytes of fingerprints of 32")]
    Fingerprints {
        /// The entry's place in the bundle.
        number: u64,
        /// The number of bytes.
        bytes: usize,
    },
    /// More bytes than the expected entries.
    #[error("{bytes} bytes are left after the last of {expected} entries")]
    Rest {
        /// The number of bytes.
        bytes: usize,
        /// The expected number of entries.
        expected: u64,
    },
}

/// The hashes of a tile of that width; of a wider one, which logs may serve once it has grown, the first of them.
///
/// # Errors
/// The length is neither the width's nor a full tile's.
pub fn hashes(bytes: &[u8], width: u64) -> Result<Vec<Hash>, TileError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || (hashes.len() as u64 != width && hashes.len() as u64 != WIDTH) {
        return Err(TileError::Length { bytes: bytes.len(), expected: width });
    }
    Ok(hashes.iter().take(usize::try_from(width).unwrap_or(usize::MAX)).copied().collect())
}

/// The entries of a bundle of that width, or the first of them in a full one. They share the bundle's bytes.
///
/// # Errors
/// A length that reaches beyond the end, or bytes after the last entry.
pub fn entries(bundle: &Bytes, width: u64, is_full: bool) -> Result<Vec<Bytes>, TileError> {
    let expected = if is_full { WIDTH } else { width };
    let mut entries = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
    let mut rest = bundle.clone();
    for number in 0..expected {
        let length = rest.first_chunk::<2>().map(|length| usize::from(u16::from_be_bytes(*length)));
        let length = length.filter(|length| rest.len() - 2 >= *length).ok_or(TileError::Cut { number })?;
        let mut entry = rest.split_to(2 + length);
        entries.push(entry.split_off(2));
    }
    if !rest.is_empty() {
        return Err(TileError::Rest { bytes: rest.len(), expected });
    }
    entries.truncate(usize::try_from(width).unwrap_or(usize::MAX));
    Ok(entries)
}

/// Tiles of one tree, enough for the needed nodes.
#[derive(Debug, Default)]
pub(crate) struct Tiles(BTreeMap<(u32, u64), Vec<Hash>>);

impl Tiles {
    /// The tiles that hold these nodes, in the tree of `size` leaves.
    pub fn holding(nodes: impl IntoIterator<Item = Node>, size: u64) -> BTreeSet<TileId> {
        nodes.into_iter().filter_map(|node| place(node).0.of(size)).collect()
    }

    /// Keeps a tile's hashes.
    pub fn insert(&mut self, id: TileId, hashes: Vec<Hash>) {
        if let Tile::Hashes(level) = id.tile {
            self.0.insert((level, id.index), hashes);
        }
    }

    /// The hash of a node. `None` if its tile is not here.
    pub fn node(&self, node: Node) -> Option<Hash> {
        let (slot, first, count) = place(node);
        let mut hashes = self.0.get(&(slot.level, slot.index))?.get(first..first + count)?.to_vec();
        while hashes.len() > 1 {
            hashes = hashes.chunks_exact(2).map(|pair| super::merkle::node_hash(&pair[0], &pair[1])).collect();
        }
        hashes.first().copied()
    }

    /// The hash over the leaves `from..to`. `None` if a tile is missing here, or there are no leaves.
    pub fn range(&self, from: u64, to: u64) -> Option<Hash> {
        let nodes: Option<Vec<Hash>> = decompose(from, to).into_iter().map(|node| self.node(node)).collect();
        fold(nodes?.into_iter())
    }
}

struct Slot {
    level: u32,
    index: u64,
}

impl Slot {
    fn of(&self, size: u64) -> Option<TileId> {
        TileId::in_tree(Tile::Hashes(self.level), self.index, size)
    }
}

/// The tile of a node, and the range of its hashes that make the node.
fn place(node: Node) -> (Slot, usize, usize) {
    let (level, above) = (node.height / LEVELS, node.height % LEVELS);
    let first = node.index << above;
    (Slot { level, index: first / WIDTH }, usize::try_from(first % WIDTH).unwrap_or_default(), 1 << above)
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "trees of tests fit into memory")]
mod tests {
    use super::{
        super::merkle::{
            audit_path,
            trees::{leaves, root},
        },
        *,
    };

    fn bundle(entries: &[&[u8]]) -> Bytes {
        entries
            .iter()
            .flat_map(|entry| [&(entry.len() as u16).to_be_bytes(), *entry].concat())
            .collect::<Vec<_>>()
            .into()
    }

    /// Every tile of a tree, made from its definition.
    fn tiles(leaves: &[Hash]) -> Tiles {
        let mut tiles = Tiles::default();
        for level in 0..3 {
            let span = 256_usize.pow(level);
            let whole: Vec<Hash> = leaves.chunks_exact(span).map(root).collect();
            for (index, hashes) in (0..).zip(whole.chunks(256)) {
                let id = TileId::in_tree(Tile::Hashes(level), index, leaves.len() as u64).expect("it is in the tree");
                assert_eq!(id.width, hashes.len() as u64);
                tiles.insert(id, hashes.to_vec());
            }
        }
        tiles
    }

    #[test]
    fn paths_are_those_of_the_standard() {
        for (tile, index, width, path) in [
            (Tile::Hashes(0), 0, 256, "tile/0/000"),
            (Tile::Hashes(3), 1_234_067, 256, "tile/3/x001/x234/067"),
            (Tile::Entries, 1234, 5, "tile/entries/x001/234.p/5"),
            (Tile::Hashes(63), 999, 1, "tile/63/999.p/1"),
            (Tile::Entries, 1_000_000, 256, "tile/entries/x001/x000/000"),
        ] {
            assert_eq!(TileId { tile, index, width }.path(), path);
        }
    }

    #[test]
    fn widths_are_those_that_the_tree_implies() {
        for (tile, index, size, width) in [
            (Tile::Hashes(0), 0, 0, None),
            (Tile::Hashes(0), 0, 1, Some(1)),
            (Tile::Hashes(0), 0, 256, Some(256)),
            (Tile::Hashes(0), 1, 256, None),
            (Tile::Hashes(0), 1, 300, Some(44)),
            (Tile::Hashes(1), 0, 255, None),
            (Tile::Hashes(1), 0, 70_000, Some(256)),
            (Tile::Hashes(2), 0, 70_000, Some(1)),
            (Tile::Hashes(8), 0, u64::MAX, None),
            (Tile::Entries, u64::MAX, 5, None),
        ] {
            assert_eq!(TileId::in_tree(tile, index, size).map(|id| id.width), width, "{tile:?} {index} of {size}");
        }
    }

    #[test]
    fn a_tile_is_as_long_as_it_is_wide() {
        assert_eq!(hashes(&[7; 64], 2), Ok(vec![[7; 32]; 2]));
        assert_eq!(hashes(&[7; MAX_TILE], 2), Ok(vec![[7; 32]; 2]), "a full tile serves for a partial one");
        for (bytes, width) in [(0, 1), (31, 1), (33, 1), (32, 2), (96, 2), (MAX_TILE + 32, 256)] {
            assert!(hashes(&vec![0; bytes], width).is_err(), "{bytes} bytes for {width}");
        }
    }

    #[test]
    fn a_bundle_is_split_at_its_lengths() {
        let three = bundle(&[b"one", b"", b"three"]);
        assert_eq!(entries(&three, 3, false).expect("well-formed"), ["one", "", "three"]);
        let full = bundle(&[b"x".as_slice(); 256]);
        assert_eq!(entries(&full, 2, true).expect("well-formed").len(), 2);
    }

    #[test]
    fn a_bundle_with_wrong_lengths_is_refused() {
        let good = bundle(&[b"one", b"two"]);
        let cut = |number| Err(TileError::Cut { number });
        assert_eq!(entries(&good, 3, false), cut(2), "an entry too few");
        assert_eq!(entries(&good, 1, false), Err(TileError::Rest { bytes: 5, expected: 1 }), "an entry too many");
        assert_eq!(entries(&good.slice(..9), 2, false), cut(1), "cut in an entry");
        assert_eq!(entries(&good.slice(..6), 2, false), cut(1), "cut in a length");
        assert_eq!(entries(&Bytes::from_static(&[0xff, 0xff, 1]), 1, false), cut(0), "a length of 64 KiB");
        assert_eq!(entries(&Bytes::new(), 1, false), cut(0));
    }

    #[test]
    fn tiles_know_every_range_that_proofs_need() {
        for size in [1, 2, 255, 256, 257, 1000, 1999, 2000] {
            let leaves = leaves(size);
            let tiles = tiles(&leaves);
            assert_eq!(tiles.range(0, size), Some(root(&leaves)), "{size}");
            for index in [0, size / 2, size - 1] {
                for (from, to) in audit_path(index, size) {
                    assert_eq!(tiles.range(from, to), Some(root(&leaves[from as usize..to as usize])), "{from}..{to}");
                    assert!(!Tiles::holding(decompose(from, to), size).is_empty());
                }
            }
        }
    }

    #[test]
    fn few_tiles_hold_the_right_edge_of_a_large_tree() {
        let size = 139_911_860;
        assert!(Tiles::holding(decompose(0, size), size).len() <= 8);
    }
}
