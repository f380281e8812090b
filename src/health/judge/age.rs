//! Computes ages with a clock that may be wrong.

use chrono::{DateTime, TimeDelta, Utc};

/// How long ago. What is ahead of the clock is of now: that the clock is wrong is a finding of its own.
pub(super) fn age(at: DateTime<Utc>, now: DateTime<Utc>) -> TimeDelta {
    (now - at).max(TimeDelta::zero())
}
