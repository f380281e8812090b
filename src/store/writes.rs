//! Tracks whether writes fail, and since when.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::StoreError;

/// Writes that have failed since the last success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteFailure {
    /// The error of the last one.
    pub error: String,
    /// How many have failed in a row.
    pub times: u64,
    /// The duration.
    pub lasts: Duration,
}

/// The record of failing writes.
#[derive(Debug, Default)]
pub(super) struct Writes(Mutex<Option<Failing>>);

#[derive(Debug)]
struct Failing {
    since: Instant,
    times: u64,
    error: String,
}

impl Writes {
    pub fn succeeded(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub fn failed(&self, error: &StoreError) {
        if !error.is_of_the_disk() {
            return;
        }
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failing = failing.get_or_insert_with(|| Failing { since: Instant::now(), times: 0, error: String::new() });
        failing.times += 1;
        failing.error = error.to_string();
    }

    /// The writes that have failed since the last success, if any has.
    pub fn failure(&self) -> Option<WriteFailure> {
        let failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failing.as_ref().map(|failing| WriteFailure {
            error: failing.error.clone(),
            times: failing.times,
            lasts: failing.since.elapsed(),
        })
    }
}
