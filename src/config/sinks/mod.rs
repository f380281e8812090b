//! The types of receivers in `[[subscriptions]]`, one file per type.

mod alertmanager;
mod command;
mod email;
mod file;
mod form;
mod github;
mod gitlab;
mod journald;
mod ntfy;
mod pagerduty;
mod section;
mod slack;
mod syslog;
mod syslog_address;
mod teams;
mod webhook;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    alertmanager::AlertmanagerSection,
    command::CommandSection,
    email::{EmailSection, Security},
    file::FileSection,
    form::Form,
    github::GitHubSection,
    gitlab::GitLabSection,
    journald::JournaldSection,
    ntfy::NtfySection,
    pagerduty::PagerDutySection,
    section::{SecretKeys, Section},
    slack::SlackSection,
    syslog::SyslogSection,
    syslog_address::SyslogAddress,
    teams::TeamsSection,
    webhook::WebhookSection,
};

/// How provwatch sends alerts. The value of `type` decides which other keys are valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Sink {
    /// Alerts by e-mail.
    Email(EmailSection),
    /// Alerts to a channel of Slack, through an incoming webhook or an app.
    Slack(SlackSection),
    /// Alerts to a channel or chat of Microsoft Teams, through a Workflows webhook.
    Teams(TeamsSection),
    /// Alerts as incidents of `PagerDuty`.
    PagerDuty(PagerDutySection),
    /// Alerts to Prometheus Alertmanager.
    Alertmanager(AlertmanagerSection),
    /// Alerts to a topic of ntfy, for phones.
    Ntfy(NtfySection),
    /// Alerts as issues of a GitHub repository.
    GitHub(GitHubSection),
    /// Alerts as issues of a GitLab project.
    GitLab(GitLabSection),
    /// Alerts to a URL of yours, signed in the form of Standard Webhooks.
    Webhook(WebhookSection),
    /// Alerts to the standard input of a program of yours.
    Command(CommandSection),
    /// Alerts to the systemd journal.
    Journald(JournaldSection),
    /// Alerts to a syslog server.
    Syslog(SyslogSection),
    /// Alerts to a file of JSON lines.
    File(FileSection),
    /// Alerts to standard output, each as one line of JSON (`schema/alert.schema.json`).
    Stdout,
}

/// The keys of a sink, shared or to change, as the sink is borrowed: one match for both.
macro_rules! keys_of {
    ($sink:expr) => {
        match $sink {
            Sink::Email(keys) => keys,
            Sink::Slack(keys) => keys,
            Sink::Teams(keys) => keys,
            Sink::PagerDuty(keys) => keys,
            Sink::Alertmanager(keys) => keys,
            Sink::Ntfy(keys) => keys,
            Sink::GitHub(keys) => keys,
            Sink::GitLab(keys) => keys,
            Sink::Webhook(keys) => keys,
            Sink::Command(keys) => keys,
            Sink::Journald(keys) => keys,
            Sink::Syslog(keys) => keys,
            Sink::File(keys) => keys,
            Sink::Stdout => return None,
        }
    };
}

impl Sink {
    /// Its word in the configuration.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Slack(_) => "slack",
            Self::Teams(_) => "teams",
            Self::PagerDuty(_) => "pagerduty",
            Self::Alertmanager(_) => "alertmanager",
            Self::Ntfy(_) => "ntfy",
            Self::GitHub(_) => "github",
            Self::GitLab(_) => "gitlab",
            Self::Webhook(_) => "webhook",
            Self::Command(_) => "command",
            Self::Journald(_) => "journald",
            Self::Syslog(_) => "syslog",
            Self::File(_) => "file",
            Self::Stdout => "stdout",
        }
    }

    /// Its keys, if it has any.
    pub fn section(&self) -> Option<&dyn Section> {
        Some(keys_of!(self))
    }

    /// As [`Sink::section`], to change it.
    pub fn section_mut(&mut self) -> Option<&mut dyn Section> {
        Some(keys_of!(self))
    }

    /// Whether the receiver keeps an alert open until it is told of its end.
    pub fn keeps_open(&self) -> bool {
        self.section().is_some_and(Section::keeps_open)
    }

    /// Whether the receiver can show a digest.
    pub fn takes_digests(&self) -> bool {
        self.section().is_none_or(Section::takes_digests)
    }

    /// Its secrets.
    pub fn secrets(&self) -> Vec<SecretKeys<'_>> {
        self.section().map(Section::secrets).unwrap_or_default()
    }
}
