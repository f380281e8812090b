//! The section `[[subscriptions]]`: receivers of alerts, and which alerts each wants.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Digest, Escalate, Period, QuietHours, SecretSource, WebUrl};
use crate::model::{AlertKind, AlertMatchers, Severity};

/// `[[subscriptions]]`: one receiver, and the alerts that it receives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subscription {
    /// The subscription's name in messages, and the key of its deliveries. No two subscriptions may have the same name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The lowest severity of the alerts that provwatch sends to this receiver.
    #[serde(default = "medium")]
    pub min_severity: Severity,
    /// The kinds of alerts that provwatch sends to this receiver. Default: all.
    #[serde(default = "all_kinds")]
    #[schemars(length(min = 1))]
    pub kinds: Vec<AlertKind>,
    /// Further conditions on the alerts that provwatch sends to this receiver. All must hold; of a list, one value is
    /// enough. `min_severity` and `kinds` in it replace those above.
    #[serde(rename = "match", default, skip_serializing_if = "AlertMatchers::is_empty")]
    pub matchers: AlertMatchers,
    /// How often provwatch sends an alert again that is still open, that is, neither acknowledged nor resolved; at least
    /// `5m`. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Period>,
    /// Hours in which provwatch sends critical alerts only; it sends the others once when they are over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
    /// One message about each day or week in place of single ones, also when nothing happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Another subscription that receives a critical alert that was not acknowledged in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate: Option<Escalate>,
    /// Whether provwatch tells this receiver that an alert of an earlier message was acknowledged or resolved.
    #[serde(default)]
    pub notify_resolution: bool,
    /// The way to the receiver.
    #[serde(flatten)]
    pub sink: Sink,
}

const fn medium() -> Severity {
    Severity::Medium
}

fn all_kinds() -> Vec<AlertKind> {
    vec![AlertKind::Release, AlertKind::Campaign, AlertKind::Log, AlertKind::Operation]
}

/// How provwatch sends alerts. The value of `type` decides which other keys are valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Sink {
    /// Alerts by e-mail.
    Email(EmailSection),
    /// Alerts to a Slack incoming webhook.
    Slack(SlackSection),
    /// Alerts to a URL of yours, signed in the form of Standard Webhooks.
    Webhook(WebhookSection),
    /// Alerts to standard output, one JSON object on each line.
    Stdout,
}

/// The keys of `type = "email"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmailSection {
    /// The SMTP server.
    #[schemars(extend("format" = "host"))]
    pub server: String,
    /// The server's port. Default: 587 for `starttls`, 465 for `tls`, 25 for `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
    /// The protection of the connection.
    #[serde(default = "starttls")]
    pub security: Security,
    /// The user name, if the server requires one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// A file with the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The systemd credential with the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub password_credential: Option<String>,
    /// The sender.
    #[schemars(extend("format" = "mailbox"))]
    pub from: String,
    /// The receivers.
    #[schemars(length(min = 1), extend("items" = {"type": "string", "format": "mailbox"}))]
    pub to: Vec<String>,
}

impl EmailSection {
    /// The configured port, or the usual one.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            Security::Starttls => 587,
            Security::Tls => 465,
            Security::None => 25,
        })
    }

    /// The source of the password.
    pub fn password(&self) -> Option<SecretSource> {
        SecretSource::of(self.password_file.as_ref(), self.password_credential.as_ref())
    }
}

const fn starttls() -> Security {
    Security::Starttls
}

/// The protection of an SMTP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// STARTTLS. provwatch sends no mail if the server does not offer it.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// No encryption, for a mail server on the same machine.
    None,
}

/// The keys of `type = "slack"`. The URL of an incoming webhook is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SlackSection {
    /// A file with the webhook's URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// The systemd credential with the webhook's URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub url_credential: Option<String>,
}

impl SlackSection {
    pub fn url(&self) -> Option<SecretSource> {
        SecretSource::of(self.url_file.as_ref(), self.url_credential.as_ref())
    }
}

/// The keys of `type = "webhook"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookSection {
    /// The URL to which provwatch posts alerts.
    pub url: WebUrl,
    /// A file with the signing secret, `whsec_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// The systemd credential with the signing secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub secret_credential: Option<String>,
}

impl WebhookSection {
    /// The source of the signing secret.
    pub fn secret(&self) -> Option<SecretSource> {
        SecretSource::of(self.secret_file.as_ref(), self.secret_credential.as_ref())
    }
}

impl Subscription {
    /// All conditions on the alerts that it receives.
    pub fn conditions(&self) -> AlertMatchers {
        let own = self.matchers.clone();
        let kinds = if own.kinds.is_empty() { self.kinds.clone() } else { own.kinds };
        AlertMatchers { min_severity: Some(own.min_severity.unwrap_or(self.min_severity)), kinds, ..own }
    }

    /// The sink's word in the configuration.
    pub fn sink_type(&self) -> &'static str {
        match self.sink {
            Sink::Email(_) => "email",
            Sink::Slack(_) => "slack",
            Sink::Webhook(_) => "webhook",
            Sink::Stdout => "stdout",
        }
    }

    /// The source of its secret, and the stem of the key: `password` of `password_file`.
    pub(crate) fn secret(&self) -> Option<(&'static str, SecretSource)> {
        match &self.sink {
            Sink::Email(email) => email.password().map(|source| ("password", source)),
            Sink::Slack(slack) => slack.url().map(|source| ("url", source)),
            Sink::Webhook(webhook) => webhook.secret().map(|source| ("secret", source)),
            Sink::Stdout => None,
        }
    }

    pub(super) fn paths_mut(&mut self) -> Option<&mut PathBuf> {
        match &mut self.sink {
            Sink::Email(email) => email.password_file.as_mut(),
            Sink::Slack(slack) => slack.url_file.as_mut(),
            Sink::Webhook(webhook) => webhook.secret_file.as_mut(),
            Sink::Stdout => None,
        }
    }
}
