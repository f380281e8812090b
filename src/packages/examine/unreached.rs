//! Handles documents that lag a feed's announcement, or do not show whether they do, with one alert for each registry.

use crate::{
    model::{Confidence, Package, Severity},
    packages::examination::Examination,
    registry::Behind,
    store::StoreError,
    upkeep::{OperationalIssue, OperationalIssues},
};

/// Reports that the documents never reached what the feed announced, where the feed does not name a version: once for
/// the registry, as mirrors usually do this, and nothing that the documents have is missed.
pub fn note_unreached(
    issues: &OperationalIssues,
    subject: &Examination<'_>,
    behind: &Behind,
) -> Result<(), StoreError> {
    issues.record(&unreached(subject.package, behind), subject.now)
}

/// Reports that the documents do not show whether they have what the feed announced: once for the registry. They are
/// processed as they are, so a release is late only if its document is.
pub fn note_unconfirmed(issues: &OperationalIssues, subject: &Examination<'_>, why: &str) -> Result<(), StoreError> {
    let behind = Behind { seen: String::new(), announced: String::new(), incomplete: Vec::new() };
    let superseded = unreached(subject.package, &behind);
    issues.resolve(&superseded, "the documents are taken as they are", subject.now)?;
    issues.record(&unconfirmed(subject.package, why), subject.now)
}

/// Resolves the issue: a document has reached the announced revision, and shows it.
pub fn resolve_unreached(issues: &OperationalIssues, subject: &Examination<'_>) -> Result<(), StoreError> {
    let behind = Behind { seen: String::new(), announced: String::new(), incomplete: Vec::new() };
    for issue in [unreached(subject.package, &behind), unconfirmed(subject.package, "")] {
        issues.resolve(&issue, "a document has what was announced", subject.now)?;
    }
    Ok(())
}

fn unconfirmed(package: &Package, why: &str) -> OperationalIssue {
    let key = package.registry();
    let registry = key.title();
    OperationalIssue {
        subject: format!("unconfirmed {key}"),
        severity: Severity::Low,
        confidence: Confidence::High,
        title: format!("documents of {registry} do not tell how new they are"),
        argument: format!(
            "The feed announced a change of {package}, and the document does not show whether it includes the change: \
             {why}. provwatch judges such documents as they are, and re-checks them after 10 and 60 seconds. It finds \
             a release that reaches the mirror later within [daemon] reconcile_interval. Set that interval lower, or \
             name the registry itself in the configuration ([registries])."
        ),
    }
}

fn unreached(package: &Package, Behind { seen, announced, .. }: &Behind) -> OperationalIssue {
    let key = package.registry();
    let registry = key.title();
    OperationalIssue {
        subject: format!("unreached {key}"),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("documents of {registry} do not reach what its feed announces"),
        argument: format!(
            "The feed announced {announced} for {package}, and after three quarters of an hour its document is still \
             at {seen}. provwatch judges the releases in the document at once, and finds missing ones at the next \
             comparison, within a day. Mirrors without revisions of their own cause this: name the registry itself in \
             the configuration ([registries]). `provwatch timeline {package}` shows the recorded events."
        ),
    }
}
