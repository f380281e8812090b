//! Converts a feed's event to its stored form.

use crate::{
    registry::{Change, Event, Feed},
    store::{EventKind, NewEvent},
};

/// The row of an event of a feed.
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

fn kind(change: &Change) -> EventKind {
    match change {
        Change::Document { .. } => EventKind::Document,
        Change::Release { .. } | Change::File { .. } => EventKind::Release,
        Change::Removed => EventKind::Removed,
        Change::Governance { .. } => EventKind::Governance,
    }
}
