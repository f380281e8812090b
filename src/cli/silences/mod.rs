//! `provwatch silences`: holds messages about alerts back for a time.

mod add;
mod check;
mod conditions;
mod expire;
mod list;

use std::path::Path;

use clap::Subcommand;

pub(super) use self::{check::Applying, conditions::unknown_projects};
use super::{context::Context, exit::Outcome};

/// Hold messages about some alerts back for a time; the alerts are raised and stored as always
#[derive(Debug, Subcommand)]
pub enum Silences {
    /// Add a silence
    Add(Box<add::Add>),
    /// List silences, with what each held back
    List(list::List),
    /// End a silence early
    Expire(expire::Expire),
    /// Show the silences that apply to an alert or a package
    Check(check::Check),
}

impl Silences {
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::Add(command) => command.run(&context),
            Self::List(command) => command.run(&context),
            Self::Expire(command) => command.run(&context),
            Self::Check(command) => command.run(&context),
        }
    }
}
