//! Answers of a simulated log with tiles: C2SP tlog-tiles and static-ct-api.

use super::{Api, Ledger, Misbehaviour, State, served};
use crate::lab::{keys::sha256, log::root};

impl Ledger {
    pub(super) fn tiles(&self, state: &State, path: &str) -> Option<Vec<u8>> {
        let (leaves, size) = Self::shown(state, 0);
        if path == "/checkpoint" {
            return Some(self.checkpoint(state, 0).into_bytes());
        }
        let (level, rest) = path.strip_prefix("/tile/")?.split_once('/')?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, Some(width.parse::<usize>().ok()?)),
            None => (rest, None),
        };
        let number = number
            .split('/')
            .try_fold(0, |sum, group| Some(sum * 1000 + group.trim_start_matches('x').parse::<usize>().ok()?))?;
        let (first, wanted) = (number * 256, width.unwrap_or(256));
        // A tile is there when the tree, as far as it was built, has it: the static files run ahead of the checkpoint.
        let built = leaves.len().max(size);
        let span = 256_usize.pow(level.parse().unwrap_or_default());
        let is_full = (number + 1) * 256 * span <= built;
        if width.is_some() && is_full && state.wrong == Some(Misbehaviour::DeletePartials) {
            return None;
        }
        let kind = if self.0.api == Api::StaticCt { "data" } else { "entries" };
        if level == kind {
            let tile = if self.0.api == Api::StaticCt { Self::data_tile } else { Self::bundle };
            return (first + wanted <= built).then(|| tile(state, first, first + wanted));
        }
        let level: u32 = level.parse().ok()?;
        let hashes: Vec<[u8; 32]> = leaves[..built].chunks_exact(span).map(root).skip(first).take(wanted).collect();
        (hashes.len() == wanted).then(|| {
            let lie = state.wrong == Some(Misbehaviour::LieInTiles(level));
            hashes.iter().flat_map(|hash| if lie { sha256(hash) } else { *hash }).collect()
        })
    }

    fn bundle(state: &State, from: usize, to: usize) -> Vec<u8> {
        let mut bundle = Vec::new();
        for index in from..to {
            let body = served(state, 0, index);
            bundle.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
            bundle.extend(body);
        }
        bundle
    }

    /// <https://github.com/C2SP/C2SP/blob/main/static-ct-api.md#log-entries>
    fn data_tile(state: &State, from: usize, to: usize) -> Vec<u8> {
        let mut tile = Vec::new();
        for index in from..to {
            let leaf = served(state, 0, index);
            tile.extend(&leaf[2..]);
            if leaf[10..12] == [0, 1] {
                let extra = state.shards[0].extras.get(&index).filter(|extra| !extra.is_empty());
                let extra = extra.map_or(&[0, 0, 0][..], Vec::as_slice);
                let length = u32::from_be_bytes([0, extra[0], extra[1], extra[2]]) as usize;
                tile.extend(&extra[..3 + length]);
            }
            tile.extend([&[0, 32], [9; 32].as_slice()].concat());
        }
        tile
    }
}
