//! What a message tells of in the life of its alert.

use chrono::TimeDelta;

use super::Message;
use crate::model::{AlertStatus, Occasion};

/// What a message tells of in the life of its alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Event {
    /// The first message about the alert.
    Raised,
    /// More is known of it, or of its release.
    Changed,
    /// It is told again because of an occasion.
    On(Occasion),
    /// A digest in place of single messages.
    Digest,
}

impl Event {
    /// The event of a message. A message that was late tells of the alert as it is now.
    pub fn of(message: &Message) -> Self {
        let alert = &message.alert;
        match alert.note.as_deref().and_then(Occasion::of) {
            _ if alert.digest.is_some() => Self::Digest,
            Some(occasion) => Self::On(occasion),
            None if alert.status == AlertStatus::Resolved => Self::On(Occasion::Resolved),
            None if message.sequence == 0 => Self::Raised,
            None if is_reopened(message) => Self::On(Occasion::Reopened),
            None => Self::Changed,
        }
    }

    /// Its word: `raised`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Changed => "changed",
            Self::On(occasion) => occasion.as_str(),
            Self::Digest => "digest",
        }
    }
}

/// The word of the event that a message tells of: `raised`, `changed`, `resolved`.
pub fn told_as(message: &Message) -> &'static str {
    Event::of(message).as_str()
}

/// Whether the alert was opened again, by provwatch itself too, when the message was made.
fn is_reopened(message: &Message) -> bool {
    let last = message.alert.handling.as_ref().filter(|last| last.status == AlertStatus::Open);
    last.is_some_and(|last| (message.created_at - last.at).abs() < TimeDelta::seconds(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        deliver::samples,
        model::{Alert, AlertAction, Digest},
    };

    #[test]
    fn the_event_follows_from_the_message() {
        let message = |sequence, status, note: Option<&str>| Message {
            sequence,
            ..samples::message(Alert { status, note: note.map(str::to_owned), ..samples::takeover() })
        };
        for (message, event) in [
            (message(0, AlertStatus::Open, None), "raised"),
            (message(0, AlertStatus::Acknowledged, None), "raised"),
            (message(2, AlertStatus::Acknowledged, None), "changed"),
            (message(2, AlertStatus::Acknowledged, Some("acknowledged by ada: seen")), "acknowledged"),
            (message(2, AlertStatus::Open, Some("reopened by ada: not over")), "reopened"),
            (message(1, AlertStatus::Open, Some("repeated: the alert is still open")), "repeated"),
            (message(0, AlertStatus::Open, Some("escalated: ops did not acknowledge it in time")), "escalated"),
            (message(1, AlertStatus::Resolved, None), "resolved"),
            (message(1, AlertStatus::Resolved, Some("resolved by ada: known")), "resolved"),
            (message(0, AlertStatus::Snoozed, Some("snoozed by ada: tomorrow")), "snoozed"),
            (message(0, AlertStatus::Open, Some("resolvedly nothing")), "raised"),
        ] {
            assert_eq!(Event::of(&message).as_str(), event, "{:?}", message.alert.note);
        }
        let takeover = samples::takeover();
        let (from, to) = (takeover.raised_at, takeover.raised_at);
        let digest = Some(Digest { from, to, sections: Vec::new(), history: None });
        let reopened = |minutes| {
            let message = message(3, AlertStatus::Open, None);
            let at = message.created_at - TimeDelta::minutes(minutes);
            let last = AlertAction::new(AlertStatus::Open, "provwatch", "the snooze has ended", at);
            Event::of(&Message { alert: Alert { handling: Some(last), ..message.alert.clone() }, ..message }).as_str()
        };
        assert_eq!((reopened(0), reopened(5)), ("reopened", "changed"));
        let digest = Alert { digest, ..takeover };
        assert_eq!(Event::of(&samples::message(digest)), Event::Digest);
    }
}
