//! Documents that are behind what a feed announced.

use super::{
    Pipeline, PipelineError,
    examine::{doubtful, package_row, stored_validators},
    subject::Subject,
    took::{Took, Waits},
    unseen::listed,
};
use crate::{
    http::Validators,
    model::Ecosystem,
    registry::{Behind, PackageDocument, RegistryError},
    store::PackageRow,
};

impl Pipeline {
    /// Takes what a document has. One that is behind what was announced is waited for, and what it has is judged at once
    /// all the same: a mirror may never reach the announced revision. What an older document lacks says nothing.
    pub(super) async fn take_current(
        &self,
        subject: &Subject<'_>,
        mut document: PackageDocument,
        waits: Waits,
    ) -> Result<Took, PipelineError> {
        doubt_what_stays(subject, &mut document);
        if let Some(why) = document.unconfirmed.take() {
            self.note_unconfirmed(subject, &why)?;
            let took = self.take_part(subject, document).await?;
            return Ok(Took { is_unconfirmed: true, ..took });
        }
        let Some(behind) = document.behind.take() else {
            if waits.is_announced {
                self.resolve_unreached(subject)?;
            }
            return self.take_document(subject, document, waits).await;
        };
        let mut took = if waits.patience {
            self.take_part(subject, document).await?
        } else {
            // Where the feed names versions, each of them is told.
            if subject.package.ecosystem() == Ecosystem::Npm {
                self.note_unreached(subject, &behind)?;
            }
            document.releases.extend(behind.incomplete);
            self.take_document(subject, document, waits).await?
        };
        let Behind { seen, announced, .. } = behind;
        took.behind = Some(RegistryError::Stale { package: subject.package.clone(), seen, announced });
        Ok(took)
    }

    /// Takes what a document has. It may be older than what is stored: what it lacks says nothing.
    async fn take_part(&self, subject: &Subject<'_>, mut document: PackageDocument) -> Result<Took, PipelineError> {
        let listed = listed(&document);
        let took = self.take_described(subject, &mut document).await?;
        if subject.first_sight() {
            // What comes while it is waited for was not there at the first look.
            self.store.save_package(&package_row(subject, document, listed.versions, false))?;
        } else if let Some(row) = subject.row.clone().filter(|_| document.validators == Some(doubtful())) {
            let Validators { etag, last_modified } = doubtful();
            self.store.save_package(&PackageRow { etag, last_modified, ..row })?;
        }
        Ok(took)
    }
}

/// A revision, or a validator, that is the same as before while the document has releases that it did not have says nothing
/// of the document: such a revision confirms nothing, and such a validator would hide what comes.
fn doubt_what_stays(subject: &Subject<'_>, document: &mut PackageDocument) {
    let Some(row) = subject.row.as_ref().filter(|row| row.backfilled_at.is_some()) else { return };
    let stored = stored_validators(row);
    let has_news = || document.releases.iter().any(|release| subject.is_unseen(release));
    let has_same_revision = || document.revision.is_some() && document.revision == row.revision;
    if document.behind.is_some() && has_same_revision() && has_news() {
        document.behind = None;
        document.unconfirmed = Some("its revision stays the same while releases come".to_owned());
    }
    if stored == doubtful() || (document.validators.as_ref() == Some(&stored) && has_news()) {
        document.validators = Some(doubtful());
    }
}
