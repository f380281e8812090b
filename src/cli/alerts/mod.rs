//! `provwatch alerts`: lists, shows and counts alerts, and changes where they stand.

mod ack;
pub(super) mod change;
mod for_maintainer;
mod list;
mod next;
pub(super) mod pasted;
mod reopen;
mod resolve;
pub(super) mod show;
mod snooze;
mod stats;
mod target;
mod topics;
mod untold;
pub(super) mod wording;

use std::path::Path;

use super::{context::Context, exit::Outcome};

/// Show, count and handle alerts
#[derive(Debug, clap::Subcommand)]
pub enum Alerts {
    /// List alerts, the latest first
    List(list::List),
    /// Show one alert with its evidence, deliveries and actions
    Show(show::Show),
    /// Acknowledge alerts, to record that you are examining them
    Ack(ack::Ack),
    /// Put alerts off until a time, after which they are open again
    Snooze(snooze::Snooze),
    /// Resolve alerts, with what they turned out to be
    Resolve(resolve::Resolve),
    /// Open alerts again that were acknowledged, snoozed or resolved
    Reopen(reopen::Reopen),
    /// Count alerts by category, severity and detector, and how long people took
    Stats(stats::Stats),
}

impl Alerts {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, the store cannot be read or written, or the alert does not exist.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::List(command) => command.run(&context),
            Self::Show(command) => command.run(&context),
            Self::Ack(command) => command.run(&context),
            Self::Snooze(command) => command.run(&context),
            Self::Resolve(command) => command.run(&context),
            Self::Reopen(command) => command.run(&context),
            Self::Stats(command) => command.run(&context),
        }
    }
}
