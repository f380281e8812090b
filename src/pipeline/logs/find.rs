//! Looking for single entries: by their place, or in the search index of Rekor v1. Each is proven before it is shown.

use super::FollowedLog;
use crate::{
    attest::LoggedIdentity,
    pipeline::Pipeline,
    tlog::{
        Head, ReadError,
        entry::Entry,
        merkle::{Hash, leaf_hash},
        rekor_v1::SearchBy,
    },
};

/// Most entries that a search looks at.
const MOST: usize = 100;

/// What to look for.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// The entry at an index; for Rekor v1 the global one.
    Index(u64),
    /// What the search index has.
    Search(SearchBy),
}

/// An entry that the log was made to prove.
#[derive(Clone, Debug)]
pub struct FoundEntry {
    /// The index; for Rekor v1 the global one.
    pub index: u64,
    /// Its leaf hash.
    pub leaf: Hash,
    /// Its kind and version; `None` if it cannot be read as an entry of Rekor.
    pub kind: Option<(String, String)>,
    /// The digest that it is about, hexadecimal.
    pub digest: Option<String>,
    /// Who signed it.
    pub signers: Vec<LoggedIdentity>,
}

impl Pipeline {
    /// Looks for entries. `None`: this kind of log has no search index.
    ///
    /// # Errors
    /// The log cannot be read, does not have the entry, or does not prove it.
    pub async fn find_entries(
        &self,
        followed: &FollowedLog,
        wanted: &Wanted,
    ) -> Result<Option<Vec<FoundEntry>>, ReadError> {
        let heads = followed.log.heads().await?;
        match wanted {
            Wanted::Index(index) => Ok(Some(vec![self.at_index(followed, heads, *index).await?])),
            Wanted::Search(by) => {
                let trees: Vec<_> = heads.into_iter().map(|head| head.tree).collect();
                let found = followed.log.search(&trees, by, MOST).await?;
                Ok(found.map(|found| found.iter().map(|entry| self.shown(entry.index, &entry.body)).collect()))
            }
        }
    }

    async fn at_index(&self, followed: &FollowedLog, heads: Vec<Head>, index: u64) -> Result<FoundEntry, ReadError> {
        let head = heads.into_iter().rev().find(|head| head.tree.offset <= index);
        let missing = |size| ReadError::Omitted { index, size };
        let head = head.ok_or_else(|| missing(0))?;
        let signed = head.checkpoint?;
        let inside = index - head.tree.offset;
        if inside >= signed.size() {
            return Err(missing(signed.size()));
        }
        let (entry, _) = followed.log.entry(&head.tree, inside, &signed).await?;
        Ok(self.shown(index, &entry.leaf))
    }

    fn shown(&self, index: u64, body: &[u8]) -> FoundEntry {
        let read = Entry::parse(body).ok();
        let verifier = self.verifier();
        let certificates = read.iter().flat_map(Entry::certificates);
        FoundEntry {
            index,
            leaf: leaf_hash(body),
            signers: certificates.filter_map(|der| verifier.logged(der).ok()).collect(),
            digest: read.as_ref().and_then(|entry| entry.digest.clone()),
            kind: read.map(|entry| (entry.kind.into_owned(), entry.version.into_owned())),
        }
    }
}
