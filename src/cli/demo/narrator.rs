use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    portrait::portrait,
    words::{faint, good, origin, strong},
};
use crate::{
    cli::{
        output::{self, severity},
        wrap,
    },
    deliver::plain,
    model::{Alert, Observation, Package, ReleaseId, Signal},
    pipeline::{Progress, Step},
    store::{Outcome, Store},
};

/// Columns of the first word of a line: a severity, a registry.
const FIRST: usize = 9;
/// Columns of a package's or release's name.
const NAME: usize = 20;
/// Columns before a signal.
const EVIDENCE: usize = 6;
/// Columns of a detector's name.
const DETECTOR: usize = 20;

/// Tells what the pipeline does as it does it.
#[derive(Debug)]
pub(super) struct Narrator {
    store: Arc<Store>,
    unknown: Mutex<BTreeSet<Package>>,
}

impl Narrator {
    pub fn new(store: &Arc<Store>) -> Self {
        Self { store: Arc::clone(store), unknown: Mutex::default() }
    }

    fn unknown(&self) -> MutexGuard<'_, BTreeSet<Package>> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn introduce(&self, package: &Package) {
        let Ok(stored) = self.store.baseline(package) else { return };
        let (registry, name) = (package.ecosystem().title(), strong(&format!("{:<NAME$}", package.name())));
        let mut lines = portrait(&stored.baseline).into_iter();
        output::line(format_args!("  {registry:<FIRST$} {name} {}", lines.next().unwrap_or_default()));
        for line in lines {
            output::line(format_args!("  {:<FIRST$} {:<NAME$} {line}", "", ""));
        }
    }
}

impl Progress for Narrator {
    fn report(&self, step: &Step<'_>) {
        match step {
            Step::Examining { package, first_sight: true } => _ = self.unknown().insert((*package).clone()),
            Step::Examined { package, .. } if self.unknown().remove(*package) => self.introduce(package),
            Step::Recorded { release, observation: Some(observation), outcome, alert, .. }
                if *outcome != Outcome::Learned =>
            {
                tell(release, observation, *alert);
            }
            _ => {}
        }
    }
}

fn tell(release: &ReleaseId, observation: &Observation, alert: Option<&Alert>) {
    let name = strong(&format!("{:<NAME$}", format!("{} {}", release.package().name(), release.version())));
    let (at, from) = (observation.published_at.format("%H:%M"), origin(observation));
    let verdict = alert.map_or_else(|| good("clean"), |alert| severity(alert.severity));
    let pad = " ".repeat(FIRST - alert.map_or("clean", |alert| alert.severity.as_str()).len());
    output::line(format_args!("  {verdict}{pad} {name} {at}  {from}"));
    alert.into_iter().flat_map(|alert| &alert.signals).for_each(evidence);
}

/// What was expected and what was seen: on one line if there is room, else each on its own, cut to it.
fn evidence(signal: &Signal) {
    let room = wrap::width().saturating_sub(EVIDENCE + DETECTOR + 1).max(20);
    let (expected, seen) = (plain(&signal.expected, room), plain(&signal.seen, room - 2));
    let fits = expected.chars().count() + " → ".chars().count() + seen.chars().count() <= room;
    let between = if fits { " ".to_owned() } else { format!("\n{:1$}", "", EVIDENCE + DETECTOR + 1) };
    let detector = faint(&format!("{:<DETECTOR$}", signal.detector));
    output::line(format_args!("{:EVIDENCE$}{detector} {expected}{between}{} {seen}", "", faint("→")));
}
