//! `provwatch expect`: manages changes that are announced before they happen.

mod add;
mod list;
mod remove;

use std::path::Path;

use clap::Subcommand;

use super::{context::Context, exit::Outcome};

/// Announce planned changes, so that they raise no alert
#[derive(Debug, Subcommand)]
pub enum Expect {
    /// Announce a planned change of a package
    Add(Box<add::Add>),
    /// List the announced changes
    List(list::List),
    /// Remove an announced change
    Remove(remove::Remove),
}

impl Expect {
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::Add(add) => add.run(&context),
            Self::List(list) => list.run(&context),
            Self::Remove(remove) => remove.run(&context),
        }
    }
}
