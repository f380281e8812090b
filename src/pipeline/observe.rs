//! From a feed to the store: read a page, keep what concerns the watchlist, move the cursor in the same transaction.

use super::{Happening, Pipeline, PipelineError};
use crate::{
    model::Package,
    registry::{Cursor, Event, Feed, Page},
    store::NewEvent,
};

impl Pipeline {
    /// Reads a feed until there is nothing more to read. The number of new events.
    ///
    /// # Errors
    /// The feed cannot be read, or the store cannot be written; the cursor then stands where it stood.
    pub async fn observe(&self, feed: &dyn Feed) -> Result<usize, PipelineError> {
        let mut new = 0;
        loop {
            let cursor = self.store.cursor(feed.name())?.map(Cursor);
            let page = match feed.poll(&self.http, cursor.as_ref()).await {
                Ok(page) => page,
                Err(error) => return self.source_failed(feed, error),
            };
            new += self.take(feed, &page)?;
            if !page.more {
                return Ok(new);
            }
        }
    }

    fn source_failed<T>(&self, feed: &dyn Feed, error: crate::registry::RegistryError) -> Result<T, PipelineError> {
        let why = super::with_causes(&error);
        self.store.source_failed(feed.name(), &why, self.clock.now())?;
        self.witness.see(&Happening::SourceFailed { source: feed.name(), why: &why });
        Err(error.into())
    }

    fn take(&self, feed: &dyn Feed, page: &Page) -> Result<usize, PipelineError> {
        let now = self.clock.now();
        if let Some(gap) = &page.gap {
            let packages = self.watched_packages(feed.ecosystem())?;
            self.store.note_gap(feed.name(), &page.cursor.0, &gap.why, &packages, now)?;
            self.witness.see(&Happening::Gap { source: feed.name(), why: &gap.why });
            self.record_operation(&super::operation::lost_place(feed.name(), &gap.why, packages.len()), now)?;
        }
        let watchlist = self.watchlist();
        let watched = page.events.iter().filter(|event| watchlist.matches(&event.package).is_some());
        let events: Vec<NewEvent> = watched.map(new_event).collect();
        let taken = self.store.take_page(feed.name(), &page.cursor.0, &events, now)?;
        self.witness.see(&Happening::Page { source: feed.name(), events: page.events.len(), new: taken.new });
        Ok(taken.new)
    }

    /// The packages of an ecosystem that are watched and known by name: those the watchlist names, and those that its
    /// globs matched before.
    pub(super) fn watched_packages(&self, ecosystem: crate::model::Ecosystem) -> Result<Vec<Package>, PipelineError> {
        let watchlist = self.watchlist();
        let mut packages: Vec<Package> = self.store.packages()?;
        packages.retain(|package| watchlist.matches(package).is_some());
        packages.extend(watchlist.packages().cloned());
        packages.retain(|package| package.ecosystem() == ecosystem);
        packages.sort();
        packages.dedup();
        Ok(packages)
    }
}

fn new_event(event: &Event) -> NewEvent {
    NewEvent { package: event.package.clone(), change: event.change.clone(), key: event.key.clone(), at: event.at }
}
