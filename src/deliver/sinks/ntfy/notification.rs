//! One notification as ntfy takes it as JSON, within the server's limits.

use serde::Serialize;

use crate::{
    deliver::view::{
        LinkView, View,
        lines::{all_evidence, cut, developments, digest, fitting, members},
    },
    model::{Alert, AlertId, AlertStatus, Severity},
};

/// Most bytes of a message. A server makes an attachment of one with more than 4,096 (`message-size-limit`).
const MAX_MESSAGE: usize = 3_500;

/// Most bytes of a title, of which phones show less.
const MAX_TITLE: usize = 240;

/// Most bytes of the whole body. A server takes twice its `message-size-limit`, that is 8,192.
const MAX_BODY: usize = 8_000;

/// Most bytes of a URL; a phone has no use for longer ones, and they would need the room of the message.
const MAX_URL: usize = 500;

/// Most actions of a notification.
const MAX_ACTIONS: usize = 3;

/// The body of a `POST` to the root of the server ("Publish as JSON", docs.ntfy.sh/publish).
#[derive(Debug, Serialize)]
pub(super) struct Notification<'a> {
    topic: &'a str,
    title: String,
    message: String,
    /// From 1, without a sound, to 5, which may break through "do not disturb".
    priority: u8,
    /// The first becomes a picture.
    tags: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    click: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Action>,
    /// Replaces the notification with the same id (since ntfy 2.16; older servers leave it out of account).
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_id: Option<&'a str>,
}

/// A button that opens a page. provwatch sends no other kind: those make requests or broadcasts.
#[derive(Debug, Serialize)]
struct Action {
    #[serde(rename = "action")]
    kind: &'static str,
    label: &'static str,
    url: String,
}

impl<'a> Notification<'a> {
    /// The notification of a view, as a body. It becomes shorter until it fits: escapes can double a text.
    pub fn body(
        topic: &'a str,
        sequence_id: Option<&'a str>,
        view: &View,
        alert: &Alert,
    ) -> serde_json::Result<String> {
        let mut room = MAX_MESSAGE;
        loop {
            let body = serde_json::to_string(&Self::of(topic, sequence_id, view, alert, room))?;
            if body.len() <= MAX_BODY || room < MAX_TITLE {
                return Ok(body);
            }
            room = room * 3 / 4;
        }
    }

    fn of(topic: &'a str, sequence_id: Option<&'a str>, view: &View, alert: &Alert, room: usize) -> Self {
        let mut links = view.links.iter().filter(|link| link.url.len() <= MAX_URL).collect::<Vec<_>>();
        links.truncate(MAX_ACTIONS);
        Self {
            topic,
            title: cut(&view.subject(), MAX_TITLE),
            message: message(view, !alert.is_test(), room),
            priority: priority(alert),
            tags: vec![picture(alert), view.severity, view.kind],
            click: links.first().map(|link| link.url.clone()),
            actions: links.into_iter().map(open).collect(),
            sequence_id,
        }
    }
}

fn open(link: &LinkView) -> Action {
    Action { kind: "view", label: link.label, url: link.url.clone() }
}

/// What a person needs on a phone, the most important first. The command that shows the rest ends it, if the alert is
/// stored.
fn message(view: &View, is_stored: bool, room: usize) -> String {
    let status = view.standing.iter().map(|standing| format!("Status: {standing}"));
    // The argument of a drill begins with its warning.
    let warning = view.warning.iter().filter(|warning| !view.argument.starts_with(warning.as_str()));
    let mut lines: Vec<String> = view.note.iter().chain(warning).cloned().chain(status).collect();
    lines.extend(digest(view));
    lines.extend((!view.argument.is_empty()).then(|| view.argument.clone()));
    lines.extend(view.owner.iter().map(|owner| format!("Owner: {owner}")));
    lines.extend(view.used_by.iter().map(|used| format!("Used by {used}")));
    lines.extend(view.repeated.iter().map(|repeated| format!("Repeated {repeated}.")));
    lines.extend(developments(view));
    lines.extend(all_evidence(view));
    lines.extend(members(view, room / 2));
    let end = if is_stored { format!("All of it: {}", view.show) } else { String::new() };
    let (mut lines, left) = fitting(lines, room.saturating_sub(end.len() + 1));
    if left > 0 && lines.is_empty() {
        lines.push(cut(&view.argument, room.saturating_sub(end.len() + 1)));
    }
    lines.extend(is_stored.then_some(end));
    lines.join("\n")
}

/// By severity; what needs no action is quiet.
fn priority(alert: &Alert) -> u8 {
    let of_severity = match alert.severity {
        // A test is to be seen, though it is harmless.
        _ if alert.id == AlertId::TEST => 3,
        _ if alert.digest.is_some() => 2,
        Severity::Critical => 5,
        Severity::High => 4,
        Severity::Medium => 3,
        Severity::Low => 2,
        Severity::Info => 1,
    };
    if alert.status == AlertStatus::Open { of_severity } else { of_severity.min(2) }
}

/// The name of a picture (docs.ntfy.sh/emojis).
const fn picture(alert: &Alert) -> &'static str {
    match (alert.status, alert.severity) {
        _ if alert.digest.is_some() => "newspaper",
        (AlertStatus::Resolved, _) => "white_check_mark",
        (AlertStatus::Acknowledged, _) => "eyes",
        (AlertStatus::Snoozed, _) => "zzz",
        (AlertStatus::Open, Severity::Critical) => "rotating_light",
        (AlertStatus::Open, Severity::High | Severity::Medium) => "warning",
        (AlertStatus::Open, Severity::Low | Severity::Info) => "information_source",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::deliver::samples;

    fn body(alert: &Alert) -> Value {
        let view = View::of(&samples::message(alert.clone()));
        let text = Notification::body("t0pic", Some("5eq"), &view, alert).unwrap();
        assert!(text.len() <= MAX_BODY, "{}", text.len());
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_takeover_as_a_notification() {
        insta::assert_json_snapshot!(body(&samples::takeover()));
    }

    #[test]
    fn every_notification_keeps_the_limits() {
        let long = Alert { title: "ü\\\"".repeat(300), argument: "\\\"ü".repeat(900), ..samples::hostile() };
        for alert in [
            samples::takeover(),
            samples::withdrawn(),
            samples::repeated(),
            samples::hostile(),
            samples::hostile_campaign(),
            samples::campaign(60, 60),
            samples::campaign(1_000, 1_000),
            samples::digest(),
            long,
        ] {
            let body = body(&alert);
            let text = |name: &str| body[name].as_str().unwrap().to_owned();
            assert!(!text("title").is_empty() && text("title").len() <= MAX_TITLE);
            assert!(!text("message").is_empty() && text("message").len() <= MAX_MESSAGE, "{}", text("message").len());
            assert!(text("message").ends_with(&format!("All of it: provwatch alerts show {}", alert.id)));
            let all = body.to_string();
            assert!(!all.contains("\\u001b") && !all.contains('\u{202e}') && !all.contains("javascript:"), "{all}");
            for action in body["actions"].as_array().into_iter().flatten() {
                assert_eq!(action["action"], "view");
                assert!(action["url"].as_str().unwrap().starts_with("http"), "{action}");
            }
        }
    }

    #[test]
    fn a_digest_lists_its_items() {
        let body = body(&samples::digest());
        let message = body["message"].as_str().unwrap();
        assert!(
            message.contains("new: 2\n- high axios 1.14.1: published with a token (alert 6adc1e73047a)"),
            "{message}"
        );
        assert_eq!((&body["tags"][0], &body["priority"]), (&"newspaper".into(), &2.into()));
    }

    #[test]
    fn severity_and_status_decide_how_loud_it_is() {
        use AlertStatus::{Acknowledged, Open, Resolved, Snoozed};
        for (severity, status, expected) in [
            (Severity::Critical, Open, 5),
            (Severity::High, Open, 4),
            (Severity::Medium, Open, 3),
            (Severity::Low, Open, 2),
            (Severity::Info, Open, 1),
            (Severity::Critical, Acknowledged, 2),
            (Severity::Critical, Snoozed, 2),
            (Severity::Critical, Resolved, 2),
            (Severity::Info, Resolved, 1),
        ] {
            let alert = Alert { severity, status, ..samples::takeover() };
            assert_eq!(priority(&alert), expected, "{severity} {status:?}");
        }
        let test = Alert { id: AlertId::TEST, severity: Severity::Info, ..samples::takeover() };
        assert_eq!(priority(&test), 3);
        assert!(!body(&test)["message"].as_str().unwrap().contains("alerts show"), "it is not stored");
    }
}
