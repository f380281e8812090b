//! `provwatch watch`: shows and edits the watchlist.

mod add;
pub(super) mod edit;
pub(super) mod import;
pub(super) mod list;
mod never_met;
mod remove;
mod why;

use std::path::Path;

use super::{context::Context, exit::Outcome};

/// Show and edit the list of watched packages
#[derive(Debug, clap::Subcommand)]
pub enum Watch {
    /// Watch packages, by purl or by a pattern with stars
    Add(add::Add),
    /// Remove entries from the watchlist
    Remove(remove::Remove),
    /// List the entries of the watchlist, and the file of each
    List(list::List),
    /// Explain why provwatch watches a package, or why not
    Why(why::Why),
    /// Watch the packages of lock files and bills of materials
    Import(import::Import),
}

impl Watch {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration or the watchlist is wrong or cannot be written.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::Add(command) => command.run(&context),
            Self::Remove(command) => command.run(&context),
            Self::List(command) => command.run(&context),
            Self::Why(command) => command.run(&context),
            Self::Import(command) => command.run(&context),
        }
    }
}
