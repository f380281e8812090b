//! Lowers the signals that an announced change explains.

use super::{change::Change, rules};
use crate::{
    baseline::Traits,
    model::{self, Demand, ExpectedChange, Severity, Signal, named_repository},
};

/// The detectors that fire on a move to another repository.
const OF_A_MOVE: [&str; 10] = [
    "issuer-changed",
    "owner-changed",
    "repository-changed",
    "repository-forked",
    "repository-mismatched",
    "repository-recreated",
    "repository-young",
    "trusted-publisher-changed",
    "trusted-repository-changed",
    "workflow-changed",
];

/// The detectors that fire on another workflow.
const OF_A_WORKFLOW: [&str; 3] = ["builder-changed", "trusted-publisher-changed", "workflow-changed"];

/// The further ones if the commit was merged: otherwise it is of a branch that was not announced.
const OF_A_MERGED_WORKFLOW: [&str; 3] = ["environment-dropped", "ref-changed", "trigger-changed"];

/// The detectors that fire on another account.
const OF_AN_ACCOUNT: [&str; 2] = ["maintainer-new", "publisher-changed"];

/// The detectors that fire on manual publishing.
const OF_A_HAND: [&str; 4] = ["evidence-downgrade", "maintainer-new", "publisher-changed", "tokens-allowed"];

/// Makes signals informational that an announced change explains, and adds the explanation.
pub(super) fn explain(change: &Change<'_>, signals: &mut [Signal]) {
    let (package, at) = (change.release.purl.package(), change.release.published_at);
    for announced in change.expected.iter().filter(|one| one.covers(package, at) && fits(change, &one.change)) {
        for signal in signals.iter_mut().filter(|signal| brings(change, &announced.change, signal)) {
            signal.severity = Severity::Info;
            signal.corroborating = false;
            let ExpectedChange { id, by, reason, change, .. } = announced;
            signal.why = format!("Expected: {change}, announced by {by} (number {id}): {reason}");
        }
    }
}

/// Whether a release matches the announcement.
fn fits(change: &Change<'_>, announced: &model::ChangeKind) -> bool {
    let traits = &change.traits;
    let account = change.release.publisher.as_ref().map(|publisher| publisher.name.as_str());
    match announced {
        model::ChangeKind::Repository(name) => {
            let wanted = named_repository(&format!("https://{name}"));
            let built = |url: &Option<String>| url.as_deref().and_then(named_repository);
            match change.release.auth.registered_repository() {
                // Without a certificate the registry's statement counts.
                Some(registered) if traits.is_empty() => named_repository(&format!("https://{registered}")) == wanted,
                _ => !traits.is_empty() && traits.iter().all(|one| built(&one.repository) == wanted),
            }
        }
        model::ChangeKind::Workflow(path) => {
            let is_it = |one: &Traits<'_>| one.workflow.as_deref() == Some(path.as_str());
            !traits.is_empty() && traits.iter().all(is_it) && change.is_repository_familiar()
        }
        model::ChangeKind::Publisher(name) => account == Some(name.as_str()),
        model::ChangeKind::Manual(name) => traits.is_empty() && account == Some(name.as_str()),
    }
}

fn brings(change: &Change<'_>, announced: &model::ChangeKind, signal: &Signal) -> bool {
    use Demand::{
        Environments, Evidence, Issuers, MinRepositoryAge, Owners, Publishers, Refs, Repositories, RepositoryIds,
        Workflows,
    };
    let (detectors, besides, demands): (&[&str], &[&str], &[Demand]) = match announced {
        model::ChangeKind::Repository(_) => {
            (&OF_A_MOVE, &[], &[Issuers, Owners, Repositories, RepositoryIds, MinRepositoryAge])
        }
        model::ChangeKind::Workflow(_) if change.on_default_branch() == Some(true) => {
            (&OF_A_WORKFLOW, &OF_A_MERGED_WORKFLOW, &[Workflows, Refs, Environments])
        }
        model::ChangeKind::Workflow(_) => (&OF_A_WORKFLOW, &[], &[Workflows]),
        model::ChangeKind::Publisher(_) => (&OF_AN_ACCOUNT, &[], &[Publishers]),
        model::ChangeKind::Manual(_) => (&OF_A_HAND, &[], &[Publishers, Evidence]),
    };
    let detector = signal.detector.as_ref();
    // Runs that strangers can start, and commits that were never on a branch, are high and stay so.
    let is_mild = signal.severity < Severity::High;
    detectors.contains(&detector)
        || (is_mild && besides.contains(&detector))
        || rules::demand(signal).is_some_and(|demand| demands.contains(&demand))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_bring_along_is_told_by_detectors_that_exist() {
        for id in [&OF_A_MOVE[..], &OF_A_WORKFLOW, &OF_A_MERGED_WORKFLOW, &OF_AN_ACCOUNT, &OF_A_HAND].concat() {
            assert!(crate::detect::about(id).is_some(), "{id}");
        }
    }
}
