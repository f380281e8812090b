//! The sink that keeps an incident of `PagerDuty` for each alert, through the Events API v2.

mod event;
mod incident;

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use serde_json::Value;

use self::{
    event::event,
    incident::{Incident, Step},
};
use crate::{
    deliver::{Endpoint, Message, Receipt, Sink, SinkError, view::View},
    http::HostLimits,
    model::Secret,
};

/// Keeps an incident of `PagerDuty` for each alert: open, acknowledged and resolved as the alert is.
#[derive(Debug)]
pub struct PagerDutySink {
    endpoint: Endpoint,
    routing_key: Secret,
}

/// 120 events a minute for an integration ("Monitoring API rate limiting", community.pagerduty.com); the reference says
/// only that the limit moves, and that 429 asks for a pause.
const LIMITS: HostLimits = HostLimits { requests: 120, per: Duration::from_mins(1), burst: 20, concurrency: 1 };

impl PagerDutySink {
    /// A sink that posts to the URL of the Events API, for the integration with this key.
    pub fn new(endpoint: Endpoint, routing_key: Secret) -> Self {
        Self { endpoint: endpoint.limited(LIMITS).hiding(&routing_key), routing_key }
    }

    async fn tell(&self, message: &Message) -> Result<Receipt, SinkError> {
        let alert = &message.alert;
        if alert.digest.is_some() {
            return Ok(Receipt::of("nothing was sent: a digest is not an incident"));
        }
        let known = message.thread.as_deref().and_then(|thread| thread.parse().ok());
        let (steps, incident) = Incident::follow(known, alert.status);
        let view = View::of(message);
        for step in &steps {
            self.send(event(*step, alert, &view)).await?;
        }
        Ok(Receipt { detail: accepted(&steps), thread: Some(incident.to_string()) })
    }

    /// Sends one event. 400 is an invalid event, unless it is about the key, which an operator can correct.
    async fn send(&self, mut event: Value) -> Result<(), SinkError> {
        event["routing_key"] = self.routing_key.expose().into();
        let response = match self.endpoint.ask(Bytes::from(event.to_string()), Vec::new(), &[400]).await {
            Err(SinkError::Permanent { what, .. }) if is_about_the_key(&what) => {
                let step = "correct the routing key of the integration";
                return Err(SinkError::temporary(format!("{what}; {step}")));
            }
            outcome => outcome?,
        };
        match serde_json::from_slice::<Value>(&response.body) {
            Ok(answer) if answer["status"] == "success" => Ok(()),
            _ => Err(self.endpoint.without(&response, "success")),
        }
    }
}

/// Such as `Length of 'routing_key' is incorrect (should be 32 characters)`.
fn is_about_the_key(what: &str) -> bool {
    what.contains("routing_key") || what.contains("outing key")
}

/// `accepted: trigger, acknowledge`
fn accepted(steps: &[Step]) -> String {
    let words: Vec<&str> = steps.iter().map(|step| step.action.as_str()).collect();
    format!("accepted: {}", words.join(", "))
}

impl Sink for PagerDutySink {
    fn kind(&self) -> &'static str {
        "pagerduty"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.tell(message))
    }

    fn keeps_open(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        clock::ManualClock,
        deliver::{samples, testing},
        http::{Client, ScriptedTransport},
        model::{Alert, AlertStatus},
    };

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn sink(transport: &Arc<ScriptedTransport>) -> PagerDutySink {
        let clock = Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z"));
        let url = "https://pager.example/v2/enqueue".parse().unwrap();
        PagerDutySink::new(Endpoint::new(&Client::new(transport.clone(), clock), url), Secret::new(KEY))
    }

    fn bodies(transport: &ScriptedTransport) -> Vec<Value> {
        let bodies = transport.requests().into_iter().map(|request| request.body.unwrap());
        bodies.map(|body| serde_json::from_slice(&body).unwrap()).collect()
    }

    #[tokio::test]
    async fn answers_are_judged() {
        let key_error = r#"{"status":"invalid event","errors":["Length of 'routing_key' is incorrect"]}"#;
        let invalid =
            r#"{"status":"invalid event","message":"Event object is invalid","errors":["'summary' is missing"]}"#;
        let quoting = format!("{{\"status\":\"unknown\",\"message\":\"{KEY}\"}}");
        for (status, body, verdict) in [
            (202, r#"{"status":"success","message":"Event processed","dedup_key":"x"}"#, "taken"),
            (200, r#"{"status":"success"}"#, "taken"),
            (202, invalid, "refused"),
            (200, "<html>welcome</html>", "refused"),
            (202, "", "refused"),
            (202, r#"{"status":"succ"#, "refused"),
            (202, "[]", "refused"),
            (400, invalid, "permanent"),
            (400, key_error, "temporary"),
            (400, &quoting, "permanent"),
            (401, "", "temporary"),
            (429, "", "temporary"),
            (500, "", "temporary"),
            (302, "", "temporary"),
        ] {
            let transport = Arc::new(ScriptedTransport::new());
            transport.answer("/enqueue", status, &[], body.to_owned());
            let outcome = sink(&transport).deliver(&samples::message(samples::takeover())).await;
            assert_eq!(testing::verdict(&outcome), verdict, "{status} {body}: {outcome:?}");
            let report = outcome.err().map(|error| error.report()).unwrap_or_default();
            assert!(!report.contains(KEY), "{report}");
        }
    }

    #[tokio::test]
    async fn the_life_of_an_alert_is_the_life_of_its_incident() {
        let transport = Arc::new(ScriptedTransport::new());
        let sink = sink(&transport);
        let mut thread = None;
        let mut told = Vec::new();
        for status in [
            AlertStatus::Open,
            AlertStatus::Open,
            AlertStatus::Acknowledged,
            AlertStatus::Acknowledged,
            AlertStatus::Open,
            AlertStatus::Snoozed,
            AlertStatus::Resolved,
        ] {
            (0..2).for_each(|_| transport.answer("/enqueue", 202, &[], r#"{"status":"success"}"#));
            let alert = Alert { status, ..samples::takeover() };
            let message = Message { thread: thread.clone(), ..samples::message(alert) };
            let receipt = sink.deliver(&message).await.unwrap();
            thread = receipt.thread;
            told.push(receipt.detail.replace("accepted: ", ""));
        }
        let expected =
            ["trigger", "trigger", "acknowledge", "acknowledge", "trigger, resolve", "acknowledge", "resolve"];
        assert_eq!(told, expected);
        let bodies = bodies(&transport);
        assert!(bodies.iter().all(|body| body["routing_key"] == KEY));
        let second = format!("provwatch:{}:2", samples::takeover().fingerprint);
        assert_eq!(bodies.last().unwrap()["dedup_key"], second);
    }

    #[tokio::test]
    async fn a_digest_pages_no_reader() {
        let transport = Arc::new(ScriptedTransport::new());
        let receipt = sink(&transport).deliver(&samples::message(samples::digest())).await.unwrap();
        assert_eq!((receipt.thread, transport.requests().len()), (None, 0));
    }

    #[test]
    fn the_key_is_in_no_debug_form() {
        let sink = sink(&Arc::new(ScriptedTransport::new()));
        assert!(!format!("{sink:?}").contains(KEY) && sink.keeps_open() && sink.kind() == "pagerduty");
    }
}
