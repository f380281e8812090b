//! Published files that have another content now.

use std::collections::BTreeMap;

use super::examine::Subject;
use crate::{
    model::{Ecosystem, Observation, replaced_files},
    registry::RegistryRelease,
};

/// Compares the files of releases with what they were, by version, and notes those that were replaced, now or at an earlier
/// look. Where a release is a single file, one that only got another name or lost its digest is not news.
pub(super) fn compare_files(
    subject: &Subject<'_>,
    before: &BTreeMap<String, Observation>,
    releases: &mut Vec<RegistryRelease>,
) {
    releases.retain_mut(|release| {
        let seen = before.get(release.id.version());
        seen.is_none_or(|seen| note_replaced(subject, seen, release))
    });
}

/// Whether the release is still news.
fn note_replaced(subject: &Subject<'_>, before: &Observation, release: &mut RegistryRelease) -> bool {
    let ecosystem = subject.package.ecosystem();
    let mut replaced = replaced_files(ecosystem, &before.files, &release.files);
    let is_news = !replaced.is_empty() || ecosystem == Ecosystem::Pypi || subject.is_awaited(&release.id);
    replaced.extend(before.facts.replaced.clone().into_iter().flatten());
    release.facts.replaced = Some(replaced).filter(|replaced| !replaced.is_empty());
    is_news
}
