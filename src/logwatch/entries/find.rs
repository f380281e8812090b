//! Looks up single log entries by index, or in the search index of Rekor v1. Each is proven before it is shown.

use bytes::Bytes;

use super::matching::Matcher;
use crate::{
    attest::LoggedIdentity,
    logwatch::log_list::FollowedLog,
    tlog::{
        Head, ReadError,
        merkle::{Hash, leaf_hash},
        page::{LeafForm, NOT_UNDERSTOOD, RawEntry, read_one},
        rekor_v1::{EntryAnswer, SearchBy},
    },
};

/// Most entries that a search reads.
const MOST: usize = 100;

/// The query.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// The entry at an index; for Rekor v1 the global one.
    Index(u64),
    /// A query of the search index.
    Search(SearchBy),
}

/// An entry that the log proved.
#[derive(Clone, Debug)]
pub struct FoundEntry {
    /// The index; for Rekor v1 the global one.
    pub index: u64,
    /// Its leaf hash.
    pub leaf: Hash,
    /// Its kind and version; `None` if it cannot be read.
    pub kind: Option<(String, String)>,
    /// The digest that it is about, hexadecimal.
    pub digest: Option<String>,
    /// Its signers.
    pub signers: Vec<LoggedIdentity>,
}

/// The entry at an index, for Rekor v1 the global one, proven by the log.
pub async fn at(followed: &FollowedLog, heads: Vec<Head>, index: u64) -> Result<RawEntry, ReadError> {
    let head = heads.into_iter().rev().find(|head| head.tree.offset <= index);
    let head = head.ok_or(ReadError::Beyond { index, size: 0 })?;
    let signed = head.checkpoint?;
    let inside = index - head.tree.offset;
    if inside >= signed.size() {
        return Err(ReadError::Beyond { index, size: head.tree.offset.saturating_add(signed.size()) });
    }
    Ok(followed.log.entry(&head.tree, inside, &signed).await?.0)
}

impl FoundEntry {
    /// An entry as it is shown, with the signers that this matcher can read.
    pub fn read(matcher: &Matcher, index: u64, entry: &RawEntry, form: LeafForm) -> Self {
        let leaf = leaf_hash(&entry.leaf);
        let Ok(read) = read_one(index, entry, form) else {
            return Self { index, leaf, kind: None, digest: None, signers: Vec::new() };
        };
        Self {
            index,
            leaf,
            signers: read.certificates.iter().filter_map(|one| matcher.read(one).ok()).collect(),
            digest: read.digest,
            kind: Some((read.kind, read.version)),
        }
    }

    /// Whether the form of its leaf is unknown.
    pub fn is_not_understood(&self) -> bool {
        self.kind.as_ref().is_some_and(|(kind, _)| kind == NOT_UNDERSTOOD)
    }

    /// Whether it answers the query: the search index is not proven, and may name any entry. An unreadable entry, or
    /// one of an unknown kind, is shown.
    fn answers(&self, by: &SearchBy) -> bool {
        let signed_by =
            |text: &str| self.signers.is_empty() || self.signers.iter().any(|one| one.identity.subject == text);
        match by {
            SearchBy::Hash(hash) => {
                let wanted = hash.strip_prefix("sha256:").unwrap_or(hash);
                self.digest.as_deref().is_none_or(|digest| digest.eq_ignore_ascii_case(wanted))
            }
            SearchBy::Email(text) | SearchBy::Subject(text) => signed_by(text),
        }
    }
}

/// Looks for entries, and reads their signers with this matcher. `None`: this kind of log has no search index.
///
/// # Errors
/// The log cannot be read, does not have the entry, or does not prove it.
pub async fn find(
    matcher: &Matcher,
    followed: &FollowedLog,
    wanted: &Wanted,
) -> Result<Option<Vec<FoundEntry>>, ReadError> {
    let heads = followed.log.heads().await?;
    let form = followed.log.form();
    match wanted {
        Wanted::Index(index) => {
            let entry = at(followed, heads, *index).await?;
            Ok(Some(vec![FoundEntry::read(matcher, *index, &entry, form)]))
        }
        Wanted::Search(by) => {
            let trees: Vec<_> = heads.into_iter().map(|head| head.tree).collect();
            let found = followed.log.search(&trees, by, MOST).await?;
            let read = |entry: EntryAnswer| {
                let raw = RawEntry { leaf: entry.body, extra: Bytes::new() };
                FoundEntry::read(matcher, entry.index, &raw, form)
            };
            Ok(found.map(|found| found.into_iter().map(read).filter(|entry| entry.answers(by)).collect()))
        }
    }
}
