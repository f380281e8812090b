//! Detects a build identity from another OIDC issuer.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal, traits::Issuers},
};

/// Another OIDC issuer.
pub struct IssuerChanged;

static ABOUT: About = About {
    id: "issuer-changed",
    title: "Signed with an identity from another OIDC issuer",
    harmless: None,
    category: SignalCategory::Origin,
    severity: Severity::High,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A verified identity from an OIDC issuer that the line has never had. The signal is high if the registry does not accept the issuer for trusted publishing, and medium if it does.

### Why it matters
The issuer vouches for the workflow. Sigstore certifies identities of many issuers, and a person's e-mail address or another provider's job is not the project's build.

### False positives
A project that moves between GitHub, GitLab and CircleCI. The repository then changes too; both signals belong to the same category and count once.

### What to do
Check whether the project announced the move. If it did: `provwatch baseline accept`.

### Example incident
No public incident. Sigstore's first recommendation for verifying identities is to pin the issuer.";

impl Detector for IssuerChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let accepted = change.release.purl.package().ecosystem().row().evidence.issuers;
        let changed = change.traits.iter().filter_map(|traits| {
            let new = change.novelty_of_certificate(Issuers, traits.issuer)?;
            let severity = if is_accepted(accepted, traits.issuer) { Severity::Medium } else { Severity::High };
            let evidence = Difference {
                expected: new.usual,
                seen: quote(traits.issuer),
                since: new.since,
                why: "A different OIDC issuer vouches for this build than for the releases before.",
            };
            Some(signal(&ABOUT, severity, evidence))
        });
        changed.collect()
    }
}

fn is_accepted(accepted: &[&str], issuer: &str) -> bool {
    accepted.iter().any(|known| issuer == *known || (known.ends_with('/') && issuer.starts_with(known)))
}
