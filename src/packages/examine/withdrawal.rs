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

/// The known facts about a release that could not be checked in time.
pub struct Withdrawal {
    /// The event, for people.
    pub why: String,
    pub severity: Severity,
    /// Its publish time, as the registry states it.
    pub published_at: DateTime<Utc>,
}

/// Records releases that could not be checked in time.
#[derive(Debug)]
pub struct Withdrawals {
    pub store: Arc<Store>,
    pub progress: Arc<dyn Progress>,
    pub issues: Arc<OperationalIssues>,
}

impl Withdrawals {
    /// Records a release that was not there when it was requested: removed before, or never shown.
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

    /// Reports that a release was published and not checked.
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
