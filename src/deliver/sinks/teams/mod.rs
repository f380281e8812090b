//! The sink that posts alerts to a channel or chat of Microsoft Teams, through a Workflows webhook.

mod card;

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{
    deliver::{Endpoint, Message, Receipt, Sink, SinkError, view::View},
    http::HostLimits,
};

/// Posts each message as a card. A webhook can neither change a card nor answer to one, so each says how the alert stands.
#[derive(Debug)]
pub struct TeamsSink {
    endpoint: Endpoint,
}

/// Four requests a second ("Create Incoming Webhooks", Microsoft Teams documentation).
const LIMITS: HostLimits = HostLimits { requests: 4, per: Duration::from_secs(1), burst: 4, concurrency: 1 };

/// Some services of Teams count two bytes for each character of a body that does not name its encoding.
const MEDIA_TYPE: &str = "application/json; charset=utf-8";

/// What to do about 401: a workflow that only people of the tenant may trigger has no use for the signature of a URL.
const ANYONE: &str = "let anyone trigger the workflow (`Who can trigger the flow?`), and configure its new URL";

/// Most characters of an answer in an error.
const SHOWN: usize = 200;

impl TeamsSink {
    /// A sink that posts to the URL of the workflow, whose query has a signature.
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint: endpoint.limited(LIMITS) }
    }

    /// 202 says that the workflow runs. Older webhooks answer 200, and name an error of Teams in the text. 400 is a body that
    /// the workflow does not expect.
    async fn post(&self, message: &Message) -> Result<Receipt, SinkError> {
        let body = Bytes::from(card::body(&View::of(message)));
        let headers = vec![("content-type", MEDIA_TYPE.to_owned())];
        let response = match self.endpoint.ask(body, headers, &[400]).await {
            Err(SinkError::Temporary { what, retry_after, source }) if what.contains("it answered 401") => {
                let what = format!("{what}; {ANYONE}");
                return Err(SinkError::Temporary { what, retry_after, source });
            }
            outcome => outcome?,
        };
        let said = String::from_utf8_lossy(&response.body);
        match (response.status, said.trim()) {
            (status, said) if status != 202 && is_failure(said) => Err(self.refused(status, said)),
            (status, _) => Ok(Receipt::of(format!("answered {status}"))),
        }
    }

    fn refused(&self, status: u16, said: &str) -> SinkError {
        let shown = self.endpoint.quoted(said, SHOWN);
        let what = self.endpoint.failed(&format!("it answered {status} with the error {shown:?}"));
        // The rate, and failures of Teams itself, are not the fault of the message.
        let is_passing = ["error 429", "error 5"].iter().any(|error| said.contains(error));
        if is_passing { SinkError::temporary(what) } else { SinkError::Refused { what } }
    }
}

/// Whether a text tells of a failure, or is a page of another service. A workflow may answer with a text of its own.
fn is_failure(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    said.starts_with('<') || said.contains("delivery failed with error")
}

impl Sink for TeamsSink {
    fn kind(&self) -> &'static str {
        "teams"
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
        deliver::{samples, testing},
        http::{Client, ScriptedTransport},
    };

    const SIGNATURE: &str = "s1gnatur3";

    fn sink(transport: &Arc<ScriptedTransport>) -> TeamsSink {
        let clock = Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z"));
        let url = format!("https://flow.example/workflows/1/triggers/manual/paths/invoke?sig={SIGNATURE}");
        TeamsSink::new(Endpoint::new(&Client::new(transport.clone(), clock), url.parse().unwrap()))
    }

    #[tokio::test]
    async fn answers_are_judged_and_show_no_secret() {
        let failed = |error: u16| {
            format!(
                "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {error} with \
                 ContextId tcid=1,server=X,cv=s1gnatur3"
            )
        };
        for (status, body, verdict) in [
            (202, String::new(), "taken"),
            (202, "accepted".to_owned(), "taken"),
            (200, String::new(), "taken"),
            (200, "1".to_owned(), "taken"),
            (200, "posted".to_owned(), "taken"),
            (200, failed(413), "refused"),
            (200, failed(429), "temporary"),
            (200, failed(503), "temporary"),
            (200, "<html>Sign in</html>".to_owned(), "refused"),
            (400, r#"{"error":{"code":"TriggerInputSchemaMismatch"}}"#.to_owned(), "permanent"),
            (401, r#"{"error":{"code":"DirectApiAuthorizationRequired"}}"#.to_owned(), "temporary"),
            (404, r#"{"error":{"code":"WorkflowNotFound"}}"#.to_owned(), "temporary"),
            (410, String::new(), "gone"),
            (413, String::new(), "refused"),
            (429, String::new(), "temporary"),
            (302, String::new(), "temporary"),
            (502, String::new(), "temporary"),
        ] {
            let transport = Arc::new(ScriptedTransport::new());
            transport.answer(SIGNATURE, status, &[], body.clone());
            let sink = sink(&transport);
            let outcome = sink.deliver(&samples::message(samples::takeover())).await;
            assert_eq!(testing::verdict(&outcome), verdict, "{status} {body}: {outcome:?}");
            let report = outcome.err().map(|error| error.report()).unwrap_or_default() + &format!("{sink:?}");
            assert!(!report.contains("/workflows/1") && !report.contains(SIGNATURE), "{report}");
            assert_eq!(report.contains(ANYONE), status == 401, "{report}");
            assert_eq!(transport.requests()[0].header_value("content-type"), Some(MEDIA_TYPE));
        }
    }
}
