//! The sinks, one file or folder per type of receiver.

mod email;
mod slack;
mod stdout;
mod webhook;

pub use email::{EmailSettings, EmailSink, SmtpSecurity};
pub(crate) use slack::SlackSink;
pub(crate) use stdout::StdoutSink;
pub(crate) use webhook::{SigningSecret, WebhookSink};
