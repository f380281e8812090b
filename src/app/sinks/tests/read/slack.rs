//! Messages of Slack as its clients read them: escapes, mrkdwn, links.

use serde_json::Value;

use super::{
    LABELS, is_own_link, is_plain,
    json::{has_only, objects, texts},
};
use crate::{app::sinks::tests::list::is_tainted, deliver::stand_in::Asked};

/// Every key of a message.
const KEYS: [&str; 19] = [
    "attachments",
    "blocks",
    "channel",
    "color",
    "elements",
    "emoji",
    "fields",
    "link_names",
    "mrkdwn",
    "parse",
    "reply_broadcast",
    "text",
    "thread_ts",
    "ts",
    "type",
    "unfurl_links",
    "unfurl_media",
    "verbatim",
    "username",
];

pub(super) fn check(asked: &Asked) {
    let message = &asked.body;
    has_only(message, &KEYS);
    assert!(message["mrkdwn"] == false && message["unfurl_links"] == false && message["unfurl_media"] == false);
    if !message["channel"].is_null() {
        // An app's text is shown, and Slack would look for links and names in it.
        assert!(message["parse"] == "none" && message["link_names"] == false, "{message}");
    }
    for object in objects(message) {
        match (object["type"].as_str(), object["text"].as_str()) {
            (Some("mrkdwn"), Some(text)) => mrkdwn(text),
            (Some("plain_text"), Some(text)) => {
                assert_eq!(object["emoji"], false, "{object}");
                is_escaped(text);
            }
            (None, Some(text)) => is_escaped(text),
            (Some("header" | "section" | "context") | None, None) => {}
            _ => panic!("{object}"),
        }
    }
    for (key, text) in texts(message).into_iter().filter(|(key, _)| *key != "text") {
        assert!(!is_tainted(text), "{key}: {text}");
    }
}

/// Asserts that a text has none of Slack's control characters.
fn is_escaped(text: &str) {
    is_plain(text, true);
    assert!(!text.contains(['<', '>']), "{text}");
    for (at, _) in text.match_indices('&') {
        assert!(["&amp;", "&lt;", "&gt;"].iter().any(|entity| text[at..].starts_with(entity)), "{text}");
    }
}

/// Asserts that the texts of others are code, and that links are provwatch's own.
fn mrkdwn(text: &str) {
    is_plain(text, true);
    let parts: Vec<&str> = text.split("```").collect();
    assert!(parts.len() % 2 == 1, "code without an end: {text}");
    for (place, part) in parts.into_iter().enumerate() {
        if place % 2 == 1 {
            is_escaped(part);
            continue;
        }
        let rest = without_links(part);
        is_escaped(&rest);
        assert!(!is_tainted(&rest), "{text}");
    }
}

fn without_links(part: &str) -> String {
    let (mut rest, mut out) = (part, String::new());
    while let Some((before, behind)) = rest.split_once('<') {
        let (link, after) = behind.split_once('>').unwrap_or_else(|| panic!("{part}"));
        let (url, label) = link.split_once('|').unwrap_or_else(|| panic!("{part}"));
        assert!(LABELS.contains(&label), "{part}");
        is_own_link(&url.replace("&amp;", "&"));
        out.push_str(before);
        rest = after;
    }
    out + rest
}

/// The reader itself finds what the list could do.
#[test]
fn markup_is_found() {
    for text in ["<!channel>", "<@U1>", "<https://evil.example|click>", "*evil*", "```a``` ```", "a & b", "a\u{202e}"] {
        let found = std::panic::catch_unwind(|| mrkdwn(text)).is_err();
        assert!(found, "{text}");
    }
    mrkdwn("*1. Contain*\n```npm pkg set 'evil &lt;1'```\n<https://npm.example/a&amp;b|Registry>");
    let _ = Value::Null;
}
