//! Releases without a readable publish time.

use super::{Pipeline, PipelineError, examine::Subject};
use crate::{
    model::Unread,
    registry::{PackageDocument, RegistryRelease},
};

impl Pipeline {
    /// A release without a readable publish time: what is new was published since the last look, and is judged now; what
    /// was there before the package was watched cannot be placed in its history.
    pub(super) fn date(&self, subject: &Subject<'_>, document: &mut PackageDocument) -> Result<(), PipelineError> {
        for release in std::mem::take(&mut document.releases) {
            match self.dated(subject, release)? {
                Ok(release) => document.releases.push(release),
                Err(unreadable) => document.unreadable.push(unreadable),
            }
        }
        Ok(())
    }

    fn dated(
        &self,
        subject: &Subject<'_>,
        mut release: RegistryRelease,
    ) -> Result<Result<RegistryRelease, (String, String)>, PipelineError> {
        if release.is_dated() {
            return Ok(Ok(release));
        }
        let row = self.store.release(&release.id)?;
        let before = row.as_ref().and_then(|row| row.observation.as_ref()).map(|seen| seen.published_at);
        let why = release.unread.of(Unread::TIME).unwrap_or("the document has no publish time for it").to_owned();
        if before.is_none() && self.is_old_oddity(subject, &release.id)? {
            return Ok(Err((release.id.version().to_owned(), why)));
        }
        release.unread.because(Unread::TIME, why);
        release.published_at = before.or_else(|| row.map(|row| row.observed_at)).unwrap_or(subject.now);
        Ok(Ok(release))
    }
}
