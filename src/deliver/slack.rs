use bytes::Bytes;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Endpoint, Message, Receipt, Sink, SinkError,
    view::{CommandView, LinkView, SignalView, View},
};

/// Most characters of a header block's text.
const MAX_HEADER: usize = 150;
/// Most characters of a text in a section's `fields`.
const MAX_FIELD: usize = 2_000;
/// Most characters of any other text.
const MAX_TEXT: usize = 3_000;

/// Posts alerts to a Slack channel through an incoming webhook, laid out with Block Kit.
///
/// Only provwatch's own words are `mrkdwn`. What a release says of itself is `plain_text`, where neither formatting nor
/// mentions nor links work.
#[derive(Debug)]
pub struct SlackSink {
    endpoint: Endpoint,
}

impl SlackSink {
    /// A sink that posts to the webhook's URL.
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }

    async fn post(&self, message: &Message) -> Result<Receipt, SinkError> {
        let body = Bytes::from(payload(&View::of(message)).to_string());
        // 400 is `invalid_payload` or `no_text`: this message will never be taken. 403 and 404 (`action_prohibited`,
        // `no_service`, `channel_not_found`) an administrator may undo; 410 is `channel_is_archived`.
        let response = self.endpoint.post(body, Vec::new(), &[400]).await?;
        Ok(Receipt { detail: format!("answered {}", response.status) })
    }
}

impl Sink for SlackSink {
    fn kind(&self) -> &'static str {
        "slack"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.post(message))
    }
}

/// The message. `text` is what notifications show; the attachment is there for its colour.
fn payload(view: &View) -> Value {
    json!({
        "text": escape(&view.subject(), MAX_TEXT),
        "mrkdwn": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": [{ "type": "header", "text": words(&view.subject(), MAX_HEADER) }],
        "attachments": [{ "color": view.colour, "blocks": blocks(view) }],
    })
}

/// The blocks under the header: at most 33, while Slack takes 50 of a message.
fn blocks(view: &View) -> Vec<Value> {
    let mut blocks = vec![facts(view)];
    blocks.extend((!view.argument.is_empty()).then(|| paragraph(&view.argument)));
    for signal in &view.signals {
        blocks.extend(evidence(signal));
    }
    blocks.extend(remainder(view.more_signals, "signals"));
    if !view.members.is_empty() {
        blocks.push(paragraph(&view.members.join("\n")));
        blocks.extend(remainder(view.more_members, "releases"));
    }
    blocks.extend((!view.links.is_empty()).then(|| section(&links(&view.links))));
    blocks.push(section(&commands(&view.commands)));
    blocks.push(context(&format!("provwatch {} alert {}, raised {}", view.kind, view.id, view.raised)));
    blocks
}

fn facts(view: &View) -> Value {
    let mut facts = vec![("Severity", view.severity), ("Confidence", view.confidence)];
    if let Some(release) = &view.release {
        facts.push(("Release", &release.purl));
        facts.extend(release.published.as_deref().map(|published| ("Published", published)));
    }
    json!({ "type": "section", "fields": table(&facts) })
}

/// One signal: what it is, what was expected and seen, why it matters.
fn evidence(signal: &SignalView) -> [Value; 2] {
    let supporting = if signal.supporting { ", supporting only" } else { "" };
    let since = signal.since.as_ref().map(|since| format!(", since {since}")).unwrap_or_default();
    let title = format!("{}: {}{supporting}", signal.detector, signal.severity);
    let expected = format!("{}{since}", signal.expected);
    let fields = table(&[("Expected", &expected), ("Seen", &signal.seen)]);
    [json!({ "type": "section", "text": words(&title, MAX_TEXT), "fields": fields }), context(&signal.why)]
}

fn remainder(count: usize, of_what: &str) -> Option<Value> {
    (count > 0).then(|| context(&format!("and {count} more {of_what}")))
}

/// The fields of a section: two columns, labels above values. Slack fills them row by row.
fn table(cells: &[(&str, &str)]) -> Vec<Value> {
    let mut fields = Vec::new();
    for row in cells.chunks(2) {
        fields.extend(row.iter().map(|(label, _)| json!({ "type": "mrkdwn", "text": format!("*{label}*") })));
        fields.extend(row.iter().map(|(_, value)| words(value, MAX_FIELD)));
    }
    fields
}

fn paragraph(text: &str) -> Value {
    json!({ "type": "section", "text": words(text, MAX_TEXT) })
}

fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [words(text, MAX_TEXT)] })
}

fn section(mrkdwn: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": mrkdwn, "verbatim": true } })
}

/// Links by their labels. A URL in normal form has no `<`, `>` or space; a `|` would end it early.
fn links(links: &[LinkView]) -> String {
    let link = |link: &LinkView| format!("<{}|{}>", link.url.replace('&', "&amp;").replace('|', "%7C"), link.label);
    joined(links.iter().map(link), " · ")
}

/// The commands as one block of code. A backtick would end it early; none of the commands needs one.
fn commands(commands: &[CommandView]) -> String {
    let line = |command: &CommandView| escape(&command.line.replace('`', "'"), MAX_TEXT);
    format!("```{}```", joined(commands.iter().map(line), "\n"))
}

/// As many of the parts as Slack takes in one text.
fn joined(parts: impl Iterator<Item = String>, separator: &str) -> String {
    const FENCES: usize = 6;
    let mut out = String::new();
    for part in parts {
        if out.chars().count() + separator.chars().count() + part.chars().count() + FENCES > MAX_TEXT {
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
fn words(text: &str, limit: usize) -> Value {
    let text = if text.trim().is_empty() { "(nothing)" } else { text };
    json!({ "type": "plain_text", "text": escape(text, limit), "emoji": false })
}

/// Escapes Slack's three control characters, and cuts what would be longer than `limit` characters afterwards.
fn escape(text: &str, limit: usize) -> String {
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
    use std::sync::Arc;

    use super::*;
    use crate::{
        clock::ManualClock,
        deliver::samples,
        http::{Client, ScriptedTransport},
    };

    /// Every text of a payload with the limit that Slack's reference gives for its place.
    fn texts<'a>(value: &'a Value, limit: usize, found: &mut Vec<(&'a str, usize)>) {
        match value {
            Value::Object(object) => {
                let limit = match object.get("type").and_then(Value::as_str) {
                    Some("header") => 150,
                    Some("section") if object.contains_key("fields") => 2_000,
                    Some("section" | "context") => 3_000,
                    _ => limit,
                };
                found.extend(object.get("text").and_then(Value::as_str).map(|text| (text, limit)));
                object.values().for_each(|below| texts(below, limit, found));
            }
            Value::Array(array) => array.iter().for_each(|below| texts(below, limit, found)),
            _ => {}
        }
    }

    #[test]
    fn a_takeover_in_blocks() {
        insta::assert_json_snapshot!(payload(&View::of(&samples::message(samples::takeover()))));
    }

    #[test]
    fn hostile_text_stays_text_within_the_limits() {
        let payload = payload(&View::of(&samples::message(samples::hostile())));
        let mut found = Vec::new();
        texts(&payload, 3_000, &mut found);
        assert!(found.len() > 30);
        for (text, limit) in found {
            assert!(!text.is_empty() && text.chars().count() <= limit, "{} of {limit}: {text}", text.chars().count());
            assert!(!text.contains("<!channel>") && !text.contains("<script>"), "{text}");
        }
        let blocks = payload["attachments"][0]["blocks"].as_array().unwrap();
        assert!(blocks.len() < 50, "{} blocks", blocks.len());
        assert!(blocks.iter().all(|block| block["fields"].as_array().is_none_or(|fields| fields.len() <= 10)));
        assert!(blocks.iter().all(|block| block["elements"].as_array().is_none_or(|elements| elements.len() <= 10)));
    }

    #[test]
    fn control_characters_are_escaped_and_never_cut() {
        assert_eq!(escape("a & <b>", 100), "a &amp; &lt;b&gt;");
        assert_eq!(escape("<<<", 9), "&lt;&lt;…");
        assert_eq!(escape("<<<", 12), "&lt;&lt;&lt;");
        assert_eq!(escape("größer", 6), "größer");
        assert_eq!(escape("größere", 6), "größe…");
    }

    async fn answered(status: u16, body: &'static str) -> Result<Receipt, SinkError> {
        let transport = Arc::new(ScriptedTransport::new());
        for _ in 0..10 {
            transport.answer("/s3cr3t", status, &[], body);
        }
        let clock = Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z"));
        let url = "https://hooks.slack.com/services/T000/B000/s3cr3t".parse().unwrap();
        SlackSink::new(Endpoint::new(&Client::new(transport, clock), url))
            .deliver(&samples::message(samples::takeover()))
            .await
    }

    #[tokio::test]
    async fn slacks_answers_are_understood() {
        assert_eq!(answered(200, "ok").await.unwrap().detail, "answered 200");
        assert!(matches!(answered(400, "invalid_payload").await, Err(SinkError::Permanent { .. })));
        assert!(matches!(answered(410, "channel_is_archived").await, Err(SinkError::Gone { .. })));
        assert!(matches!(answered(429, "").await, Err(SinkError::Temporary { .. })));
        assert!(matches!(answered(500, "rollup_error").await, Err(SinkError::Temporary { .. })));
    }
}
