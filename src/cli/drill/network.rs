//! The network of a drill: a made-up registry, which exists only here, and the real network for everything else.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use crate::http::{Request, Response, Transport, TransportError};

/// The end of the made-up registry's host names (RFC 2606: no host can have them).
const MADE_UP: &str = ".drill.invalid";

/// The made-up registry before and after the takeover: the documents by URL. A text `@30d` is the time 30 days before
/// the drill.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Documents {
    before: BTreeMap<String, Value>,
    after: BTreeMap<String, Value>,
}

/// Answers requests to the made-up registry, and passes on all others.
#[derive(Debug)]
pub(super) struct DrillNetwork {
    documents: Documents,
    is_taken_over: AtomicBool,
    real: Arc<dyn Transport>,
}

impl DrillNetwork {
    /// The network before the takeover, over the real one.
    ///
    /// # Errors
    /// The documents in the program are malformed, which a test rules out.
    pub(super) fn new(now: DateTime<Utc>, real: Arc<dyn Transport>) -> Result<Self, serde_json::Error> {
        let mut documents: Documents = serde_json::from_str(include_str!("../../../drill/registry.json"))?;
        for document in documents.before.values_mut().chain(documents.after.values_mut()) {
            set_times(document, now);
        }
        Ok(Self { documents, is_taken_over: AtomicBool::new(false), real })
    }

    /// The takeover: the registry has the release, and its feed announces it.
    pub(super) fn take_over(&self) {
        self.is_taken_over.store(true, Ordering::Relaxed);
    }

    fn answer(&self, request: &Request) -> Response {
        let is_taken_over = self.is_taken_over.load(Ordering::Relaxed);
        let documents = if is_taken_over { &self.documents.after } else { &self.documents.before };
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        match documents.get(request.url.as_str()) {
            Some(document) => Response { status: 200, headers, body: Bytes::from(document.to_string()) },
            None => Response { status: 404, headers, body: Bytes::from_static(b"{}") },
        }
    }
}

impl Transport for DrillNetwork {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        if request.url.host_str().is_some_and(|host| host.ends_with(MADE_UP)) {
            return Box::pin(async move { Ok(self.answer(request)) });
        }
        self.real.exchange(request)
    }
}

fn set_times(value: &mut Value, now: DateTime<Utc>) {
    match value {
        Value::String(text) => {
            if let Some(days) = text.strip_prefix('@').and_then(|text| text.strip_suffix('d')?.parse().ok()) {
                *text = (now - TimeDelta::days(days)).to_rfc3339_opts(SecondsFormat::Millis, true);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| set_times(value, now)),
        Value::Object(values) => values.values_mut().for_each(|value| set_times(value, now)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::ScriptedTransport;

    #[tokio::test]
    async fn only_the_made_up_registry_is_made_up() {
        let real = Arc::new(ScriptedTransport::new());
        real.answer("/hook", 202, &[], "");
        let now = "2026-06-01T12:00:00Z".parse().unwrap();
        let network = DrillNetwork::new(now, real.clone()).unwrap();
        let get = |url: &str| Request::get(url.parse().unwrap());
        let package = get("https://packages.drill.invalid/PROVWATCH-DRILL");
        let before = network.exchange(&package).await.unwrap();
        network.take_over();
        let after = network.exchange(&package).await.unwrap();
        assert!(before.body.len() < after.body.len());
        let document: Value = serde_json::from_slice(&after.body).unwrap();
        assert_eq!(document["time"]["modified"], "2026-06-01T12:00:00.000Z");
        assert!(!document.to_string().contains("\"@"), "{document}");
        assert_eq!(network.exchange(&get("https://packages.drill.invalid/other")).await.unwrap().status, 404);
        assert!(real.requests().is_empty(), "nothing of it reaches the network");
        assert_eq!(network.exchange(&get("https://hooks.example/hook")).await.unwrap().status, 202);
        assert!(network.exchange(&get("https://drill.invalid.example/")).await.is_err(), "the script has no more");
    }
}
