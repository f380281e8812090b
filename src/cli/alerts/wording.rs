//! Wording about alerts that several commands share.

use std::fmt::Display;

use crate::{
    cli::{exit::CliError, words},
    model::{Alert, Repeated},
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
