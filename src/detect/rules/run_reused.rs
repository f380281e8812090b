//! Detects two versions that one workflow run published.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal},
    text::counted,
};

/// Two versions by one run.
pub struct RunReused;

static ABOUT: About = About {
    id: "run-reused",
    title: "One run published two versions",
    harmless: None,
    category: SignalCategory::Pipeline,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A version whose verified run already built another version of the package. provwatch must know at least three earlier runs that each built one version. The signal is medium if six or more hours lie between the two versions, and otherwise low.

### Why it matters
An honest run builds one version, once. An attacker who has the run's token, or code in its cache, can publish as often as they like.

### False positives
Runs that release several lines one after the other, or a pre-release and a release.

### What to do
Open the run, and check which version it intended to publish.

### Example incident
ultralytics 8.3.41 and 8.3.42 (December 2024), sixteen hours apart; TanStack (May 2026), two versions of every package within minutes.";

/// After so many hours the same run should publish nothing more.
const LATER_HOURS: i64 = 6;

impl Detector for RunReused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let (other, at) = change.release_context.same_run.as_ref()?;
    let hours = (change.release.published_at - *at).num_hours();
    let evidence = Difference {
        expected: "a run of its own".to_owned(),
        seen: format!("the run that published {}, {} earlier", quote(other.version()), counted(hours, "hour")),
        since: Some(*at),
        why: "A run builds one version. An attacker inside the run can publish as often as they like.",
    };
    Some(signal(&ABOUT, if hours >= LATER_HOURS { Severity::Medium } else { Severity::Low }, evidence))
}
