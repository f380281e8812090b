//! Detects a build from an unsigned commit where commits are usually signed.

use crate::{
    detect::{About, Change, Detector, Evidence, SignalCategory, comparison::usual, signal},
    model::{Confidence, Severity, Signal, traits::Signatures, words::CommitSignature},
};

/// A commit without the usual signature.
pub struct CommitUnsigned;

static ABOUT: About = About {
    id: "commit-unsigned",
    title: "Built from a commit that nobody signed",
    harmless: None,
    category: SignalCategory::Source,
    severity: Severity::Low,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A commit whose signature the forge does not vouch for, on a line where it vouched for at least five and for every one.

### Why it matters
Whoever holds a token of a bot or a maintainer can push to the release branch, but does not hold the key that the commits are signed with.

### False positives
A new laptop, a bot whose key was replaced, a merge by another button.

### What to do
See who pushed the commit, and whether it went through a pull request.

### Example incident
asyncapi (July 2026): a stolen token of a bot pushed to the real release branch.";

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
    let evidence = Evidence {
        expected: format!("a commit with a signature: {}", usual(known.iter())),
        seen: "a commit whose signature the forge does not vouch for".to_owned(),
        since: known.since(),
        why: "Who steals a token can push; the key that the project's commits are signed with lies elsewhere.",
    };
    Some(signal(&ABOUT, Severity::Low, evidence))
}
