//! `provwatch watch`: which packages are watched.

mod add;
pub(super) mod import;
pub(super) mod list;
mod remove;
mod why;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    args::Printing,
    context::Context,
    exit::{Failure, Outcome},
    output,
};
use crate::watchlist::{EditError, Tier, Watchlist};

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
    if context.file.is_none() {
        output::note(
            "There is no configuration; this edits the watchlist of the current folder. `provwatch init` writes both.",
        );
    }
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
        EditError::Write { .. } | EditError::Changed { .. } => Failure::failed(error),
        EditError::Read(_)
        | EditError::Problems(_)
        | EditError::Unusable(_)
        | EditError::Listed { .. }
        | EditError::NotListed { .. } => Failure::usage(error),
    }
}

/// What became of one entry.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Edited<'a> {
    pattern: String,
    /// `added`, `raised`, `known` or `removed`.
    done: &'static str,
    file: &'a Path,
    /// The tier to which it was raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<Tier>,
}

impl Edited<'_> {
    fn print(&self, printing: Printing) -> std::io::Result<()> {
        if printing.is_json() {
            return output::json(self);
        }
        let (pattern, file) = (&self.pattern, self.file.display());
        match self.done {
            "raised" => {
                let tier = self.tier.unwrap_or_default();
                output::line(format_args!("raised {pattern} to the tier {tier} in {file}"));
            }
            "known" => output::line(format_args!("{pattern} is already in {file}")),
            "removed" => output::line(format_args!("removed {pattern} from {file}")),
            done => output::line(format_args!("{done} {pattern} to {file}")),
        }
        Ok(())
    }
}

/// How a change gets to a daemon that runs.
fn tell_the_daemon() {
    output::note("A running daemon takes this up on `systemctl reload provwatch`, or on SIGHUP.");
}
