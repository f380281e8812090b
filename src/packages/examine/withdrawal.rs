//! Records and reports a release that was withdrawn before it could be checked.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    model::{ReleaseId, ReleaseStatus, Severity},
    packages::{examination::Examination, judge::told::tell, verify::unchecked::issue},
    progress::Progress,
    store::{Record, Store, StoreError},
    upkeep::{OperationalIssue, OperationalIssues},
};

/// What provwatch knows of a release that nobody looked at in time.
pub struct Withdrawal {
    /// What happened, for people.
    pub why: String,
    pub severity: Severity,
    /// When it was published, by the registry's word.
    pub published_at: DateTime<Utc>,
}

/// Who records releases that nobody looked at in time.
#[derive(Debug)]
pub struct Withdrawals {
    pub store: Arc<Store>,
    pub progress: Arc<dyn Progress>,
    pub issues: Arc<OperationalIssues>,
}

impl Withdrawals {
    /// A release that was not there when it was looked for: removed before, or never shown.
    pub fn record(
        &self,
        subject: &Examination<'_>,
        release: &ReleaseId,
        withdrawal: &Withdrawal,
    ) -> Result<(), StoreError> {
        self.note(release, withdrawal, subject.now)?;
        let record = Record::unreadable(release.clone(), withdrawal.why.as_str(), subject.now);
        self.store.record(&record)?;
        self.store.set_status(release, ReleaseStatus::Unpublished, subject.now)?;
        tell(self.progress.as_ref(), &record);
        Ok(())
    }

    /// Says that a release came and was not seen.
    fn note(
        &self,
        release: &ReleaseId,
        Withdrawal { why, severity, published_at }: &Withdrawal,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let said = issue(release, std::slice::from_ref(why));
        let argument = format!(
            "provwatch never checked the content of {release}: {why}. Look for the release in your lock files and \
             caches; `provwatch timeline {}` shows the events of the registry's feed at {published_at} and since.",
            release.package()
        );
        let severity = *severity;
        self.issues.record_of(Some(release.package()), &OperationalIssue { severity, argument, ..said }, now)
    }
}
