//! Detects a release without a tag where releases usually have one.

use chrono::{DateTime, Utc};

use crate::{
    baseline::View,
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, LineBaseline, Severity, Signal, traits::Tags, words::TagPresence},
};

/// No tag although releases usually have one.
pub struct TagMissing;

static ABOUT: About = About {
    id: "tag-missing",
    title: "No tag in the repository, unlike earlier releases",
    harmless: None,
    category: SignalCategory::Source,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A version that is known to have no tag, on a line whose releases had tags. If the line has a single release, or is the newest one with fewer than five, the releases of all lines of the same kind count. The signal is medium if all these releases had a tag. It is low if only one release had a tag, or if the baseline is another line with fewer than five tags. It is low, too, if the forge has a release for the version, or if up to one in ten releases had no tag. The first release of a pre-release line raises no signal. A tag that provwatch did not look up does not count as missing.

### Why it matters
If the attacker publishes with the project's own identity, a missing tag is often the only trace. It is also the best sign to tell a stolen token from a maintainer in a hurry.

### False positives
Projects that push their tags minutes after publishing, or forget them. If this is the only signal, look for the tag again after a while.

### What to do
Search the repository for the version's commit. If the commit does not exist, assume that the project did not make the release.

### Example incident
ultralytics 8.3.41 (December 2024): the real workflow, a poisoned cache, and no tag. chalk (September 2025).";

/// So many tagged releases, and none without, show that new lines are tagged too.
const SETTLED: u32 = 5;

/// Fewest tagged releases for each untagged one that still make a habit.
const HABIT: u32 = 10;

impl Detector for TagMissing {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        missing(change).into_iter().collect()
    }
}

fn missing(change: &Change<'_>) -> Option<Signal> {
    let view = change.view.filter(|_| change.tag() == Some(false))?;
    // Nightly builds have no tags; stable lines do not show how a new pre-release track is tagged.
    if change.release.line().is_prerelease() && !view.line.is_prerelease() {
        return None;
    }
    let habit = Habit::of(change, view)?;
    let severity = match (habit.present, habit.absent) {
        (1, 0) => Severity::Low,
        (_, 0) if change.forge_release() == Some(true) => Severity::Low,
        (present, 0) if view.inherited && present < SETTLED => Severity::Low,
        (_, 0) => Severity::Medium,
        (present, absent) if present >= absent.saturating_mul(HABIT) => Severity::Low,
        _ => return None,
    };
    Some(signal(&ABOUT, severity, evidence(change, &habit)))
}

/// The habit of tagging versions.
struct Habit {
    present: u32,
    absent: u32,
    since: DateTime<Utc>,
}

impl Habit {
    /// The habit of the line; if it shows only a single release (for the newest line: fewer than five), the habit of
    /// all lines of its kind, since the same people tag a repository on every line.
    fn of(change: &Change<'_>, view: View<'_>) -> Option<Self> {
        let own = Self::sum(&[view.profile].into_iter())?;
        let shows = if view.is_newest { SETTLED } else { 2 };
        if own.present + own.absent >= shows {
            return Some(own);
        }
        let all = Self::sum(&change.peers())?;
        // Lines from before the habit do not count against it.
        Some(if all.absent > own.absent && own.present > 1 { own } else { all })
    }

    fn sum<'a>(lines: &(impl Iterator<Item = &'a LineBaseline> + Clone)) -> Option<Self> {
        let seen = |presence| lines.clone().filter_map(move |line| line.tally(Tags).get(presence));
        let count = |presence| seen(presence).fold(0_u32, |sum, seen| sum.saturating_add(seen.count));
        let since = seen(TagPresence::Present).map(|seen| seen.first).min()?;
        Some(Self { present: count(TagPresence::Present), absent: count(TagPresence::Absent), since })
    }
}

fn evidence(change: &Change<'_>, habit: &Habit) -> Difference {
    let tag = change.release.facts.tag.as_ref().and_then(|tag| tag.name.as_deref()).unwrap_or("for the version");
    let release = if change.forge_release() == Some(false) { ", nor a release on the forge" } else { "" };
    Difference {
        expected: format!(
            "a tag ({} of {} releases in the baseline had one)",
            habit.present,
            habit.present.saturating_add(habit.absent)
        ),
        seen: format!("no tag {}{release}", quote(tag)),
        since: Some(habit.since),
        why: "The maintainers of a repository tag their releases there; a release by an attacker often has no tag.",
    }
}
