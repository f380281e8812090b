//! Lays out the threads of a Slack app: the first message, which shows the state of an alert, and short replies.

use serde_json::{Value, json};

use super::{
    blocks::{context, message, paragraph},
    layout::payloads,
    members::parts,
};
use crate::{
    deliver::{
        Message,
        event::Event,
        view::{View, news::news},
    },
    model::{AlertStatus, Occasion, Severity},
};

/// The Slack messages of one message.
pub(super) struct Thread {
    /// The first message of the thread: the alert as it is now.
    pub first: Value,
    /// The rest of the alert, for a thread that begins.
    pub rest: Vec<Value>,
    /// What the message adds to a thread that exists.
    pub replies: Vec<Value>,
}

impl Thread {
    /// The thread of a message. `is_known`: earlier messages stand in it.
    pub fn of(message: &Message, is_known: bool) -> Self {
        let (mut view, event) = (View::of(message), Event::of(message));
        view.colour = colour(message.alert.status, view.colour);
        let note = if is_known { view.note.take() } else { None };
        let mut all = payloads(&view);
        let first = all.remove(0);
        view.note = note.or(view.note);
        Self { first, rest: all, replies: replies(&mut view, message.alert.severity, event) }
    }
}

/// The colour of the first message: its severity's while the alert is open. All carry white text.
const fn colour(status: AlertStatus, of_severity: &'static str) -> &'static str {
    match status {
        AlertStatus::Open => of_severity,
        AlertStatus::Acknowledged | AlertStatus::Snoozed => "#5b6470",
        AlertStatus::Resolved => "#2e7d32",
    }
}

/// A short message, and the new members of a campaign.
fn replies(view: &mut View, severity: Severity, event: Event) -> Vec<Value> {
    let said = news(view, event);
    let (happened, more) = said.split_first().map_or(("", [].as_slice()), |(first, more)| (first.as_str(), more));
    let mut blocks: Vec<Value> = more.iter().map(|text| paragraph(text)).collect();
    blocks.push(context(&view.subject()));
    view.members.retain(|member| member.is_new);
    view.more_members = 0;
    let members = if view.members.is_empty() { Vec::new() } else { parts(view) };
    let mut replies = vec![message(happened, view.colour, &blocks)];
    replies.extend(members.into_iter().map(|blocks| message("New releases of the campaign", view.colour, &blocks)));
    if is_for_all(severity, event) {
        replies[0]["reply_broadcast"] = json!(true);
    }
    replies
}

/// Whether the whole channel is to see a reply: the alert waits for a person, or a critical one grew.
const fn is_for_all(severity: Severity, event: Event) -> bool {
    match event {
        Event::On(Occasion::Reopened | Occasion::Repeated | Occasion::Escalated) => true,
        Event::Changed => matches!(severity, Severity::Critical),
        Event::Raised | Event::On(_) | Event::Digest => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{deliver::samples, model::Alert};

    fn thread(alert: Alert, note: Option<&str>) -> Thread {
        let alert = Alert { note: note.map(str::to_owned), ..alert };
        Thread::of(&Message { sequence: 1, ..samples::message(alert) }, true)
    }

    fn colour_of(payload: &Value) -> &str {
        payload["attachments"][0]["color"].as_str().unwrap()
    }

    #[test]
    fn the_first_message_has_the_colour_of_the_state() {
        for (status, colour) in [
            (AlertStatus::Open, "#c62828"),
            (AlertStatus::Acknowledged, "#5b6470"),
            (AlertStatus::Snoozed, "#5b6470"),
            (AlertStatus::Resolved, "#2e7d32"),
        ] {
            assert_eq!(colour_of(&thread(Alert { status, ..samples::takeover() }, None).first), colour);
        }
    }

    #[test]
    fn the_note_stands_in_the_reply_and_who_handles_it_in_the_first_message() {
        let thread = thread(samples::withdrawn(), Some("acknowledged by ada: asked <!channel> & *all*"));
        let first = thread.first.to_string();
        assert!(first.contains("Status: acknowledged by ada at") && !first.contains("channel"), "{first}");
        assert_eq!(thread.replies[0]["text"], "acknowledged by ada: asked &lt;!channel&gt; &amp; *all*");
        assert_eq!(thread.replies[0]["mrkdwn"], false);
        assert_eq!(thread.replies[0]["reply_broadcast"], Value::Null);
    }

    #[test]
    fn the_channel_sees_what_waits_for_a_person() {
        let is_seen = |alert, note| thread(alert, note).replies[0]["reply_broadcast"] == true;
        assert!(is_seen(samples::takeover(), Some("reopened by ada: not over")));
        assert!(is_seen(samples::takeover(), Some("repeated: the alert is still open")));
        assert!(is_seen(samples::campaign(5, 2), None));
        assert!(!is_seen(samples::takeover(), None));
        assert!(!is_seen(samples::takeover(), Some("resolved by ada: known")));
    }

    #[test]
    fn a_reply_names_the_new_members_only() {
        let replies = thread(samples::campaign(60, 2), None).replies;
        let all: String = replies.iter().map(ToString::to_string).collect();
        assert_eq!(replies.len(), 2);
        assert!(all.contains("package-1@") && !all.contains("package-2@"), "{all}");
        assert!(all.contains("New since the last message: 2 of 60"), "{all}");
        let many = thread(samples::campaign(1_000, 999), None);
        let all: String = many.replies.iter().map(ToString::to_string).collect();
        assert!(many.replies.len() <= 21 && all.contains("package-400@"), "{}", many.replies.len());
    }
}
