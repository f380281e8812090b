//! Detects a build by a later attempt of an old workflow run.

use crate::{
    baseline::words,
    detect::{About, Change, Detector, Evidence, SignalCategory, signal, support},
    model::{Confidence, Severity, Signal, traits::Attempts},
    text::minute_utc,
};

/// Built by a later attempt of a run.
pub struct RunReattempted;

static ABOUT: About = About {
    id: "run-reattempted",
    title: "Built by a later attempt of an old run",
    harmless: None,
    category: SignalCategory::Pipeline,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A build by a second or later attempt of its run, where first attempts built the line's releases. It supports others at low; where the run first began three days before or earlier, it is medium by itself.

### Why it matters
A run that is started again runs with today's secrets and yesterday's code, reviewed by nobody.

### False positives
Flaky tests, and registries that were down. Lines that are often built by later attempts are learned.

### What to do
See who started the run again, and why so late.

### Example incident
TanStack (May 2026): attempts after the first published.";

/// From how many days on a run is old.
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
    let evidence = |expected, since| Evidence {
        expected,
        seen: match began {
            Some(began) => format!("attempt {attempt} of a run that began at {}", minute_utc(began)),
            None => format!("attempt {attempt}"),
        },
        since,
        why: "A run that is started again has today's secrets and the code of then.",
    };
    // Where later attempts are the habit, old runs are too.
    if days >= OLD_DAYS && new.is_some() {
        return Some(signal(&ABOUT, Severity::Medium, evidence("a run of the same day".to_owned(), None)));
    }
    let new = new?;
    Some(support(&ABOUT, Severity::Low, evidence(new.usual, new.since)))
}
