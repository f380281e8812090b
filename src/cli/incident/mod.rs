//! `provwatch incident`: keeps an incident with its releases, notes and decisions, and hands its evidence over.

mod about;
mod add;
mod change;
pub(super) mod export;
pub(super) mod inspect;
mod list;
mod markdown;
mod open;
pub(super) mod radius;
pub(super) mod show;
mod telling;
pub(super) mod verify;

use std::path::Path;

use clap::Parser;

use super::{
    context::Context,
    exit::{CliError, Exit, Outcome},
    output,
};

/// Show what an accused release touches, and keep an incident: its releases, notes and decisions
#[derive(Debug, clap::Subcommand)]
pub enum Incident {
    /// Show what else accused releases touch; the same as `provwatch incident WHAT`
    Radius(radius::Radius),
    /// Open an incident; later releases with the same run, signer, publisher or repository raise alerts and join it
    Open(open::Open),
    /// Add releases to an incident
    Add(add::Add),
    /// Take releases out of an incident
    Remove(add::Remove),
    /// Add a note to an incident
    Note(change::Note),
    /// Record a decision in an incident
    Decide(change::Decide),
    /// Close an incident: no later release joins it
    Close(change::Close),
    /// Open a closed incident again
    Reopen(change::Reopen),
    /// List the incidents
    List(list::List),
    /// Show an incident, as text, JSON or Markdown for a ticket
    Show(show::Show),
    /// Write the evidence about releases into a file that anybody can check
    Export(export::Export),
    /// Check a file of evidence, offline
    Verify(verify::Verify),
    /// Download the files of a release and look inside, beside the last good release
    Inspect(inspect::Inspect),
    /// What is accused.
    #[command(external_subcommand)]
    Accused(Vec<String>),
}

impl Incident {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, the store cannot be used, or the incident does not exist.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        // Evidence is checked anywhere, also where provwatch is not set up.
        let context = Context::load(config)?;
        match self {
            Self::Open(command) => command.run(&context),
            Self::Add(command) => command.run(&context),
            Self::Remove(command) => command.run(&context),
            Self::Note(command) => command.run(&context),
            Self::Decide(command) => command.run(&context),
            Self::Close(command) => command.run(&context),
            Self::Reopen(command) => command.run(&context),
            Self::List(command) => command.run(&context),
            Self::Show(command) => command.run(&context),
            Self::Export(command) => command.run(&context),
            Self::Verify(command) => command.run(&context),
            Self::Inspect(command) => command.run(&context),
            Self::Radius(command) => command.run(&context),
            Self::Accused(words) => accused(&context, words),
        }
    }
}

/// Runs the words after `incident` that do not begin with the name of a command.
fn accused(context: &Context, words: &[String]) -> Outcome {
    let words = std::iter::once("provwatch incident").chain(words.iter().map(String::as_str));
    match radius::Radius::try_parse_from(words) {
        Ok(command) => command.run(context),
        Err(help) if !help.use_stderr() => {
            output::line(help.to_string().trim_end());
            Ok(Exit::Clean)
        }
        Err(error) => Err(CliError::usage(error)),
    }
}
