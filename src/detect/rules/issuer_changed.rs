//! Detects a build identity from another OIDC issuer.

use crate::{
    detect::{About, Change, Detector, Evidence, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal, traits::Issuers},
};

/// Another OIDC issuer.
pub struct IssuerChanged;

static ABOUT: About = About {
    id: "issuer-changed",
    title: "Vouched for by another identity provider",
    harmless: None,
    category: SignalCategory::Origin,
    severity: Severity::High,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A verified identity from an OIDC issuer that the line has never had. High where the issuer is none that the registry accepts for trusted publishing, medium where it is.

### Why it matters
The issuer is who vouches for the workflow. Sigstore certifies many; a person's e-mail identity or a foreign provider is not the project's build.

### False positives
Moves between GitHub, GitLab and CircleCI. The repository then changes too, and both are of one ground.

### What to do
Check that the project announced the move. Then `provwatch baseline accept`.

### Example incident
None is public; the rule is the first of Sigstore's own advice for verifying identities.";

impl Detector for IssuerChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let accepted = change.release.purl.package().ecosystem().row().evidence.issuers;
        let changed = change.traits.iter().filter_map(|traits| {
            let new = change.novelty(Issuers, traits.issuer)?;
            let severity = if is_accepted(accepted, traits.issuer) { Severity::Medium } else { Severity::High };
            let evidence = Evidence {
                expected: new.usual,
                seen: quote(traits.issuer),
                since: new.since,
                why: "Another identity provider vouches for the build than for every release before.",
            };
            Some(signal(&ABOUT, severity, evidence))
        });
        changed.collect()
    }
}

fn is_accepted(accepted: &[&str], issuer: &str) -> bool {
    accepted.iter().any(|known| issuer == *known || (known.ends_with('/') && issuer.starts_with(known)))
}
