//! Processes a registry's document: all of a current one, and part of one that lags the feed.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    described::Described,
    dist_tags::DistTags,
    listed::listed,
    row::{doubtful, package_row, stored_validators},
    statuses::take_statuses,
    took::{Took, Waits},
    unreached::{note_unconfirmed, note_unreached, resolve_unreached},
    unseen::Unseen,
};
use crate::{
    http::Validators,
    packages::examination::Examination,
    registry::{Behind, PackageDocument, RegistryError},
    store::{PackageRow, Store, StoreError},
    upkeep::OperationalIssues,
};

/// Processes the documents of registries.
#[derive(Debug)]
pub struct Documents {
    pub store: Arc<Store>,
    pub issues: Arc<OperationalIssues>,
    pub described: Described,
    pub dist_tags: DistTags,
    pub unseen: Arc<Unseen>,
}

impl Documents {
    /// Processes a document. One that lags the feed's announcement is requested again later, but its releases are
    /// judged at once: a mirror may never reach the announced revision. Releases that an older document lacks mean
    /// nothing.
    pub async fn take(
        &self,
        subject: &Examination<'_>,
        mut document: PackageDocument,
        waits: Waits,
    ) -> Result<Took, StoreError> {
        doubt_what_stays(subject, &mut document);
        if let Some(why) = document.unconfirmed.take() {
            note_unconfirmed(&self.issues, subject, &why)?;
            let took = self.take_part(subject, document).await?;
            return Ok(Took { is_unconfirmed: true, ..took });
        }
        let Some(behind) = document.behind.take() else {
            if waits.is_announced {
                resolve_unreached(&self.issues, subject)?;
            }
            return self.take_whole(subject, document, waits).await;
        };
        let mut took = if waits.patience {
            self.take_part(subject, document).await?
        } else {
            // Where the feed names versions, each missing one is reported.
            if !subject.package.ecosystem().row().feed.names_versions {
                note_unreached(&self.issues, subject, &behind)?;
            }
            document.releases.extend(behind.incomplete);
            document.dist_tags = None;
            self.take_whole(subject, document, waits).await?
        };
        let Behind { seen, announced, .. } = behind;
        took.behind = Some(RegistryError::Stale { package: subject.package.clone(), seen, announced });
        Ok(took)
    }

    /// Processes the releases that a document has. It may be older than the stored state, so releases that it lacks
    /// mean nothing.
    async fn take_part(&self, subject: &Examination<'_>, mut document: PackageDocument) -> Result<Took, StoreError> {
        let listed = listed(&document);
        let took = Box::pin(self.described.take(subject, &mut document)).await?;
        if subject.first_sight() {
            // Releases that come during the wait were not there at the first check.
            self.store.save_package(&package_row(subject, document, listed.versions, false))?;
        } else if let Some(row) = subject.row.clone().filter(|_| document.validators == Some(doubtful())) {
            let Validators { etag, last_modified } = doubtful();
            self.store.save_package(&PackageRow { etag, last_modified, ..row })?;
        }
        Ok(took)
    }

    async fn take_whole(
        &self,
        subject: &Examination<'_>,
        mut document: PackageDocument,
        waits: Waits,
    ) -> Result<Took, StoreError> {
        let listed = listed(&document);
        self.keep_history(subject, &listed.versions)?;
        take_statuses(&self.store, subject, &document)?;
        let mut took = Box::pin(self.described.take(subject, &mut document)).await?;
        self.unseen.take_withdrawn(subject, &document.withdrawn, &mut took.examined)?;
        self.unseen.take_missing(subject, &listed, waits.is_announced, &mut took.examined)?;
        let dist_tags = self.dist_tags.compare(subject, &document)?;
        let row = package_row(subject, document, listed.versions, took.portions.is_none());
        self.store.save_package(&PackageRow { dist_tags, ..row })?;
        Ok(took)
    }

    /// The versions of the first document are stored before any of them is read: a version that is announced meanwhile
    /// is not among them.
    fn keep_history(&self, subject: &Examination<'_>, listed: &BTreeSet<String>) -> Result<(), StoreError> {
        let row = subject.row.clone().unwrap_or_else(|| PackageRow::new(subject.package.clone(), subject.now));
        if row.backfilled_at.is_some() || row.history.is_some() {
            return Ok(());
        }
        self.store.save_package(&PackageRow { history: Some(listed.clone()), ..row })
    }
}

/// A revision or a validator that stays the same while the document gets new releases is unreliable: such a revision
/// confirms nothing, and such a validator would hide later changes.
fn doubt_what_stays(subject: &Examination<'_>, document: &mut PackageDocument) {
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
