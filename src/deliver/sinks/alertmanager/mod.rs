//! The sink that keeps each alert firing at Prometheus Alertmanager until it is resolved, through its API v2.

mod alert;
mod labels;

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::TimeDelta;
use futures::future::BoxFuture;

use self::{
    alert::{Moment, PostableAlert},
    labels::{Labels, labels},
};
use crate::{
    clock::Clock,
    deliver::{Endpoint, Message, Receipt, Sink, SinkError, short_form::Short},
    http::HostLimits,
    model::{Alert, Secret},
};

/// How provwatch proves itself to Alertmanager, or to a proxy in front of it.
#[derive(Debug)]
pub enum Login {
    /// With a user name and a password.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// With a bearer token.
    Bearer(Secret),
}

/// Keeps each alert firing at Alertmanager until it is resolved.
///
/// Alertmanager ends an alert of which it hears nothing, and forgets all alerts when it starts. So everything that is not
/// resolved is sent again every `resend`, as Prometheus does.
#[derive(Debug)]
pub struct AlertmanagerSink {
    endpoint: Endpoint,
    /// The value of the header `Authorization`.
    authorization: Option<Secret>,
    configured: Labels,
    resend: Duration,
    clock: Arc<dyn Clock>,
}

/// Alertmanager is the operator's own, and publishes no limit.
const LIMITS: HostLimits = HostLimits { requests: 20, per: Duration::from_secs(1), burst: 20, concurrency: 2 };

/// An alert holds for at least so long without another message: a restart or a short outage of provwatch ends none.
const LEAST_HOLD: TimeDelta = TimeDelta::hours(1);

/// An alert holds for so many times `resend`, as with Prometheus.
const RESENDS: i32 = 4;

impl AlertmanagerSink {
    /// A sink that posts to the URL of `/api/v2/alerts`.
    pub fn new(endpoint: Endpoint, configured: Labels, resend: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { endpoint: endpoint.limited(LIMITS), authorization: None, configured, resend, clock }
    }

    /// The sink with a login.
    #[must_use]
    pub fn with_login(self, login: Option<&Login>) -> Self {
        let (value, secret) = match login {
            None => return self,
            Some(Login::Basic { username, password }) => {
                let encoded = STANDARD.encode(format!("{username}:{}", password.expose()));
                (format!("Basic {encoded}"), password)
            }
            Some(Login::Bearer(token)) => (format!("Bearer {}", token.expose()), token),
        };
        Self { endpoint: self.endpoint.hiding(secret), authorization: Some(value.into()), ..self }
    }

    async fn tell(&self, message: &Message) -> Result<Receipt, SinkError> {
        let alert = &message.alert;
        if alert.digest.is_some() {
            return Ok(Receipt::of("nothing was sent: a digest is not an alert that fires"));
        }
        let (at, now) = (self.moment(), labels(alert, &self.configured));
        let before = message.thread.as_deref().and_then(|thread| serde_json::from_str::<Labels>(thread).ok());
        let thread = serde_json::to_string(&now).ok();
        let mut all = vec![PostableAlert::of(message, now.clone(), at)];
        let replaced = before.filter(|before| *before != now && before.get(IDENTITY) == now.get(IDENTITY));
        all.extend(replaced.map(|before| PostableAlert::ended(alert, before, at)));
        let status = self.post(&all).await?;
        Ok(Receipt { detail: format!("answered {status}"), thread })
    }

    /// Posts alerts again. Alerts that are refused together are posted in halves, and one that is refused alone in short form:
    /// a text of one publisher must not end the alerts about others.
    async fn tell_again(&self, alerts: &[Alert]) -> Result<(), SinkError> {
        let (mut waiting, mut refusal) = (vec![alerts], Ok(()));
        while let Some(some) = waiting.pop() {
            match (self.post_again(some.iter().map(standing)).await, some) {
                (Ok(_), _) => {}
                (Err(error), [one]) if error.is_refusal() => {
                    let short = Short::of(&standing(one)).message;
                    refusal = self.post_again(std::iter::once(short)).await.map(drop).and(refusal);
                }
                (Err(error), several) if error.is_refusal() => {
                    let (first, second) = several.split_at(several.len() / 2);
                    waiting.extend([second, first]);
                }
                (Err(error), _) => return Err(error),
            }
        }
        refusal
    }

    async fn post_again(&self, messages: impl Iterator<Item = Message>) -> Result<u16, SinkError> {
        let at = self.moment();
        let all = messages.map(|one| PostableAlert::of(&one, labels(&one.alert, &self.configured), at));
        self.post(&all.collect::<Vec<_>>()).await
    }

    fn moment(&self) -> Moment {
        let resends = TimeDelta::from_std(self.resend).unwrap_or(LEAST_HOLD).checked_mul(RESENDS);
        Moment { now: self.clock.now(), holds: resends.unwrap_or(LEAST_HOLD).max(LEAST_HOLD) }
    }

    /// Posts alerts, and returns the status. 400 names the alerts that Alertmanager will never accept; it keeps the others.
    async fn post(&self, alerts: &[PostableAlert]) -> Result<u16, SinkError> {
        let body = serde_json::to_vec(alerts)
            .map_err(|error| SinkError::permanent("writing the alerts as JSON").because(error))?;
        let headers = self.authorization.iter().map(|value| ("authorization", value.expose().to_owned())).collect();
        let response = self.endpoint.ask(Bytes::from(body), headers, &[400]).await?;
        // A login page or another service also answers 200.
        if response.body.trim_ascii_start().starts_with(b"<") {
            let what = format!("it answered {} with a page, so Alertmanager is not at this URL", response.status);
            return Err(SinkError::temporary(self.endpoint.failed(&what)));
        }
        Ok(response.status)
    }
}

/// The label that no other alert has.
const IDENTITY: &str = "fingerprint";

/// A message that tells of an alert as it stands, without an occasion.
fn standing(alert: &Alert) -> Message {
    Message::first("", alert.clone(), alert.raised_at)
}

impl Sink for AlertmanagerSink {
    fn kind(&self) -> &'static str {
        "alertmanager"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.tell(message))
    }

    fn keeps_open(&self) -> bool {
        true
    }

    fn refresh_every(&self) -> Option<Duration> {
        Some(self.resend)
    }

    fn refresh<'a>(&'a self, alerts: &'a [Alert]) -> BoxFuture<'a, Result<(), SinkError>> {
        Box::pin(async {
            if alerts.is_empty() {
                return Ok(());
            }
            self.tell_again(alerts).await
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{
        clock::ManualClock,
        deliver::samples,
        http::{Client, ScriptedTransport},
        model::Severity,
    };

    fn sink(transport: &Arc<ScriptedTransport>) -> AlertmanagerSink {
        let clock = Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z"));
        let url = "https://alerts.example/api/v2/alerts".parse().unwrap();
        let endpoint = Endpoint::new(&Client::new(transport.clone(), clock.clone()), url);
        AlertmanagerSink::new(endpoint, Labels::new(), Duration::from_mins(1), clock)
    }

    fn bodies(transport: &ScriptedTransport) -> Vec<Value> {
        let bodies = transport.requests().into_iter().map(|request| request.body.unwrap());
        bodies.map(|body| serde_json::from_slice(&body).unwrap()).collect()
    }

    #[tokio::test]
    async fn another_severity_ends_the_alert_of_the_old_one() {
        let transport = Arc::new(ScriptedTransport::new());
        let sink = sink(&transport);
        (0..3).for_each(|_| transport.answer("/alerts", 200, &[], ""));
        let first = sink.deliver(&samples::message(samples::takeover())).await.unwrap();
        let worse = Alert { severity: Severity::Critical, ..samples::takeover() };
        let message = Message { thread: first.thread.clone(), sequence: 1, ..samples::message(worse) };
        let second = sink.deliver(&message).await.unwrap();
        let message = Message { thread: second.thread.clone(), sequence: 2, ..message };
        assert_eq!(sink.deliver(&message).await.unwrap().thread, second.thread);
        let bodies = bodies(&transport);
        let told = |body: &Value| -> Vec<(String, String)> {
            let alerts = body.as_array().unwrap().iter();
            let shown = |alert: &Value| {
                let end = alert["endsAt"].as_str().unwrap()[11..16].to_owned();
                (alert["labels"]["severity"].as_str().unwrap().to_owned(), end)
            };
            alerts.map(shown).collect()
        };
        let firing = |severity: &str| (severity.to_owned(), "01:25".to_owned());
        assert_eq!(told(&bodies[0]), [firing("high")]);
        assert_eq!(told(&bodies[1]), [firing("critical"), ("high".to_owned(), "00:24".to_owned())]);
        assert_eq!(told(&bodies[2]), [firing("critical")]);
    }

    #[tokio::test]
    async fn a_thread_of_another_alert_ends_nothing() {
        for thread in ["", "{", "[]", r#"{"fingerprint":"x"}"#, r#"{"alertname":"Watchdog"}"#] {
            let transport = Arc::new(ScriptedTransport::new());
            transport.answer("/alerts", 200, &[], "");
            let message = Message { thread: Some(thread.to_owned()), ..samples::message(samples::takeover()) };
            sink(&transport).deliver(&message).await.unwrap();
            assert_eq!(bodies(&transport)[0].as_array().unwrap().len(), 1, "{thread}");
        }
    }

    #[tokio::test]
    async fn everything_that_stands_is_told_again() {
        let transport = Arc::new(ScriptedTransport::new());
        let sink = sink(&transport);
        transport.answer("/alerts", 200, &[], "");
        assert_eq!(sink.refresh_every(), Some(Duration::from_mins(1)));
        sink.refresh(&[]).await.unwrap();
        sink.refresh(&[samples::takeover(), samples::withdrawn(), samples::campaign(60, 60)]).await.unwrap();
        let bodies = bodies(&transport);
        assert_eq!((bodies.len(), bodies[0].as_array().unwrap().len()), (1, 3));
        assert!(bodies[0][1]["annotations"]["status"].as_str().unwrap().starts_with("acknowledged by ada at"));
        for _ in 0..2 {
            transport.answer("/alerts", 400, &[], "\"bad\"");
        }
        assert!(
            matches!(sink.refresh(&[samples::takeover()]).await, Err(SinkError::Permanent { .. })),
            "in short form too"
        );
    }

    /// A filter in front of Alertmanager refuses what one publisher wrote.
    #[tokio::test]
    async fn a_text_that_is_refused_ends_no_other_alert() {
        let transport = Arc::new(ScriptedTransport::new());
        let sink = sink(&transport);
        for status in [403, 200, 403, 403, 200, 200] {
            transport.answer("/alerts", status, &[], "");
        }
        let all = [samples::withdrawn(), samples::repeated(), samples::takeover(), samples::campaign(3, 3)];
        sink.refresh(&all).await.unwrap();
        let sizes: Vec<usize> = bodies(&transport).iter().map(|body| body.as_array().unwrap().len()).collect();
        assert_eq!(sizes, [4, 2, 2, 1, 1, 1], "in halves, and the refused one in short form");
        let short = &bodies(&transport)[4][0];
        assert!(short["annotations"]["summary"].as_str().unwrap().contains("raised an alert"), "{short}");
    }

    #[tokio::test]
    async fn answers_are_judged_and_show_no_secret() {
        let login = Login::Basic { username: "ada".to_owned(), password: Secret::new("hunter2") };
        let encoded = "YWRhOmh1bnRlcjI=";
        for (status, body, taken) in [
            (200, "", true),
            (200, "{}", true),
            (200, "<html>Sign in</html>", false),
            (302, "", false),
            (400, "\"start time must be before end time\"", false),
            (401, "hunter2 YWRhOmh1bnRlcjI=", false),
            (403, "hunter2", false),
            (500, "", false),
        ] {
            let transport = Arc::new(ScriptedTransport::new());
            transport.answer("/alerts", status, &[], body);
            let sink = sink(&transport).with_login(Some(&login));
            let outcome = sink.deliver(&samples::message(samples::takeover())).await;
            assert_eq!(outcome.is_ok(), taken, "{status} {body}: {outcome:?}");
            assert_eq!(matches!(outcome, Err(SinkError::Permanent { .. })), status == 400, "{outcome:?}");
            let header = transport.requests()[0].header_value("authorization").unwrap().to_owned();
            assert_eq!(header, format!("Basic {encoded}"));
            let report = outcome.err().map(|error| error.report()).unwrap_or_default() + &format!("{sink:?}");
            assert!(!report.contains("hunter2") && !report.contains(encoded), "{report}");
        }
    }

    #[tokio::test]
    async fn a_token_is_a_bearer_token() {
        let transport = Arc::new(ScriptedTransport::new());
        transport.answer("/alerts", 200, &[], "");
        let sink = sink(&transport).with_login(Some(&Login::Bearer(Secret::new("t0k3n"))));
        sink.deliver(&samples::message(samples::takeover())).await.unwrap();
        assert_eq!(transport.requests()[0].header_value("authorization"), Some("Bearer t0k3n"));
        assert!(!format!("{sink:?}").contains("t0k3n"));
    }

    #[tokio::test]
    async fn a_digest_does_not_fire() {
        let transport = Arc::new(ScriptedTransport::new());
        sink(&transport).deliver(&samples::message(samples::digest())).await.unwrap();
        assert!(transport.requests().is_empty());
    }
}
