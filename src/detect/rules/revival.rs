//! Detects the first release after a long pause.

use chrono::{DateTime, Utc};

use crate::{
    baseline::settling_time,
    detect::{About, Change, Detector, Difference, SignalCategory, support},
    model::{Confidence, LineBaseline, Severity, Signal, Trait},
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
The first release of a package after a pause of at least 180 days, or of a line after at least a year. The pause must also be at least twice as long as the longest earlier one. The signal only corroborates others. It is low; it is medium after three years, if the pause is also three times the longest earlier one. For a day, later releases count as released after the pause too.

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

/// From how many days on a pause of three times the longest one weighs more.
const DEEP_DAYS: i64 = 3 * 365;

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
    let at = change.release.published_at;
    let lines = || change.package.lines.values().filter_map(|line| before(line, at));
    let package = Pause {
        what: "package",
        last: lines().map(|(last, _)| last).max()?.max(held(change).unwrap_or(DateTime::<Utc>::MIN_UTC)),
        longest: lines().map(|(_, longest)| longest).max().unwrap_or(0),
        dormant: PACKAGE_DAYS,
    };
    let line = change.view.filter(|view| !view.inherited).and_then(|view| {
        let (last, longest) = before(view.profile, at)?;
        Some(Pause { what: "line", last, longest, dormant: LINE_DAYS })
    });
    package.broken_by(change).or_else(|| line?.broken_by(change))
}

/// When the last release that did not join was published, unless that is less than a day ago: a package with held releases
/// is not dormant, but a burst does not end the pause that it follows.
fn held(change: &Change<'_>) -> Option<DateTime<Utc>> {
    let held_at = change.release_context.held_at?;
    (change.release.published_at - held_at >= settling_time(Trait::Pauses)).then_some(held_at)
}

/// When a line was released last, and its longest pause in days. For a day after a release that ended a long pause, as
/// they were before it: a harmless first release must not hide the second one.
fn before(line: &LineBaseline, at: DateTime<Utc>) -> Option<(DateTime<Utc>, u32)> {
    let resumed = line.resumed.filter(|resumed| at - resumed.at < settling_time(Trait::Pauses));
    match resumed {
        Some(resumed) => Some((resumed.last_before, resumed.longest_before)),
        None => Some((line.last_at?, line.longest_pause)),
    }
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
            seen: format!("released again after {days} days without a release of the {}", self.what),
            since: Some(self.last),
            why: "A takeover of an unmaintained package can go unnoticed.",
        };
        let is_deep = days >= DEEP_DAYS && days >= i64::from(self.longest) * 3;
        Some(support(&ABOUT, if is_deep { Severity::Medium } else { Severity::Low }, evidence))
    }
}
