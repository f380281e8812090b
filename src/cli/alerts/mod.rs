//! `provwatch alerts`: lists, shows and acknowledges alerts.

mod ack;
mod for_maintainer;
mod list;
mod next;
pub(super) mod show;
mod topics;
pub(super) mod wording;

use std::path::Path;

use super::{context::Context, exit::Outcome};

/// Show and acknowledge alerts
#[derive(Debug, clap::Subcommand)]
pub enum Alerts {
    /// List alerts, the latest first
    List(list::List),
    /// Show one alert with its evidence, deliveries and actions
    Show(show::Show),
    /// Acknowledge alerts, to record that you are examining them
    Ack(ack::Ack),
}

impl Alerts {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, the store cannot be read or written, or there is no such alert.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::List(command) => command.run(&context),
            Self::Show(command) => command.run(&context),
            Self::Ack(command) => command.run(&context),
        }
    }
}
