//! The pace of one sink: the pauses that its failures and its receiver ask for.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::schedule::{LONGEST_ASKED, LONGEST_URGENT, URGENT};
use crate::{clock::is_due, model::Severity};

/// The longest rest of a sink that fails repeatedly. Together with the longest attempt it is the longest wait of a new
/// alert when such a sink works again.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// After so many consecutive failures a pass leaves the rest of a sink's queue for the next one.
const ENOUGH: u32 = 4;

/// How the last attempts of a sink went, and until when it pauses.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Failed attempts since the last message that was accepted or refused.
    failures: u32,
    hold: Option<Hold>,
}

/// A pause of a sink.
#[derive(Clone, Copy, Debug)]
struct Hold {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    /// The time until which even urgent alerts wait.
    urgent_until: DateTime<Utc>,
}

impl Pace {
    /// The lowest severity that may be sent now; an error is the time until which nothing is sent.
    pub fn least(&mut self, now: DateTime<Utc>) -> Result<Severity, DateTime<Utc>> {
        // A clock that was set back must not prolong a hold.
        self.hold = self.hold.filter(|hold| !is_due(hold.until, now, hold.until - hold.since));
        match self.hold {
            None => Ok(Severity::Info),
            Some(hold) if now < hold.urgent_until => Err(hold.urgent_until),
            Some(_) => Ok(URGENT),
        }
    }

    /// The end of the pause, if there is one.
    pub fn paused_until(&self) -> Option<DateTime<Utc>> {
        self.hold.map(|hold| hold.until)
    }

    /// Whether the last attempt failed.
    pub const fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Whether a pass waits for the end of the pause: a short rest after a few failures, and not a requested pause, which
    /// urgent alerts may break.
    pub fn is_resting_shortly(&self) -> bool {
        let longest = TimeDelta::from_std(LONGEST_REST).unwrap_or_default();
        self.failures < ENOUGH && self.hold.is_some_and(|hold| hold.until - hold.since <= longest)
    }

    /// Records an answer: pauses are over.
    pub fn works(&mut self) {
        *self = Self::default();
    }

    /// One failure may be the message's fault. From the second consecutive one on the sink rests, longer each time.
    pub fn failed(&mut self, now: DateTime<Utc>, asked: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        let rest = match self.failures.checked_sub(2) {
            Some(doublings) => Duration::from_secs(1 << doublings.min(5)).min(LONGEST_REST),
            None => Duration::ZERO,
        };
        let wait = rest.max(asked.unwrap_or_default().min(LONGEST_ASKED));
        let after = |wait: Duration| now + TimeDelta::from_std(wait).unwrap_or_default();
        self.hold = Some(Hold { since: now, until: after(wait), urgent_until: after(wait.min(LONGEST_URGENT)) });
    }
}
