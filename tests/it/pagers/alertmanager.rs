//! Prometheus Alertmanager: `POST /api/v2/alerts`, and the rules by which it merges what it is told.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use provwatch::{
    clock::{Clock, SystemClock},
    http::Response,
    model::{Alert, AlertStatus, Severity},
};
use serde_json::Value;

use super::desk::{LIFE, PASSWORD, after, answer, campaign, live, message, send_everything, sink, takeover};
use crate::lab::server::{Respond, serve};

type Labels = BTreeMap<String, String>;

/// What Alertmanager keeps of one alert.
#[derive(Clone, Debug)]
struct Kept {
    ends: DateTime<Utc>,
    annotations: Value,
}

#[derive(Clone, Default)]
pub struct Alertmanager(Arc<Mutex<BTreeMap<Labels, Kept>>>);

impl Alertmanager {
    /// What fires at a time.
    fn firing_at(&self, now: DateTime<Utc>) -> Vec<(Labels, Kept)> {
        let kept = self.0.lock().unwrap();
        kept.iter().filter(|(_, one)| one.ends > now).map(|(labels, one)| (labels.clone(), one.clone())).collect()
    }

    pub fn firing(&self) -> usize {
        self.firing_at(SystemClock.now()).len()
    }

    /// Everything that it was ever told.
    pub fn known(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// A restart without its data.
    fn forget(&self) {
        self.0.lock().unwrap().clear();
    }

    fn put(&self, alert: &Value) -> Result<(), String> {
        let labels: Labels = serde_json::from_value(alert["labels"].clone()).map_err(|error| error.to_string())?;
        let time = |name: &str| alert[name].as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok());
        let (starts, ends) = (time("startsAt").ok_or("startsAt")?, time("endsAt").ok_or("endsAt")?);
        let is_name = |name: &str| {
            !name.starts_with(|c: char| c.is_ascii_digit())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if labels.is_empty() || labels.iter().any(|(name, value)| !is_name(name) || value.is_empty()) {
            return Err(format!("invalid label set: {labels:?}"));
        }
        if ends < starts {
            return Err("start time must be before end time".to_owned());
        }
        if alert["generatorURL"].as_str().is_some_and(|url| url.parse::<url::Url>().is_err()) {
            return Err("generatorURL in body must be of type uri".to_owned());
        }
        let now = SystemClock.now();
        let mut kept = self.0.lock().unwrap();
        // `Alert.Merge`: an end in the past holds; otherwise the later end does, as none of ours is a timeout.
        let before = kept.get(&labels).map(|before| before.ends).filter(|_| ends > now);
        let ends = before.map_or(ends, |before| before.max(ends));
        kept.insert(labels, Kept { ends, annotations: alert["annotations"].clone() });
        Ok(())
    }
}

impl Respond for Alertmanager {
    fn respond(&self, _: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Option<Response> {
        let expected = format!("Basic {}", STANDARD.encode(format!("ada:{PASSWORD}")));
        if !headers.iter().any(|(name, value)| name == "authorization" && *value == expected) {
            return Some(answer(401, "Unauthorized"));
        }
        if path != "/api/v2/alerts" {
            return Some(answer(404, "404 page not found"));
        }
        let Ok(Value::Array(alerts)) = serde_json::from_slice(body) else {
            return Some(answer(400, "\"parsing alerts body failed\""));
        };
        let wrong: Vec<String> = alerts.iter().filter_map(|alert| self.put(alert).err()).collect();
        if wrong.is_empty() { Some(answer(200, "")) } else { Some(answer(400, format!("{:?}", wrong.join("; ")))) }
    }
}

#[tokio::test]
async fn an_alert_fires_until_it_is_resolved_and_keeps_its_labels() {
    let service = Alertmanager::default();
    let server = serve(service.clone());
    let (sink, _folder) = sink("alertmanager", &server.base("am"));
    assert!(sink.keeps_open() && sink.refresh_every().is_some());
    let mut seen = Vec::new();
    live(sink.as_ref(), &takeover(""), |told| seen.push((told.event, service.firing(), service.known()))).await;
    let expected = LIFE.map(|told| (told.event, usize::from(told.status != AlertStatus::Resolved), 1));
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn it_says_who_handles_an_alert_and_survives_a_short_outage() {
    let service = Alertmanager::default();
    let server = serve(service.clone());
    let (sink, _folder) = sink("alertmanager", &server.base("am"));
    let alert = after(&takeover(""), LIFE[2]);
    sink.deliver(&message(alert, 0, None)).await.unwrap();
    let firing = service.firing_at(SystemClock.now() + TimeDelta::minutes(50));
    assert_eq!(firing.len(), 1, "provwatch may be down for most of an hour");
    let (labels, kept) = &firing[0];
    assert_eq!((labels["site"].as_str(), labels["package"].as_str()), ("berlin", "axios"));
    assert!(kept.annotations["status"].as_str().unwrap().starts_with("acknowledged by ada at "), "{kept:?}");
    assert!(service.firing_at(SystemClock.now() + TimeDelta::hours(2)).is_empty(), "it ends without provwatch");
}

#[tokio::test]
async fn a_forgetful_one_is_told_again_and_what_is_told_again_can_be_resolved() {
    let service = Alertmanager::default();
    let server = serve(service.clone());
    let (sink, _folder) = sink("alertmanager", &server.base("am"));
    let alerts = [takeover("a"), takeover("b"), campaign(60)];
    for alert in &alerts {
        sink.deliver(&message(alert.clone(), 0, None)).await.unwrap();
    }
    service.forget();
    sink.refresh(&alerts).await.unwrap();
    assert_eq!((service.firing(), service.known()), (3, 3));
    let over = after(&alerts[0], LIFE[6]);
    sink.deliver(&message(over, 1, None)).await.unwrap();
    assert_eq!((service.firing(), service.known()), (2, 3), "the labels are the same");
}

#[tokio::test]
async fn another_severity_leaves_one_alert_firing() {
    let service = Alertmanager::default();
    let server = serve(service.clone());
    let (sink, _folder) = sink("alertmanager", &server.base("am"));
    let first = sink.deliver(&message(takeover(""), 0, None)).await.unwrap();
    let worse = Alert { severity: Severity::Critical, ..takeover("") };
    sink.deliver(&message(worse, 1, first.thread)).await.unwrap();
    let firing = service.firing_at(SystemClock.now());
    assert_eq!(firing.len(), 1);
    assert_eq!(firing[0].0["severity"], "critical");
}

#[tokio::test]
async fn it_accepts_whatever_is_in_an_alert() {
    let service = Alertmanager::default();
    let server = serve(service.clone());
    let (sink, _folder) = sink("alertmanager", &server.base("am"));
    send_everything(sink.as_ref()).await;
    for (labels, kept) in service.firing_at(SystemClock.now()) {
        let text = format!("{labels:?} {}", kept.annotations);
        for markup in ["<!channel>", "<@U012>", "<https://evil", "<script>", "](https://evil", "\u{202e}"] {
            assert!(!text.contains(markup), "{markup} in {text}");
        }
    }
}
