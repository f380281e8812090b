//! Wording about logs that several commands share.

/// The notice before a list while logs are switched off.
pub(super) const OFF: &str = "Transparency logs are switched off ([logs] enabled = false).";

/// The notice about a trust root that no process has read yet.
pub(super) const UNREAD: &str = "The trust root was not read yet, so its logs are not known; `provwatch run` reads it.";
