//! Records releases that are yanked, removed or restored.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::ReleaseStatus,
    packages::{
        examination::Examination,
        judge::{
            unlearn::{Why, unlearn},
            withdrawn,
        },
    },
    registry::PackageDocument,
    store::{Store, StoreError},
};

/// Compares the status that each stored release has in a document with the stored status.
pub fn take_statuses(store: &Store, subject: &Examination<'_>, document: &PackageDocument) -> Result<(), StoreError> {
    let now: BTreeMap<&str, ReleaseStatus> =
        document.versions.iter().map(|(version, status)| (version.as_str(), *status)).collect();
    let unreadable: BTreeSet<&str> = document.unreadable.iter().map(|(version, _)| version.as_str()).collect();
    // A release that a quarantine hides is not removed.
    let quarantined = document.status.as_deref() == Some(ReleaseStatus::Quarantined.as_str());
    let hidden = if quarantined { ReleaseStatus::Quarantined } else { ReleaseStatus::Unpublished };
    let mut is_any_withdrawn = false;
    for (version, stored) in &subject.stored {
        let status = now.get(version.as_str()).copied().unwrap_or(hidden);
        let is_known = now.contains_key(version.as_str()) || !unreadable.contains(version.as_str());
        if is_known && status != stored.status {
            is_any_withdrawn |= take_status(store, subject, version, status)?;
        }
    }
    if !is_any_withdrawn {
        return Ok(());
    }
    withdrawn::judge_again(store, subject, |version| now.get(version) == Some(&ReleaseStatus::Published))
}

/// A removed release leaves the baseline; a restored one is checked again, so that it can join it. Returns whether a normal
/// release was withdrawn.
pub fn take_status(
    store: &Store,
    subject: &Examination<'_>,
    version: &str,
    status: ReleaseStatus,
) -> Result<bool, StoreError> {
    let release = subject.package.at(version);
    let is_withdrawn = withdrawn::note(store, subject, version, status)?;
    match status {
        ReleaseStatus::Unpublished => unlearn(store, &release, Why::Withdrawn, subject.now)?,
        ReleaseStatus::Published => store.look_again(&release, subject.now)?,
        ReleaseStatus::Yanked | ReleaseStatus::Quarantined => {}
    }
    store.set_status(&release, status, subject.now)?;
    Ok(is_withdrawn)
}
