//! `provwatch incident`: what an incident needs besides alerts.

pub(super) mod inspect;

use std::path::Path;

use clap::Subcommand;

use super::{context::Context, exit::Outcome};

/// Look closer at what an incident is about
#[derive(Debug, Subcommand)]
pub enum Incident {
    /// Download the files of a release and look inside, beside the last good release
    Inspect(inspect::Inspect),
}

impl Incident {
    /// Runs the command.
    ///
    /// # Errors
    /// The error of the command.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::Inspect(command) => command.run(&context),
        }
    }
}
