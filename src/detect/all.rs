//! The list of all detectors of every kind.

use super::{
    About,
    rules::{ALL, ENTRY_DETECTORS, NAME_DETECTORS},
};

/// What every detector is: those over releases, then those over log entries, then those over names.
pub fn abouts() -> impl Iterator<Item = &'static About> {
    let entries = ENTRY_DETECTORS.iter().map(|detector| detector.about());
    ALL.iter().map(|detector| detector.about()).chain(entries).chain(NAME_DETECTORS.iter().copied())
}

/// What a detector's id stands for.
pub fn about(id: &str) -> Option<&'static About> {
    abouts().find(|about| about.id == id)
}
