//! The sinks, one file or folder per type of receiver.

mod alertmanager;
mod command;
mod email;
mod file;
mod issues;
mod journald;
mod ntfy;
mod pagerduty;
mod slack;
#[cfg(test)]
mod stand_in;
mod stdout;
mod syslog;
mod teams;
mod webhook;
mod writer;

pub(crate) use alertmanager::{AlertmanagerSink, Login as AlertmanagerLogin};
pub(crate) use command::{CommandSettings, CommandSink};
pub use email::{EmailSettings, EmailSink, SmtpLimits, SmtpSecurity};
pub(crate) use file::FileSink;
pub(crate) use issues::{GitHub, GitHubSettings, GitLab, GitLabSettings, IssueSink};
pub(crate) use journald::JournaldSink;
pub(crate) use ntfy::NtfySink;
pub(crate) use pagerduty::PagerDutySink;
pub(crate) use slack::{SlackApp, SlackSink};
pub(crate) use stdout::StdoutSink;
pub(crate) use syslog::{SyslogSettings, SyslogSink, SyslogTarget};
pub(crate) use teams::TeamsSink;
pub(crate) use webhook::{SigningSecret, WebhookSink};
