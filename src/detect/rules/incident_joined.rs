//! Detects a release that has a run, a signer, an account or a repository in common with a member of an open incident.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, Joined, Severity, Signal, Tie},
};

/// In common with an open incident.
pub struct IncidentJoined;

static ABOUT: About = About {
    id: "incident-joined",
    title: "Has something in common with an open incident",
    harmless: None,
    category: SignalCategory::Policy,
    severity: Severity::High,
    confidence: Confidence::Medium,
    since: "0.2.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release that shares something with a member of an incident that you opened with `provwatch incident open` and did not close: the run, the signing workflow or person, the account or e-mail address of the publisher, or the certified repository. The signal is high for the run and the publisher, and otherwise medium. The release becomes a member of the incident.

### Why it matters
An attacker goes on as long as the stolen access works. Until you know what was stolen, you want to see everything that it could publish.

### False positives
The release with which the maintainers put things right comes from the same repository, and often from the same workflow.

### What to do
Look at the release with `provwatch incident show`, and note in the incident what you found. If it is honest, take it out with `provwatch incident remove`. Close the incident when it is over.

### Example incident
chalk and debug (September 2025): eighteen packages of one account within two hours.";

impl Detector for IncidentJoined {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        change.release_context.incidents.iter().map(found).collect()
    }
}

fn found(joined: &Joined) -> Signal {
    let severity = match joined.tie {
        Tie::SameRun | Tie::SamePublisher => Severity::High,
        _ => Severity::Medium,
    };
    let evidence = Difference {
        expected: format!("nothing in common with the open incident {}", quote(&joined.incident)),
        seen: format!("{} as {}: {}", words(joined.tie), joined.member, quote(&joined.value)),
        since: Some(joined.since),
        why: "An attacker goes on as long as the stolen access works.",
    };
    signal(&ABOUT, severity, evidence)
}

const fn words(tie: Tie) -> &'static str {
    match tie {
        Tie::SameRun => "the same run",
        Tie::SameIdentity => "the same signer",
        Tie::SamePublisher => "the same publisher",
        Tie::SameRepository => "the same repository",
        Tie::SameOwner => "the same owner",
        Tie::DependsOn => "a dependency",
        Tie::Beside => "the same maintainer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_weighs_more_than_a_repository() {
        for (tie, severity) in [
            (Tie::SameRun, Severity::High),
            (Tie::SamePublisher, Severity::High),
            (Tie::SameIdentity, Severity::Medium),
            (Tie::SameRepository, Severity::Medium),
        ] {
            let joined = Joined {
                tie,
                incident: "axios".to_owned(),
                member: "pkg:npm/axios@1.14.1".to_owned(),
                value: "npm/qix\u{202e}".to_owned(),
                since: "2026-04-01T12:00:00Z".parse().unwrap(),
            };
            let signal = found(&joined);
            assert_eq!(signal.severity, severity, "{tie}");
            assert!(signal.seen.contains("pkg:npm/axios@1.14.1"), "{}", signal.seen);
            assert!(!signal.seen.contains('\u{202e}'), "{}", signal.seen);
        }
    }
}
