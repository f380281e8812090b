//! What the text and the Markdown of an incident have in common: the alerts of its releases, and its events in words.

use std::collections::BTreeMap;

use crate::{
    cli::words,
    model::{Alert, IncidentEvent, IncidentEventKind, ReleaseId},
};

/// The alerts of the members.
pub(super) type Alerts = BTreeMap<ReleaseId, Alert>;

/// An event in a sentence.
pub(super) fn told(event: &IncidentEvent) -> String {
    let (by, text) = (words::name(&event.by), words::sentence(&event.text));
    let purl = event.purl.as_ref().map(words::name).unwrap_or_default();
    match event.kind {
        IncidentEventKind::Opened => format!("{by} opened it: {text}"),
        IncidentEventKind::Added => {
            let tie = event.tie.map(|tie| format!(" ({tie})")).unwrap_or_default();
            format!("{by} added {purl}{tie}: {text}")
        }
        IncidentEventKind::Removed => format!("{by} removed {purl}: {text}"),
        IncidentEventKind::Note => format!("{by} noted: {text}"),
        IncidentEventKind::Decision => format!("{by} decided: {text}"),
        IncidentEventKind::Closed => format!("{by} closed it: {text}"),
        IncidentEventKind::Reopened => format!("{by} opened it again: {text}"),
    }
}
