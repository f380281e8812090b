//! `type = "alertmanager"`.

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::{SecretKeys, Section, login};
use crate::config::{Finding, Period, SecretSource, WebUrl, finding::error};

/// The keys of `type = "alertmanager"`: Prometheus Alertmanager, API v2. It forgets alerts, so provwatch sends those that
/// are not resolved again and again, as Prometheus does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertmanagerSection {
    /// The URL of Alertmanager, without `/api/v2/alerts`.
    pub url: WebUrl,
    /// The user name, if Alertmanager requires one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// A file with the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The systemd credential with the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub password_credential: Option<String>,
    /// A file with a bearer token, for a proxy in front of Alertmanager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// The systemd credential with a bearer token, for a proxy in front of Alertmanager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub token_credential: Option<String>,
    /// More labels of every alert: `labels.team = "security"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// How often provwatch sends the alerts that are not resolved again, `10s` to `60m`.
    #[serde(default = "resend")]
    pub resend: Period,
}

fn resend() -> Period {
    Period::minutes(1)
}

impl AlertmanagerSection {
    /// The source of the password.
    pub fn password(&self) -> Option<SecretSource> {
        SecretSource::of(self.password_file.as_ref(), self.password_credential.as_ref())
    }

    /// The source of the token.
    pub fn token(&self) -> Option<SecretSource> {
        SecretSource::of(self.token_file.as_ref(), self.token_credential.as_ref())
    }
}

impl Section for AlertmanagerSection {
    fn secrets(&self) -> Vec<SecretKeys<'_>> {
        vec![
            SecretKeys::optional("password", self.password_file.as_ref(), self.password_credential.as_ref()),
            SecretKeys::optional("token", self.token_file.as_ref(), self.token_credential.as_ref()),
        ]
    }

    fn keeps_open(&self) -> bool {
        true
    }

    fn takes_digests(&self) -> bool {
        false
    }

    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        self.password_file.iter_mut().chain(&mut self.token_file).collect()
    }

    fn findings(&self, key: &dyn Fn(&str) -> String) -> Vec<Finding> {
        let mut findings: Vec<_> = login(self.username.as_ref(), self.password().as_ref(), key).into_iter().collect();
        if self.username.is_some() && self.token().is_some() {
            findings.push(error(key("token_file"), "a username is set too; keep one of them"));
        }
        if self.resend < LEAST || self.resend > MOST {
            findings.push(error(key("resend"), format!("expected {LEAST} to {MOST}, not {}", self.resend)));
        }
        for label in self.labels.keys() {
            if !is_label(label) {
                let what = "not a label's name; expected letters, digits and _, the first not a digit";
                findings.push(error(key(&format!("labels.{label}")), what));
            } else if OWN.contains(&label.as_str()) {
                findings.push(error(key(&format!("labels.{label}")), "provwatch sets this label itself; name another"));
            }
        }
        findings
    }
}

/// The shortest and the longest time between two messages of all alerts.
const LEAST: Period = Period::seconds(10);
const MOST: Period = Period::minutes(60);

/// The labels of an alert that are its own.
const OWN: [&str; 11] =
    ["alertname", "fingerprint", "alert", "kind", "severity", "ecosystem", "package", "tier", "team", "log", "match"];

/// As Prometheus requires.
fn is_label(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
