//! `PagerDuty`: the Events API v2.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use provwatch::http::Response;
use serde_json::{Value, json};

use super::desk::{ROUTING_KEY, answer, live, send_everything, sink, takeover};
use crate::lab::server::{Respond, serve};

/// A service with one integration: its incidents by their keys, and how often it paged.
#[derive(Clone, Default)]
pub struct PagerDuty(Arc<Mutex<Service>>);

#[derive(Default)]
struct Service {
    incidents: BTreeMap<String, &'static str>,
    pages: usize,
    events: usize,
}

impl PagerDuty {
    /// The states of the incidents, in the order of their keys.
    pub fn states(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().incidents.values().copied().collect()
    }

    pub fn pages(&self) -> usize {
        self.0.lock().unwrap().pages
    }

    /// A person resolves everything in the service's own pages.
    fn resolve_all(&self) {
        self.0.lock().unwrap().incidents.values_mut().for_each(|state| *state = "resolved");
    }
}

impl Respond for PagerDuty {
    fn respond(&self, _: &str, path: &str, _: &[(String, String)], body: &[u8]) -> Option<Response> {
        if path != "/v2/enqueue" {
            return Some(answer(404, "Not Found"));
        }
        let event: Value = serde_json::from_slice(body).unwrap_or_default();
        let errors = wrong(&event, body.len());
        if !errors.is_empty() {
            let invalid = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors });
            return Some(answer(400, invalid.to_string()));
        }
        let key = event["dedup_key"].as_str().unwrap().to_owned();
        self.0.lock().unwrap().take(event["event_action"].as_str().unwrap(), &key);
        Some(answer(202, json!({ "status": "success", "message": "Event processed", "dedup_key": key }).to_string()))
    }
}

impl Service {
    /// A trigger opens a new incident, and never notifies again of an open one; the others find an open one or do nothing.
    fn take(&mut self, action: &str, key: &str) {
        self.events += 1;
        let state = self.incidents.get(key).copied().unwrap_or("none");
        let is_open = matches!(state, "triggered" | "acknowledged");
        match action {
            "trigger" if !is_open => {
                self.pages += 1;
                self.incidents.insert(key.to_owned(), "triggered");
            }
            "acknowledge" if is_open => drop(self.incidents.insert(key.to_owned(), "acknowledged")),
            "resolve" if is_open => drop(self.incidents.insert(key.to_owned(), "resolved")),
            _ => {}
        }
    }
}

/// What the service does not accept.
fn wrong(event: &Value, bytes: usize) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    check(bytes <= 512_000, "Event is too large");
    check(text(&event["routing_key"]).len() == 32, "Length of 'routing_key' is incorrect (should be 32 characters)");
    check((1..=255).contains(&text(&event["dedup_key"]).len()), "Length of 'dedup_key' is incorrect");
    match event["event_action"].as_str() {
        Some("trigger") => {
            let payload = &event["payload"];
            check((1..=1_024).contains(&text(&payload["summary"]).chars().count()), "'payload.summary' is incorrect");
            check(!text(&payload["source"]).is_empty(), "'payload.source' is missing");
            let severity = text(&payload["severity"]);
            check(
                ["critical", "error", "warning", "info"].contains(&severity.as_str()),
                "'payload.severity' is invalid",
            );
            let mut links = event["links"].as_array().into_iter().flatten();
            check(links.all(|link| text(&link["href"]).starts_with("https://")), "'links' are not https");
        }
        Some("acknowledge" | "resolve") => {}
        _ => check(false, "'event_action' is invalid"),
    }
    wrong
}

#[tokio::test]
async fn an_incident_lives_as_its_alert_does() {
    let service = PagerDuty::default();
    let server = serve(service.clone());
    let (sink, _folder) = sink("pagerduty", &server.base("pager"));
    let mut seen = Vec::new();
    live(sink.as_ref(), &takeover(""), |told| seen.push((told.event, service.pages(), service.states().join(" "))))
        .await;
    let expected = [
        ("raised", 1, "triggered"),
        ("changed", 1, "triggered"),
        ("acknowledged", 1, "acknowledged"),
        ("changed while acknowledged", 1, "acknowledged"),
        ("reopened", 2, "resolved triggered"),
        ("snoozed", 2, "resolved acknowledged"),
        ("resolved", 2, "resolved resolved"),
    ];
    assert_eq!(seen, expected.map(|(event, pages, states)| (event, pages, states.to_owned())));
}

#[tokio::test]
async fn what_is_handled_or_over_opens_nothing_again() {
    use provwatch::model::{Alert, AlertStatus};
    let service = PagerDuty::default();
    let server = serve(service.clone());
    let (sink, _folder) = sink("pagerduty", &server.base("pager"));
    let alert = |status| Alert { status, ..takeover("") };
    let tell = async |status, number, thread: Option<String>| {
        sink.deliver(&super::desk::message(alert(status), number, thread)).await.unwrap().thread
    };
    tell(AlertStatus::Resolved, 0, None).await;
    assert_eq!((service.pages(), service.states().len()), (0, 0), "it was over before its first message");
    let thread = tell(AlertStatus::Acknowledged, 0, None).await;
    assert_eq!(service.states(), ["acknowledged"], "it is handled before its first message");
    service.resolve_all();
    tell(AlertStatus::Acknowledged, 1, thread.clone()).await;
    assert_eq!((service.pages(), service.states()), (1, vec!["resolved"]), "a change of a handled alert");
    tell(AlertStatus::Open, 2, thread).await;
    assert_eq!(service.pages(), 2, "it is open again");
}

#[tokio::test]
async fn the_service_accepts_whatever_is_in_an_alert() {
    let service = PagerDuty::default();
    let server = serve(service.clone());
    let (sink, _folder) = sink("pagerduty", &server.base("pager"));
    send_everything(sink.as_ref()).await;
    let states = service.states();
    assert!(states.len() >= 16 && states.iter().all(|state| *state == "triggered"), "{states:?}");
    assert_eq!(ROUTING_KEY.len(), 32);
}
