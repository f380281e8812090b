//! `provwatch watch remove`: removes entries from the watchlist.

use super::edit::{Edited, edited_file, refused, tell_the_daemon};
use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        output::{self, Printing},
        target,
    },
    watchlist::{self, Pattern},
};

/// Remove entries from the watchlist
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch watch remove pkg:npm/left-pad
  provwatch watch remove 'pkg:npm/@angular/*'

The stored baselines, releases and alerts of the packages stay. To exclude a package that a pattern or an included \
file still names, edit `exclude` in the watchlist file.")]
pub struct Remove {
    /// The entries, as `watch list` shows them
    #[arg(required = true, value_name = "PURL", value_parser = target::pattern)]
    patterns: Vec<Pattern>,
    #[command(flatten)]
    printing: Printing,
}

impl Remove {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let path = edited_file(context)?;
        for pattern in &self.patterns {
            watchlist::remove(path, pattern).map_err(refused)?;
            Edited { pattern: pattern.to_string(), done: "removed", file: path, tier: None }.print(self.printing)?;
        }
        let watchlist = context.watchlist()?;
        for pattern in &self.patterns {
            let Pattern::Exact(package) = pattern else { continue };
            if let Some(reason) =
                watchlist.matches(package).and_then(|_| watchlist.why(package).included_by.into_iter().next())
            {
                output::note(format_args!(
                    "warning: {package} is still watched, because of {} at {}:{}",
                    reason.pattern,
                    reason.file.display(),
                    reason.line
                ));
            }
        }
        tell_the_daemon();
        Ok(Exit::Clean)
    }
}
