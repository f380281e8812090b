//! From an alert to the people and programs that want to know of it.
//!
//! An alert is recorded together with one delivery row per [`Subscription`] that matches it. Each subscription has a
//! [`Worker`] of its own, which takes the severest alert first, within one alert in order, and picks anew after every
//! attempt. Delivery is at least once: a [`Message`] carries an idempotency key that stays the same over all attempts, and
//! every sink passes it on in its own way.
//!
//! Much of an alert's text was chosen by whoever published the release. No sink shows it raw: it goes through
//! [`plain()`](crate::text::plain()), then through the escaping of the sink's own format.

mod accepting;
mod email;
mod endpoint;
mod message;
mod outbox;
mod queue;
mod reduced;
mod render;
mod schedule;
mod shown;
mod sink;
mod slack;
mod slack_blocks;
mod slack_members;
mod stdout;
mod steps;
mod subscription;
mod view;
mod webhook;

#[cfg(test)]
mod samples;

pub use accepting::{accept_because, accept_command, needs_reason};
pub use email::{EmailError, EmailSettings, EmailSink, SmtpSecurity};
pub use endpoint::Endpoint;
pub use message::Message;
pub use outbox::{Due, Ending, Limits, Outbox, OutboxError, Summary};
pub use queue::{Queue, Step, Worker};
pub use schedule::{Attempt, LONGEST_STEP, Next, Schedule};
pub use sink::{Receipt, Sink, SinkError};
pub use slack::SlackSink;
pub use stdout::{StdoutFormat, StdoutSink};
pub use steps::{NextStep, steps, warning};
pub use subscription::{DuplicateSubscription, Subscription, Subscriptions};
pub use webhook::{InvalidSigningSecret, SigningSecret, WebhookSink, webhook_schema};
