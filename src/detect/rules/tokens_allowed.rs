//! Detects a package for which the registry accepts tokens again.

use crate::{
    detect::{About, Change, Detector, Evidence, SignalCategory, signal},
    model::{Confidence, Severity, Signal, traits::TokenPolicies, words::TokenPolicy},
};

/// The registry takes tokens again.
pub struct TokensAllowed;

static ABOUT: About = About {
    id: "tokens-allowed",
    title: "The registry takes tokens for it again",
    harmless: None,
    category: SignalCategory::Account,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A package that only trusted publishers could publish, and that tokens may publish again.

### Why it matters
It is the first thing that whoever holds an owner's session has to change, to publish from elsewhere.

### False positives
Maintainers whose workflow is broken and who have to publish by hand.

### What to do
Ask the owners; look for releases that were published with a token since.

### Example incident
None is public; crates.io has offered the setting since 2025.";

impl Detector for TokensAllowed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let allowed = !change.release.facts.publishing.as_ref()?.tokens_disallowed?;
    let known = change.profile()?.tally(TokenPolicies);
    let strict = known.get(TokenPolicy::TrustedPublishersOnly).filter(|_| allowed)?;
    // It was switched off before, and that was accepted.
    if known.get(TokenPolicy::Tokens).is_some_and(|loose| loose.last > strict.last) {
        return None;
    }
    let evidence = Evidence {
        expected: TokenPolicy::TrustedPublishersOnly.as_str().to_owned(),
        seen: "tokens are taken too".to_owned(),
        since: Some(strict.first),
        why: "Whoever wants to publish from elsewhere with an owner's session has to allow tokens first.",
    };
    Some(signal(&ABOUT, Severity::Medium, evidence))
}
