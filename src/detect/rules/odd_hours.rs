//! Detects a release at an hour at which its line is rarely published.

use chrono::Timelike;

use crate::{
    baseline::Hours,
    detect::{About, Change, Detector, Difference, SignalCategory, support},
    model::{Confidence, Severity, Signal},
};

/// Published at an unusual hour for this line.
pub struct OddHours;

static ABOUT: About = About {
    id: "odd-hours",
    title: "Published at an unusual hour",
    harmless: None,
    category: SignalCategory::Time,
    severity: Severity::Low,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A time of day at which the line rarely publishes: one of the rarest 2 % of its times. provwatch estimates a density on the 24-hour circle from the last 200 publish times of the line. The detector needs at least 20 releases. It raises no signal if publish times are spread over the whole day or come from a timer. The signal only corroborates others.

### Why it matters
Attackers live in other time zones, or choose nights and weekends so that the maintainers notice late.

### False positives
Maintainers travel, and merge at night. Of thirteen known takeovers, six came at odd hours and seven did not, so the hour alone never raises an alert.

### What to do
This signal alone needs no action.

### Example incident
axios 1.14.1 (March 2026) was published at 00:21 UTC, ultralytics 8.3.45 (December 2024) at 01:41.";

/// The share of releases at such hours up to which an hour is odd.
const ODD: f64 = 0.02;

impl Detector for OddHours {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        odd(change).into_iter().collect()
    }
}

fn odd(change: &Change<'_>) -> Option<Signal> {
    let profile = change.profile()?;
    let at = change.release.published_at;
    let minute = u16::try_from(at.num_seconds_from_midnight() / 60).ok()?;
    let rarity = Hours::learned(&profile.minutes)?.rarity(minute).filter(|rarity| rarity.share <= ODD)?;
    let evidence = Difference {
        expected: format!("one of the usual hours of {} releases", profile.minutes.len()),
        seen: format!("{} UTC, among the rarest {} of its hours", at.format("%H:%M"), percent(rarity.share)),
        since: profile.first_at,
        why: "Attackers live in other time zones, or choose hours at which the maintainers sleep.",
    };
    Some(support(&ABOUT, Severity::Low, evidence))
}

/// A share in words, never as zero.
fn percent(share: f64) -> String {
    if share < 0.001 { "0.1 %".to_owned() } else { format!("{:.1} %", share * 100.0) }
}
