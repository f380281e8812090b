//! Detects the first release after a long pause.

use chrono::{DateTime, Utc};

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, support},
    model::{Confidence, Severity, Signal},
};

/// First release after a long pause.
pub struct Revival;

static ABOUT: About = About {
    id: "revival",
    title: "First release after a long pause",
    harmless: None,
    category: SignalCategory::Cadence,
    severity: Severity::Low,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
The first release of a package after a pause of at least 180 days, or of a line after at least a year. The pause must also be at least twice as long as the longest earlier one. The signal only corroborates others.

### Why it matters
The takeover of a dormant package or an old line can go unnoticed. Attackers can buy the owners' old tokens and expired domains.

### False positives
Finished packages get occasional maintenance, and old lines get security fixes.

### What to do
Check which account published the release, and why.

### Example incident
coa and rc (2021), dormant for years; the 8.x line of eslint-config-prettier (July 2025), two years after its last release.";

/// After so many days without a release a package is dormant.
const PACKAGE_DAYS: i64 = 180;

/// The same for a line: old lines are released seldom.
const LINE_DAYS: i64 = 365;

impl Detector for Revival {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let lines = || change.package.lines.values();
    let package = Pause {
        what: "package",
        last: lines().filter_map(|line| line.last_at).max()?,
        longest: lines().map(|line| line.longest_pause).max().unwrap_or(0),
        dormant: PACKAGE_DAYS,
    };
    let line = change.view.filter(|view| !view.inherited).and_then(|view| {
        let (last, longest) = (view.profile.last_at?, view.profile.longest_pause);
        Some(Pause { what: "line", last, longest, dormant: LINE_DAYS })
    });
    package.broken_by(change).or_else(|| line?.broken_by(change))
}

/// The time since the last release of a package or line.
struct Pause {
    what: &'static str,
    last: DateTime<Utc>,
    /// The longest pause before, in days.
    longest: u32,
    /// The days after which it is dormant.
    dormant: i64,
}

impl Pause {
    fn broken_by(&self, change: &Change<'_>) -> Option<Signal> {
        let days = (change.release.published_at - self.last).num_days();
        if days < self.dormant || days < i64::from(self.longest) * 2 {
            return None;
        }
        let evidence = Difference {
            expected: format!("a pause of at most {} days", self.longest),
            seen: format!("the first release of the {} in {days} days", self.what),
            since: Some(self.last),
            why: "A takeover of an unmaintained package can go unnoticed.",
        };
        Some(support(&ABOUT, Severity::Low, evidence))
    }
}
