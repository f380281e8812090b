//! `provwatch inventory`: remembers which projects and vendors use which releases, and since when.

pub(super) mod add;
pub(super) mod diff;
mod list;
mod named;
pub(super) mod remove;
pub(super) mod report;
pub(super) mod show;
mod unwatched;

use std::path::Path;

use clap::Subcommand;

pub(super) use self::named::project;
use super::{context::Context, exit::Outcome};

/// Remember which projects use which releases, and since when
#[derive(Debug, Subcommand)]
pub enum Inventory {
    /// Store the releases that a project or vendor uses, by its lock files and bills of materials
    Add(add::Add),
    /// List the projects and vendors
    List(list::List),
    /// Show the releases that a project uses, with their evidence and alerts
    Show(show::Show),
    /// Remove a project; its past stays for questions
    Remove(remove::Remove),
    /// Show the releases that a project gained and lost
    Diff(diff::Diff),
    /// Show how many of the used packages have evidence, by project and month
    Report(report::Report),
}

impl Inventory {
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::Add(command) => command.run(&context),
            Self::List(command) => command.run(&context),
            Self::Show(command) => command.run(&context),
            Self::Remove(command) => command.run(&context),
            Self::Diff(command) => command.run(&context),
            Self::Report(command) => command.run(&context),
        }
    }
}
