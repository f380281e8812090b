//! `provwatch alerts`: lists, shows and acknowledges alerts.

mod ack;
mod list;
pub(super) mod show;
pub(super) mod wording;

use std::path::Path;

use super::{context::Context, exit::Outcome};

/// Show and acknowledge alerts
#[derive(Debug, clap::Subcommand)]
pub enum Alerts {
    /// The alerts, the latest first
    List(list::List),
    /// One alert with all its evidence, and what became of it
    Show(show::Show),
    /// Acknowledge alerts: say that you are looking into them
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
