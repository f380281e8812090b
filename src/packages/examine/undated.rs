//! Handles releases without a readable publish time.

use chrono::TimeDelta;

use crate::{
    model::Unread,
    packages::{examination::Examination, judge::past::is_old_oddity},
    registry::{PackageDocument, RegistryRelease},
    store::{Store, StoreError},
};

/// Dates releases without a readable publish time: a new release was published since the last check, and is judged now;
/// one that existed before the package was watched has no known place in its history.
pub fn date(store: &Store, subject: &Examination<'_>, document: &mut PackageDocument) -> Result<(), StoreError> {
    let releases = std::mem::take(&mut document.releases);
    let count = releases.len();
    for (place, release) in releases.into_iter().enumerate() {
        let release = match dated_by_place(store, subject, release, count - place)? {
            Ok(release) => release,
            Err(dated) => {
                document.releases.push(dated);
                continue;
            }
        };
        match dated(store, subject, release)? {
            Ok(release) => document.releases.push(release),
            Err(unreadable) => document.unreadable.push(unreadable),
        }
    }
    Ok(())
}

/// Many private registries state no publish times. Releases that they list at the first check are history, in the
/// listed order; later ones are dated by when provwatch first saw them. `Err`: the release is now dated.
fn dated_by_place(
    store: &Store,
    subject: &Examination<'_>,
    mut release: RegistryRelease,
    from_end: usize,
) -> Result<Result<RegistryRelease, RegistryRelease>, StoreError> {
    let is_told = release.is_dated() || release.unread.of(Unread::TIME).is_some();
    if subject.package.is_public() || is_told {
        return Ok(Ok(release));
    }
    let row = store.release(&release.id)?;
    let before = row.as_ref().and_then(|row| row.observation.as_ref()).map(|seen| seen.published_at);
    let is_past =
        subject.row.as_ref().is_none_or(|row| row.backfilled_at.is_none() && row.may_be_history(release.id.version()));
    let in_history = || {
        let seconds = TimeDelta::seconds(i64::try_from(from_end).unwrap_or(i64::MAX / 1000));
        subject.history_ends - seconds
    };
    let seen = || if is_past { in_history() } else { subject.now };
    release.published_at = before.unwrap_or_else(seen);
    Ok(Err(release))
}

fn dated(
    store: &Store,
    subject: &Examination<'_>,
    mut release: RegistryRelease,
) -> Result<Result<RegistryRelease, (String, String)>, StoreError> {
    if release.is_dated() {
        return Ok(Ok(release));
    }
    let row = store.release(&release.id)?;
    let before = row.as_ref().and_then(|row| row.observation.as_ref()).map(|seen| seen.published_at);
    let why = release.unread.of(Unread::TIME).unwrap_or("its publish time is missing").to_owned();
    if before.is_none() && is_old_oddity(store, subject, &release.id)? {
        return Ok(Err((release.id.version().to_owned(), why)));
    }
    release.unread.because(Unread::TIME, why);
    release.published_at = before.or_else(|| row.map(|row| row.observed_at)).unwrap_or(subject.now);
    Ok(Ok(release))
}
