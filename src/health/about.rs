//! The documentation of one kind of finding: id, condition and remedy.

use super::Level;

/// The documentation of a finding.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its name.
    pub id: &'static str,
    /// Its level.
    pub level: Level,
    /// Its condition.
    pub when: &'static str,
    pub what_to_do: &'static str,
}

/// The documentation of a finding with which `provwatch status` exits with 5.
pub(super) const fn unhealthy(id: &'static str, when: &'static str, what_to_do: &'static str) -> About {
    About { id, level: Level::Unhealthy, when, what_to_do }
}

/// The documentation of a finding that is only shown.
pub(super) const fn limited(id: &'static str, when: &'static str, what_to_do: &'static str) -> About {
    About { id, level: Level::Limited, when, what_to_do }
}
