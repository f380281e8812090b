//! The service ntfy: notifications as JSON at the root of the server.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use provwatch::http::Response;
use serde_json::{Value, json};

use super::desk::{TOKEN, TOPIC, answer, live, send_everything, sink, takeover};
use crate::lab::server::{Respond, serve};

/// The notifications of a phone, by their sequence ids.
#[derive(Clone, Default)]
pub struct Ntfy(Arc<Mutex<BTreeMap<String, Value>>>);

impl Ntfy {
    pub fn shown(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// An error as ntfy answers it.
fn error(code: u32, what: &str) -> Response {
    let status = u16::try_from(code / 100).unwrap();
    answer(status, json!({ "code": code, "http": status, "error": what }).to_string())
}

impl Respond for Ntfy {
    fn respond(&self, _: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Option<Response> {
        let expected = format!("Bearer {TOKEN}");
        if path != "/" {
            return Some(error(40401, "page not found"));
        }
        if !headers.iter().any(|(name, value)| name == "authorization" && *value == expected) {
            return Some(error(40301, "forbidden"));
        }
        Some(self.publish(body).unwrap_or_else(|(code, what)| error(code, what)))
    }
}

impl Ntfy {
    fn publish(&self, body: &[u8]) -> Result<Response, (u32, &'static str)> {
        let require = |holds: bool, code, what| if holds { Ok(()) } else { Err((code, what)) };
        require(body.len() <= 2 * 4_096, 41303, "JSON body too large")?;
        let sent: Value = serde_json::from_slice(body).map_err(|_| (40024, "request body must be valid JSON"))?;
        let text = |name: &str| sent[name].as_str().unwrap_or_default();
        require(text("topic") == TOPIC, 40009, "invalid request: topic invalid")?;
        require(text("message").len() <= 4_096, 40014, "attachments not allowed")?;
        require(text("title").len() <= 256, 40057, "title too long")?;
        require(matches!(sent["priority"].as_u64(), Some(1..=5)), 40007, "invalid priority parameter")?;
        let actions = sent["actions"].as_array().cloned().unwrap_or_default();
        let is_view = |action: &Value| {
            action["action"] == "view" && action["url"].as_str().is_some_and(|url| url.starts_with("http"))
        };
        require(actions.len() <= 3 && actions.iter().all(is_view), 40018, "actions invalid")?;
        let id = format!("id{}", self.shown());
        let sequence = sent["sequence_id"].as_str().unwrap_or(&id).to_owned();
        let is_sequence = sequence.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        require(is_sequence && (1..=64).contains(&sequence.len()), 40049, "sequence ID invalid")?;
        self.0.lock().unwrap().insert(sequence, sent);
        Ok(answer(200, json!({ "id": id, "event": "message", "topic": TOPIC }).to_string()))
    }
}

#[tokio::test]
async fn an_alert_is_one_notification_until_it_has_to_be_heard_again() {
    let service = Ntfy::default();
    let server = serve(service.clone());
    let (sink, _folder) = sink("ntfy", &server.base("ntfy"));
    let mut seen = Vec::new();
    live(sink.as_ref(), &takeover(""), |told| seen.push((told.event, service.shown()))).await;
    let expected = [
        ("raised", 1),
        ("changed", 2),
        ("acknowledged", 2),
        ("changed while acknowledged", 2),
        ("reopened", 3),
        ("snoozed", 3),
        ("resolved", 3),
    ];
    assert_eq!(seen, expected);
    let shown = service.0.lock().unwrap();
    let last = shown.values().find(|one| one["title"].as_str().unwrap().contains("(resolved)")).unwrap();
    assert_eq!((&last["tags"][0], &last["priority"]), (&"white_check_mark".into(), &2.into()));
}

#[tokio::test]
async fn it_accepts_whatever_is_in_an_alert() {
    let service = Ntfy::default();
    let server = serve(service.clone());
    let (sink, _folder) = sink("ntfy", &server.base("ntfy"));
    send_everything(sink.as_ref()).await;
    for sent in service.0.lock().unwrap().values() {
        let text = sent.to_string();
        assert!(!text.contains("\\u001b") && !text.contains('\u{202e}') && !text.contains("javascript:"), "{text}");
        assert!(sent.get("markdown").is_none(), "ntfy shows the text as it is");
    }
}
