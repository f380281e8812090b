//! `provwatch watch add`: adds packages or patterns to the watchlist.

use std::path::Path;

use super::edit::{Edited, edited_file, refused, tell_the_daemon, watchlist_to_edit};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        output::{self, Printing},
        target,
    },
    watchlist::{self, EditError, Pattern, Reason, Tier},
};

/// Watch packages, by purl or by a pattern with stars
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch watch add pkg:npm/axios pkg:pypi/requests
  provwatch watch add --tier critical --note 'in every front end' pkg:npm/axios
  provwatch watch add 'pkg:npm/@angular/*'  # every package of a scope
  provwatch watch add 'pkg:npm/@acme/x?repository_url=https://npm.acme.example'
      # a package of another configured registry

The command writes the entries into the first file of [watchlist], and keeps the comments there. It raises existing \
entries to --tier, and never lowers one.")]
pub struct Add {
    /// Purls without a version; a star in a name stands for any characters except a slash
    #[arg(required = true, value_name = "PURL", value_parser = target::pattern)]
    patterns: Vec<Pattern>,
    /// The tier of the packages: normal, important or critical; it raises the tier of an existing entry, and never
    /// lowers one
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
        let mut is_changed = false;
        for pattern in &patterns {
            let higher = self.higher(context, pattern)?;
            let tier = self.tier.filter(|_| higher.is_none());
            match watchlist::add(path, pattern, tier, self.note.as_deref()) {
                Ok(()) => {
                    self.tell(pattern, "added", path)?;
                    if let Some(by) = &higher {
                        keeps(pattern, by);
                    }
                    is_changed = true;
                }
                // Adding an existing entry is not an error.
                Err(EditError::Listed { line, .. }) => is_changed |= self.again(context, path, pattern, line)?,
                Err(error) => return Err(refused(error)),
            }
        }
        if is_changed {
            warn_of_exclusions(context, &patterns)?;
            tell_the_daemon();
        }
        Ok(Exit::Clean)
    }

    fn tell(&self, pattern: &Pattern, done: &'static str, file: &Path) -> std::io::Result<()> {
        let tier = self.tier.filter(|_| done == "raised");
        Edited { pattern: pattern.to_string(), done, file, tier }.print(self.printing)
    }

    /// The entry that gives the package a higher tier than requested: a new entry with the lower tier would lower it.
    fn higher(&self, context: &Context, pattern: &Pattern) -> Result<Option<Reason>, CliError> {
        let (Some(wanted), Pattern::Exact(package)) = (self.tier, pattern) else { return Ok(None) };
        let why = watchlist_to_edit(context)?.why(package);
        let by = why.tier.filter(|tier| *tier > wanted).and(why.included_by.into_iter().max_by_key(|by| by.tier));
        Ok(by)
    }

    /// Raises the tier of an existing entry, never lowers it, and keeps its note. Returns whether it changed.
    fn again(&self, context: &Context, path: &Path, pattern: &Pattern, line: u32) -> Result<bool, CliError> {
        let before = entry(context, pattern)?;
        let tier = before.as_ref().and_then(|entry| entry.tier).unwrap_or_default();
        let raised = self.tier.filter(|wanted| *wanted > tier);
        if let Some(wanted) = raised {
            watchlist::set_tier(path, pattern, wanted).map_err(refused)?;
        }
        self.tell(pattern, if raised.is_some() { "raised" } else { "known" }, path)?;
        // Another file may give it a higher tier.
        let now = if raised.is_some() { entry(context, pattern)? } else { before };
        let Some(now) = now else { return Ok(raised.is_some()) };
        if self.tier.is_some_and(|wanted| now.tier != Some(wanted)) {
            keeps(pattern, &now);
        }
        if self.note.is_some() && self.note != now.note {
            let file = path.display();
            output::note(format_args!(
                "warning: {pattern} keeps what is noted at {file}:{line}; change the note there"
            ));
        }
        Ok(raised.is_some())
    }
}

/// The effective entry over all files.
fn entry(context: &Context, pattern: &Pattern) -> Result<Option<Reason>, CliError> {
    let pattern = pattern.to_string();
    Ok(context.watchlist()?.included().into_iter().find(|entry| entry.pattern == pattern))
}

/// Notes that the tier is not the requested one: an operator wrote another tier down.
fn keeps(pattern: &Pattern, by: &Reason) {
    let (tier, file, line) = (by.tier.unwrap_or_default(), by.file.display(), by.line);
    output::note(format_args!(
        "warning: {pattern} keeps the tier {tier} of {file}:{line}; to have another, change it there"
    ));
}

/// The entry as the configuration's registries have it.
fn located(context: &Context, pattern: &Pattern) -> Result<Pattern, CliError> {
    let Pattern::Exact(package) = pattern else { return Ok(pattern.clone()) };
    context.config.registries.located(package).map(Pattern::Exact).map_err(CliError::usage)
}

fn warn_of_exclusions(context: &Context, patterns: &[Pattern]) -> Result<(), CliError> {
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
