//! The colours of severities.

use crate::model::Severity;

/// Colours that carry white text with a contrast of at least 4.5.
pub(super) const fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "#8b0a1a",
        Severity::High => "#c62828",
        Severity::Medium => "#b45309",
        Severity::Low => "#1d6fb8",
        Severity::Info => "#5b6470",
    }
}
