//! Prints the events of the demo as they happen.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    profile::profile,
    words::{faint, good, origin, strong},
};
use crate::{
    cli::{
        output::{self, severity},
        wrap,
    },
    model::{Alert, Observation, Package, ReleaseId, Signal},
    progress::{Progress, Step},
    store::{Outcome, Store},
    text::{columns, padded, plain},
};

/// Columns of the first word of a line: a severity, a registry.
const FIRST: usize = 9;
/// Columns of a package's or release's name.
const NAME: usize = 20;
/// Columns before the text about a package or release.
const BEFORE: usize = 2 + FIRST + 1 + NAME + 1;
/// Columns of a time and what follows it.
const TIME: usize = 7;
/// Fewest columns for a text.
const NARROWEST: usize = 20;
/// Most characters of a signal's text.
const TEXT: usize = 400;
/// Columns before a signal.
const EVIDENCE: usize = 6;
/// Columns of a detector's name.
const DETECTOR: usize = 20;

/// Prints the events of the services as they happen.
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
        let (registry, name) = (package.ecosystem().title(), strong(&padded(package.name(), NAME)));
        let mut lines = profile(&stored.baseline).into_iter();
        output::line(format_args!(
            "  {registry:<FIRST$} {name} {}",
            hanging(&lines.next().unwrap_or_default(), BEFORE)
        ));
        for line in lines {
            output::line(format_args!("{:BEFORE$}{}", "", hanging(&line, BEFORE)));
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
    let name = strong(&padded(&format!("{} {}", release.package().name(), release.version()), NAME));
    let (at, from) = (observation.published_at.format("%H:%M"), origin(observation));
    let verdict = alert.map_or_else(|| good("clean"), |alert| severity(alert.severity));
    let pad = " ".repeat(FIRST - alert.map_or("clean", |alert| alert.severity.as_str()).len());
    output::line(format_args!("  {verdict}{pad} {name} {at}  {}", hanging(&from, BEFORE + TIME)));
    alert.into_iter().flat_map(|alert| &alert.signals).for_each(evidence);
}

/// The expected and the observed value: on one line if there is room, else each on its own.
fn evidence(signal: &Signal) {
    let before = EVIDENCE + DETECTOR + 1;
    let room = wrap::width().saturating_sub(before);
    let shown = |text: &str| cut_words(&plain(text, TEXT), room.max(NARROWEST) - 2);
    let (expected, seen) = (shown(&signal.expected), shown(&signal.seen));
    let fits = columns(&format!("{expected} → {seen}")) <= room;
    let between = if fits { " ".to_owned() } else { format!("\n{:before$}", "") };
    let detector = faint(&padded(&signal.detector, DETECTOR));
    let (expected, seen) = (hanging(&expected, before), hanging(&seen, before + 2));
    output::line(format_args!("{:EVIDENCE$}{detector} {expected}{between}{} {seen}", "", faint("→")));
}

/// The story has no room for whole digests: `provwatch alerts show` prints them.
fn cut_words(text: &str, room: usize) -> String {
    let cut = |word: &str| if columns(word) > room { plain(word, room) } else { word.to_owned() };
    text.split(' ').map(cut).collect::<Vec<_>>().join(" ")
}

/// A text that begins in a column and stays behind it.
pub(super) fn hanging(text: &str, column: usize) -> String {
    let width = wrap::width().max(column + NARROWEST);
    wrap::paragraphs(text, width, &" ".repeat(column)).trim_start().to_owned()
}
