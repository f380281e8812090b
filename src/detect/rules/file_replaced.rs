//! Detects a published file whose content changed.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, Digests, Severity, Signal, lock_form},
    text::quoted,
};

/// No digest is longer: half of one proves nothing, and an operator who compares needs all of it.
const DIGEST: usize = 200;

/// A published file with changed content.
pub struct FileReplaced;

static ABOUT: About = About {
    id: "file-replaced",
    title: "The content of a published file changed",
    harmless: None,
    category: SignalCategory::Content,
    severity: Severity::Critical,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
The registry states another digest for a file of a stored release than before. provwatch compares with every digest that it ever saw of the file, npm's SHA-1 included, which it trusts for nothing else. Therefore a registry cannot hide the change by removing the file for a while, or by leaving out a digest. A missing digest alone raises no signal.

### Why it matters
Registries promise that a published file never changes. A user who pinned the version without a digest installs content that they never reviewed.

### False positives
Private registries and mirrors that allow overwriting a version, or that repack files.

### What to do
Compare both files if a cache or a mirror still has the old one. Ask the registry for the reason. Pin by digest until the registry explains the change. If the change is honest: `provwatch alerts ack`.

### Example incident
No public incident at these registries. Deleted crates and reused version numbers show that it can happen.";

impl Detector for FileReplaced {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let replaced = change.release.facts.replaced.iter().flatten();
        replaced.filter_map(|(name, before)| found(change, name, before)).collect()
    }
}

fn found(change: &Change<'_>, name: &str, before: &Digests) -> Option<Signal> {
    let file = change.release.files.iter().find(|file| file.name == *name)?;
    let (kind, before, now) = before.contradiction(&file.digests)?;
    let ecosystem = change.release.purl.package().ecosystem();
    let shown = |digest| format!("{} with {}", quote(name), quoted(lock_form(ecosystem, kind, digest), DIGEST));
    let evidence = Difference {
        expected: shown(before),
        seen: shown(now),
        since: None,
        why: "A registry never changes a published file. The version now installs different content.",
    };
    Some(signal(&ABOUT, Severity::Critical, evidence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_shown_whole() {
        let longest = "a".repeat(128);
        assert_eq!(quoted(&longest, DIGEST), longest, "SHA-512 in hex");
    }
}
