//! Alerts and messages for the tests of this room.

pub(super) mod lives;
pub(super) mod samples;
