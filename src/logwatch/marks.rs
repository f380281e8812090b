//! Locates the first entry at which a log's content diverges from its proofs, by tree roots that were noted while
//! reading.

use super::shown::Shown;
use crate::tlog::{CompactRange, merkle::Hash};

/// Most roots that are kept, however much is read: every page of four million entries, of more every second, and so on.
const MOST: usize = 16_384;

/// Roots of a tree as it was read, at growing sizes.
#[derive(Debug)]
pub struct Marks {
    /// The ranges read before, proven or not.
    before: Vec<(u64, Hash)>,
    roots: Vec<(u64, Hash)>,
    /// Every so many pages, one is marked.
    every: usize,
    pages: usize,
}

impl Marks {
    /// Marks that begin with the range proven before, and with the range read but not proven.
    pub fn after(proven: &CompactRange, read: &CompactRange) -> Self {
        let mut before: Vec<(u64, Hash)> = [proven, read].into_iter().map(mark).collect();
        before.dedup();
        Self { before, roots: Vec::new(), every: 1, pages: 0 }
    }

    /// Notes a page, which was read up to the end of this range.
    pub fn note(&mut self, range: &CompactRange) {
        self.pages += 1;
        if self.roots.len() == MOST {
            let mut place = 0;
            self.roots.retain(|_| {
                place += 1;
                place % 2 == 0
            });
            self.every *= 2;
        }
        if self.pages.is_multiple_of(self.every) {
            self.roots.push(mark(range));
        }
    }

    /// The range of entries with the first one that differs from the signed one, as `A to B`, found through the log's
    /// own proofs. `None`: the log does not give them, or the range proven before differs from the one signed now.
    pub async fn first_lie(mut self, shown: Shown<'_>, end: &CompactRange) -> Option<String> {
        let mut marks = std::mem::take(&mut self.before);
        marks.append(&mut self.roots);
        marks.push(mark(end));
        marks.dedup();
        let (mut good, mut bad) = (0, marks.len().checked_sub(1).filter(|last| *last > 0)?);
        while bad - good > 1 {
            let middle = usize::midpoint(good, bad);
            let (size, root) = marks[middle];
            let prefix = shown.followed.log.prefix(shown.tree, size, shown.signed).await.ok()?;
            if prefix.range.root() == root { good = middle } else { bad = middle }
        }
        Some(format!("{} to {}", marks.get(good)?.0, marks.get(bad)?.0.checked_sub(1)?))
    }
}

/// The sentence about the place.
pub fn first_of_them(place: Option<&str>) -> String {
    place.map_or_else(String::new, |place| format!(", the first of them among {place}"))
}

fn mark(range: &CompactRange) -> (u64, Hash) {
    (range.size(), range.root())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_much_is_read_the_marks_are_bounded_and_even() {
        let mut range = CompactRange::default();
        let mut marks = Marks::after(&range, &range);
        for page in 0..5 * MOST as u64 {
            range.push([u8::try_from(page % 251).unwrap(); 32]);
            marks.note(&range);
        }
        assert!(marks.roots.len() <= MOST && marks.roots.len() > MOST / 2, "{}", marks.roots.len());
        let sizes: Vec<u64> = marks.roots.iter().map(|(size, _)| *size).collect();
        assert!(sizes.windows(2).all(|pair| pair[1] - pair[0] == marks.every as u64), "{}", marks.every);
        assert_eq!(sizes[0], marks.every as u64);
    }
}
