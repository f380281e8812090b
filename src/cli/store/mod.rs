//! `provwatch store`: checks the store.

pub(super) mod check;

use std::path::Path;

use super::{context::Context, exit::Outcome};

/// Check the store's history
#[derive(Debug, clap::Subcommand)]
pub enum Store {
    /// Verify that the history of alerts and baselines was not edited
    Check(check::Check),
}

impl Store {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, or the store cannot be read.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::Check(command) => command.run(&context),
        }
    }
}
