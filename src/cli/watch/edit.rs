//! Editing of the watchlist file, as `add`, `remove` and `import` share it.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    cli::{
        context::Context,
        exit::CliError,
        output::{self, Printing},
    },
    watchlist::{EditError, Tier, Watchlist},
};

/// The file that `add`, `remove` and `import` edit: the first one of the configuration.
pub(in crate::cli) fn edited_file(context: &Context) -> Result<&PathBuf, CliError> {
    if context.file.is_none() {
        output::note(
            "No configuration found; this edits the watchlist of the current folder. `provwatch init` writes both.",
        );
    }
    context.config.watchlist.files.first().ok_or_else(|| {
        CliError::usage("the configuration names no watchlist file").next("set `files` in its section [watchlist]")
    })
}

/// The watchlist; empty where its file is still to be written.
pub(in crate::cli) fn watchlist_to_edit(context: &Context) -> Result<Watchlist, CliError> {
    if context.config.watchlist.files.iter().any(|file| file.exists()) {
        return context.watchlist();
    }
    Ok(Watchlist::default())
}

/// An edit that was refused: because of the disk, or because of the user's input.
pub(in crate::cli) fn refused(error: EditError) -> CliError {
    match error {
        EditError::Write { .. } | EditError::Changed { .. } => CliError::failed(error),
        EditError::Read(_)
        | EditError::Problems(_)
        | EditError::Unusable(_)
        | EditError::Listed { .. }
        | EditError::NotListed { .. } => CliError::usage(error),
    }
}

/// What became of one entry.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Edited<'a> {
    pub(super) pattern: String,
    /// `added`, `raised`, `known` or `removed`.
    pub(super) done: &'static str,
    pub(super) file: &'a Path,
    /// The tier to which it was raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tier: Option<Tier>,
}

impl Edited<'_> {
    /// Prints it.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn print(&self, printing: Printing) -> std::io::Result<()> {
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

/// Explains how a running daemon applies a change.
pub(in crate::cli) fn tell_the_daemon() {
    output::note("A running daemon takes this up on `systemctl reload provwatch`, or on SIGHUP.");
}
