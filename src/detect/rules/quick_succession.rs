//! Detects a version that follows the last one within minutes, against habit.

use crate::{
    baseline::words,
    detect::{About, Change, Detector, Difference, SignalCategory, support},
    model::{Confidence, Severity, Signal, traits::Pauses, words::Pause},
    text::counted,
};

/// Another version minutes later.
pub struct QuickSuccession;

static ABOUT: About = About {
    id: "quick-succession",
    title: "Published minutes after the previous version",
    harmless: None,
    category: SignalCategory::Cadence,
    severity: Severity::Low,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A version that follows another one of its line within a quarter of an hour, on a line with at least five releases and no such short pause between them. The signal only corroborates others.

### Why it matters
An attacker inside a running workflow, or with a short-lived token, publishes as often as possible.

### False positives
Corrections of a broken release.

### What to do
This signal alone needs no action.

### Example incident
TanStack (May 2026): two versions of every package within six minutes.";

/// So many releases show the usual intervals.
const ENOUGH: u32 = 5;

impl Detector for QuickSuccession {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let view = change.view.filter(|view| !view.inherited)?;
    let last = view.profile.last_at?;
    let pause = change.release.published_at - last;
    // A release that got another file is checked again, and may be in the baseline: its own time is not a pause.
    let is_quick = !pause.is_zero()
        && words::pause(pause) == Pause::Minutes
        && !change.knows(view.profile, Pauses, Pause::Minutes);
    if !is_quick || view.profile.releases < ENOUGH {
        return None;
    }
    let evidence = Difference {
        expected: format!("at least a quarter of an hour between versions ({} releases)", view.profile.releases),
        seen: format!("{} after the previous version", counted(pause.num_minutes().abs(), "minute")),
        since: Some(last),
        why: "An attacker with a short-lived token publishes as often as possible.",
    };
    Some(support(&ABOUT, Severity::Low, evidence))
}
