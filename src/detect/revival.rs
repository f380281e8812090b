use super::{About, Change, Detector, Evidence, Ground, support};
use crate::model::{Confidence, Severity, Signal};

/// The first release after a long time.
pub struct Revival;

static ABOUT: About = About {
    id: "revival",
    title: "The first release after a long time",
    harmless: None,
    ground: Ground::Cadence,
    severity: Severity::Low,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release of a package that published nothing for 180 days, and for twice as long as its lines ever paused. It only supports other signals.

### Why it matters
A package that nobody looks after is the one whose takeover nobody notices; its owners' old tokens and domains are for sale.

### False positives
Finished packages are maintained now and then.

### What to do
See who revived it, and why.

### Example incident
coa and rc (2021), dormant for years; the old packages of the @antv takeover (2026).";

/// From how many days without a release on a package is dormant.
const DORMANT_DAYS: i64 = 180;

impl Detector for Revival {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let last = change.package.lines.values().filter_map(|line| line.last_at).max()?;
    let days = (change.release.published_at - last).num_days();
    let pause = change.package.lines.values().map(|line| i64::from(line.longest_pause)).max().unwrap_or(0);
    if days < DORMANT_DAYS || days < pause * 2 {
        return None;
    }
    let evidence = Evidence {
        expected: format!("a pause of at most {pause} days"),
        seen: format!("the first release for {days} days"),
        since: Some(last),
        why: "A package that nobody looks after is the one whose takeover nobody notices.",
    };
    Some(support(&ABOUT, Severity::Low, evidence))
}
