//! Detects a package for which the registry accepts tokens again.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, signal},
    model::{Confidence, Severity, Signal, traits::TokenPolicies, words::TokenPolicy},
};

/// The registry accepts tokens again.
pub struct TokensAllowed;

static ABOUT: About = About {
    id: "tokens-allowed",
    title: "The registry accepts tokens for the package again",
    harmless: None,
    category: SignalCategory::Account,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A package that only trusted publishers could publish, and for which the registry now accepts tokens again.

### Why it matters
An attacker with an owner's session must change this setting before they can publish with a token.

### False positives
Maintainers who must publish by hand because their workflow is broken.

### What to do
Ask the owners, and look for later releases with a token.

### Example incident
No public incident; crates.io has offered the setting since 2025.";

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
    // The protection was switched off before, and that was accepted.
    if known.get(TokenPolicy::Tokens).is_some_and(|loose| loose.last > strict.last) {
        return None;
    }
    let evidence = Difference {
        expected: TokenPolicy::TrustedPublishersOnly.as_str().to_owned(),
        seen: "tokens are accepted too".to_owned(),
        since: Some(strict.first),
        why: "An attacker with an owner's session must allow tokens first to publish from elsewhere.",
    };
    Some(signal(&ABOUT, Severity::Medium, evidence))
}
