//! `provwatch deliveries`: lists and shows the messages to receivers, and sends what was given up again.

pub(super) mod answer;
mod choice;
mod list;
mod retry;
mod send;
pub(super) mod show;

use std::path::Path;

use clap::Subcommand;

use super::{context::Context, exit::Outcome};

/// List and show the messages to receivers, and send what was given up again
#[derive(Debug, Subcommand)]
pub enum Deliveries {
    /// List deliveries, the latest first
    List(list::List),
    /// Show one delivery with all its attempts
    Show(show::Show),
    /// Send deliveries again, or tell a new subscription of earlier alerts
    Retry(Box<retry::Retry>),
}

impl Deliveries {
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::List(command) => command.run(&context),
            Self::Show(command) => command.run(&context),
            Self::Retry(command) => command.run(&context),
        }
    }
}
