//! Recognises habits without an exception over the lines of a package.

use super::Change;
use crate::model::traits::{Asked, Key};

/// So many observations, and no other, show that something is always so.
const ALWAYS: u32 = 5;

impl Change<'_> {
    /// Whether the releases that are comparable always showed one value of a trait, five times and more, and never the other.
    pub fn always<K: Key>(&self, of: K, value: Asked<'_, K>, other: Asked<'_, K>) -> bool {
        self.counted(of, other) == 0 && self.counted(of, value) >= ALWAYS
    }

    /// How often the lines that are comparable, stable ones or pre-releases, showed a value of a trait.
    fn counted<K: Key>(&self, of: K, value: Asked<'_, K>) -> u32 {
        let seen = self.peers().filter_map(|line| line.tally(of).get(value));
        seen.fold(0, |sum, seen| sum.saturating_add(seen.count))
    }
}
