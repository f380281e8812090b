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

/// Show and correct what is normal for a package
#[derive(Debug, clap::Subcommand)]
pub enum Baseline {
    /// The packages whose habits are known
    List(list::List),
    /// How a package is normally released, and which releases are held
    Show(show::Show),
    /// How the baseline of a package came to be
    History(history::History),
    /// Say that a held release is as it should be
    Accept(accept::Accept),
    /// Take back that a release is as it should be
    Unaccept(unaccept::Unaccept),
    /// Write the owner, repository and workflow of packages into their policies
    Pin(pin::Pin),
    /// Learn what is normal for a package anew from its history
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
