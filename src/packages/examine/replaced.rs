//! Finds published files whose content changed.

use std::collections::BTreeMap;

use crate::{
    model::{Observation, files_fingerprint, former_digests, replaced_files},
    packages::examination::Examination,
    registry::RegistryRelease,
    store::{Store, StoreError},
};

/// Compares the files of releases with the stored ones, by version, and notes those that were replaced, now or at an
/// earlier check. Where a release is a single file, a file that only got another name or other kinds of digests is not
/// news: the new statement is stored, and nothing else happens.
///
/// # Errors
/// The store failed.
pub fn compare_files(
    store: &Store,
    subject: &Examination<'_>,
    before: &BTreeMap<String, Observation>,
    releases: &mut Vec<RegistryRelease>,
) -> Result<(), StoreError> {
    let mut restated = Vec::new();
    releases.retain_mut(|release| {
        let Some(seen) = before.get(release.id.version()) else { return true };
        let is_news = note_replaced(subject, seen, release);
        if !is_news && files_fingerprint(&seen.files) != files_fingerprint(&release.files) {
            restated.push(restate(seen, release));
        }
        is_news
    });
    store.restate_files(&restated, subject.now)
}

/// Notes which files of a release were replaced since the last check. Returns whether the release is still news.
pub fn note_replaced(subject: &Examination<'_>, before: &Observation, release: &mut RegistryRelease) -> bool {
    let ecosystem = subject.package.ecosystem();
    let mut replaced = replaced_files(ecosystem, before, &release.files);
    let is_news = !replaced.is_empty() || ecosystem.row().files.many || subject.is_awaited(&release.id);
    replaced.extend(before.facts.replaced.clone().into_iter().flatten());
    let former = former_digests(ecosystem, before, &release.files);
    release.facts.replaced = Some(replaced).filter(|replaced| !replaced.is_empty());
    release.facts.former_digests = Some(former).filter(|former| !former.is_empty());
    is_news
}

/// The stored observation, with the files as they are stated now.
fn restate(before: &Observation, release: &RegistryRelease) -> Observation {
    let mut now = Observation { files: release.files.clone(), ..before.clone() };
    now.facts.former_digests.clone_from(&release.facts.former_digests);
    now
}
