//! Detects a release with a token beside which good versions were withdrawn.

use chrono::TimeDelta;

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{AuthMethod, Confidence, Severity, Signal},
    text::counted,
};

/// Good versions were withdrawn.
pub struct VersionsYanked;

static ABOUT: About = About {
    id: "versions-yanked",
    title: "Good versions were withdrawn within a day of the release",
    harmless: None,
    category: SignalCategory::Cadence,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release that was published with a token, where older versions of the package were yanked or unpublished within a day before or after it. Only versions count that raised no alert and were published at least three days before the release. At least two of them must be withdrawn, or one that is older than thirty days. The signal is medium. It is low if the version has its tag and forge release. A withdrawal counts from the last check that did not show it yet. When provwatch sees one, it judges the latest releases again. It does not read npm's deprecations.

### Why it matters
A resolver takes the newest version that is left. An attacker who withdraws the good versions sends users to the malicious one, and takes away the version to go back to.

### False positives
Maintainers who withdraw all versions with a vulnerability when they publish the fix: the tag and the forge release of the fix make that low. The ordinary case raises no signal: a maintainer publishes a fix and withdraws the one broken version before it, which is seldom older than thirty days. A series of broken versions of the last three days raises none either.

### What to do
Ask the maintainers whether they withdrew the versions. Until they confirm it, install neither the release nor what a resolver now chooses; a lock file still finds a yanked version.

### Example incident
No public incident with this signal alone. Attackers who hold a token can withdraw versions with it at crates.io.";

/// A version that was published so shortly before the release is one of a series of attempts.
const ATTEMPT: TimeDelta = TimeDelta::days(3);

/// A version that is older than this is not withdrawn because it turned out to be broken.
const ESTABLISHED: TimeDelta = TimeDelta::days(30);

/// So many versions are more than the one that a fix replaces.
const SEVERAL: usize = 2;

/// Most versions that a sentence lists.
const LISTED: usize = 3;

impl Detector for VersionsYanked {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let release = change.release;
    change.view.filter(|_| release.auth.method == AuthMethod::Token)?;
    let age = |published_at| release.published_at - published_at;
    let withdrawn = release.facts.withdrawn.iter().flatten();
    let mut good: Vec<_> = withdrawn.filter(|(_, published_at)| age(**published_at) >= ATTEMPT).collect();
    let is_established = good.iter().any(|(_, published_at)| age(**published_at) > ESTABLISHED);
    if good.len() < SEVERAL && !is_established {
        return None;
    }
    good.sort_by_key(|(_, published_at)| std::cmp::Reverse(**published_at));
    let names: Vec<_> = good.iter().take(LISTED).map(|(version, _)| quote(version)).collect();
    let others = match good.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {}", counted(more, "other")),
    };
    let evidence = Difference {
        expected: "earlier versions that stay available".to_owned(),
        seen: format!("{}{others} yanked or unpublished within a day", names.join(", ")),
        since: None,
        why: "A resolver then chooses the new release, and users cannot go back to the good versions.",
    };
    let severity = if change.is_in_the_open() { Severity::Low } else { Severity::Medium };
    Some(signal(&ABOUT, severity, evidence))
}
