//! Keeps damaged rows in memory until they are set aside.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use crate::store::broken::Broken;

/// Most damaged rows that are kept in memory until they are set aside. The others are found again.
const REMEMBERED: usize = 1000;
/// SQLite's code for an index that does not fit its table: extended result code 11 + 3 * 256.
const CORRUPT_INDEX: i32 = 779;

/// Damaged rows that were found.
#[derive(Debug, Default)]
pub(in crate::store) struct Noted(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    waiting: Vec<Broken>,
    /// Rows that stay where they are, because their table only grows.
    kept: BTreeSet<(&'static str, String)>,
}

impl Noted {
    pub fn add(&self, broken: impl IntoIterator<Item = Broken>) {
        let mut broken = broken.into_iter().peekable();
        if broken.peek().is_none() {
            return;
        }
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for broken in broken {
            let is_known = notes.waiting.iter().any(|known| (known.table, &known.key) == (broken.table, &broken.key))
                || notes.kept.contains(&(broken.table.name, broken.name()));
            if !is_known && notes.waiting.len() < REMEMBERED {
                notes.waiting.push(broken);
            }
        }
    }

    pub(super) fn take(&self) -> Vec<Broken> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).waiting)
    }

    pub(super) fn keep(&self, broken: &Broken) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.kept.insert((broken.table.name, broken.name()));
    }
}

pub(in crate::store) fn is_of_an_index(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == CORRUPT_INDEX)
}
