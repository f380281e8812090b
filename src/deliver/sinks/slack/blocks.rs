//! The blocks of Slack messages, each within Slack's limits.

use serde_json::{Value, json};

use crate::deliver::view::LinkView;

/// Most characters of a text in a section's `fields`.
pub(super) const MAX_FIELD: usize = 2_000;
/// Most characters of any other text.
pub(super) const MAX_TEXT: usize = 3_000;

/// One Slack message. `text` is for notifications; the attachment is there for its colour.
pub(super) fn message(text: &str, colour: &str, blocks: &[Value]) -> Value {
    json!({
        "text": escape(text, MAX_TEXT),
        "mrkdwn": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "attachments": [{ "color": colour, "blocks": blocks }],
    })
}

pub(super) fn paragraph(text: &str) -> Value {
    json!({ "type": "section", "text": words(text, MAX_TEXT) })
}

pub(super) fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [words(text, MAX_TEXT)] })
}

pub(super) fn section(mrkdwn: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": mrkdwn, "verbatim": true } })
}

/// Links by their labels. A URL in normal form has no `<`, `>`, `|` or space.
pub(super) fn links(links: &[LinkView]) -> String {
    let link = |link: &LinkView| format!("<{}|{}>", link.url.replace('&', "&amp;"), link.label);
    joined(links.iter().map(link), " · ", MAX_TEXT)
}

/// As many of the parts as fit into `room` characters, at most [`MAX_TEXT`].
pub(super) fn joined(parts: impl Iterator<Item = String>, separator: &str, room: usize) -> String {
    const FENCES: usize = 6;
    let mut out = String::new();
    for part in parts {
        if out.chars().count() + separator.chars().count() + part.chars().count() + FENCES > room {
            break;
        }
        if !out.is_empty() {
            out.push_str(separator);
        }
        out.push_str(&part);
    }
    out
}

/// A `plain_text` object. Slack refuses empty ones.
pub(super) fn words(text: &str, limit: usize) -> Value {
    let text = if text.trim().is_empty() { "(nothing)" } else { text };
    json!({ "type": "plain_text", "text": escape(text, limit), "emoji": false })
}

/// Escapes Slack's three control characters, and cuts the text to `limit` characters afterwards.
pub(super) fn escape(text: &str, limit: usize) -> String {
    let escaped: Vec<String> = text
        .chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            other => other.to_string(),
        })
        .collect();
    if escaped.iter().map(|part| part.chars().count()).sum::<usize>() <= limit {
        return escaped.concat();
    }
    let mut length = 0;
    let fits = |part: &&String| {
        length += part.chars().count();
        length < limit
    };
    escaped.iter().take_while(fits).map(String::as_str).chain(["…"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_never_cut() {
        assert_eq!(escape("a & <b>", 100), "a &amp; &lt;b&gt;");
        assert_eq!(escape("<<<", 9), "&lt;&lt;…");
        assert_eq!(escape("<<<", 12), "&lt;&lt;&lt;");
        assert_eq!(escape("größer", 6), "größer");
        assert_eq!(escape("größere", 6), "größe…");
    }
}
