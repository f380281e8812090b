//! Wording about alerts that several commands share.

use std::fmt::Display;

use chrono::{DateTime, Utc};

use crate::{
    cli::{exit::CliError, words},
    model::{Alert, AlertStatus, Repeated, Staleness},
};

/// The error for an alert that does not exist.
pub(in crate::cli) fn no_such_alert(id: &impl Display) -> CliError {
    CliError::failed(format!("no alert id begins with \"{id}\"")).next("`provwatch alerts list` shows the ids")
}

/// The alert's title, which names its subject.
pub(in crate::cli) fn title(alert: &Alert) -> String {
    words::sentence(&alert.title)
}

/// The title, with how often other releases repeated it, or which alert it repeats: `… (×3, newest 1.2.6)`.
pub(in crate::cli) fn title_and_repetitions(alert: &Alert) -> String {
    let title = title(alert);
    match (&alert.repeated, alert.repeats) {
        (Some(Repeated { count, newest, .. }), _) => {
            format!("{title} (×{}, newest {})", count.saturating_add(1), words::name(newest.version()))
        }
        (None, Some(of)) => format!("{title} (repeats {of})"),
        (None, None) => title,
    }
}

/// Who handles an alert, until when, and whether that goes stale: `ada until 2026-12-24 00:00`.
pub(super) fn handled(alert: &Alert, now: DateTime<Utc>) -> Option<String> {
    let handling = alert.handling.as_ref().filter(|handling| handling.status == alert.status)?;
    let by = words::name(&handling.by);
    let said = match (handling.status, handling.until, alert.staleness(now)) {
        (AlertStatus::Open, ..) => return None,
        (.., Some(Staleness::Forgotten)) => format!("{by}, stale since {}", words::day(handling.at + Staleness::AFTER)),
        (status, Some(until), _) if until <= now => {
            let ended = if status == AlertStatus::Snoozed { "ended" } else { "lapsed" };
            format!("{by}, {ended} {}", words::minute(until))
        }
        (_, Some(until), _) => format!("{by} until {}", words::minute(until)),
        (_, None, _) => handling.category.map_or_else(|| by.clone(), |category| format!("{by}, {category}")),
    };
    Some(said)
}
