//! Messages over the whole life of alerts of every kind, for the tests of sinks and forms.

use super::samples;
use crate::{
    deliver::Message,
    model::{
        Alert, AlertAction, AlertKind, AlertStatus, Confidence, Digest, DigestItem, DigestSection, Resolution, Severity,
    },
};

/// A message for each event, each kind and each sample, those with attacks in their texts too. Every one has a key of its
/// own.
pub(in crate::deliver) fn all() -> Vec<Message> {
    let mut messages = of_takeover();
    let alerts = [
        samples::repeated(),
        samples::withdrawn(),
        samples::hostile(),
        hostile_campaign(),
        samples::campaign(3, 1),
        samples::campaign(60, 60),
        samples::campaign(1_000, 1_000),
        about(AlertKind::Log, "log.example/2026", "the log showed two histories"),
        about(AlertKind::Operation, "npm-changes", "npm-changes is stale"),
        digest(),
    ];
    messages.extend(alerts.map(samples::message));
    for (number, message) in messages.iter_mut().enumerate() {
        message.idempotency_key = format!("msg_{number}");
    }
    messages
}

/// The life of one alert: raised, changed, acknowledged, …, resolved.
pub(in crate::deliver) fn of_takeover() -> Vec<Message> {
    let steps = [
        (AlertStatus::Open, None),
        (AlertStatus::Open, None),
        (AlertStatus::Open, Some("repeated: the alert is still open")),
        (AlertStatus::Open, Some("escalated: ops did not acknowledge it in time")),
        (AlertStatus::Acknowledged, Some("acknowledged by ada: seen")),
        (AlertStatus::Snoozed, Some("snoozed by ada: tomorrow")),
        (AlertStatus::Resolved, Some("resolved by ada: known")),
        (AlertStatus::Open, Some("reopened by ada: not over")),
        (AlertStatus::Resolved, None),
    ];
    let step = |(sequence, (status, note)): (usize, (AlertStatus, Option<&str>))| Message {
        idempotency_key: format!("msg_life_{sequence}"),
        sequence: u32::try_from(sequence).unwrap(),
        ..samples::message(Alert {
            status,
            note: note.map(str::to_owned),
            handling: handling(status),
            ..samples::takeover()
        })
    };
    steps.into_iter().enumerate().map(step).collect()
}

/// A campaign whose texts are attacks, with as many names as a message shows and more.
fn hostile_campaign() -> Alert {
    let mut alert = samples::hostile_campaign();
    for member in &mut alert.member_details {
        member.new_scripts.truncate(12);
        member.new_dependencies.truncate(12);
    }
    alert
}

fn handling(status: AlertStatus) -> Option<AlertAction> {
    let at = "2026-03-31T07:30:00Z".parse().unwrap();
    let action = AlertAction::new(status, "ada", "looked at it\u{1b}[2J\n", at);
    match status {
        AlertStatus::Open => None,
        AlertStatus::Resolved => Some(AlertAction { category: Some(Resolution::Expected), ..action }),
        AlertStatus::Acknowledged | AlertStatus::Snoozed => {
            Some(AlertAction { until: Some("2026-04-07T08:00:00Z".parse().unwrap()), ..action })
        }
    }
}

fn about(kind: AlertKind, subject: &str, title: &str) -> Alert {
    let at = "2026-03-31T00:24:10Z".parse().unwrap();
    Alert {
        evidence: (kind == AlertKind::Log).then(|| "0123456789ab".to_owned()),
        argument: "provwatch keeps the evidence.".to_owned(),
        ..Alert::about(kind, subject, Severity::Medium, Confidence::High, title.to_owned(), at)
    }
}

fn digest() -> Alert {
    let item = DigestItem {
        alert: Some(samples::takeover().id),
        severity: Some(Severity::High),
        text: "axios 1.14.1 \u{1b}[31m\n".to_owned(),
    };
    let digest = Digest {
        from: "2026-03-30T08:00:00Z".parse().unwrap(),
        to: "2026-03-31T08:00:00Z".parse().unwrap(),
        sections: vec![
            DigestSection { name: "new".to_owned(), count: 1, items: vec![item] },
            DigestSection { name: "resolved".to_owned(), count: 0, items: Vec::new() },
        ],
        history: None,
    };
    let at = "2026-03-31T08:00:00Z".parse().unwrap();
    let title = format!("Digest: {}", digest.summary());
    let alert = Alert::about(AlertKind::Operation, "digest ops", Severity::Info, Confidence::High, title, at);
    Alert { digest: Some(digest), ..alert }
}
