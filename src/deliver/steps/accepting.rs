//! The command that accepts a release as normal, as messages and other commands propose it.

use crate::{
    model::{ReleaseId, Severity},
    text::shell_word,
};

/// Whether accepting a release with such an alert requires a reason: it looks like a takeover.
pub fn needs_reason(severity: Severity) -> bool {
    severity >= Severity::High
}

/// The command that accepts a release with an alert of this severity, or with none; if it requires a reason, with a gap
/// for it.
pub fn accept_command(release: &ReleaseId, severity: Option<Severity>) -> String {
    match severity.filter(|severity| needs_reason(*severity)) {
        Some(_) => accept_because(release, "…"),
        None => format!("provwatch baseline accept {}", shell_word(&release.to_string())),
    }
}

/// The command that accepts a release for a reason.
pub fn accept_because(release: &ReleaseId, reason: &str) -> String {
    format!("provwatch baseline accept {} --reason '{reason}'", shell_word(&release.to_string()))
}
