//! Detects a new dependency that is itself only days old.

use chrono::{DateTime, Duration, Utc};

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal, support},
    model::{Confidence, Severity, Signal},
    text::minute_utc,
};

/// A new dependency that is itself days old.
pub struct YoungDependency;

static ABOUT: About = About {
    id: "young-dependency",
    title: "Depends on a package first published days ago",
    harmless: None,
    category: SignalCategory::Content,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A new dependency on a package whose first version is less than seven days older than the release. The signal only corroborates others. It is medium by itself if the dependency is less than 24 hours old, and neither its publisher nor its scope is the package's own. The registry states the age; provwatch needs no forge for it.

### Why it matters
Attackers hide the payload in a package of their own and make the release depend on it. The release itself looks harmless.

### False positives
Projects that split a package and depend on the new one the same day.

### What to do
Examine the dependency first, then the release. Check the publisher and the install scripts of the dependency.

### Example incident
axios 1.14.1 (March 2026) depended on plain-crypto-js, which was one day old. arrayref 0.3.10 (August 2026) depended on a crate that was five hours old.";

/// The age up to which a dependency is young, in days.
const YOUNG_DAYS: i64 = 7;

/// How young a stranger's dependency must be to lead: nobody had time to look at it.
const HOURS_OLD: Duration = Duration::hours(24);

impl Detector for YoungDependency {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let (at, facts) = (change.release.published_at, &change.release.facts.dependencies_first_published);
        let young = facts.iter().flatten().filter(|(_, first)| at - **first < Duration::days(YOUNG_DAYS));
        let own = |name: &str| is_own(change, name);
        // A stranger's dependency of the same day leads, whichever is younger.
        let worst = young.max_by_key(|(name, first)| (!own(name), **first));
        worst.map(|(name, first)| report(name, *first, at - *first < HOURS_OLD && !own(name))).into_iter().collect()
    }
}

/// Whether a dependency is of the package's own publisher, scope or repository: projects that are split depend on their
/// parts on the day of the split.
fn is_own(change: &Change<'_>, name: &str) -> bool {
    let scope = |name: &str| name.strip_prefix('@').and_then(|name| Some(name.split_once('/')?.0.to_owned()));
    let package = change.release.purl.package();
    let own = change.release.facts.own_dependencies.iter().flatten();
    scope(name).is_some_and(|of| scope(package.name()) == Some(of))
        || change.release_context.companions.contains(name)
        || own.into_iter().any(|known| known == name)
}

fn report(name: &str, first: DateTime<Utc>, leads: bool) -> Signal {
    let evidence = Difference {
        expected: format!("dependencies at least {YOUNG_DAYS} days old"),
        seen: format!("{}, first published {}", quote(name), minute_utc(first)),
        since: None,
        why: "Attackers put the payload into a package of their own, and make the release depend on it.",
    };
    if leads { signal(&ABOUT, Severity::Medium, evidence) } else { support(&ABOUT, Severity::Medium, evidence) }
}
