//! Raises an alert for a release that cannot be checked for long, because an attacker could otherwise make a release
//! uncheckable and stay unnoticed.

use std::sync::Arc;

use super::left_out::{is_left_out, registry_that_leaves_out, resolve_left_out};
use crate::{
    model::{Confidence, ReleaseId, Severity},
    packages::{examination::Examination, settings::Settings},
    store::{Store, StoreError, VersionState},
    upkeep::{OperationalIssue, OperationalIssues},
};

/// After this many failed checks, about half an hour, it is not a brief outage.
const LOOKS: u32 = 2;

/// Most reasons that an alert lists.
const REASONS: usize = 3;

/// The issue about a release that could not be checked for long.
pub fn issue(release: &ReleaseId, why: &[String]) -> OperationalIssue {
    OperationalIssue {
        subject: format!("unchecked {release}"),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("{}@{} cannot be checked", release.package().name(), release.version()),
        argument: format!(
            "{release} is neither clean nor known to be bad, and the re-check failed: {}. Do not install it before \
             you have reviewed it; `provwatch timeline {}` shows when the next re-check is.",
            shortened(why),
            release.package()
        ),
    }
}

/// Shortens the reasons: a release of many files may have as many.
fn shortened(why: &[String]) -> String {
    let first = why.iter().take(REASONS).map(String::as_str).collect::<Vec<_>>().join("; ");
    match why.len().saturating_sub(REASONS) {
        0 => first,
        more => format!("{first}; and {more} more reasons"),
    }
}

/// Reports releases that cannot be checked.
#[derive(Debug)]
pub struct Doubts {
    pub store: Arc<Store>,
    pub settings: Arc<Settings>,
    pub issues: Arc<OperationalIssues>,
}

impl Doubts {
    /// Raises an alert about a release that could not be checked for long, or resolves it. This comes before the
    /// release is recorded: a crash in between repeats both.
    pub fn note(&self, subject: &Examination<'_>, release: &ReleaseId, why: &[String]) -> Result<(), StoreError> {
        let looks = subject.attempts(release);
        let is_last = self.settings.next_look(looks, subject.now).is_none();
        if why.is_empty() {
            let was_unchecked = |stored: &VersionState| !stored.unchecked.is_empty();
            let resolves = subject.stored.get(release.version()).is_some_and(was_unchecked);
            return if resolves { self.resolve(subject, release) } else { Ok(()) };
        }
        if looks < LOOKS && !is_last {
            return Ok(());
        }
        if why.iter().all(|why| is_left_out(why))
            && let Some(issue) = registry_that_leaves_out(&self.store, subject)?
        {
            return self.issues.record(&issue, subject.now);
        }
        self.issues.record_of(Some(subject.package), &issue(release, why), subject.now)
    }

    fn resolve(&self, subject: &Examination<'_>, release: &ReleaseId) -> Result<(), StoreError> {
        resolve_left_out(&self.store, &self.issues, subject)?;
        self.issues.resolve(&issue(release, &[]), "it was checked", subject.now)
    }
}
