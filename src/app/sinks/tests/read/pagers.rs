//! Notifications of ntfy, events of `PagerDuty`, alerts of Alertmanager: keys, links, actions, labels.

use serde_json::Value;

use super::{
    LABELS, is_inert, is_own_link, is_plain,
    json::{has_only, texts},
};
use crate::{app::sinks::tests::list::is_tainted, deliver::stand_in::Asked};

/// ntfy would follow `attach`, `icon`, `email` and `call`, and read `markdown`.
const NOTIFICATION: [&str; 11] =
    ["action", "actions", "click", "label", "message", "priority", "sequence_id", "tags", "title", "topic", "url"];

pub(super) fn ntfy(asked: &Asked) {
    has_only(&asked.body, &NOTIFICATION);
    for (key, text) in texts(&asked.body) {
        match key {
            "title" => is_plain(text, false),
            "message" => is_plain(text, true),
            "click" | "url" => is_own_link(text),
            "label" => assert!(LABELS.contains(&text), "{text}"),
            "action" => assert_eq!(text, "view"),
            _ => assert!(!is_tainted(text), "{key}: {text}"),
        }
    }
}

/// `images` would be another key.
const EVENT: [&str; 32] = [
    "class",
    "client",
    "component",
    "custom_details",
    "dedup_key",
    "event_action",
    "group",
    "href",
    "links",
    "payload",
    "routing_key",
    "severity",
    "source",
    "summary",
    "text",
    "timestamp",
    // The details.
    "alert",
    "all of it",
    "confidence",
    "evidence",
    "last good version",
    "note",
    "owner",
    "published",
    "reason",
    "releases",
    "repeated",
    "status",
    "warning",
    "what became of it",
    "what to do",
    "client_url",
];

pub(super) fn pagerduty(asked: &Asked) {
    has_only(&asked.body, &EVENT);
    assert!(asked.body["client_url"].is_null());
    for (key, text) in texts(&asked.body) {
        match key {
            "href" => is_own_link(text),
            "text" => assert!(LABELS.contains(&text), "{text}"),
            "routing_key" | "event_action" | "dedup_key" | "client" | "class" | "severity" | "timestamp" | "group" => {
                assert!(!is_tainted(text), "{key}: {text}");
            }
            _ => is_plain(text, false),
        }
    }
}

const LABEL_NAMES: [&str; 12] = [
    "alert",
    "alertname",
    "ecosystem",
    "fingerprint",
    "kind",
    "log",
    "match",
    "package",
    "severity",
    "site",
    "team",
    "tier",
];
const ANNOTATIONS: [&str; 8] =
    ["description", "published", "release", "show", "status", "summary", "warning", "what_to_do"];

pub(super) fn alertmanager(asked: &Asked) {
    for alert in asked.body.as_array().unwrap() {
        let all = ["labels", "annotations", "startsAt", "endsAt", "generatorURL"];
        assert!(alert.as_object().unwrap().keys().all(|key| all.contains(&key.as_str())), "{alert}");
        inert(&alert["labels"], &LABEL_NAMES, false);
        inert(&alert["annotations"], &ANNOTATIONS, true);
        alert["generatorURL"].as_str().into_iter().for_each(is_own_link);
    }
}

fn inert(texts_by_name: &Value, names: &[&str], has_lines: bool) {
    has_only(texts_by_name, names);
    for (_, text) in texts(texts_by_name) {
        is_plain(text, has_lines);
        is_inert(text);
    }
}
