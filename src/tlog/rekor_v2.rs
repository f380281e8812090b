//! Client of Rekor v2 and of every log that serves C2SP tlog-tiles or static-ct-api: a checkpoint and static files.
//!
//! Only tiles that a verified checkpoint implies are requested. A log may delete a partial tile once the full one
//! exists, so if a partial one is gone the full one is used, cut to the width. Partial bundles are read too: an
//! attacker's entry should be known before 255 others follow it.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use url::Url;

use super::{
    data_tile::{self, MAX_DATA},
    merkle::{Hash, Node, audit_path, decompose},
    note::MAX_NOTE,
    page::{EntryPage, LeafForm, RawEntry},
    proof::InclusionProof,
    read::{ATTEMPTS, ReadError, below, fetch},
    tile::{self, MAX_BUNDLE, MAX_TILE, Tile, TileError, TileId, Tiles, WIDTH},
};
use crate::http::{Client, Request};

/// Tiles that are fetched at once for a proof.
const PROOF_TILES: usize = 8;

/// A log of tiles.
#[derive(Clone, Debug)]
pub struct TilesLog {
    http: Client,
    prefix: Url,
    in_flight: usize,
    leaves: LeafForm,
}

impl TilesLog {
    /// The log below a URL. `in_flight` bundles are fetched at once.
    pub fn new(http: Client, prefix: Url, in_flight: usize) -> Self {
        Self { http, prefix, in_flight: in_flight.max(1), leaves: LeafForm::Rekor }
    }

    /// The static CT log below a URL: its entries are certificates in data tiles.
    pub(crate) fn of_certificates(http: Client, prefix: Url, in_flight: usize) -> Self {
        Self { leaves: LeafForm::Ct, ..Self::new(http, prefix, in_flight) }
    }

    /// The form of its leaves.
    pub fn form(&self) -> LeafForm {
        self.leaves
    }

    /// Its unverified checkpoint.
    ///
    /// # Errors
    /// No answer.
    pub async fn checkpoint(&self) -> Result<Bytes, ReadError> {
        let request = Request::get(below(&self.prefix, "checkpoint")).max_body(MAX_NOTE as u64).max_attempts(ATTEMPTS);
        fetch(&self.http, request, "the checkpoint").await
    }

    /// The leaf at an index and its inclusion proof in the tree of `size` entries, from the tiles. Unverified.
    ///
    /// # Errors
    /// A tile is missing, malformed, or unavailable.
    pub async fn leaf(&self, index: u64, size: u64) -> Result<(Hash, InclusionProof), ReadError> {
        let ranges = audit_path(index, size);
        let leaf = Node { height: 0, index };
        let nodes = ranges.iter().flat_map(|(from, to)| decompose(*from, *to)).chain([leaf]);
        let tiles = self.tiles(Tiles::holding(nodes, size), size).await?;
        let missing = || ReadError::unproven("a tile", size);
        let path =
            ranges.iter().map(|(from, to)| tiles.range(*from, *to)).collect::<Option<_>>().ok_or_else(missing)?;
        let leaf = tiles.node(leaf).ok_or_else(missing)?;
        Ok((leaf, InclusionProof { index, size, path }))
    }

    /// The entries `from..to` of the tree of `size` entries, a page for each bundle, in order.
    pub fn pages(&self, from: u64, to: u64, size: u64) -> BoxStream<'static, Result<EntryPage, ReadError>> {
        let log = self.clone();
        let in_flight = self.in_flight;
        let bundles = from / WIDTH..to.div_ceil(WIDTH);
        let page = move |number| {
            let log = log.clone();
            async move { log.page(number, from, to, size).await }
        };
        stream::iter(bundles).map(page).buffered(in_flight).boxed()
    }

    /// The part of a bundle that lies in `from..to`.
    async fn page(&self, number: u64, from: u64, to: u64, size: u64) -> Result<EntryPage, ReadError> {
        let begin = number * WIDTH;
        let (first, end) = (from.max(begin), to.min(begin + WIDTH));
        let mut entries = self.bundle(number, size).await?;
        let place = |index: u64| usize::try_from(index - begin).unwrap_or(usize::MAX).min(entries.len());
        let (skip, keep) = (place(first), place(end));
        entries.truncate(keep);
        Ok(EntryPage { first, entries: entries.split_off(skip.min(entries.len())) })
    }

    /// The entries of a bundle, as many as the tree of `size` entries has there.
    async fn bundle(&self, number: u64, size: u64) -> Result<Vec<RawEntry>, ReadError> {
        let (tile, most) = match self.leaves {
            LeafForm::Rekor => (Tile::Entries, MAX_BUNDLE),
            LeafForm::Ct => (Tile::Data, MAX_DATA),
        };
        let id = TileId::in_tree(tile, number, size);
        let id = id.ok_or_else(|| ReadError::malformed("the bundle", "it lies beyond the tree"))?;
        self.get(id, size, most, |bytes, is_full| match self.leaves {
            LeafForm::Rekor => {
                let raw = |leaf| RawEntry { leaf, extra: Bytes::new() };
                Ok(tile::entries(bytes, id.width, is_full)?.into_iter().map(raw).collect())
            }
            LeafForm::Ct => data_tile::entries(bytes, id.width, is_full),
        })
        .await
    }

    async fn tiles(&self, ids: BTreeSet<TileId>, size: u64) -> Result<Tiles, ReadError> {
        let fetched = stream::iter(ids).map(|id| async move {
            let hashes = self.get(id, size, MAX_TILE, |bytes, _| tile::hashes(bytes, id.width)).await;
            hashes.map(|hashes| (id, hashes))
        });
        let mut tiles = Tiles::default();
        for (id, hashes) in fetched.buffered(PROOF_TILES).try_collect::<Vec<_>>().await? {
            tiles.insert(id, hashes);
        }
        Ok(tiles)
    }

    /// A tile as the tree implies it, or the full one if the partial one is gone.
    async fn get<T>(
        &self,
        id: TileId,
        size: u64,
        most: usize,
        read: impl Fn(&Bytes, bool) -> Result<T, TileError> + Send,
    ) -> Result<T, ReadError> {
        let bytes = match self.get_bytes(id, most).await {
            Err(error) if error.is_not_found() && !id.is_full() => {
                let full = id.full();
                let bytes = self.get_bytes(full, most).await.map_err(|error| error.or_withheld(id.path(), size))?;
                return read(&bytes, true).map_err(|error| refused(full, error));
            }
            outcome => outcome.map_err(|error| error.or_withheld(id.path(), size))?,
        };
        read(&bytes, id.is_full()).map_err(|error| refused(id, error))
    }

    async fn get_bytes(&self, id: TileId, most: usize) -> Result<Bytes, ReadError> {
        let path = id.path();
        fetch(&self.http, Request::get(below(&self.prefix, &path)).max_body(most as u64), &path).await
    }
}

/// The error of a tile: it is malformed, unless this version does not know its content.
fn refused(id: TileId, error: TileError) -> ReadError {
    match error {
        TileError::EntryType { .. } => ReadError::NotUnderstood { what: id.path(), why: error.to_string() },
        _ => ReadError::malformed(id.path(), error),
    }
}
