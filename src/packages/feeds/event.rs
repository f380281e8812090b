//! Converts a feed's event to its stored form.

use crate::{
    registry::{Event, Feed, FeedChange},
    store::{EventKind, NewEvent},
};

/// The row for an event of a feed.
pub fn new_event(feed: &dyn Feed, event: &Event) -> NewEvent {
    NewEvent {
        package: event.package.clone(),
        kind: kind(&event.change),
        change: serde_json::to_string(&event.change).unwrap_or_default(),
        revision: feed.awaited(event),
        key: event.key.clone(),
        at: event.at,
    }
}

fn kind(change: &FeedChange) -> EventKind {
    match change {
        FeedChange::Document { .. } => EventKind::Document,
        FeedChange::Release { .. } | FeedChange::File { .. } => EventKind::Release,
        FeedChange::Removed => EventKind::Removed,
        FeedChange::Governance { .. } => EventKind::Governance,
    }
}
