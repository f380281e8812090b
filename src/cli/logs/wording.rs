//! Wording about logs that several commands share.

/// What is said before whatever is listed all the same.
pub(super) const OFF: &str = "Transparency logs are switched off ([logs] enabled = false).";

/// What is said of a trust root that no process has read yet.
pub(super) const UNREAD: &str = "The trust root was not read yet, so its logs are not known; `provwatch run` reads it.";
