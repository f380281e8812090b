//! The command that makes a release normal, as messages and other commands propose it.

use super::shell_word;
use crate::model::{ReleaseId, Severity};

/// Whether what raised such an alert becomes normal only with a reason: it looks like a takeover.
pub fn needs_reason(severity: Severity) -> bool {
    severity >= Severity::High
}

/// The command that accepts a release with an alert that bad, or with none, as it has to be called.
pub fn accept_command(release: &ReleaseId, severity: Option<Severity>) -> String {
    let reason = if severity.is_some_and(needs_reason) { " --reason '…'" } else { "" };
    format!("provwatch baseline accept {}{reason}", shell_word(&release.to_string()))
}
