//! A release that came and went before anybody looked at it: recorded, and told.

use chrono::{DateTime, Utc};

use super::{Pipeline, PipelineError, operation::Trouble, subject::Subject, unchecked::trouble};
use crate::{
    model::{ReleaseId, ReleaseStatus, Severity},
    store::Record,
};

/// What provwatch knows of a release that nobody looked at in time.
pub(super) struct Withdrawal {
    /// What happened, for people.
    pub why: String,
    pub severity: Severity,
    /// When it was published, by the registry's word.
    pub published_at: DateTime<Utc>,
}

impl Pipeline {
    /// A release that was not there when it was looked for: removed before, or never shown.
    pub(super) fn record_withdrawn(
        &self,
        subject: &Subject<'_>,
        release: &ReleaseId,
        withdrawal: &Withdrawal,
    ) -> Result<(), PipelineError> {
        self.note_withdrawn(release, withdrawal, subject.now)?;
        let record = Record::unreadable(release.clone(), withdrawal.why.as_str(), subject.now);
        self.store.record(&record)?;
        self.store.set_status(release, ReleaseStatus::Unpublished, subject.now)?;
        self.tell(&record);
        Ok(())
    }

    /// Says that a release came and was not seen.
    fn note_withdrawn(
        &self,
        release: &ReleaseId,
        Withdrawal { why, severity, published_at }: &Withdrawal,
        now: DateTime<Utc>,
    ) -> Result<(), PipelineError> {
        let said = trouble(release, std::slice::from_ref(why));
        let argument = format!(
            "Nothing is known of what {release} did: {why}. Look for it in your lock files and caches; `provwatch timeline {}` \
             shows what the registry's feed said at {published_at} and since.",
            release.package()
        );
        let severity = *severity;
        Ok(self.troubles.record_of(Some(release.package()), &Trouble { severity, argument, ..said }, now)?)
    }
}
