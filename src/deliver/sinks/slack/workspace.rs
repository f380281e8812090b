//! A workspace of Slack that keeps messages in memory, for tests.

use serde_json::{Value, json};

use crate::deliver::sinks::stand_in::{Asked, Faults, Said, Service};

/// The token of its app.
pub(crate) const TOKEN: &str = "xoxb-s3cr3t";

/// A workspace with one channel.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// The messages, each with its thread, and whether it was deleted.
    pub messages: Vec<(Value, bool)>,
    pub faults: Faults,
    pub lines: Vec<String>,
}

impl Workspace {
    pub fn threads(&self) -> Vec<&Value> {
        self.messages.iter().map(|(body, _)| body).filter(|body| body["thread_ts"].is_null()).collect()
    }

    fn at(&self, ts: &Value) -> Option<usize> {
        let number: usize = ts.as_str()?.strip_prefix("1774916700.")?.parse().ok()?;
        (number < self.messages.len() && !self.messages[number].1).then_some(number)
    }

    fn does(&mut self, asked: &Asked) -> Value {
        let body = &asked.body;
        if body["channel"] != "C0123456789" {
            return json!({ "ok": false, "error": "channel_not_found" });
        }
        assert!(body["text"].as_str().is_some_and(|text| !text.is_empty()), "no_text");
        assert!(body["attachments"][0]["blocks"].as_array().unwrap().len() <= 50);
        if asked.line.ends_with("chat.update") {
            assert!(body["parse"] == "none" && body["link_names"] == false);
            let Some(at) = self.at(&body["ts"]) else { return json!({ "ok": false, "error": "message_not_found" }) };
            self.messages[at].0 = body.clone();
            return json!({ "ok": true, "ts": body["ts"], "channel": "C0123456789" });
        }
        if !body["thread_ts"].is_null() && self.at(&body["thread_ts"]).is_none() {
            return json!({ "ok": false, "error": "thread_not_found" });
        }
        self.messages.push((body.clone(), false));
        json!({ "ok": true, "ts": format!("1774916700.{:06}", self.messages.len() - 1) })
    }
}

impl Service for Workspace {
    fn answer(&mut self, asked: &Asked) -> Said {
        self.lines.push(asked.line.clone());
        assert_eq!(asked.header("authorization"), format!("Bearer {TOKEN}"));
        match self.faults.of(&asked.line) {
            Some((false, said)) => said,
            Some((true, said)) => {
                self.does(asked);
                said
            }
            None => Said::json(200, &self.does(asked)),
        }
    }
}
