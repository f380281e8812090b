//! Runs every detector over a release or a log entry.

use std::cmp::Reverse;

use super::{
    Change, EntryChange, expected,
    rules::{ALL, ENTRY_DETECTORS},
};
use crate::model::Signal;

/// Every signal of a release, the worst first.
pub fn inspect(change: &Change<'_>) -> Vec<Signal> {
    let mut signals: Vec<Signal> = ALL.iter().flat_map(|detector| detector.inspect(change)).collect();
    signals.retain(|signal| !change.is_quiet(&signal.detector));
    expected::explain(change, &mut signals);
    signals.sort_by_key(|signal| (Reverse(signal.severity), signal.corroborating));
    // Files of one release that differ in one trait repeat the signals about the others.
    signals.dedup();
    signals
}

/// Every signal of a log entry.
pub fn inspect_entry(change: &EntryChange<'_>) -> Vec<Signal> {
    ENTRY_DETECTORS.iter().filter_map(|detector| detector.inspect(change)).collect()
}
