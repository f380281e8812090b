//! Where alerts stand by the clock: acknowledgements and snoozes end.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Alert, AlertStatus};

/// Why an acknowledged alert needs attention again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staleness {
    /// The acknowledgement had an end, which has come.
    Lapsed,
    /// It has no end, and nobody has done anything for long.
    Forgotten,
}

impl Staleness {
    /// After so long an acknowledgement without an end counts as forgotten.
    pub const AFTER: TimeDelta = TimeDelta::days(7);
}

impl Alert {
    /// Where it stands at a time: it is open again when an acknowledgement or a snooze has ended.
    pub fn status_at(&self, now: DateTime<Utc>) -> AlertStatus {
        if self.has_ended(now) { AlertStatus::Open } else { self.status }
    }

    /// Whether it goes stale.
    pub fn staleness(&self, now: DateTime<Utc>) -> Option<Staleness> {
        let handling = self.handling.as_ref().filter(|handling| handling.status == AlertStatus::Acknowledged)?;
        if self.status != AlertStatus::Acknowledged {
            return None;
        }
        match handling.until {
            Some(until) => (until <= now).then_some(Staleness::Lapsed),
            None => (now - handling.at > Staleness::AFTER).then_some(Staleness::Forgotten),
        }
    }

    fn has_ended(&self, now: DateTime<Utc>) -> bool {
        let is_open_ended = matches!(self.status, AlertStatus::Acknowledged | AlertStatus::Snoozed);
        let handling = self.handling.as_ref().filter(|handling| handling.status == self.status);
        is_open_ended && handling.and_then(|handling| handling.until).is_some_and(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AlertAction, AlertKind, Confidence, Severity};

    #[test]
    fn what_was_put_off_is_open_again_when_the_time_has_come() {
        use AlertStatus::{Acknowledged, Open, Resolved, Snoozed};
        use Staleness::{Forgotten, Lapsed};
        let noon: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let about = Alert::about(AlertKind::Operation, "x", Severity::High, Confidence::High, String::new(), noon);
        let hours = |hours| noon + TimeDelta::hours(hours);
        for (status, until, now, stands, stale) in [
            (Acknowledged, Some(2), 1, Acknowledged, None),
            (Acknowledged, Some(2), 2, Open, Some(Lapsed)),
            (Acknowledged, None, 7 * 24, Acknowledged, None),
            (Acknowledged, None, 7 * 24 + 1, Acknowledged, Some(Forgotten)),
            (Snoozed, Some(2), 1, Snoozed, None),
            (Snoozed, Some(2), 3, Open, None),
            (Resolved, None, 9_999, Resolved, None),
            (Open, None, 9_999, Open, None),
        ] {
            let action = AlertAction { until: until.map(hours), ..AlertAction::new(status, "ada", "x", noon) };
            let alert = Alert { status, handling: Some(action), ..about.clone() };
            assert_eq!((alert.status_at(hours(now)), alert.staleness(hours(now))), (stands, stale), "{alert:?}");
        }
        let old = Alert { status: Snoozed, ..about };
        assert_eq!(old.status_at(hours(9)), Snoozed, "nothing is known of its end");
    }
}
