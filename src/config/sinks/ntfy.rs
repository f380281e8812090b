//! `type = "ntfy"`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::{SecretKeys, Section};
use crate::config::{SecretSource, WebUrl};

/// The keys of `type = "ntfy"`. On a server without accounts the name of the topic is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NtfySection {
    /// The URL of the server.
    #[serde(default = "server")]
    pub server: WebUrl,
    /// A file with the name of the topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_file: Option<PathBuf>,
    /// The systemd credential with the name of the topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub topic_credential: Option<String>,
    /// A file with an access token, `tk_…`, if the topic requires one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// The systemd credential with an access token, `tk_…`, if the topic requires one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub token_credential: Option<String>,
}

fn server() -> WebUrl {
    WebUrl::known("https://ntfy.sh/")
}

impl NtfySection {
    /// The source of the topic.
    pub fn topic(&self) -> Option<SecretSource> {
        SecretSource::of(self.topic_file.as_ref(), self.topic_credential.as_ref())
    }

    /// The source of the token.
    pub fn token(&self) -> Option<SecretSource> {
        SecretSource::of(self.token_file.as_ref(), self.token_credential.as_ref())
    }
}

impl Section for NtfySection {
    fn secrets(&self) -> Vec<SecretKeys<'_>> {
        vec![
            SecretKeys::required("topic", self.topic_file.as_ref(), self.topic_credential.as_ref()),
            SecretKeys::optional("token", self.token_file.as_ref(), self.token_credential.as_ref()),
        ]
    }

    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        self.topic_file.iter_mut().chain(&mut self.token_file).collect()
    }
}
