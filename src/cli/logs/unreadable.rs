//! Summarises unreadable log entries in one line.

use crate::{cli::words, store::NewQuarantined};

/// Ranges that are named; more are counted.
const NAMED: usize = 8;

/// The entries of a scan that could not be read.
#[derive(Debug, Default)]
pub(super) struct Unreadable {
    count: u64,
    /// First and last of each run, in the order in which they were met.
    runs: Vec<(u64, u64)>,
    /// The number of entries in no run.
    rest: u64,
    first: Option<String>,
}

impl Unreadable {
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn take(&mut self, entry: &NewQuarantined) {
        self.count += 1;
        self.first.get_or_insert_with(|| {
            format!("entry {} ({} bytes): {}", entry.index, entry.bytes, words::sentence(&entry.why))
        });
        let goes_on = |run: &&mut (u64, u64)| run.1.checked_add(1) == Some(entry.index);
        if let Some(run) = self.runs.last_mut().filter(|run| self.rest == 0 && goes_on(run)) {
            run.1 = entry.index;
        } else if self.runs.len() < NAMED {
            self.runs.push((entry.index, entry.index));
        } else {
            self.rest += 1;
        }
    }

    /// The ranges, and the error of the first entry.
    pub(super) fn sentence(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        if self.count == 1 {
            return Some(format!("1 entry cannot be read, {first}"));
        }
        let run =
            |(first, last): &(u64, u64)| if first == last { format!("{first}") } else { format!("{first} to {last}") };
        let rest = (self.rest > 0).then(|| format!("and {} more", self.rest));
        let named: Vec<String> = self.runs.iter().map(run).chain(rest).collect();
        Some(format!("{} entries cannot be read: {}. The first is {first}", self.count, named.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(indexes: impl IntoIterator<Item = u64>) -> Option<String> {
        let mut unreadable = Unreadable::default();
        for index in indexes {
            unreadable.take(&NewQuarantined { index, body: vec![], bytes: 6, why: "it is not\nJSON".to_owned() });
        }
        unreadable.sentence()
    }

    #[test]
    fn many_are_one_line() {
        assert_eq!(told([]), None);
        assert_eq!(told([7]).unwrap(), "1 entry cannot be read, entry 7 (6 bytes): it is not\\nJSON");
        let many = "1004 entries cannot be read: 7, 9 to 1010, 2000. The first is entry 7 (6 bytes): it is not\\nJSON";
        assert_eq!(told([7].into_iter().chain(9..=1010).chain([2000])).unwrap(), many);
    }

    #[test]
    fn however_scattered_they_are_the_line_is_short() {
        let told = told((0..100_000).step_by(3)).unwrap();
        assert!(
            told.starts_with("33334 entries cannot be read: 0, 3, 6, 9, 12, 15, 18, 21, and 33326 more. "),
            "{told}"
        );
        assert!(told.len() < 200 && !told.contains('\n'), "{told}");
    }
}
