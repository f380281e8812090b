use super::change::Change;
use crate::{
    baseline::words::named_repository,
    model::{self, ExpectedChange, Severity, Signal},
};

/// What a move to another repository brings along.
const OF_A_MOVE: [&str; 9] = [
    "issuer-changed",
    "owner-changed",
    "repository-changed",
    "repository-forked",
    "repository-mismatched",
    "repository-recreated",
    "repository-young",
    "trusted-publisher-changed",
    "workflow-changed",
];

/// What another workflow brings along.
const OF_A_WORKFLOW: [&str; 6] = [
    "builder-changed",
    "environment-dropped",
    "ref-changed",
    "trigger-changed",
    "trusted-publisher-changed",
    "workflow-changed",
];

/// What another account brings along.
const OF_AN_ACCOUNT: [&str; 2] = ["maintainer-new", "publisher-changed"];

/// What publishing by hand brings along, besides.
const OF_A_HAND: [&str; 2] = ["evidence-downgrade", "tokens-allowed"];

/// Makes informational what an announced change explains, and says so.
pub(super) fn explain(change: &Change<'_>, expected: &[ExpectedChange], signals: &mut [Signal]) {
    let (package, at) = (change.release.purl.package(), change.release.published_at);
    for announced in expected.iter().filter(|one| one.covers(package, at) && fits(change, &one.change)) {
        for signal in signals.iter_mut().filter(|signal| brings(&announced.change, signal)) {
            signal.severity = Severity::Info;
            signal.supporting = false;
            let ExpectedChange { id, by, reason, change, .. } = announced;
            signal.why = format!("Expected: {change}, announced by {by} (number {id}): {reason}");
        }
    }
}

/// Whether a release is as the announcement says.
fn fits(change: &Change<'_>, announced: &model::Change) -> bool {
    let traits = &change.traits;
    let account = change.release.publisher.as_ref().map(|publisher| publisher.name.as_str());
    match announced {
        model::Change::Repository(name) => {
            let wanted = named_repository(&format!("https://{name}"));
            let built = |url: &Option<String>| url.as_deref().and_then(named_repository);
            !traits.is_empty() && traits.iter().all(|one| built(&one.repository) == wanted)
        }
        model::Change::Workflow(path) => {
            !traits.is_empty() && traits.iter().all(|one| one.workflow.as_deref() == Some(path.as_str()))
        }
        model::Change::Publisher(name) => account == Some(name.as_str()),
        model::Change::Manual(name) => traits.is_empty() && account == Some(name.as_str()),
    }
}

fn brings(announced: &model::Change, signal: &Signal) -> bool {
    let detector = signal.detector.as_ref();
    // A policy's demand that the change breaks is named by its key.
    let key = signal.expected.split(':').next().filter(|_| detector == "policy-violated");
    let demands: &[&str] = match announced {
        model::Change::Repository(_) => &["issuers", "owners", "repositories", "min_repository_age_days"],
        model::Change::Workflow(_) => &["workflows", "refs", "environments"],
        model::Change::Publisher(_) => &["publishers"],
        model::Change::Manual(_) => &["publishers", "evidence"],
    };
    let detectors: &[&str] = match announced {
        model::Change::Repository(_) => &OF_A_MOVE,
        model::Change::Workflow(_) => &OF_A_WORKFLOW,
        model::Change::Publisher(_) => &OF_AN_ACCOUNT,
        model::Change::Manual(_) if OF_AN_ACCOUNT.contains(&detector) => &OF_AN_ACCOUNT,
        model::Change::Manual(_) => &OF_A_HAND,
    };
    detectors.contains(&detector) || key.is_some_and(|key| demands.contains(&key))
}
