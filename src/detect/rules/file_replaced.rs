//! Detects a published file whose content changed.

use crate::{
    detect::{About, Change, Detector, Evidence, SignalCategory, comparison::quote, signal},
    model::{Confidence, Digests, Severity, Signal, lock_form},
    text::quoted,
};

/// No digest is longer: half of one proves nothing, and whoever compares needs all of it.
const DIGEST: usize = 200;

/// A published file that has another content now.
pub struct FileReplaced;

static ABOUT: About = About {
    id: "file-replaced",
    title: "A published file has another content",
    harmless: None,
    category: SignalCategory::Content,
    severity: Severity::Critical,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release that is stored already, and of which the registry now states another digest for the same file. Every digest that was ever seen of the file counts, npm's SHA-1 too, which proves nothing else: a file that was gone for a while, or a digest that is left out, hides nothing. A digest that is missing says nothing by itself.

### Why it matters
Registries promise that a published file never changes. Whoever pinned the version, without a digest, installs something that nobody reviewed, under a name that everybody trusts.

### False positives
Private registries and mirrors that allow a version to be overwritten, or pack files anew.

### What to do
Compare both files if the former one is still at hand, in a cache or a mirror. Ask the registry. Pin by digest until it is explained. If it is honest: `provwatch alerts ack`.

### Example incident
None is public at these registries; deleted crates and packages whose numbers were used again are why it is looked at.";

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
    let evidence = Evidence {
        expected: shown(before),
        seen: shown(now),
        since: None,
        why: "A registry never changes what was published; the version now installs something else.",
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
