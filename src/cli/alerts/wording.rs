//! Wording about alerts that several commands share.

use std::fmt::Display;

use crate::{
    cli::{exit::CliError, words},
    model::Alert,
};

/// The error for an alert that does not exist.
pub(super) fn no_such_alert(id: &impl Display) -> CliError {
    CliError::failed(format!("no alert id begins with \"{id}\"")).next("`provwatch alerts list` shows the ids")
}

/// The alert's title, which names its subject.
pub(super) fn title(alert: &Alert) -> String {
    words::sentence(&alert.title)
}
