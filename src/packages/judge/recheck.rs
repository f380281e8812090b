//! Postpones the re-check of releases that the registry no longer shows.

use crate::{
    packages::{examination::Examination, settings::Settings},
    store::{Store, StoreError},
};

/// Another look at releases whose evidence was due, and that the registry does not show any more, waits for its next
/// turn: it must neither be forgotten nor asked for without end.
pub fn put_off<'a>(
    store: &Store,
    settings: &Settings,
    subject: &Examination<'_>,
    versions: impl Iterator<Item = &'a str>,
) -> Result<(), StoreError> {
    for version in versions {
        let until = settings.next_look(subject.attempts_at(version), subject.now);
        store.put_off_recheck(&subject.package.at(version), until)?;
    }
    Ok(())
}
