//! Documents that are behind what a feed announced.

use super::{
    Pipeline, PipelineError,
    examine::{Examined, Subject, package_row},
    unseen::listed,
};
use crate::{
    model::Ecosystem,
    registry::{Behind, PackageDocument, RegistryError},
    store::Portions,
};

/// What an answer is waited for.
#[derive(Clone, Copy)]
pub(super) struct Waits {
    /// A feed announced what the answer must have.
    pub is_announced: bool,
    /// It may come later.
    pub patience: bool,
}

impl Waits {
    /// Whether what was announced is still to come.
    pub fn waits_for(self, took: &Took) -> bool {
        self.patience && took.behind.is_some()
    }
}

/// What was taken of an answer in one turn.
pub(super) struct Took {
    pub examined: Examined,
    /// How far the history is, if there was too much of it for one turn.
    pub portions: Option<Portions>,
    /// Why the answer is not what was announced: [`RegistryError::Stale`].
    pub behind: Option<RegistryError>,
}

impl Took {
    /// Everything was taken.
    pub fn whole(examined: Examined) -> Self {
        Self { examined, portions: None, behind: None }
    }

    /// Whether the next turn has something to go on with.
    pub fn is_in_part(&self) -> bool {
        self.portions.is_some() || self.examined.pending > 0
    }
}

impl Pipeline {
    /// Takes what a document has. One that is behind what was announced is waited for, and what it has is judged at once
    /// all the same: a mirror may never reach the announced revision. What an older document lacks says nothing.
    pub(super) async fn take_current(
        &self,
        subject: &Subject<'_>,
        mut document: PackageDocument,
        waits: Waits,
    ) -> Result<Took, PipelineError> {
        let Some(behind) = document.behind.take() else {
            if waits.is_announced {
                self.resolve_unreached(subject)?;
            }
            return self.take_document(subject, document, waits).await;
        };
        let mut took = if waits.patience {
            let listed = listed(&document);
            let took = self.take_described(subject, &mut document).await?;
            if subject.first_sight() {
                // What comes while it is waited for was not there at the first look.
                self.store.save_package(&package_row(subject, document, listed, false))?;
            }
            took
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
}
