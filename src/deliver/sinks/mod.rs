//! The sinks, one file or folder per type of receiver.

mod command;
mod email;
mod file;
mod journald;
mod slack;
mod stdout;
mod syslog;
mod webhook;
mod writer;

pub(crate) use command::{CommandSettings, CommandSink};
pub use email::{EmailSettings, EmailSink, SmtpSecurity};
pub(crate) use file::FileSink;
pub(crate) use journald::JournaldSink;
pub(crate) use slack::SlackSink;
pub(crate) use stdout::StdoutSink;
pub(crate) use syslog::{SyslogSettings, SyslogSink, SyslogTarget};
pub(crate) use webhook::{SigningSecret, WebhookSink};
