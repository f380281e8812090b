//! Wording about alerts that several commands share.

use std::fmt::Display;

use crate::{
    cli::{exit::CliError, words},
    model::Alert,
};

/// Nobody raised such an alert.
pub(super) fn no_such_alert(id: &impl Display) -> CliError {
    CliError::failed(format!("no alert id begins with \"{id}\"")).next("`provwatch alerts list` shows the ids")
}

/// The alert's title, which names what it is about.
pub(super) fn title(alert: &Alert) -> String {
    words::sentence(&alert.title)
}
