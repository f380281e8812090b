//! The sinks, one file or folder per type of receiver.

mod alertmanager;
mod email;
mod ntfy;
mod pagerduty;
mod slack;
mod stdout;
mod teams;
mod webhook;

pub(crate) use alertmanager::{AlertmanagerSink, Login as AlertmanagerLogin};
pub use email::{EmailSettings, EmailSink, SmtpSecurity};
pub(crate) use ntfy::NtfySink;
pub(crate) use pagerduty::PagerDutySink;
pub(crate) use slack::SlackSink;
pub(crate) use stdout::StdoutSink;
pub(crate) use teams::TeamsSink;
pub(crate) use webhook::{SigningSecret, WebhookSink};
