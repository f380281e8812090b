//! Detects a build from an unsigned commit where commits are usually signed.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::usual, signal},
    model::{Confidence, Severity, Signal, traits::Signatures, words::CommitSignature},
};

/// A commit without the usual signature.
pub struct CommitUnsigned;

static ABOUT: About = About {
    id: "commit-unsigned",
    title: "Built from a commit without a verified signature",
    harmless: None,
    category: SignalCategory::Source,
    severity: Severity::Low,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A commit whose signature the forge does not verify, on a line with at least five commits in the baseline, all of them verified.

### Why it matters
An attacker with a stolen bot or maintainer token can push to the release branch, but does not have the key that signs the commits.

### False positives
A maintainer with a new laptop, a bot with a new key, or another kind of merge at the forge.

### What to do
Check which account pushed the commit, and whether the commit came from a reviewed pull request.

### Example incident
asyncapi (July 2026): an attacker with a stolen bot token pushed to the project's own release branch.";

/// So many signed commits show that signing is the rule.
const ENOUGH: u32 = 5;

impl Detector for CommitUnsigned {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let verified = change.release.facts.commit.as_ref()?.verified?;
    let known = change.profile()?.tally(Signatures);
    if verified || known.contains(CommitSignature::Unverified) || known.total() < ENOUGH {
        return None;
    }
    let evidence = Difference {
        expected: format!("a commit with a verified signature: {}", usual(known.iter())),
        seen: "a commit whose signature the forge does not verify".to_owned(),
        since: known.since(),
        why: "An attacker with a stolen token can push, but does not have the key that signs the project's commits.",
    };
    Some(signal(&ABOUT, Severity::Low, evidence))
}
