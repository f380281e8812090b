//! A feed's event as it is stored.

use crate::{
    model::Ecosystem,
    registry::{Change, Event},
    store::{EventKind, NewEvent},
};

/// The row of an event.
pub fn new_event(event: &Event) -> NewEvent {
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
