//! Slack: incoming webhooks, and the layout of messages.

mod blocks;
mod layout;
mod members;
mod webhook;

pub(crate) use webhook::SlackSink;
