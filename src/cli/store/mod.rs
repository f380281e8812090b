//! `provwatch store`: backs the store up, restores it, and checks it.

mod backup;
mod bar;
pub(super) mod check;
mod files;
mod restore;

pub(super) use self::{backup::BackedUp, restore::Answer as Restored};

use std::path::Path;

use super::{context::Context, exit::Outcome};

/// Back up, restore and check the store
#[derive(Debug, clap::Subcommand)]
pub enum Store {
    /// Copy the store into a file, beside the running daemon, and verify the copy
    Backup(backup::Backup),
    /// Verify the structure of the store, each row, and that its history was not edited
    Check(check::Check),
    /// Put a backup in the place of the store, and keep the store before
    Restore(restore::Restore),
}

impl Store {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, or the store cannot be read.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::Backup(command) => command.run(&context),
            Self::Check(command) => command.run(&context),
            Self::Restore(command) => command.run(&context),
        }
    }
}
