//! `type = "teams"`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::{SecretKeys, Section};
use crate::config::SecretSource;

/// The keys of `type = "teams"`. Anyone must be allowed to trigger the workflow; then its URL has a signature, and is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TeamsSection {
    /// A file with the URL of the workflow "When a Teams webhook request is received", which *Anyone* can trigger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// The systemd credential with the URL of the workflow "When a Teams webhook request is received", which *Anyone* can
    /// trigger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub url_credential: Option<String>,
}

impl TeamsSection {
    /// The source of the workflow's URL.
    pub fn url(&self) -> Option<SecretSource> {
        SecretSource::of(self.url_file.as_ref(), self.url_credential.as_ref())
    }
}

impl Section for TeamsSection {
    fn secrets(&self) -> Vec<SecretKeys<'_>> {
        vec![SecretKeys::required("url", self.url_file.as_ref(), self.url_credential.as_ref())]
    }

    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        self.url_file.iter_mut().collect()
    }
}
