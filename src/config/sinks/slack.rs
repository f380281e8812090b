//! `type = "slack"`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::{SecretKeys, Section};
use crate::config::{Finding, SecretSource, WebUrl, finding::error};

/// The keys of `type = "slack"`: either the URL of an incoming webhook, which is a secret, or the token of an app and a
/// channel. With a token, each alert has one thread, whose first message shows the state of the alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SlackSection {
    /// A file with the webhook's URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// The systemd credential with the webhook's URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub url_credential: Option<String>,
    /// A file with the app's bot token, `xoxb-…`, with the scope `chat:write`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// The systemd credential with the app's bot token, `xoxb-…`, with the scope `chat:write`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub token_credential: Option<String>,
    /// The id of the channel to which the app posts, such as `C0123456789`; with a token only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The URL of Slack's Web API.
    #[serde(default = "web_api")]
    pub api: WebUrl,
}

fn web_api() -> WebUrl {
    WebUrl::known("https://slack.com/api/")
}

impl SlackSection {
    /// The source of the webhook's URL.
    pub fn url(&self) -> Option<SecretSource> {
        SecretSource::of(self.url_file.as_ref(), self.url_credential.as_ref())
    }

    /// The source of the token.
    pub fn token(&self) -> Option<SecretSource> {
        SecretSource::of(self.token_file.as_ref(), self.token_credential.as_ref())
    }
}

impl Section for SlackSection {
    fn secrets(&self) -> Vec<SecretKeys<'_>> {
        vec![
            SecretKeys::optional("url", self.url_file.as_ref(), self.url_credential.as_ref()),
            SecretKeys::optional("token", self.token_file.as_ref(), self.token_credential.as_ref()),
        ]
    }

    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        self.url_file.iter_mut().chain(&mut self.token_file).collect()
    }

    fn findings(&self, key: &dyn Fn(&str) -> String) -> Vec<Finding> {
        let found = match (self.url(), self.token(), &self.channel) {
            (None, None, _) => ("url_file", "missing; or use url_credential, or token_file and channel"),
            (Some(_), Some(_), _) => ("url_file", "a token is set too; keep the webhook or the app"),
            (None, Some(_), None) => ("channel", "missing; a token needs the id of a channel"),
            (Some(_), None, Some(_)) => ("channel", "used only with a token; a webhook has a channel of its own"),
            (None, Some(_), Some(channel)) if !is_id(channel) => {
                ("channel", "not the id of a channel; expected one such as C0123456789, from the channel's details")
            }
            _ => return Vec::new(),
        };
        vec![error(key(found.0), found.1)]
    }
}

/// Slack's ids are capital letters and digits; the name of a channel can change.
fn is_id(channel: &str) -> bool {
    channel.len() >= 9
        && channel.starts_with(['C', 'G', 'D'])
        && channel.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
