//! Detects a version that follows the last one within minutes, against habit.

use crate::{
    baseline::words,
    detect::{About, Change, Detector, Evidence, SignalCategory, support},
    model::{Confidence, Severity, Signal, traits::Pauses, words::Pause},
    text::counted,
};

/// Another version minutes later.
pub struct QuickSuccession;

static ABOUT: About = About {
    id: "quick-succession",
    title: "Another version minutes after the last",
    harmless: None,
    category: SignalCategory::Cadence,
    severity: Severity::Low,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A version that follows another of its line within a quarter of an hour, on a line of at least five releases where that never was so. It only supports other signals.

### Why it matters
Whoever sits in a running workflow, or holds a token that will not last, publishes as often as they can.

### False positives
Corrections of a release that was broken.

### What to do
Nothing by itself.

### Example incident
TanStack (May 2026): two versions of every package within six minutes.";

/// So many releases show how they follow one another.
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
    // A release that got another file is looked at again, and may have taught: its own time is no pause.
    let is_quick = !pause.is_zero()
        && words::pause(pause) == Pause::Minutes
        && !view.profile.tally(Pauses).contains(Pause::Minutes);
    if !is_quick || view.profile.releases < ENOUGH {
        return None;
    }
    let evidence = Evidence {
        expected: format!("at least a quarter of an hour between versions ({} releases)", view.profile.releases),
        seen: format!("{} after the version before", counted(pause.num_minutes().abs(), "minute")),
        since: Some(last),
        why: "Whoever holds a token that will not last publishes as often as they can.",
    };
    Some(support(&ABOUT, Severity::Low, evidence))
}
