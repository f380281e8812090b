//! Indexes the globs of one ecosystem by their beginnings.

use std::collections::HashMap;

use super::{Entry, Glob};

/// The globs of one ecosystem, found by their beginnings: of ten thousand globs a name is compared only with the few
/// whose beginning it shares.
#[derive(Debug, Default)]
pub(super) struct Globs {
    by_prefix: HashMap<Box<str>, Vec<(Glob, Entry)>>,
    /// The lengths of the prefixes, the longest first.
    lengths: Vec<usize>,
}

impl Globs {
    /// Adds a glob; it replaces an equal one.
    pub(super) fn insert(&mut self, glob: Glob, entry: Entry) {
        let bucket = self.by_prefix.entry(glob.prefix().into()).or_default();
        let replaced = bucket.iter().position(|(other, _)| *other == glob).map(|at| bucket.swap_remove(at).1);
        bucket.push((glob, entry.over(replaced)));
    }

    /// Prepares the globs for queries.
    pub(super) fn finish(&mut self) {
        self.lengths = self.by_prefix.keys().map(|prefix| prefix.len()).collect();
        self.lengths.sort_unstable_by(|a, b| b.cmp(a));
        self.lengths.dedup();
        for bucket in self.by_prefix.values_mut() {
            bucket.sort_by_key(|(glob, _)| std::cmp::Reverse(glob.name().len()));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_prefix.values().map(Vec::len).sum()
    }

    /// Every glob, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Glob, &Entry)> {
        self.by_prefix.values().flatten().map(|(glob, entry)| (glob, entry))
    }

    /// The number of globs that begin with a star, so that every name is compared with them.
    pub(super) fn without_prefix(&self) -> usize {
        self.by_prefix.get("").map_or(0, Vec::len)
    }

    /// The entry of the most specific glob that matches: the longest beginning, then the longest glob.
    pub(super) fn longest(&self, name: &str) -> Option<&Entry> {
        self.fitting(name).next().map(|(_, entry)| entry)
    }

    /// All globs that match, the most specific first.
    pub(super) fn all(&self, name: &str) -> Vec<(&Glob, &Entry)> {
        self.fitting(name).collect()
    }

    fn fitting<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a Glob, &'a Entry)> {
        let prefixes = self.lengths.iter().filter_map(|&length| name.get(..length));
        let buckets = prefixes.filter_map(|prefix| self.by_prefix.get(prefix));
        buckets.flatten().filter(|(glob, _)| glob.fits(name)).map(|(glob, entry)| (glob, entry))
    }
}
