//! The sink that posts alerts to a Slack channel as an app, with one thread for each alert.

use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::{
    errors::{Refusal, judged},
    posted::Posted,
    replies::Thread,
};
use crate::{
    deliver::{
        Message, Receipt, Sink, SinkError,
        remote::{Api, Call},
    },
    http::{Client, HostLimits, Method},
    model::Secret,
};

/// Posts alerts to a Slack channel with an app's bot token, one thread for each alert.
///
/// The first message of a thread shows the state of its alert, and is updated with every later message; what happened is a
/// short reply. The update comes first: it may be repeated, a reply may not.
#[derive(Debug)]
pub struct SlackApp {
    posts: Api,
    updates: Api,
    channel: String,
    posted: Posted,
}

/// Slack takes a message a second in a channel, and short bursts ("Rate limits", `chat.postMessage`).
const POSTS: HostLimits = HostLimits { requests: 1, per: Duration::from_secs(1), burst: 4, concurrency: 1 };

/// `chat.update` is of tier 3: 50 calls a minute ("Rate limits", "Web API rate limits").
const UPDATES: HostLimits = HostLimits { requests: 50, per: Duration::from_mins(1), burst: 4, concurrency: 1 };

impl SlackApp {
    /// A sink that posts to a channel, by its id. `base`: the URL of the Web API.
    pub fn new(http: &Client, base: &Url, token: &Secret, channel: String) -> Self {
        let api = |limits| Api::new(http, base.clone(), limits, token, ("authorization", "Bearer {}"));
        Self { posts: api(POSTS), updates: api(UPDATES), channel, posted: Posted::default() }
    }

    async fn tell(&self, message: &Message) -> Result<Receipt, SinkError> {
        let key = &message.idempotency_key;
        let known = self.thread(message);
        if let Some(ts) = self.posted.thread(key).or_else(|| known.clone()) {
            let is_told = self.posted.thread(key).is_none();
            let thread = Thread::of(message, is_told);
            let parts = if is_told { thread.replies } else { thread.rest };
            if self.update(&ts, thread.first).await? && self.add(key, &ts, parts).await? {
                return Ok(self.receipt(key, &ts));
            }
        }
        let thread = Thread::of(message, false);
        let ts = self.begin(key, thread.first).await?;
        if self.add(key, &ts, thread.rest).await? {
            return Ok(self.receipt(key, &ts));
        }
        self.posted.forget(key);
        Err(SinkError::temporary(self.posts.failed("the thread was deleted while it was written")))
    }

    /// The thread of earlier messages, unless it is in another channel.
    fn thread(&self, message: &Message) -> Option<String> {
        let (channel, ts) = message.thread.as_deref()?.split_once(' ')?;
        (channel == self.channel).then(|| ts.to_owned())
    }

    fn receipt(&self, key: &str, ts: &str) -> Receipt {
        self.posted.forget(key);
        Receipt { detail: format!("message {ts} in {}", self.channel), thread: Some(format!("{} {ts}", self.channel)) }
    }

    /// Posts the first message of a thread, and returns its name.
    async fn begin(&self, key: &str, first: Value) -> Result<String, SinkError> {
        let answer =
            self.call(&self.posts, "chat.postMessage", first).await?.map_err(|refusal| self.failed(refusal))?;
        let ts = answer["ts"].as_str().filter(|ts| is_ts(ts));
        let ts = ts.ok_or_else(|| SinkError::temporary(self.posts.failed("its answer names no message (ts)")))?;
        self.posted.begin(key, ts);
        Ok(ts.to_owned())
    }

    /// Shows the state of the alert in the first message; `false`: it does not exist any more.
    async fn update(&self, ts: &str, mut first: Value) -> Result<bool, SinkError> {
        first["ts"] = json!(ts);
        match self.call(&self.updates, "chat.update", first).await? {
            Ok(_) | Err(Refusal::Fixed) => Ok(true),
            Err(Refusal::Vanished) => Ok(false),
            Err(Refusal::Failed(error)) => Err(error),
        }
    }

    /// Posts parts of a message into its thread, except those that an earlier attempt posted; `false`: the thread does not
    /// exist any more.
    async fn add(&self, key: &str, ts: &str, parts: Vec<Value>) -> Result<bool, SinkError> {
        for mut part in parts {
            part["thread_ts"] = json!(ts);
            let digest = Sha256::digest(part.to_string()).into();
            if self.posted.has(key, &digest) {
                continue;
            }
            match self.call(&self.posts, "chat.postMessage", part).await? {
                Ok(_) => self.posted.note(key, digest),
                Err(Refusal::Vanished) => return Ok(false),
                Err(refusal) => return Err(self.failed(refusal)),
            }
        }
        Ok(true)
    }

    async fn call(&self, api: &Api, method: &str, mut body: Value) -> Result<Result<Value, Refusal>, SinkError> {
        body["channel"] = json!(self.channel);
        // By default Slack makes links of the URLs in a text, and `chat.update` of the names too.
        body["parse"] = json!("none");
        body["link_names"] = json!(false);
        let call = Call { method: Method::Post, path: &[method], query: &[], body: Some(body), permanent: &[] };
        let answer = api.call(&call).await?;
        Ok(match judged(api, method, &answer) {
            Some(refusal) => Err(refusal),
            None => Ok(answer.body),
        })
    }

    fn failed(&self, refusal: Refusal) -> SinkError {
        match refusal {
            Refusal::Failed(error) => error,
            Refusal::Vanished | Refusal::Fixed => {
                SinkError::temporary(self.posts.failed("it refuses a new message as if it were an old one"))
            }
        }
    }
}

/// Whether a text is the name of a message: `1774916700.000100`.
fn is_ts(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

impl Sink for SlackApp {
    fn kind(&self) -> &'static str {
        "slack"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.tell(message))
    }
}

#[cfg(test)]
mod tests;
