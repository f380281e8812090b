//! Delivery of alerts to people and programs.
//!
//! An alert is recorded together with one delivery row per [`Subscription`] that matches it. Each subscription has a
//! [`Worker`] of its own, which takes the severest alert first, within one alert in order, and selects again after
//! every attempt. Delivery is at least once: a [`Message`] carries an idempotency key that stays the same over all
//! attempts, and every sink passes it on in its own way.
//!
//! The publisher of the release chose much of an alert's text. No sink shows it raw: it goes through
//! [`plain()`](crate::text::plain()), then through the escaping of the sink's own format.

mod event;
mod forms;
mod message;
mod queue;
mod remote;
mod short_form;
mod shown;
mod sink;
mod sinks;
mod steps;
mod subscription;
#[cfg(test)]
mod testing;
mod timing;
mod trial;
mod view;

#[cfg(test)]
#[path = "../../tests/lab/tls.rs"]
pub(crate) mod lab_tls;

pub(crate) use event::told_as;
pub(crate) use forms::{Form, webhook_schema};
pub use message::Message;
pub(crate) use queue::{Due, Ending, Limits, Outbox, OutboxError, Queue, Step, Summary, Worker};
pub(crate) use remote::Endpoint;
#[cfg(test)]
pub(crate) use short_form::Short;
use sink::Unnoted;
pub use sink::{Notes, Receipt, Sink, SinkError};
pub(crate) use sinks::{
    AlertmanagerLogin, AlertmanagerSink, CommandSettings, CommandSink, FileSink, GitHub, GitHubSettings, GitLab,
    GitLabSettings, IssueSink, JournaldSink, NtfySink, PagerDutySink, SigningSecret, SlackApp, SlackSink, StdoutSink,
    SyslogSettings, SyslogSink, SyslogTarget, TeamsSink, WebhookSink,
};
#[cfg(test)]
pub(crate) use sinks::{
    Dialect, FORGE_TOKEN, Forge, Journal, SLACK_TOKEN, Workspace, journal_fields, stand_in, syslog_parsed,
};
pub use sinks::{EmailSettings, EmailSink, SmtpLimits, SmtpSecurity};
pub use steps::accept_command;
pub(crate) use steps::{Stage, accept_because, advice, is_answerable, needs_reason, steps, warning};
pub(crate) use subscription::{Subscription, Subscriptions};
#[cfg(test)]
use testing::{lives, samples};
pub(crate) use timing::{Escalation, Timing};
pub(crate) use trial::{LONGEST_TRIAL, try_receiver};
