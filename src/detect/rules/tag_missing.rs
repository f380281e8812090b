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
    harmless: Some("No tag in the repository yet, unlike earlier releases"),
    category: SignalCategory::Source,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A version that is known to have no tag, on a line whose releases had tags. If the line has fewer than five releases, the releases of all lines of the same kind count. The signal is medium if all of at least five releases had a tag. It is medium, too, if a package without a release for a year comes back with neither tag nor forge release. It is low if fewer releases had a tag. It is informational in the first half hour after the publication, because the tag may still come: provwatch looks for it again after 10 and 30 minutes. It is low if the forge has a release for the version, or if up to one in ten releases had no tag. The first release of a pre-release line raises no signal. A tag that provwatch did not look up does not count as missing.

### Why it matters
If the attacker publishes with the project's own identity, a missing tag is often the only trace. It is also the best sign to tell a stolen token from a maintainer in a hurry.

### False positives
Projects that push their tags minutes after publishing, or forget them. If this is the only signal, look for the tag again after a while.

### What to do
Search the repository for the version's commit. If the commit does not exist, assume that the project did not make the release.

### Example incident
ultralytics 8.3.41 (December 2024): the real workflow, a poisoned cache, and no tag. chalk (September 2025).";

/// So many tagged releases, and none without, show that a project tags its releases.
const SETTLED: u32 = 5;

/// After how many days without a release a package is dormant.
const DORMANT_DAYS: i64 = 365;

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
    let is_missing = change.release.facts.tag.as_ref().is_some_and(|tag| tag.exists == Some(false));
    let view = change.view.filter(|_| is_missing)?;
    // Nightly builds have no tags; stable lines do not show how a new pre-release track is tagged.
    if change.release.line().is_prerelease() && !view.line.is_prerelease() {
        return None;
    }
    let habit = Habit::of(change, view)?;
    let severity = match (habit.present, habit.absent) {
        _ if change.is_tag_early() => Severity::Info,
        (_, 0) if change.forge_release() == Some(true) => Severity::Low,
        (present, 0) if present < SETTLED && !is_revived(change) => Severity::Low,
        (_, 0) => Severity::Medium,
        (present, absent) if present >= absent.saturating_mul(HABIT) => Severity::Low,
        _ => return None,
    };
    Some(signal(&ABOUT, severity, evidence(change, &habit)))
}

/// Whether a package that had no release for a year comes back without a trace on the forge, where all were tagged: an old
/// token is worth more than few observations.
fn is_revived(change: &Change<'_>) -> bool {
    let last = change.package.lines.values().filter_map(|line| line.last_at).max();
    let pause = last.map_or(0, |last| (change.release.published_at - last).num_days());
    pause >= DORMANT_DAYS && change.forge_release() == Some(false)
}

/// The habit of tagging versions.
struct Habit {
    present: u32,
    absent: u32,
    since: DateTime<Utc>,
}

impl Habit {
    /// The line's; where it shows fewer than five releases, that of all lines of its kind, for a repository is tagged by the
    /// same people whatever the line.
    fn of(change: &Change<'_>, view: View<'_>) -> Option<Self> {
        let own = Self::sum(&[view.profile].into_iter());
        let all = Self::sum(&change.peers())?;
        Some(match own {
            Some(own) if own.present + own.absent >= SETTLED => own,
            // Lines from before the habit do not count against it.
            Some(own) if all.absent > own.absent && own.present > 1 => own,
            _ => all,
        })
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
