//! Computes ages with a clock that may be wrong.

use chrono::{DateTime, TimeDelta, Utc};

/// The age of a time. A time ahead of the clock has the age zero: that the clock is wrong is a finding of its own.
pub(super) fn age(at: DateTime<Utc>, now: DateTime<Utc>) -> TimeDelta {
    (now - at).max(TimeDelta::zero())
}
