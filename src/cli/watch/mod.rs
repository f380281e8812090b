//! `provwatch watch`: which packages are watched.

mod add;
mod import;
mod list;
mod remove;
mod why;

use std::path::{Path, PathBuf};

use super::{
    context::Context,
    exit::{Failure, Outcome},
    output,
};
use crate::watchlist::{EditError, Watchlist};

/// Say which packages are watched
#[derive(Debug, clap::Subcommand)]
pub enum Watch {
    /// Watch packages, by purl or by a pattern with stars
    Add(add::Add),
    /// No longer watch what an entry of the watchlist names
    Remove(remove::Remove),
    /// Show what is watched, and where it says so
    List(list::List),
    /// Say why a package is watched, or why not
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

/// The file that `add`, `remove` and `import` edit: the first one of the configuration.
fn edited_file(context: &Context) -> Result<&PathBuf, Failure> {
    context.config.watchlist.files.first().ok_or_else(|| {
        Failure::usage("the configuration names no watchlist file").next("set `files` in its section [watchlist]")
    })
}

/// The watchlist; empty where its file is still to be written.
fn watchlist_to_edit(context: &Context) -> Result<Watchlist, Failure> {
    if context.config.watchlist.files.iter().any(|file| file.exists()) {
        return context.watchlist();
    }
    Ok(Watchlist::default())
}

fn refused(error: EditError) -> Failure {
    match error {
        EditError::Write { .. } => Failure::failed(error),
        EditError::Read(_) | EditError::Problems(_) | EditError::Listed { .. } | EditError::NotListed { .. } => {
            Failure::usage(error)
        }
    }
}

/// How a change gets to a daemon that runs.
fn tell_the_daemon() {
    output::note("A running daemon takes this up on `systemctl reload provwatch`, or on SIGHUP.");
}
