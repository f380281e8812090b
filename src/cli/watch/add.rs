use std::path::Path;

use super::{Context, Edited, Outcome, edited_file, output, refused, tell_the_daemon};
use crate::{
    cli::{
        args::Printing,
        exit::{Exit, Failure},
        sheet, target,
    },
    deliver::shell_word,
    watchlist::{self, EditError, Pattern, Tier},
};

/// Watch packages, by purl or by a pattern with stars
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch watch add pkg:npm/axios pkg:pypi/requests
  provwatch watch add --tier critical --note 'in every front end' pkg:npm/axios
  provwatch watch add 'pkg:npm/@angular/*'  every package of a scope
  provwatch watch add 'pkg:npm/@acme/x?repository_url=https://npm.acme.example'
                      a package of another registry of the configuration

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
        let patterns = self.patterns.iter().map(|pattern| located(context, pattern));
        let patterns: Vec<Pattern> = patterns.collect::<Result<_, _>>()?;
        let mut added = 0;
        for pattern in &patterns {
            match watchlist::add(path, pattern, self.tier, self.note.as_deref()) {
                Ok(()) => {
                    self.tell(pattern, "added", path)?;
                    added += 1;
                }
                // To want what is there already is no mistake; what more is to be said of it is not said there.
                Err(EditError::Listed { path: listed, line, .. }) => {
                    self.tell(pattern, "known", path)?;
                    self.warn_of_tier(context, pattern, &listed, line)?;
                }
                Err(error) => return Err(refused(error)),
            }
        }
        if added > 0 {
            warn_of_exclusions(context, &patterns)?;
            tell_the_daemon();
        }
        Ok(Exit::Clean)
    }

    fn tell(&self, pattern: &Pattern, done: &'static str, file: &Path) -> std::io::Result<()> {
        Edited { pattern: pattern.to_string(), done, file }.print(self.printing)
    }

    /// An entry that is there keeps its tier and its note: where these are to be others, that is said.
    fn warn_of_tier(&self, context: &Context, pattern: &Pattern, file: &Path, line: u32) -> Result<(), Failure> {
        let pattern = pattern.to_string();
        let included = context.watchlist()?.included();
        let entry = included.iter().find(|entry| entry.pattern == pattern);
        let is_so = entry.is_some_and(|entry| {
            self.tier.is_none_or(|tier| entry.tier >= Some(tier))
                && self.note.as_ref().is_none_or(|note| entry.note.as_ref() == Some(note))
        });
        if !is_so && (self.tier.is_some() || self.note.is_some()) {
            let (file, word) = (file.display(), shell_word(&pattern));
            let remove = sheet::callable(&format!("provwatch watch remove {word}"));
            let tier = entry.and_then(|entry| entry.tier).unwrap_or_default();
            output::note(format_args!(
                "warning: {pattern} stays as it is at {file}:{line}, tier {tier}; to change that: `{remove}`, then add it \
                 again"
            ));
        }
        Ok(())
    }
}

/// The entry as the configuration's registries have it.
fn located(context: &Context, pattern: &Pattern) -> Result<Pattern, Failure> {
    let Pattern::Exact(package) = pattern else { return Ok(pattern.clone()) };
    context.config.registries.located(package).map(Pattern::Exact).map_err(Failure::usage)
}

fn warn_of_exclusions(context: &Context, patterns: &[Pattern]) -> Result<(), Failure> {
    let watchlist = context.watchlist()?;
    for pattern in patterns {
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
