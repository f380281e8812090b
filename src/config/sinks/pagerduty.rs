//! `type = "pagerduty"`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::{SecretKeys, Section};
use crate::config::{SecretSource, WebUrl};

/// The keys of `type = "pagerduty"`: an integration of a service with the Events API v2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PagerDutySection {
    /// A file with the integration key of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_key_file: Option<PathBuf>,
    /// The systemd credential with the integration key of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub routing_key_credential: Option<String>,
    /// The URL of the Events API; in the EU service region `https://events.eu.pagerduty.com/v2/enqueue`.
    #[serde(default = "enqueue")]
    pub url: WebUrl,
}

fn enqueue() -> WebUrl {
    WebUrl::known("https://events.pagerduty.com/v2/enqueue")
}

impl PagerDutySection {
    /// The source of the routing key.
    pub fn routing_key(&self) -> Option<SecretSource> {
        SecretSource::of(self.routing_key_file.as_ref(), self.routing_key_credential.as_ref())
    }
}

impl Section for PagerDutySection {
    fn secrets(&self) -> Vec<SecretKeys<'_>> {
        vec![SecretKeys::required("routing_key", self.routing_key_file.as_ref(), self.routing_key_credential.as_ref())]
    }

    fn keeps_open(&self) -> bool {
        true
    }

    fn takes_digests(&self) -> bool {
        false
    }

    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        self.routing_key_file.iter_mut().collect()
    }
}
