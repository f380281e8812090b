//! The incident of one alert at `PagerDuty`: what it was told last, and the events that follow from it.

use std::{fmt, str::FromStr};

use crate::model::{AlertStatus, Fingerprint};

/// What an event does with an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Opens it, or adds to the one that is open.
    Trigger,
    /// Stops its notifications.
    Acknowledge,
    /// Closes it.
    Resolve,
}

/// One event to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub action: Action,
    /// Which incident of the alert.
    pub opening: u32,
}

/// The incident of an alert as `PagerDuty` was told last. It is kept as the thread of the alert.
///
/// The Events API cannot make an acknowledged incident notify again. So an alert that is open again gets another incident,
/// with another key: then the order in which `PagerDuty` works off the events does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Incident {
    last: Action,
    /// Its number among the incidents of the alert, from 1.
    opening: u32,
}

impl Incident {
    /// The events for an alert of this status, and the incident after them. `known`: an earlier message was accepted.
    pub fn follow(known: Option<Self>, status: AlertStatus) -> (Vec<Step>, Self) {
        use Action::{Acknowledge, Resolve, Trigger};
        let (last, opening) = (known.map(|known| known.last), known.map_or(1, |known| known.opening));
        let next = opening.saturating_add(1);
        let (steps, last, opening) = match (status, last) {
            (AlertStatus::Open, None | Some(Trigger)) => (vec![(Trigger, opening)], Trigger, opening),
            // The new one first: if the second event fails, the page has been sent.
            (AlertStatus::Open, Some(Acknowledge)) => (vec![(Trigger, next), (Resolve, opening)], Trigger, next),
            (AlertStatus::Open, Some(Resolve)) => (vec![(Trigger, next)], Trigger, next),
            // An event that only acknowledges opens nothing, whatever became of the incident.
            (AlertStatus::Acknowledged | AlertStatus::Snoozed, Some(Trigger | Acknowledge)) => {
                (vec![(Acknowledge, opening)], Acknowledge, opening)
            }
            (AlertStatus::Acknowledged | AlertStatus::Snoozed, None) => {
                (vec![(Trigger, opening), (Acknowledge, opening)], Acknowledge, opening)
            }
            (AlertStatus::Acknowledged | AlertStatus::Snoozed, Some(Resolve)) => {
                (vec![(Trigger, next), (Acknowledge, next)], Acknowledge, next)
            }
            // Also of an unknown incident: an attempt whose answer was lost may have opened it. It opens nothing.
            (AlertStatus::Resolved, _) => (vec![(Resolve, opening)], Resolve, opening),
        };
        let steps = steps.into_iter().map(|(action, opening)| Step { action, opening }).collect();
        (steps, Self { last, opening })
    }
}

impl Step {
    /// The key by which `PagerDuty` knows the incident; at most 255 characters.
    pub fn dedup_key(self, alert: &Fingerprint) -> String {
        match self.opening {
            0 | 1 => format!("provwatch:{alert}"),
            number => format!("provwatch:{alert}:{number}"),
        }
    }
}

impl Action {
    const ALL: [Self; 3] = [Self::Trigger, Self::Acknowledge, Self::Resolve];

    /// The word of the Events API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
        }
    }
}

impl fmt::Display for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.last.as_str(), self.opening)
    }
}

/// A text that is not an incident.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAnIncident;

impl FromStr for Incident {
    type Err = NotAnIncident;

    fn from_str(text: &str) -> Result<Self, NotAnIncident> {
        let (word, number) = text.split_once(' ').ok_or(NotAnIncident)?;
        let last = Action::ALL.into_iter().find(|action| action.as_str() == word).ok_or(NotAnIncident)?;
        match number.parse() {
            Ok(opening @ 1..) => Ok(Self { last, opening }),
            _ => Err(NotAnIncident),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AlertKind;

    #[test]
    fn the_status_of_the_alert_decides_what_follows() {
        use AlertStatus::{Acknowledged, Open, Resolved, Snoozed};
        for (known, status, events, after) in [
            ("", Open, "trigger 1", "trigger 1"),
            ("trigger 1", Open, "trigger 1", "trigger 1"),
            ("acknowledge 1", Open, "trigger 2, resolve 1", "trigger 2"),
            ("resolve 2", Open, "trigger 3", "trigger 3"),
            ("", Acknowledged, "trigger 1, acknowledge 1", "acknowledge 1"),
            ("trigger 3", Acknowledged, "acknowledge 3", "acknowledge 3"),
            ("acknowledge 1", Acknowledged, "acknowledge 1", "acknowledge 1"),
            ("resolve 1", Acknowledged, "trigger 2, acknowledge 2", "acknowledge 2"),
            ("", Snoozed, "trigger 1, acknowledge 1", "acknowledge 1"),
            ("trigger 1", Snoozed, "acknowledge 1", "acknowledge 1"),
            ("acknowledge 1", Snoozed, "acknowledge 1", "acknowledge 1"),
            ("", Resolved, "resolve 1", "resolve 1"),
            ("trigger 2", Resolved, "resolve 2", "resolve 2"),
            ("acknowledge 1", Resolved, "resolve 1", "resolve 1"),
            ("resolve 1", Resolved, "resolve 1", "resolve 1"),
        ] {
            let (steps, incident) = Incident::follow(known.parse().ok(), status);
            let told: Vec<String> =
                steps.iter().map(|step| format!("{} {}", step.action.as_str(), step.opening)).collect();
            assert_eq!(
                (told.join(", "), incident.to_string()),
                (events.to_owned(), after.to_owned()),
                "{known} {status:?}"
            );
        }
    }

    #[test]
    fn a_thread_that_is_not_an_incident_is_none() {
        for text in ["", "trigger", "trigger 0", "trigger -1", "open 1", "trigger 1 2", "trigger 99999999999", "💥 1"]
        {
            assert_eq!(text.parse::<Incident>(), Err(NotAnIncident), "{text}");
        }
        let last = Incident { last: Action::Resolve, opening: u32::MAX };
        assert_eq!(Incident::follow(Some(last), AlertStatus::Open).1.opening, u32::MAX);
    }

    #[test]
    fn each_opening_has_a_key_that_fits() {
        let alert = Fingerprint::of(AlertKind::Release, "pkg:npm/a@1.0.0");
        let key = |opening| Step { action: Action::Trigger, opening }.dedup_key(&alert);
        assert_eq!(key(1), format!("provwatch:{alert}"));
        assert_eq!(key(2), format!("provwatch:{alert}:2"));
        assert!(key(u32::MAX).len() <= 255);
    }
}
