//! Postpones the re-check of releases that the registry no longer shows.

use crate::{
    packages::{examination::Examination, settings::Settings},
    store::{Store, StoreError},
};

/// Postpones the re-check of releases whose evidence was due, and that the registry no longer shows: they must be
/// neither forgotten nor requested without end.
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
