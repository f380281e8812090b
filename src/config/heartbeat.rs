//! The section `[heartbeat]`: who is told regularly that the daemon is healthy.

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Period, SecretKeys, SecretSource, WebUrl};

/// `[heartbeat]`: who provwatch tells regularly that the daemon is healthy. A stopped daemon, a dead host or a cut
/// network cannot report itself: the receiver notices that the heartbeat is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HeartbeatSection {
    /// The URL of a dead-man's switch, such as healthchecks.io or Uptime Kuma. Such URLs contain a secret: `url_file`
    /// keeps it out of this file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<WebUrl>,
    /// A file with that URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// The systemd credential with that URL.
    #[schemars(extend("format" = "credential"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_credential: Option<String>,
    /// The method of the requests to that URL.
    pub method: HeartbeatMethod,
    /// How often provwatch sends a heartbeat while `provwatch status` would call the daemon healthy. While it is
    /// unhealthy, provwatch sends none.
    pub every: Period,
    /// The URL of an Alertmanager, without `/api/v2/alerts`. provwatch posts the alert `Watchdog` with an end four
    /// intervals ahead: route it to a receiver that notices when it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alertmanager: Option<WebUrl>,
    /// The user name for the Alertmanager, if it requires one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// A file with the password for the Alertmanager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The systemd credential with the password for the Alertmanager.
    #[schemars(extend("format" = "credential"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_credential: Option<String>,
    /// A file with a bearer token, for a proxy in front of the Alertmanager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// The systemd credential with a bearer token, for a proxy in front of the Alertmanager.
    #[schemars(extend("format" = "credential"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_credential: Option<String>,
    /// More labels of that alert: `labels.instance = "watcher-1"` tells two provwatch apart.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// The method of a heartbeat's requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HeartbeatMethod {
    /// GET.
    #[default]
    Get,
    /// POST, with an empty body.
    Post,
}

impl Default for HeartbeatSection {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            url_credential: None,
            method: HeartbeatMethod::Get,
            every: Period::minutes(1),
            alertmanager: None,
            username: None,
            password_file: None,
            password_credential: None,
            token_file: None,
            token_credential: None,
            labels: BTreeMap::new(),
        }
    }
}

impl HeartbeatSection {
    /// The source of a URL that is kept elsewhere.
    pub fn secret_url(&self) -> Option<SecretSource> {
        SecretSource::of(self.url_file.as_ref(), self.url_credential.as_ref())
    }

    /// The source of the password for the Alertmanager.
    pub fn password(&self) -> Option<SecretSource> {
        SecretSource::of(self.password_file.as_ref(), self.password_credential.as_ref())
    }

    /// The source of the token for the Alertmanager.
    pub fn token(&self) -> Option<SecretSource> {
        SecretSource::of(self.token_file.as_ref(), self.token_credential.as_ref())
    }

    /// The secrets of the Alertmanager.
    pub(super) fn secrets(&self) -> [SecretKeys<'_>; 2] {
        [
            SecretKeys::optional("password", self.password_file.as_ref(), self.password_credential.as_ref()),
            SecretKeys::optional("token", self.token_file.as_ref(), self.token_credential.as_ref()),
        ]
    }

    /// The keys with paths.
    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.url_file.iter_mut().chain(&mut self.password_file).chain(&mut self.token_file)
    }

    /// Whether any heartbeat is sent.
    pub fn is_set(&self) -> bool {
        self.url.is_some() || self.secret_url().is_some() || self.alertmanager.is_some()
    }
}
