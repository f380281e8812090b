//! Microsoft Teams: a Workflows webhook.

use std::sync::{Arc, Mutex};

use provwatch::http::Response;
use serde_json::Value;

use super::desk::{NASTY, answer, live, send_everything, sink, takeover};
use crate::lab::server::{Respond, serve};

/// A channel, with its cards.
#[derive(Clone, Default)]
pub struct Teams(Arc<Mutex<Vec<Value>>>);

impl Respond for Teams {
    fn respond(&self, _: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Option<Response> {
        if path != "/workflows/1/invoke?sig=s1gnatur3" {
            return Some(answer(401, r#"{"error":{"code":"DirectApiAuthorizationRequired"}}"#));
        }
        if body.len() > 28 * 1024 {
            let said = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413";
            return Some(answer(200, said));
        }
        let is_json =
            headers.iter().any(|(name, value)| name == "content-type" && value.starts_with("application/json"));
        let sent: Value = serde_json::from_slice(body).unwrap_or_default();
        let attachment = &sent["attachments"][0];
        let card = &attachment["content"];
        let is_card = attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
            && card["type"] == "AdaptiveCard"
            && ["1.2", "1.3", "1.4", "1.5"].iter().any(|version| card["version"] == *version);
        if !is_json || sent["type"] != "message" || !is_card {
            return Some(answer(400, r#"{"error":{"code":"TriggerInputSchemaMismatch"}}"#));
        }
        self.0.lock().unwrap().push(card.clone());
        Some(answer(202, ""))
    }
}

/// The texts of a card that a client reads as Markdown.
fn markdown(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if !matches!(fields.get("type").and_then(Value::as_str), Some("TextRun")) {
                found.extend(fields.get("text").and_then(Value::as_str).map(str::to_owned));
            }
            fields.values().for_each(|below| markdown(below, found));
        }
        Value::Array(all) => all.iter().for_each(|below| markdown(below, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_event_is_a_card_that_says_how_the_alert_stands() {
    let service = Teams::default();
    let server = serve(service.clone());
    let (sink, _folder) = sink("teams", &server.base("teams"));
    live(sink.as_ref(), &takeover(""), |_| {}).await;
    let cards = service.0.lock().unwrap();
    let says = |place: usize, text: &str| cards[place].to_string().contains(text);
    assert_eq!(cards.len(), 7);
    assert!(says(2, "acknowledged by ada at") && says(4, "open again by ada") && says(5, "snoozed by ada"));
    assert!(says(6, "RESOLVED "), "{}", cards[6]);
}

#[tokio::test]
async fn it_accepts_whatever_is_in_an_alert_and_reads_no_markup_in_it() {
    let service = Teams::default();
    let server = serve(service.clone());
    let (sink, _folder) = sink("teams", &server.base("teams"));
    send_everything(sink.as_ref()).await;
    let cards = service.0.lock().unwrap();
    assert_eq!(cards.len(), 2 * NASTY.len() + 2);
    for card in cards.iter() {
        let mut texts = Vec::new();
        markdown(card, &mut texts);
        assert_eq!(texts, Vec::<String>::new());
        let text = card.to_string();
        assert!(!text.contains("\\u001b") && !text.contains('\u{202e}') && !text.contains("javascript:"), "{text}");
    }
}
