use super::{About, Change, Detector, Evidence, Ground, change::quote, signal};
use crate::model::{Confidence, ReleaseLine, Severity, Signal};

/// Two versions by one run.
pub struct RunReused;

static ABOUT: About = About {
    id: "run-reused",
    title: "One run published two versions",
    harmless: None,
    ground: Ground::Pipeline,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A version whose verified run built another version of the package already: medium on the same line, low on another.

### Why it matters
A run builds a version, once. Whoever holds its token, or sits in its cache, publishes as often as he likes.

### False positives
Runs that release several lines at once, or a pre-release and a release.

### What to do
Open the run: which version did it mean to publish?

### Example incident
ultralytics 8.3.41 and 8.3.42 (December 2024); TanStack (May 2026), two versions of every package within minutes.";

impl Detector for RunReused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let other = change.company.same_run.as_ref()?;
    let severity = if ReleaseLine::of(other) == change.release.line() { Severity::Medium } else { Severity::Low };
    let evidence = Evidence {
        expected: "a run of its own".to_owned(),
        seen: format!("the run that published {}", quote(other.version())),
        since: None,
        why: "A run builds one version; whoever sits in it publishes as often as he likes.",
    };
    Some(signal(&ABOUT, severity, evidence))
}
