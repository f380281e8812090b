//! Published files that have another content now.

use super::{Pipeline, PipelineError, examine::Subject};
use crate::{
    model::{Ecosystem, replaced_files},
    registry::RegistryRelease,
};

impl Pipeline {
    /// Compares the files of releases that are stored with what they were, and notes those that were replaced, now or at an
    /// earlier look. Where a release is a single file, one that only got another name or lost its digest is not news.
    pub(super) fn compare_files(
        &self,
        subject: &Subject<'_>,
        releases: &mut Vec<RegistryRelease>,
    ) -> Result<(), PipelineError> {
        let mut failed = Ok(());
        releases.retain_mut(|release| {
            self.note_replaced(subject, release).unwrap_or_else(|error| {
                failed = Err(error);
                true
            })
        });
        failed
    }

    /// Whether the release is still news.
    fn note_replaced(&self, subject: &Subject<'_>, release: &mut RegistryRelease) -> Result<bool, PipelineError> {
        if !subject.stored.contains_key(release.id.version()) {
            return Ok(true);
        }
        let Some(before) = self.store.release(&release.id)?.and_then(|row| row.observation) else { return Ok(true) };
        let ecosystem = subject.package.ecosystem();
        let mut replaced = replaced_files(ecosystem, &before.files, &release.files);
        let is_news = !replaced.is_empty() || ecosystem == Ecosystem::Pypi || subject.is_awaited(&release.id);
        replaced.extend(before.facts.replaced.into_iter().flatten());
        release.facts.replaced = Some(replaced).filter(|replaced| !replaced.is_empty());
        Ok(is_news)
    }
}
