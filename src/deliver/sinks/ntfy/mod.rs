//! The sink that shows each alert as a notification of an ntfy topic, for phones.

mod notification;

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use self::notification::Notification;
use crate::{
    deliver::{Endpoint, Message, Receipt, Sink, SinkError, event::Event, view::View},
    http::HostLimits,
    model::{AlertStatus, Occasion, Secret, Severity},
};

/// Shows each alert as a notification of an ntfy topic.
///
/// An alert is one notification, which later messages replace. A phone makes no sound for a replacement, so what has
/// to be heard again becomes another notification, which later messages replace instead.
#[derive(Debug)]
pub struct NtfySink {
    endpoint: Endpoint,
    /// On a server without accounts, everyone who knows the name reads and writes.
    topic: Secret,
    token: Option<Secret>,
}

/// A server takes 60 requests at once, then one every 5 seconds ("Rate limiting", docs.ntfy.sh/config).
const LIMITS: HostLimits = HostLimits { requests: 1, per: Duration::from_secs(5), burst: 60, concurrency: 1 };

impl NtfySink {
    /// A sink that publishes at the root of a server: there the topic is in the body, and in no access log.
    pub fn new(endpoint: Endpoint, topic: Secret, token: Option<Secret>) -> Self {
        let endpoint = endpoint.limited(LIMITS).hiding(&topic);
        Self { endpoint: token.iter().fold(endpoint, Endpoint::hiding), topic, token }
    }

    async fn publish(&self, message: &Message) -> Result<Receipt, SinkError> {
        let sequence = sequence(message);
        let body = Notification::body(self.topic.expose(), sequence.as_deref(), &View::of(message), &message.alert)
            .map_err(|error| SinkError::permanent("writing the notification as JSON").because(error))?;
        let token = self.token.iter().map(|token| ("authorization", format!("Bearer {}", token.expose())));
        let response = match self.endpoint.ask(Bytes::from(body), token.collect(), &[400]).await {
            Err(SinkError::Permanent { what, .. }) if what.contains("topic") => {
                return Err(SinkError::temporary(format!("{what}; correct the topic")));
            }
            outcome => outcome?,
        };
        match serde_json::from_slice::<Value>(&response.body) {
            Ok(answer) if answer["id"].is_string() => {
                Ok(Receipt { detail: format!("answered {}", response.status), thread: sequence })
            }
            _ => Err(self.endpoint.without(&response, "a message id")),
        }
    }
}

/// The notification that a message replaces, or begins; `None` for a digest, which replaces none. The ids of ntfy have 1 to
/// 64 letters, digits, `-` and `_`.
fn sequence(message: &Message) -> Option<String> {
    let first = || message.alert.fingerprint.to_string();
    let another = || hex::encode(Sha256::digest(&message.idempotency_key));
    match Event::of(message) {
        Event::Digest => None,
        Event::On(Occasion::Repeated | Occasion::Escalated | Occasion::Reopened) => Some(another()),
        // News of a severe alert must be heard.
        Event::Changed if message.alert.status == AlertStatus::Open && message.alert.severity >= Severity::High => {
            Some(another())
        }
        _ => Some(message.thread.clone().filter(|thread| is_sequence(thread)).unwrap_or_else(first)),
    }
}

fn is_sequence(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

impl Sink for NtfySink {
    fn kind(&self) -> &'static str {
        "ntfy"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.publish(message))
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

    const TOPIC: &str = "s3cr3t-t0pic";

    fn sink(transport: &Arc<ScriptedTransport>) -> NtfySink {
        let clock = Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z"));
        let endpoint = Endpoint::new(&Client::new(transport.clone(), clock), "https://ntfy.example/".parse().unwrap());
        NtfySink::new(endpoint, Secret::new(TOPIC), Some(Secret::new("tk_hunter2")))
    }

    #[tokio::test]
    async fn one_notification_is_replaced_until_it_has_to_be_heard_again() {
        let transport = Arc::new(ScriptedTransport::new());
        let sink = sink(&transport);
        let mut thread = None;
        let mut sequences = Vec::new();
        for (number, (status, note)) in [
            (AlertStatus::Open, None),
            (AlertStatus::Open, None),
            (AlertStatus::Open, Some("repeated: the alert is still open")),
            (AlertStatus::Acknowledged, Some("acknowledged by ada: seen")),
            (AlertStatus::Open, Some("reopened by ada: not over")),
            (AlertStatus::Resolved, Some("resolved by ada: known")),
        ]
        .into_iter()
        .enumerate()
        {
            transport.answer("ntfy.example/", 200, &[], r#"{"id":"sPs71M8A2T","event":"message"}"#);
            let alert = Alert { status, note: note.map(str::to_owned), ..samples::takeover() };
            let message = Message {
                idempotency_key: format!("msg_{number}"),
                sequence: u32::try_from(number).unwrap(),
                thread: thread.clone(),
                ..samples::message(alert)
            };
            thread = sink.deliver(&message).await.unwrap().thread;
            sequences.push(thread.clone().unwrap());
        }
        assert_eq!(sequences[0], samples::takeover().fingerprint.to_string());
        assert!(sequences.iter().all(|sequence| is_sequence(sequence)));
        let news: Vec<bool> = sequences.windows(2).map(|pair| pair[0] != pair[1]).collect();
        assert_eq!(news, [true, true, false, true, false], "news of a severe alert, a repetition, and a reopened one");
        let request = &transport.requests()[0];
        assert_eq!(
            (request.url.as_str(), request.header_value("authorization")),
            ("https://ntfy.example/", Some("Bearer tk_hunter2"))
        );
        let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
        assert_eq!((&body["topic"], &body["sequence_id"]), (&TOPIC.into(), &sequences[0].as_str().into()));
    }

    #[tokio::test]
    async fn answers_are_judged_and_show_no_secret() {
        for (status, body, verdict) in [
            (200, r#"{"id":"sPs71M8A2T","time":1,"event":"message","topic":"s3cr3t-t0pic"}"#, "taken"),
            (200, "<html>captive portal</html>", "refused"),
            (200, r#"{"id":"sPs7"#, "refused"),
            (200, r#"{"error":"s3cr3t-t0pic"}"#, "refused"),
            (
                400,
                r#"{"code":40024,"http":400,"error":"invalid request: request body must be valid JSON"}"#,
                "permanent",
            ),
            (400, r#"{"code":40009,"http":400,"error":"invalid request: topic invalid"}"#, "temporary"),
            (401, r#"{"code":40101,"http":401,"error":"unauthorized tk_hunter2"}"#, "temporary"),
            (403, r#"{"code":40301,"http":403,"error":"forbidden s3cr3t-t0pic"}"#, "refused"),
            (413, r#"{"code":41303,"http":413,"error":"JSON body too large"}"#, "refused"),
            (429, r#"{"code":42901,"http":429,"error":"limit reached: too many requests"}"#, "temporary"),
            (302, "", "temporary"),
            (507, "", "temporary"),
        ] {
            let transport = Arc::new(ScriptedTransport::new());
            transport.answer("ntfy.example/", status, &[], body);
            let sink = sink(&transport);
            let outcome = sink.deliver(&samples::message(samples::takeover())).await;
            assert_eq!(testing::verdict(&outcome), verdict, "{status} {body}: {outcome:?}");
            let report = outcome.err().map(|error| error.report()).unwrap_or_default() + &format!("{sink:?}");
            assert!(!report.contains(TOPIC) && !report.contains("hunter2"), "{report}");
        }
    }

    #[test]
    fn a_digest_replaces_none_and_a_strange_thread_is_left() {
        assert_eq!(sequence(&samples::message(samples::digest())), None);
        for thread in ["", "a b", "ü", &"x".repeat(65)] {
            let message = Message { thread: Some(thread.to_owned()), ..samples::message(samples::takeover()) };
            assert_eq!(sequence(&message), Some(samples::takeover().fingerprint.to_string()));
        }
    }
}
