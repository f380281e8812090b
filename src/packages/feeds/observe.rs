//! Reads a page of a feed, and stores its watched events and the new cursor in one transaction.

use super::{comparisons::Comparisons, event::new_event, silence::Silences, watched::Watched};
use crate::{
    clock::Clock,
    http::Client,
    model::{Confidence, Severity},
    packages::error::LookError,
    panic::caught,
    progress::{Progress, Step},
    registry::{Cursor, Feed, FeedPage, RegistryError},
    store::{GapClosed, Lost, NewEvent, Store, StoreError, Taken},
    text::with_causes,
    upkeep::{Mender, OperationalIssue, OperationalIssues},
    watchlist::InUse,
};
use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Most pages that one turn reads.
const MOST_PAGES: usize = 100;

/// Reads feeds.
#[derive(Debug)]
pub struct FeedReader {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub http: Client,
    pub progress: Arc<dyn Progress>,
    pub watchlist: Arc<InUse>,
    pub watched: Arc<Watched>,
    pub issues: Arc<OperationalIssues>,
    pub mender: Arc<Mender>,
    pub comparisons: Comparisons,
    pub silences: Silences,
}

impl FeedReader {
    /// Reads a feed until there is nothing more to read. Returns the number of new events.
    ///
    /// # Errors
    /// The feed cannot be read, or the store cannot be written; the cursor then stays where it was.
    pub async fn observe(&self, feed: &dyn Feed) -> Result<usize, LookError> {
        let mut new = 0;
        // A feed that never reports its end must not starve the others.
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
                self.caught_up(feed)?;
                break;
            }
        }
        Ok(new)
    }

    /// A feed that was read to its end has made up for the time that a restore of the store took back.
    fn caught_up(&self, feed: &dyn Feed) -> Result<(), StoreError> {
        let Some(gap) = self.store.close_restore_gap(feed.name(), self.clock.now())? else { return Ok(()) };
        let from = gap.from.map(|from| from.to_rfc3339()).unwrap_or_default();
        let how = if gap.how == Some(GapClosed::Compared) {
            "the feed did not reach back, and every package is compared"
        } else {
            "the feed reached back"
        };
        tracing::info!(
            feed = feed.name(),
            from,
            events = gap.events,
            how,
            "the gap that the restore of the store left is closed"
        );
        Ok(())
    }

    /// The cursor of a feed. A feed whose row is damaged starts again.
    fn cursor(&self, feed: &str) -> Result<Option<Cursor>, StoreError> {
        if let Some(cursor) = StoreError::unless_damaged(self.store.cursor(feed))? {
            return Ok(cursor.map(Cursor));
        }
        self.mender.mend()?;
        Ok(self.store.cursor(feed)?.map(Cursor))
    }

    /// A feed reports nothing from before its first page, so packages that were checked before are checked again.
    fn begin(&self, feed: &dyn Feed) -> Result<(), StoreError> {
        let packages = self.watched.of_feed(feed.ecosystem())?;
        self.store.enqueue(&packages, feed.name(), self.clock.now())
    }

    fn source_failed<T>(&self, feed: &dyn Feed, error: LookError) -> Result<T, LookError> {
        let why = with_causes(&error);
        self.store.source_failed(feed.name(), &why, self.clock.now())?;
        self.progress.report(&Step::SourceFailed { source: feed.name(), why: &why });
        self.compare_meanwhile(feed)?;
        Err(error)
    }

    /// While a feed cannot be read nothing reports changes: its packages are compared from time to time.
    fn compare_meanwhile(&self, feed: &dyn Feed) -> Result<(), StoreError> {
        let now = self.clock.now();
        let packages = self.watched.of_feed(feed.ecosystem())?;
        if self.comparisons.is_due(feed.name(), packages.len(), now) {
            self.store.remind(&packages, "its feed cannot be read", now)?;
        }
        Ok(())
    }

    fn take(&self, feed: &dyn Feed, page: &FeedPage) -> Result<usize, StoreError> {
        let watchlist = self.watchlist.now();
        let watched = page.events.iter().filter(|event| watchlist.matches(&event.package).is_some());
        let events: Vec<NewEvent> = watched.map(|event| new_event(feed, event)).collect();
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
        page: &FeedPage,
        events: &[NewEvent],
        why: &str,
    ) -> Result<Taken, StoreError> {
        let now = self.clock.now();
        let packages = self.watched.of_feed(feed.ecosystem())?;
        // The alert is recorded first: a crash in between repeats the page and the alert, and loses neither.
        self.issues.record(&lost_place(feed.name(), why, packages.len(), now), now)?;
        let lost = Lost { why, packages: &packages };
        let taken = self.store.note_gap(feed.name(), &page.cursor.0, events, lost, now)?;
        self.progress.report(&Step::Gap { source: feed.name(), why });
        Ok(taken)
    }
}

/// A cursor gap is an event and not a condition: one on another day is reported again. A feed with repeated gaps is
/// reported once a day.
fn lost_place(source: &str, why: &str, packages: usize, now: DateTime<Utc>) -> OperationalIssue {
    OperationalIssue {
        subject: format!("gap {source} {}", now.date_naive()),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("cursor gap in {source}"),
        argument: format!(
            "{why}. provwatch compares the documents of all {packages} watched packages with the store, so that it \
             misses no release; `provwatch status` shows how many still wait."
        ),
    }
}

fn told_too_little(feed: &dyn Feed, why: String) -> RegistryError {
    RegistryError::Document { registry: feed.ecosystem().title().into(), what: feed.name().to_owned(), why }
}
