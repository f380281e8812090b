//! From a feed to the store: read a page, keep what concerns the watchlist, move the cursor in the same transaction.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Pipeline, PipelineError, Step, operation::Trouble, panic::caught};
use crate::{
    clock::{horizon, is_due},
    model::{Confidence, Ecosystem, Package, Severity},
    registry::{Change, Cursor, Event, Feed, Page, RegistryError},
    store::{EventKind, Lost, NewEvent, StoreError, Taken},
    text::with_causes,
};

/// Most pages that are read in one turn.
const MOST_PAGES: usize = 100;
/// How often packages are compared while their feed cannot be read: so many milliseconds for each, and never oftener than
/// once a minute.
const COMPARE_MILLIS: i64 = 100;
const COMPARE_SHORTEST: TimeDelta = TimeDelta::minutes(1);

/// When the packages of feeds that cannot be read were last compared with their registry, or the feed began to fail.
#[derive(Debug, Default)]
pub(super) struct Comparisons(Mutex<BTreeMap<&'static str, DateTime<Utc>>>);

impl Comparisons {
    fn is_due(&self, feed: &'static str, packages: usize, now: DateTime<Utc>) -> bool {
        let all = TimeDelta::milliseconds(COMPARE_MILLIS.saturating_mul(i64::try_from(packages).unwrap_or(1_000_000)));
        let interval = all.max(COMPARE_SHORTEST);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let began = *last.entry(feed).or_insert(now);
        let is_due = is_due(horizon(began, interval), now, interval);
        if is_due {
            last.insert(feed, now);
        }
        is_due
    }

    fn is_read(&self, feed: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(feed);
    }
}

impl Pipeline {
    /// Reads a feed until there is nothing more to read. The number of new events.
    ///
    /// # Errors
    /// The feed cannot be read, or the store cannot be written; the cursor then stands where it stood.
    pub async fn observe(&self, feed: &dyn Feed) -> Result<usize, PipelineError> {
        let mut new = 0;
        // A feed that never says that it is at its end takes its turns like the others.
        for _ in 0..MOST_PAGES {
            let cursor = self.cursor(feed.name())?;
            let poll = async { Ok(feed.poll(&self.http, cursor.as_ref()).await?) };
            let page = match caught(poll).await {
                Ok(page) => page,
                Err(error) => return self.source_failed(feed, error),
            };
            if cursor.is_none() {
                self.begin(feed)?;
            } else if let Some(why) = self.silences.break_of(feed, &page, self.clock.now()) {
                return self.source_failed(feed, told_too_little(feed, why).into());
            }
            new += self.take(feed, &page)?;
            self.comparisons.is_read(feed.name());
            if !page.more {
                break;
            }
        }
        Ok(new)
    }

    /// Where a feed stands. One whose row is damaged begins anew.
    fn cursor(&self, feed: &str) -> Result<Option<Cursor>, PipelineError> {
        if let Some(cursor) = StoreError::unless_damaged(self.store.cursor(feed))? {
            return Ok(cursor.map(Cursor));
        }
        self.mender.mend()?;
        Ok(self.store.cursor(feed)?.map(Cursor))
    }

    /// A feed tells nothing of what was before its first page, so what was looked at before that is looked at again.
    fn begin(&self, feed: &dyn Feed) -> Result<(), PipelineError> {
        let packages = self.watched_packages(feed.ecosystem())?;
        Ok(self.store.enqueue(&packages, feed.name(), self.clock.now())?)
    }

    fn source_failed<T>(&self, feed: &dyn Feed, error: PipelineError) -> Result<T, PipelineError> {
        let why = with_causes(&error);
        self.store.source_failed(feed.name(), &why, self.clock.now())?;
        self.progress.report(&Step::SourceFailed { source: feed.name(), why: &why });
        self.compare_meanwhile(feed)?;
        Err(error)
    }

    /// While a feed cannot be read nobody says what changed: its packages are compared now and again.
    fn compare_meanwhile(&self, feed: &dyn Feed) -> Result<(), PipelineError> {
        let now = self.clock.now();
        let packages = self.watched_packages(feed.ecosystem())?;
        if self.comparisons.is_due(feed.name(), packages.len(), now) {
            self.store.remind(&packages, "its feed cannot be read", now)?;
        }
        Ok(())
    }

    fn take(&self, feed: &dyn Feed, page: &Page) -> Result<usize, PipelineError> {
        let watchlist = self.watchlist.now();
        let watched = page.events.iter().filter(|event| watchlist.matches(&event.package).is_some());
        let events: Vec<NewEvent> = watched.map(new_event).collect();
        let taken = match &page.gap {
            Some(gap) => self.take_with_gap(feed, page, &events, &gap.why)?,
            None => self.store.take_page(feed.name(), &page.cursor.0, &events, self.clock.now())?,
        };
        self.progress.report(&Step::Page { source: feed.name(), events: page.events.len(), new: taken.new });
        Ok(taken.new)
    }

    fn take_with_gap(
        &self,
        feed: &dyn Feed,
        page: &Page,
        events: &[NewEvent],
        why: &str,
    ) -> Result<Taken, PipelineError> {
        let now = self.clock.now();
        let packages = self.watched_packages(feed.ecosystem())?;
        // The alert first: a crash in between repeats the page and the alert, and loses neither.
        self.troubles.record(&lost_place(feed.name(), why, packages.len(), now), now)?;
        let lost = Lost { why, packages: &packages };
        let taken = self.store.note_gap(feed.name(), &page.cursor.0, events, lost, now)?;
        self.progress.report(&Step::Gap { source: feed.name(), why });
        Ok(taken)
    }

    /// The packages of enabled registries that are watched and known by name: those the watchlist names, and those that
    /// its globs matched before.
    ///
    /// # Errors
    /// The store failed.
    pub fn watched(&self) -> Result<BTreeSet<Package>, PipelineError> {
        let watchlist = self.watchlist.now();
        let mut packages: BTreeSet<Package> = self.store.packages()?.into_iter().map(|row| row.package).collect();
        packages.extend(watchlist.packages().map(|(package, _)| package.clone()));
        packages.retain(|package| self.registries.has(package) && watchlist.matches(package).is_some());
        Ok(packages)
    }

    /// The watched packages that a feed may name: those of its public registry.
    fn watched_packages(&self, ecosystem: Ecosystem) -> Result<Vec<Package>, PipelineError> {
        let public = ecosystem.into();
        Ok(self.watched()?.into_iter().filter(|package| package.is_of(&public)).collect())
    }
}

/// A feed lost its place. That is an event and not a condition: what happens again another day is said again. A feed that
/// loses it again and again says so once a day.
fn lost_place(source: &str, why: &str, packages: usize, now: DateTime<Utc>) -> Trouble {
    Trouble {
        subject: format!("gap {source} {}", now.date_naive()),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("{source} lost its place"),
        argument: format!(
            "{why}. The documents of all {packages} watched packages are being compared with what is stored, so that \
             no release is missed; `provwatch status` shows when that is done."
        ),
    }
}

fn told_too_little(feed: &dyn Feed, why: String) -> RegistryError {
    RegistryError::Document { registry: feed.ecosystem().title().into(), what: feed.name().to_owned(), why }
}

fn new_event(event: &Event) -> NewEvent {
    NewEvent {
        package: event.package.clone(),
        kind: kind(&event.change),
        change: serde_json::to_string(&event.change).unwrap_or_default(),
        revision: revision(event),
        key: event.key.clone(),
        at: event.at,
    }
}

fn kind(change: &Change) -> EventKind {
    match change {
        Change::Document { .. } => EventKind::Document,
        Change::Release { .. } | Change::File { .. } => EventKind::Release,
        Change::Removed => EventKind::Removed,
        Change::Governance { .. } => EventKind::Governance,
    }
}

/// What the registry's document must show before it is taken for the announced one: npm's revision, PyPI's serial, the
/// version on crates.io.
fn revision(event: &Event) -> Option<String> {
    match (&event.change, event.package.ecosystem()) {
        (Change::Document { revision }, _) => revision.clone(),
        (Change::Removed, _) => None,
        (Change::Release { version }, Ecosystem::Cargo) => Some(version.clone()),
        // A row whose serial could not be read has a key of its own making.
        (_, Ecosystem::Pypi) => Some(&event.key).filter(|key| key.parse::<u64>().is_ok()).cloned(),
        _ => None,
    }
}
