use std::path::Path;

use super::{Context, Edited, Outcome, edited_file, output, refused, tell_the_daemon};
use crate::{
    cli::{
        args::Printing,
        exit::{Exit, Failure},
        target,
    },
    watchlist::{self, EditError, Pattern, Tier},
};

/// Watch packages, by purl or by a pattern with stars
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch watch add pkg:npm/axios pkg:pypi/requests
  provwatch watch add --tier critical --note 'in every front end' pkg:npm/axios
  provwatch watch add 'pkg:npm/@angular/*'  every package of a scope

The entries go into the first file of [watchlist] in the configuration; its comments stay.")]
pub struct Add {
    /// Purls without a version; a star in a name stands for any characters but a slash
    #[arg(required = true, value_name = "PURL", value_parser = target::pattern)]
    patterns: Vec<Pattern>,
    /// How important they are: normal, important or critical
    #[arg(long)]
    tier: Option<Tier>,
    /// A remark, shown by `watch why`
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    printing: Printing,
}

impl Add {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let path = edited_file(context)?;
        let mut added = 0;
        for pattern in &self.patterns {
            match watchlist::add(path, pattern, self.tier, self.note.as_deref()) {
                Ok(()) => {
                    self.tell(pattern, "added", path)?;
                    added += 1;
                }
                // To want what is there already is no mistake, unless more is to be said of it.
                Err(EditError::Listed { .. }) if self.tier.is_none() && self.note.is_none() => {
                    self.tell(pattern, "known", path)?;
                }
                Err(error @ EditError::Listed { .. }) => {
                    let again = "remove the entry with `provwatch watch remove`, then add it with its tier and note";
                    return Err(refused(error).next(again));
                }
                Err(error) => return Err(refused(error)),
            }
        }
        if added > 0 {
            self.warn_of_exclusions(context)?;
            tell_the_daemon();
        }
        Ok(Exit::Clean)
    }

    fn tell(&self, pattern: &Pattern, done: &'static str, file: &Path) -> std::io::Result<()> {
        Edited { pattern: pattern.to_string(), done, file }.print(self.printing)
    }

    fn warn_of_exclusions(&self, context: &Context) -> Result<(), Failure> {
        let watchlist = context.watchlist()?;
        for pattern in &self.patterns {
            let Pattern::Exact(package) = pattern else { continue };
            for reason in watchlist.why(package).excluded_by {
                output::note(format_args!(
                    "warning: {package} is still not watched: {} excludes it at {}:{}",
                    reason.pattern,
                    reason.file.display(),
                    reason.line
                ));
            }
        }
        Ok(())
    }
}
