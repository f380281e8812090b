//! Detects a public package with the name of a watched package in another registry.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::{
    detect::{About, SignalCategory, comparison::quote},
    model::{Confidence, Package, ReleaseId, Severity, Signal},
    text::{counted, day},
};

/// The detector's id.
pub const NAMESAKE: &str = "public-namesake";

pub(super) static ABOUT: About = About {
    id: NAMESAKE,
    title: "The public registry has a package of the same name",
    harmless: None,
    category: SignalCategory::Origin,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A watched package of a private registry (a named `[[registries.npm]]` table, for example) whose name also exists in the public registry of the same type. The signal is medium if the public package appeared while you watched the private one, and low if it existed at the first check. It is informational if its newest release is one of your own, with the same files. provwatch asks the public registry at the first check and then once a day, with a conditional request. These requests disclose your private names to the public registry; `[detectors.public-namesake] enabled = false` stops them.

### Why it matters
Dependency confusion: a client that asks both registries takes the higher version, so the public package decides what the client installs. The alert names the public release, its publisher and its date, and links to it.

### False positives
An older, honest package of the same name by another owner: provwatch reports it once, at the first check, with severity low. A private registry that proxies public packages: name its host in `[registries] aliases`, and watch the public packages.

### What to do
Check the owner of the public package. Configure clients to ask only your registry for your names. Use a scope that you own at the public registry, `--index-url` without `--extra-index-url`, or a registry named in `Cargo.toml`. Or reserve the name at the public registry, or report the package there. Search your lock files and caches for the public release.

### Example incident
In 2021 a researcher published the private package names of some 35 companies in public, with higher versions. Builds of these companies ran the researcher's code within hours.";

/// A public package with the name of a package of another registry.
#[derive(Clone, Copy, Debug)]
pub struct Namesake<'a> {
    /// The package of the other registry.
    pub package: &'a Package,
    /// Whether the public one appeared after the other one was first checked.
    pub appeared: bool,
    /// Whether the newest public release is one of the package's own, with the same files.
    pub is_same: bool,
    /// The newest public release, if any can be read.
    pub newest: Option<&'a ReleaseId>,
    /// Its publish time.
    pub published_at: Option<DateTime<Utc>>,
    /// The account that published it, or the owners.
    pub publisher: Option<&'a str>,
    /// The number of public versions.
    pub versions: usize,
    /// The public registry's word for its state, if that is not ordinary.
    pub status: Option<&'a str>,
}

/// The signal about it.
pub fn namesake(found: &Namesake<'_>) -> Signal {
    let severity = match (found.appeared, found.is_same) {
        (true, _) => Severity::Medium,
        (false, false) => Severity::Low,
        (false, true) => Severity::Info,
    };
    let registry = found.package.registry();
    let expected = format!("{} only in {}", quote(found.package.name()), registry.title());
    let why = "A client that asks both registries takes the higher version, even if a stranger published it.";
    Signal {
        detector: Cow::Borrowed(ABOUT.id),
        severity,
        expected,
        seen: seen(found),
        since: found.published_at,
        why: why.to_owned(),
        corroborating: false,
    }
}

fn seen(found: &Namesake<'_>) -> String {
    let public = found.package.ecosystem().title();
    let newest = found.newest.map_or_else(|| quote(found.package.name()), |release| quote(&release.to_string()));
    let by = found.publisher.map_or("an account that the registry does not state".to_owned(), quote);
    let at = found.published_at.map(|at| format!(" on {}", day(at))).unwrap_or_default();
    let versions = counted(found.versions, "version");
    let status = found.status.map(|word| format!(", {word}")).unwrap_or_default();
    let same = if found.is_same { "; its files are those of the same version here" } else { "" };
    format!("{newest} in {public}, published by {by}{at}; {versions}{status}{same}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_appears_weighs_more_than_what_was_there() {
        let package: Package = "pkg:npm/%40acme/x?repository_url=https://npm.acme.example".parse().unwrap();
        let release = package.public_namesake().at("99.0.0");
        let found = |appeared, is_same| {
            namesake(&Namesake {
                package: &package,
                appeared,
                is_same,
                newest: Some(&release),
                published_at: "2026-06-01T12:00:00Z".parse().ok(),
                publisher: Some("mallory"),
                versions: 1,
                status: None,
            })
        };
        for (appeared, is_same, severity) in [
            (true, false, Severity::Medium),
            (true, true, Severity::Medium),
            (false, false, Severity::Low),
            (false, true, Severity::Info),
        ] {
            assert_eq!(found(appeared, is_same).severity, severity, "{appeared} {is_same}");
        }
        let signal = found(true, false);
        for part in ["pkg:npm/%40acme/x@99.0.0", "mallory", "2026-06-01", "1 version"] {
            assert!(signal.seen.contains(part), "{part}: {}", signal.seen);
        }
        assert!(signal.expected.contains("only in npm at npm.acme.example"), "{}", signal.expected);
    }
}
