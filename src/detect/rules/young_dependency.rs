//! Detects a new dependency that is itself only days old.

use chrono::{DateTime, Duration, Utc};

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, support},
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
A new dependency on a package whose first version is less than seven days older than the release. The signal only corroborates others.

### Why it matters
Attackers hide the payload in a package of their own and make the release depend on it. The release itself looks harmless.

### False positives
Projects that split a package and depend on the new one the same day.

### What to do
Examine the dependency first, then the release. Check the publisher and the install scripts of the dependency.

### Example incident
axios 1.14.1 (March 2026) depended on plain-crypto-js, which was one day old.";

/// The age up to which a dependency is young, in days.
const YOUNG_DAYS: i64 = 7;

impl Detector for YoungDependency {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let (at, facts) = (change.release.published_at, &change.release.facts.dependencies_first_published);
        let youngest = facts.iter().flatten().max_by_key(|(_, first)| **first);
        youngest
            .filter(|(_, first)| at - **first < Duration::days(YOUNG_DAYS))
            .map(|(name, first)| report(name, *first))
            .into_iter()
            .collect()
    }
}

fn report(name: &str, first: DateTime<Utc>) -> Signal {
    let evidence = Difference {
        expected: format!("dependencies at least {YOUNG_DAYS} days old"),
        seen: format!("{}, first published {}", quote(name), minute_utc(first)),
        since: None,
        why: "Attackers put the payload into a package of their own, and make the release depend on it.",
    };
    support(&ABOUT, Severity::Medium, evidence)
}
