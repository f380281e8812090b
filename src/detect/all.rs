//! The list of all detectors of every kind.

use super::{
    About,
    rules::{ALL, ENTRY_DETECTORS, NAME_DETECTORS},
};

/// The descriptions of all detectors: those over releases, then those over log entries, then those over names.
pub fn abouts() -> impl Iterator<Item = &'static About> {
    let entries = ENTRY_DETECTORS.iter().map(|detector| detector.about());
    ALL.iter().map(|detector| detector.about()).chain(entries).chain(NAME_DETECTORS.iter().copied())
}

/// The description of the detector with this id.
pub fn about(id: &str) -> Option<&'static About> {
    abouts().find(|about| about.id == id)
}
