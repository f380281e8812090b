//! The sink that posts alerts to a Slack channel through an incoming webhook.

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use sha2::{Digest, Sha256};

use super::{layout::payloads, posted::Posted};
use crate::{
    deliver::{Endpoint, Message, Receipt, Sink, SinkError, view::View},
    http::HostLimits,
};

/// Posts alerts to a Slack channel through an incoming webhook, laid out with Block Kit.
///
/// Only provwatch's own words are `mrkdwn`. A release's own text is `plain_text`, where neither formatting nor mentions
/// nor links work.
#[derive(Debug)]
pub struct SlackSink {
    endpoint: Endpoint,
    posted: Posted,
}

/// Slack takes one message a second through a webhook, and short bursts ("Rate limits", "Posting messages").
const LIMITS: HostLimits = HostLimits { requests: 1, per: Duration::from_secs(1), burst: 4, concurrency: 1 };

impl SlackSink {
    /// A sink that posts to the webhook's URL.
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint: endpoint.limited(LIMITS), posted: Posted::default() }
    }

    async fn post(&self, message: &Message) -> Result<Receipt, SinkError> {
        let (key, mut status) = (&message.idempotency_key, None);
        for payload in payloads(&View::of(message)) {
            let body = Bytes::from(payload.to_string());
            let digest = Sha256::digest(&body).into();
            if self.posted.has(key, &digest) {
                continue;
            }
            status = Some(self.post_part(body).await?);
            self.posted.note(key, digest);
        }
        self.posted.forget(key);
        Ok(Receipt::of(status.map_or_else(|| "posted before".to_owned(), |status| format!("answered {status}"))))
    }

    /// Posts one part, and returns the status. 400 is `invalid_payload` or `no_text`: this message will never be accepted.
    /// 403 and 404 (`action_prohibited`, `no_service`, `channel_not_found`) an administrator may undo; 410 is
    /// `channel_is_archived`. Some errors come with the status 200.
    async fn post_part(&self, body: Bytes) -> Result<u16, SinkError> {
        let response = self.endpoint.ask(body, Vec::new(), &[400]).await?;
        match response.body.trim_ascii() {
            b"" | b"ok" => Ok(response.status),
            other => {
                let said = String::from_utf8_lossy(other);
                let what = format!("it answered {} with the error {said:?}", response.status);
                Err(SinkError::Refused { what: self.endpoint.failed(&what) })
            }
        }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        clock::ManualClock,
        deliver::samples,
        http::{Client, ScriptedTransport},
    };

    #[tokio::test]
    async fn another_attempt_posts_only_what_was_not_taken() {
        let transport = Arc::new(ScriptedTransport::new());
        for status in [200, 429, 200, 200] {
            transport.answer("/s3cr3t", status, &[("retry-after", "1")], "");
        }
        let clock = Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z"));
        let url = "https://hooks.slack.com/services/T000/B000/s3cr3t".parse().unwrap();
        let sink = SlackSink::new(Endpoint::new(&Client::new(transport.clone(), clock), url));
        let message = samples::message(samples::campaign(60, 60));
        let parts = payloads(&View::of(&message)).len();
        assert_eq!(parts, 3);
        let error = sink.deliver(&message).await.unwrap_err();
        assert!(matches!(error, SinkError::Temporary { retry_after: Some(_), .. }), "{error:?}");
        sink.deliver(&message).await.unwrap();
        let bodies: Vec<_> = transport.requests().into_iter().map(|request| request.body.unwrap()).collect();
        assert_eq!(bodies.len(), 4);
        assert!(bodies[0] != bodies[1] && bodies[1] == bodies[2] && bodies[2] != bodies[3]);
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
        assert!(matches!(answered(200, "invalid_blocks").await, Err(SinkError::Refused { .. })));
        assert!(matches!(answered(400, "invalid_payload").await, Err(SinkError::Permanent { .. })));
        assert!(matches!(answered(403, "action_prohibited").await, Err(SinkError::Refused { .. })));
        assert!(matches!(answered(410, "channel_is_archived").await, Err(SinkError::Gone { .. })));
        assert!(matches!(answered(429, "").await, Err(SinkError::Temporary { .. })));
        assert!(matches!(answered(500, "rollup_error").await, Err(SinkError::Temporary { .. })));
    }
}
