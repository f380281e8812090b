//! The sinks, one file or folder per type of receiver.

mod email;
mod issues;
mod slack;
#[cfg(test)]
mod stand_in;
mod stdout;
mod webhook;

pub use email::{EmailSettings, EmailSink, SmtpSecurity};
pub(crate) use issues::{GitHub, GitHubSettings, GitLab, GitLabSettings, IssueSink};
pub(crate) use slack::{SlackApp, SlackSink};
pub(crate) use stdout::StdoutSink;
pub(crate) use webhook::{SigningSecret, WebhookSink};
