//! Runs the turn of one package, and records how it ends.

use super::{outage::Outages, silent::NoAnswer, worked::Ended};
use crate::{
    clock::Clock,
    health::limits::MANY,
    http::Client,
    model::{Confidence, Package, Severity},
    packages::{
        error::LookError,
        examination::Examined,
        examine::{Examiner, Looked},
        turn::Turn,
        waits,
    },
    panic::caught,
    progress::{Progress, Step},
    store::{Setback, Store, StoreError, Work},
    text::with_causes,
    upkeep::{OperationalIssue, OperationalIssues},
};
use std::sync::Arc;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

/// After this many failures, and about three quarters of an hour, a package that cannot be checked raises an alert.
const FAILING: u32 = 5;
const FAILING_FOR: TimeDelta = TimeDelta::minutes(40);

/// Runs the turns of packages.
#[derive(Debug)]
pub struct TurnTaker {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub http: Client,
    pub progress: Arc<dyn Progress>,
    pub examiner: Examiner,
    pub outages: Outages,
    pub issues: Arc<OperationalIssues>,
}

impl TurnTaker {
    /// Runs the turn of a package. A registry's failure, or a panic, postpones the package and is not an error.
    ///
    /// # Errors
    /// The store failed, and not only for this package.
    pub async fn take(&self, work: &Work, recall: CancellationToken) -> Result<Ended, StoreError> {
        let turn = Turn::new(work, &self.http, &self.clock, recall);
        let (examined, error) = match caught(Box::pin(self.examiner.examine(work, &turn))).await {
            Ok(Looked::Whole(examined)) => {
                self.outages.note_answer(&work.package)?;
                self.note_recovery(work)?;
                return Ok(Ended::Whole(examined));
            }
            Ok(Looked::InPart(examined)) => {
                self.outages.note_answer(&work.package)?;
                self.note_recovery(work)?;
                return Ok(Ended::InPart(examined));
            }
            Ok(Looked::Behind(examined, stale)) => (examined, stale),
            Err(LookError::Store(error)) if concerns_everybody(&error) => return Err(error),
            Err(error) => (Examined::default(), error),
        };
        let why = with_causes(&error);
        let (setback, until) = (waits::setback(&error), waits::again_at(&error, work.attempts, self.clock.now()));
        self.store.put_off(work, setback, until, &why)?;
        self.outages.note_setback(work, setback, &error)?;
        self.progress.report(&Step::Postponed { package: &work.package, why: &why });
        if let Some(none) = NoAnswer::of(&error, &why) {
            self.note_failure(work, &why)?;
            return Ok(Ended::Unanswered(none));
        }
        if setback != Setback::Behind {
            self.note_failure(work, &why)?;
        }
        Ok(Ended::PutOff(examined))
    }

    fn note_failure(&self, work: &Work, why: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        let attempts = work.attempts.saturating_add(1);
        if attempts < FAILING || now - work.since < FAILING_FOR {
            return Ok(());
        }
        if self.store.work_summary(now)?.failing >= MANY {
            return Ok(());
        }
        let issue = unreadable_package(&work.package, attempts, why);
        self.issues.record_of(Some(&work.package), &issue, now)
    }

    fn note_recovery(&self, work: &Work) -> Result<(), StoreError> {
        let issue = unreadable_package(&work.package, work.attempts, "");
        self.issues.resolve(&issue, "it was checked", self.clock.now())
    }
}

/// The issue about a package that could not be checked for long.
fn unreadable_package(package: &Package, attempts: u32, why: &str) -> OperationalIssue {
    OperationalIssue {
        subject: format!("unreadable {package}"),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("{package} cannot be checked"),
        argument: format!(
            "provwatch tried {attempts} times, and tries again; until that succeeds, it checks no release of this \
             package. The last error: {why}."
        ),
    }
}

/// Whether a failure of the store affects more than one package.
fn concerns_everybody(error: &StoreError) -> bool {
    // The operator changed the baseline meanwhile: judging again is all that is needed. A value that cannot be stored
    // is reported with its package, and does not delay the others.
    !matches!(
        error,
        StoreError::BaselineMoved { .. }
            | StoreError::Unstorable { .. }
            | StoreError::DamagedRow { .. }
            | StoreError::Indexed { .. }
    )
}
