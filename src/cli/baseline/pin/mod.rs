//! `provwatch baseline pin`: writes the owner, repository id and workflow of packages into their policies.

mod proposal;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table,
        output::{self, Printing},
        target,
        watch::edit::{edited_file, refused, tell_the_daemon, watchlist_to_edit},
        words,
    },
    model::{Package, Seen},
    store::{Store, StoreError},
    text::{line_diff, shell_word},
    watchlist::{self, Tier, Watchlist, pins_alone},
};
use proposal::Proposal;

/// Most packages that are named because nothing was pinned of them.
const NAMED: usize = 12;

/// Write the owner, repository and workflow of packages into their policies
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch baseline pin --tier critical  # show what would change
  provwatch baseline pin --tier critical --write
  provwatch baseline pin pkg:npm/axios --output pins.toml
  provwatch baseline pin pkg:npm/axios --output -

The command reads the current owner, repository number and workflow of a package from its baseline, and writes them as \
`expect` blocks. A comment gives the number of releases with each value and the first date. Existing demands of the watchlist \
stay unchanged. Review the blocks: a release that differs from them raises an alert. Without --write and --output the \
command prints the change as a diff, and writes nothing.

Exit codes: 0 clean · 4 nothing to pin")]
pub struct Pin {
    /// The packages
    #[arg(value_name = "PURL", value_parser = target::package, required_unless_present = "tier")]
    packages: Vec<Package>,
    /// Every watched package of this tier that has a baseline: normal, important or critical
    #[arg(long, conflicts_with = "packages")]
    tier: Option<Tier>,
    /// Write the blocks into the first file of the watchlist
    #[arg(long, conflicts_with = "output")]
    write: bool,
    /// Write the blocks into a new file, which the watchlist can include; `-` for standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    printing: Printing,
}

/// The result for one package.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Pinned<'a> {
    purl: &'a Package,
    /// `proposed`, `pinned` (written), `kept` (the watchlist has these demands already), or `skipped`.
    done: &'static str,
    /// The file that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a Path>,
    /// The demands by key, and their values with how often and when each was seen.
    demands: BTreeMap<&'static str, BTreeMap<&'a str, Seen>>,
    /// The keys that the watchlist sets already.
    kept: Vec<&'static str>,
    /// The keys without pinned values, with the reason.
    left_out: &'a BTreeMap<&'static str, String>,
}

impl Pin {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let to_stdout = self.output.as_deref() == Some(Path::new("-"));
        if to_stdout && self.printing.is_json() {
            return Err(CliError::usage("--output - prints TOML, and --format json prints JSON: give one of them"));
        }
        let proposals = self.proposals(context)?;
        let today = Context::clock().now().date_naive();
        let pins: Vec<_> = proposals.iter().filter_map(|proposal| proposal.pin(today)).collect();
        let written = match &self.output {
            _ if pins.is_empty() => None,
            Some(_) if to_stdout => {
                output::bytes(pins_alone(&pins).as_bytes())?;
                None
            }
            Some(file) => Some(write_new(file, &pins_alone(&pins))?),
            None => self.edit(context, &pins)?,
        };
        if self.printing.is_json() {
            proposals.iter().try_for_each(|proposal| output::json(&Pinned::of(proposal, written.as_deref())))?;
        } else {
            self.summarize(&proposals, pins.len(), written.as_deref());
        }
        let is_nothing = pins.is_empty() && proposals.iter().all(|proposal| proposal.kept.is_empty());
        Ok(if is_nothing { Exit::Unchecked } else { Exit::Clean })
    }

    fn proposals(&self, context: &Context) -> Result<Vec<Proposal>, CliError> {
        let watchlist = watchlist_to_edit(context)?;
        let store = context.store_to_read()?;
        let packages = match self.tier {
            Some(tier) => of_tier(&store, &watchlist, tier)?,
            None => self.packages.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect(),
        };
        let mut proposals = Vec::new();
        for package in packages {
            if watchlist.matches(&package).is_none() {
                let command = format!("`provwatch watch add {}`", shell_word(&package.to_string()));
                return Err(CliError::usage(format!("{package} is not watched")).next(command));
            }
            // `status` reports a damaged baseline.
            let Some(stored) = StoreError::unless_damaged(store.baseline(&package))? else { continue };
            proposals.push(Proposal::of(&stored.baseline, watchlist.policy(&package).as_ref()));
        }
        Ok(proposals)
    }

    /// Prints the change of the watchlist, or writes it. Returns the written file.
    fn edit(&self, context: &Context, pins: &[watchlist::Pin]) -> Result<Option<PathBuf>, CliError> {
        let path = edited_file(context)?;
        let draft = watchlist::pin(path, pins).map_err(refused)?;
        if self.write {
            draft.save().map_err(refused)?;
            return Ok(Some(path.clone()));
        }
        if !self.printing.is_json() {
            output::bytes(line_diff(&path.to_string_lossy(), &draft.before, &draft.after).as_bytes())?;
        }
        Ok(None)
    }

    /// Prints which packages were pinned, beside the blocks or the diff.
    fn summarize(&self, proposals: &[Proposal], pinned: usize, written: Option<&Path>) {
        let packages = words::counted(pinned, "package");
        match written {
            Some(file) => output::line(format_args!("pinned {packages} in {}", file.display())),
            None if pinned == 0 => output::note("nothing to pin"),
            None if self.output.is_some() => {}
            None => output::note(format_args!("{packages} would be pinned; nothing was written")),
        }
        let kept = proposals.iter().filter(|proposal| !proposal.kept.is_empty()).count();
        if kept > 0 {
            let packages = words::counted(kept, "package");
            output::note(format_args!("{packages} with demands in the watchlist already; they stay as they are"));
        }
        name_skipped(proposals);
        if written.is_some() && self.write {
            tell_the_daemon();
        } else if pinned > 0 && self.output.is_none() {
            output::note("Review the change, then repeat the command with --write.");
        } else if self.tier.is_some() && proposals.is_empty() {
            fact_table::say("  next: `provwatch backfill` learns the baselines of watched packages");
        }
    }
}

/// The watched packages of a tier that have a baseline.
fn of_tier(store: &Store, watchlist: &Watchlist, tier: Tier) -> Result<Vec<Package>, CliError> {
    let is_of_tier = |package: &Package| watchlist.matches(package).is_some_and(|found| found.tier == tier);
    Ok(store.baseline_packages()?.into_iter().filter(is_of_tier).collect())
}

fn name_skipped(proposals: &[Proposal]) {
    let skipped = |proposal: &&Proposal| proposal.found.is_empty() && proposal.kept.is_empty();
    let skipped: Vec<_> = proposals.iter().filter(skipped).collect();
    for proposal in skipped.iter().take(NAMED) {
        let why = proposal.left_out.values().next().map(words::sentence).unwrap_or_default();
        output::note(format_args!("{} is not pinned: {why}", proposal.package));
    }
    if skipped.len() > NAMED {
        output::note(format_args!(
            "and {} are not pinned; --format json names them",
            words::counted(skipped.len() - NAMED, "other")
        ));
    }
    for proposal in proposals.iter().filter(|proposal| !proposal.found.is_empty()) {
        for (key, why) in &proposal.left_out {
            output::note(format_args!("{}: {key} is left out: {}", proposal.package, words::sentence(why)));
        }
    }
}

/// Writes a file that does not exist yet.
fn write_new(path: &Path, text: &str) -> Result<PathBuf, CliError> {
    let failed = |error| CliError::failed(format!("cannot write {}: {error}", path.display()));
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map_err(failed)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let what = format!("{} exists, and is not overwritten", path.display());
            return Err(CliError::usage(what).next("name a new file"));
        }
        Err(error) => return Err(failed(error)),
    }
    Ok(path.to_owned())
}

impl<'a> Pinned<'a> {
    fn of(proposal: &'a Proposal, file: Option<&'a Path>) -> Self {
        let by_value =
            |values: &'a Vec<(String, Seen)>| values.iter().map(|(value, seen)| (value.as_str(), *seen)).collect();
        let done = match (proposal.found.is_empty(), proposal.kept.is_empty()) {
            (false, _) if file.is_some() => "pinned",
            (false, _) => "proposed",
            (true, false) => "kept",
            (true, true) => "skipped",
        };
        Self {
            purl: &proposal.package,
            done,
            file: file.filter(|_| done == "pinned"),
            demands: proposal.found.iter().map(|(demand, values)| (demand.key(), by_value(values))).collect(),
            kept: proposal.kept.iter().map(|demand| demand.key()).collect(),
            left_out: &proposal.left_out,
        }
    }
}
