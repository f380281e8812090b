//! Delivery of alerts to people and programs.
//!
//! An alert is recorded together with one delivery row per [`Subscription`] that matches it. Each subscription has a
//! [`Worker`] of its own, which takes the severest alert first, within one alert in order, and selects again after
//! every attempt. Delivery is at least once: a [`Message`] carries an idempotency key that stays the same over all
//! attempts, and every sink passes it on in its own way.
//!
//! The publisher of the release chose much of an alert's text. No sink shows it raw: it goes through
//! [`plain()`](crate::text::plain()), then through the escaping of the sink's own format.

mod accepting;
mod api;
mod containing;
mod digest_view;
mod drill;
mod endpoint;
mod event;
mod forms;
mod hidden;
mod lines;
mod log_line;
mod message;
mod news;
mod outbox;
mod queue;
mod reduced;
mod render;
mod schedule;
mod shown;
mod sink;
mod sinks;
mod stage;
mod stage_view;
mod steps;
mod subscription;
mod timing;
mod trial;
mod view;

#[cfg(test)]
#[path = "../../tests/lab/tls.rs"]
pub(crate) mod lab_tls;
#[cfg(test)]
mod lives;
#[cfg(test)]
mod samples;

pub use accepting::accept_command;
pub(crate) use accepting::{accept_because, needs_reason};
pub(crate) use endpoint::Endpoint;
pub(crate) use event::told_as;
pub(crate) use forms::{Form, webhook_schema};
pub use message::Message;
pub(crate) use outbox::{Due, Ending, Limits, Outbox, OutboxError, Summary};
pub(crate) use queue::{Queue, Step, Worker};
#[cfg(test)]
pub(crate) use reduced::Short;
pub(crate) use schedule::{Next, Schedule};
pub use sink::{Receipt, Sink, SinkError};
pub(crate) use sinks::{
    AlertmanagerLogin, AlertmanagerSink, CommandSettings, CommandSink, FileSink, GitHub, GitHubSettings, GitLab,
    GitLabSettings, IssueSink, JournaldSink, NtfySink, PagerDutySink, SigningSecret, SlackApp, SlackSink, StdoutSink,
    SyslogSettings, SyslogSink, SyslogTarget, TeamsSink, WebhookSink,
};
#[cfg(test)]
pub(crate) use sinks::{
    Dialect, FORGE_TOKEN, Forge, Journal, SLACK_TOKEN, Workspace, journal_fields, stand_in, syslog_parsed,
};
pub use sinks::{EmailSettings, EmailSink, SmtpSecurity};
pub(crate) use stage::{Advice, NextStep, Stage};
pub(crate) use steps::{advice, is_answerable, steps, warning};
pub(crate) use subscription::{Subscription, Subscriptions};
pub(crate) use timing::{Escalation, Timing};
pub(crate) use trial::{LONGEST_TRIAL, try_receiver};
