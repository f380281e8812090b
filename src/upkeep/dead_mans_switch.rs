//! The dead-man's switch: tells others regularly that the daemon is healthy, so that they notice its silence.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, Utc};
use futures::future::join_all;
use serde_json::json;

use crate::{
    clock::Clock,
    deliver::{Endpoint, SinkError},
    health::Told,
    http::Method,
    model::Secret,
};

/// Longest wait for an answer; a shorter interval shortens it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The end of the alert `Watchdog` is so many intervals ahead: a lost one or two are not yet silence.
const INTERVALS: u32 = 4;

/// A URL that is requested.
#[derive(Debug)]
pub struct Ping {
    /// The URL.
    pub endpoint: Endpoint,
    /// The method.
    pub method: Method,
}

/// An Alertmanager that gets the alert `Watchdog`.
#[derive(Debug)]
pub struct Watchdog {
    /// The URL of its alerts.
    pub endpoint: Endpoint,
    /// The value of the header `Authorization`.
    pub authorization: Option<Secret>,
    /// More labels of the alert.
    pub labels: BTreeMap<String, String>,
}

/// Sends heartbeats while the daemon is healthy.
#[derive(Debug)]
pub struct DeadMansSwitch {
    every: Duration,
    clock: Arc<dyn Clock>,
    ping: Option<Ping>,
    watchdog: Option<Watchdog>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_silent: bool,
    /// When the alert `Watchdog` began: with the first heartbeat after a silence.
    began: Option<DateTime<Utc>>,
    receivers: BTreeMap<String, Told>,
}

/// A change that is worth a line in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The daemon is not healthy: no heartbeats from now on.
    Silent,
    /// The daemon is healthy again.
    Resumed,
    /// A receiver stopped accepting heartbeats, with the reason.
    Failing(String),
    /// A receiver accepts them again.
    Accepts(String),
}

impl DeadMansSwitch {
    /// A switch that sends to these receivers.
    pub fn new(every: Duration, clock: Arc<dyn Clock>, ping: Option<Ping>, watchdog: Option<Watchdog>) -> Self {
        Self { every, clock, ping, watchdog, state: Mutex::default() }
    }

    /// The interval of heartbeats.
    pub fn every(&self) -> Duration {
        self.every
    }

    /// Sends a heartbeat to every receiver if the daemon is healthy, else nothing. Returns the changes.
    pub async fn beat(&self, is_healthy: bool) -> Vec<Change> {
        let mut changes = self.turn(is_healthy);
        if !is_healthy {
            return changes;
        }
        let outcomes = join_all(self.receivers().into_iter().map(|receiver| async move {
            let outcome = self.send(&receiver).await;
            (receiver, outcome)
        }));
        for (receiver, outcome) in outcomes.await {
            changes.extend(self.note(&receiver, outcome));
        }
        changes
    }

    /// The state of every receiver that was sent a heartbeat.
    pub fn told(&self) -> Vec<Told> {
        self.lock().receivers.values().cloned().collect()
    }

    fn receivers(&self) -> Vec<Receiver<'_>> {
        let ping = self.ping.iter().map(Receiver::Ping);
        ping.chain(self.watchdog.iter().map(Receiver::Watchdog)).collect()
    }

    /// Begins or ends a silence.
    fn turn(&self, is_healthy: bool) -> Vec<Change> {
        let mut state = self.lock();
        let was_silent = std::mem::replace(&mut state.is_silent, !is_healthy);
        if !is_healthy {
            state.began = None;
        }
        match (was_silent, is_healthy) {
            (false, false) => vec![Change::Silent],
            (true, true) => vec![Change::Resumed],
            _ => Vec::new(),
        }
    }

    async fn send(&self, receiver: &Receiver<'_>) -> Result<(), String> {
        let patience = self.every.min(PATIENCE);
        let sent = async {
            match receiver {
                Receiver::Ping(ping) => ping.endpoint.ping(ping.method).await,
                Receiver::Watchdog(watchdog) => {
                    watchdog.endpoint.send_json(self.alert(watchdog), watchdog.authorization.as_ref()).await
                }
            }
        };
        tokio::select! {
            // An answer that is there counts, however late it is looked at.
            biased;
            outcome = sent => outcome.map_err(|error: SinkError| error.report()),
            () = self.clock.sleep(patience) => Err(format!("no answer for {} seconds", patience.as_secs())),
        }
    }

    /// Alertmanager's form of alerts, version 2 of its API.
    fn alert(&self, watchdog: &Watchdog) -> String {
        let now = self.clock.now();
        let began = *self.lock().began.get_or_insert(now);
        let mut labels = watchdog.labels.clone();
        for (name, value) in [("alertname", "Watchdog"), ("severity", "none"), ("service", "provwatch")] {
            labels.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        let rfc3339 = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        json!([{
            "labels": labels,
            "annotations": {
                "summary": "provwatch is healthy",
                "description": "This alert is always firing while provwatch is healthy. Its end means that provwatch, its \
                                host or its network does not work.",
            },
            "startsAt": rfc3339(began),
            "endsAt": rfc3339(now + self.every * INTERVALS),
        }])
        .to_string()
    }

    fn note(&self, receiver: &Receiver<'_>, outcome: Result<(), String>) -> Option<Change> {
        let (name, now) = (receiver.name(), self.clock.now());
        let mut state = self.lock();
        let told = state.receivers.entry(name.clone()).or_insert_with(|| Told::new(name.clone()));
        match outcome {
            Ok(()) => {
                told.accepted_at = Some(now);
                told.error = None;
                told.failing_since.take().map(|_| Change::Accepts(name))
            }
            Err(why) => {
                told.error = Some(why.clone());
                let is_new = told.failing_since.is_none();
                told.failing_since.get_or_insert(now);
                is_new.then(|| Change::Failing(format!("{name}: {why}")))
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Receiver<'a> {
    Ping(&'a Ping),
    Watchdog(&'a Watchdog),
}

impl Receiver<'_> {
    fn name(&self) -> String {
        match self {
            Self::Ping(ping) => format!("url at {}", ping.endpoint.host()),
            Self::Watchdog(watchdog) => format!("alertmanager at {}", watchdog.endpoint.host()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::ManualClock,
        http::{Client, ScriptedTransport},
    };

    struct Rig {
        transport: Arc<ScriptedTransport>,
        clock: Arc<ManualClock>,
        switch: DeadMansSwitch,
    }

    fn rig(method: Method, with_watchdog: bool) -> Rig {
        let transport = Arc::new(ScriptedTransport::new());
        let clock = Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z"));
        let http = Client::new(transport.clone(), clock.clone());
        let endpoint = |url: &str| Endpoint::new(&http, url.parse().unwrap());
        let ping = Ping { endpoint: endpoint("https://switch.example/s3cr3t"), method };
        let labels = BTreeMap::from([("instance".to_owned(), "one".to_owned())]);
        let endpoint_of_alerts = endpoint("https://alerts.example/api/v2/alerts");
        let watchdog =
            Watchdog { endpoint: endpoint_of_alerts, authorization: Some(Secret::new("Bearer t0k3n")), labels };
        let watchdog = with_watchdog.then_some(watchdog);
        let switch = DeadMansSwitch::new(Duration::from_mins(1), clock.clone(), Some(ping), watchdog);
        Rig { transport, clock, switch }
    }

    #[tokio::test]
    async fn a_healthy_daemon_tells_both_in_their_own_form() {
        let rig = rig(Method::Get, true);
        rig.transport.answer("/s3cr3t", 200, &[], "OK");
        rig.transport.answer("/alerts", 200, &[], "");
        assert_eq!(rig.switch.beat(true).await, []);
        let requests = rig.transport.requests();
        assert_eq!(requests.len(), 2);
        assert_eq!((requests[0].method, requests[0].body.is_none()), (Method::Get, true));
        assert_eq!(requests[0].header_value("authorization"), None, "the login is of Alertmanager");
        assert_eq!(requests[1].header_value("authorization"), Some("Bearer t0k3n"));
        let alerts: serde_json::Value = serde_json::from_slice(requests[1].body.as_ref().unwrap()).unwrap();
        insta::assert_json_snapshot!(alerts);
        rig.clock.advance(Duration::from_mins(1));
        rig.transport.answer("/s3cr3t", 200, &[], "OK");
        rig.transport.answer("/alerts", 200, &[], "");
        rig.switch.beat(true).await;
        let later: serde_json::Value =
            serde_json::from_slice(rig.transport.requests()[3].body.as_ref().unwrap()).unwrap();
        assert_eq!(later[0]["startsAt"], alerts[0]["startsAt"], "it is the same alert");
        assert!(later[0]["endsAt"].as_str() > alerts[0]["endsAt"].as_str(), "its end moves on: {later}");
    }

    #[tokio::test]
    async fn an_unhealthy_daemon_sends_nothing_and_tells_it_once() {
        let rig = rig(Method::Post, false);
        let mut changes = Vec::new();
        for is_healthy in [false, false, true, true, false] {
            rig.transport.answer("/s3cr3t", 204, &[], "");
            changes.push(rig.switch.beat(is_healthy).await);
        }
        let expected = [vec![Change::Silent], vec![], vec![Change::Resumed], vec![], vec![Change::Silent]];
        assert_eq!(changes, expected);
        let requests = rig.transport.requests();
        assert_eq!(requests.len(), 2, "one for each healthy beat");
        assert!(requests.iter().all(|request| request.method == Method::Post));
    }

    #[tokio::test]
    async fn a_failing_receiver_is_told_once_without_its_secret() {
        let rig = rig(Method::Get, false);
        let mut changes = Vec::new();
        for status in [500, 503, 404, 200] {
            rig.transport.answer("/s3cr3t", status, &[], "no such check: /s3cr3t");
            changes.push(rig.switch.beat(true).await);
        }
        let [first, rest @ ..] = changes.as_slice() else { panic!("{changes:?}") };
        assert!(matches!(&first[..], [Change::Failing(why)] if why.contains("answered 500")), "{first:?}");
        assert!(!format!("{first:?}").contains("s3cr3t"), "{first:?}");
        assert_eq!(rest, [vec![], vec![], vec![Change::Accepts("url at switch.example".to_owned())]]);
        let told = rig.switch.told();
        assert!(told[0].accepted_at.is_some() && told[0].failing_since.is_none() && told[0].error.is_none());
        rig.transport.fail("/s3cr3t", "connection reset");
        rig.switch.beat(true).await;
        assert!(rig.switch.told()[0].error.as_deref().is_some_and(|why| why.contains("connection reset")));
    }
}
