//! `provwatch baseline`: shows and corrects what is normal for a package.

pub(super) mod accept;
mod change;
mod history;
mod hours;
mod joins;
pub(super) mod list;
pub(super) mod pin;
mod profile;
pub(super) mod reset;
pub(super) mod show;
pub(super) mod unaccept;

use std::path::Path;

use super::{context::Context, exit::Outcome};

/// Show and correct the baselines of packages
#[derive(Debug, clap::Subcommand)]
pub enum Baseline {
    /// List the packages that have a baseline
    List(list::List),
    /// Show a package's baseline, and the releases that are held back from it
    Show(show::Show),
    /// Show the steps by which provwatch learned a package's baseline
    History(history::History),
    /// Accept a held release as normal, so that it joins the baseline
    Accept(accept::Accept),
    /// Undo the acceptance of a release
    Unaccept(unaccept::Unaccept),
    /// Write the owner, repository and workflow of packages into their policies
    Pin(pin::Pin),
    /// Learn a package's baseline again from its history
    Reset(reset::Reset),
}

impl Baseline {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, or the store cannot be read or written.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::List(command) => command.run(&context),
            Self::Show(command) => command.run(&context),
            Self::History(command) => command.run(&context),
            Self::Accept(command) => command.run(&context),
            Self::Unaccept(command) => command.run(&context),
            Self::Pin(command) => command.run(&context),
            Self::Reset(command) => command.run(&context),
        }
    }
}
