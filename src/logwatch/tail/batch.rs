//! Collects pages of a tail until they are worth a transaction.

use std::collections::BTreeMap;

use super::position::Tail;
use crate::{
    logwatch::entries::{Matcher, malformed},
    store::{NewLogEntry, NewQuarantined},
    tlog::{
        ReadError,
        page::{EntryPage, LeafForm, ReadPage, read_page},
    },
};

/// Entries that make a batch full.
const BATCH: u64 = 4096;

/// Bytes that make a batch full, however few entries they are.
const BATCH_BYTES: u64 = 32 << 20;

/// Most bytes of unreadable entries that one transaction keeps; of the others it keeps only their places.
const KEPT_BYTES: usize = 1 << 20;

/// Pages that wait for their transaction.
#[derive(Debug, Default)]
pub struct Batch {
    entries: u64,
    bytes: u64,
    pages: Vec<ReadPage>,
}

/// The content of a batch, stored in one transaction.
#[derive(Debug, Default)]
pub struct Read {
    pub entries: Vec<NewLogEntry>,
    pub quarantined: Vec<NewQuarantined>,
    pub kinds: BTreeMap<(String, String), u64>,
    pub bytes: u64,
}

impl Batch {
    /// Takes the next page. It moves the tail in memory only.
    ///
    /// # Errors
    /// The page does not follow the one before.
    pub fn take(
        &mut self,
        page: &EntryPage,
        form: LeafForm,
        matcher: &Matcher,
        tail: &mut Tail,
    ) -> Result<(), ReadError> {
        page.follows(&tail.range)?;
        self.pages.push(read_page(page, form, matcher.watch.filter(), &mut tail.range));
        self.entries += page.entries.len() as u64;
        self.bytes += page.bytes();
        tail.marks.note(&tail.range);
        Ok(())
    }

    /// Whether there is enough for a transaction.
    pub fn is_full(&self) -> bool {
        self.entries >= BATCH || self.bytes >= BATCH_BYTES
    }

    /// Reads the waiting entries closely; afterwards none waits. `None`: none did.
    pub fn read(&mut self, matcher: &Matcher) -> Option<Read> {
        let pages = std::mem::take(self).pages;
        (!pages.is_empty()).then(|| Read::of(&pages, matcher))
    }
}

impl Read {
    fn of(pages: &[ReadPage], matcher: &Matcher) -> Self {
        let mut read = Self::default();
        for page in pages {
            read.take(page, matcher);
        }
        bound(&mut read.quarantined);
        read
    }

    fn take(&mut self, page: &ReadPage, matcher: &Matcher) {
        self.bytes += page.bytes;
        self.quarantined.extend(page.malformed.iter().map(malformed));
        for candidate in &page.candidates {
            match matcher.matched(candidate) {
                Ok(entry) => self.entries.extend(entry),
                Err(unreadable) => self.quarantined.push(unreadable),
            }
        }
        for (kind, version, count) in page.kinds.iter() {
            *self.kinds.entry((kind.to_owned(), version.to_owned())).or_default() += count;
        }
    }
}

/// Limits the bytes of unreadable entries: a log may serve nothing else.
fn bound(quarantined: &mut [NewQuarantined]) {
    let mut left = KEPT_BYTES;
    for entry in quarantined {
        entry.body.truncate(left);
        left -= entry.body.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_entries_are_kept_within_bounds_and_counted_whole() {
        let entry = |index| NewQuarantined { index, body: vec![0; KEPT_BYTES / 2 + 1], bytes: 9, why: String::new() };
        let mut quarantined = [entry(1), entry(2), entry(3)];
        bound(&mut quarantined);
        assert_eq!(quarantined.each_ref().map(|entry| entry.body.len()), [KEPT_BYTES / 2 + 1, KEPT_BYTES / 2 - 1, 0]);
        assert_eq!(quarantined.map(|entry| entry.bytes), [9, 9, 9]);
    }

    #[test]
    fn a_batch_is_full_by_entries_or_by_bytes() {
        for (entries, bytes, expected) in [(0, 0, false), (BATCH, 0, true), (1, BATCH_BYTES, true), (1, 1, false)] {
            assert_eq!(Batch { entries, bytes, pages: Vec::new() }.is_full(), expected, "{entries} {bytes}");
        }
    }
}
