//! Slack: incoming webhooks and apps, and the layout of messages.

mod blocks;
mod bot;
mod errors;
mod layout;
mod members;
mod posted;
mod replies;
mod webhook;
#[cfg(test)]
mod workspace;

pub(crate) use bot::SlackApp;
pub(crate) use webhook::SlackSink;
#[cfg(test)]
pub(crate) use workspace::{TOKEN as SLACK_TOKEN, Workspace};
