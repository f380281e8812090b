//! The sinks, one file or folder per type of receiver.

mod alertmanager;
mod command;
mod email;
mod file;
mod inert;
mod issues;
mod journald;
mod ntfy;
mod pagerduty;
mod slack;
#[cfg(test)]
pub(crate) mod stand_in;
mod stdout;
mod syslog;
mod teams;
mod webhook;
mod writer;

pub(crate) use alertmanager::{AlertmanagerSink, Login as AlertmanagerLogin};
pub(crate) use command::{CommandSettings, CommandSink};
pub use email::{EmailSettings, EmailSink, SmtpLimits, SmtpSecurity};
pub(crate) use file::FileSink;
#[cfg(test)]
pub(crate) use issues::{Dialect, FORGE_TOKEN, Forge};
pub(crate) use issues::{GitHub, GitHubSettings, GitLab, GitLabSettings, IssueSink};
pub(crate) use journald::JournaldSink;
#[cfg(test)]
pub(crate) use journald::tests::{Journal, fields as journal_fields};
pub(crate) use ntfy::NtfySink;
pub(crate) use pagerduty::PagerDutySink;
#[cfg(test)]
pub(crate) use slack::{SLACK_TOKEN, Workspace};
pub(crate) use slack::{SlackApp, SlackSink};
pub(crate) use stdout::StdoutSink;
#[cfg(test)]
pub(crate) use syslog::syslog_parsed;
pub(crate) use syslog::{SyslogSettings, SyslogSink, SyslogTarget};
pub(crate) use teams::TeamsSink;
pub(crate) use webhook::{SigningSecret, WebhookSink};
