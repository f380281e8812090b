//! Detects a build by a later attempt of a workflow run.

use crate::{
    baseline::words,
    detect::{About, Change, Detector, Difference, SignalCategory, signal, support},
    model::{Confidence, Severity, Signal, traits::Attempts},
    text::minute_utc,
};

/// Built by a later attempt of a run.
pub struct RunReattempted;

static ABOUT: About = About {
    id: "run-reattempted",
    title: "Built by a later attempt of a run",
    harmless: None,
    category: SignalCategory::Pipeline,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A build by a second or later attempt of its run, on a line whose releases come from first attempts. The signal is low and only corroborates others. It is medium, and can lead, if the run began at least three days before the release.

### Why it matters
A re-run uses today's secrets with old code, without a new review.

### False positives
Flaky tests, and unavailable registries. Lines that often build in a later attempt have that in the baseline, and raise no signal.

### What to do
Check which account started the re-run, and why.

### Example incident
TanStack (May 2026): later attempts of runs published the malware.";

/// After so many days a run is old.
const OLD_DAYS: i64 = 3;

impl Detector for RunReattempted {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let run = change.release.facts.run.as_ref();
    let attempt = change
        .traits
        .iter()
        .find_map(|traits| traits.attempt)
        .or_else(|| run?.attempt)
        .filter(|attempt| *attempt > 1)?;
    let began = run.and_then(|run| run.created_at);
    let days = began.map_or(0, |began| (change.release.published_at - began).num_days());
    if change.traits.is_empty() || change.view.is_none() {
        return None;
    }
    let new = change.novelty(Attempts, words::attempt(attempt));
    let evidence = |expected, since| Difference {
        expected,
        seen: match began {
            Some(began) => format!("attempt {attempt} of a run that began at {}", minute_utc(began)),
            None => format!("attempt {attempt}"),
        },
        since,
        why: "A re-run uses today's secrets with old code.",
    };
    // Where later attempts are a habit, old runs are too.
    if days >= OLD_DAYS && new.is_some() {
        return Some(signal(&ABOUT, Severity::Medium, evidence("a run of the same day".to_owned(), None)));
    }
    let new = new?;
    // "first (12 of 12)" lacks its noun.
    Some(support(&ABOUT, Severity::Low, evidence(new.usual.replacen("first", "the first attempt", 1), new.since)))
}
