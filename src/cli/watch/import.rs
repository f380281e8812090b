use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{Context, Outcome, edited_file, output, refused, tell_the_daemon, watchlist_to_edit};
use crate::{
    cli::{
        args::Printing,
        exit::{Exit, Failure},
        words,
    },
    model::Package,
    watchlist::{
        self, Pattern, Tier, Watchlist,
        import::{self, ImportError, Skipped},
    },
};

/// Watch the packages of lock files and bills of materials
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch watch import package-lock.json
  provwatch watch import uv.lock Cargo.lock --tier important
  provwatch watch import --dry-run sbom.cdx.json

It reads package-lock.json, requirements.txt, uv.lock, Cargo.lock, and CycloneDX and SPDX 2 documents as JSON; \
what a file is, its content decides. Packages that are watched already, by name or by pattern, are not added again.")]
pub struct Import {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How important they are: normal, important or critical
    #[arg(long)]
    tier: Option<Tier>,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    printing: Printing,
}

/// What one file brings.
#[derive(Serialize)]
struct Harvest {
    file: PathBuf,
    /// Packages to add, or that would be added.
    added: Vec<String>,
    /// How many are watched already.
    known: usize,
    /// What cannot be watched, and why.
    skipped: Vec<Skipped>,
    dry_run: bool,
}

impl Import {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let path = edited_file(context)?;
        let watchlist = watchlist_to_edit(context)?;
        let mut new = BTreeSet::new();
        let mut harvests = Vec::new();
        for file in &self.files {
            harvests.push(self.harvest(file, &watchlist, &mut new)?);
        }
        let patterns: Vec<_> = new.into_iter().map(Pattern::Exact).collect();
        if !self.dry_run {
            watchlist::add_all(path, &patterns, self.tier).map_err(refused)?;
        }
        for harvest in &harvests {
            if self.printing.is_json() { output::json(harvest)? } else { harvest.print(path) }
        }
        if !self.dry_run && !patterns.is_empty() {
            tell_the_daemon();
        }
        Ok(Exit::Clean)
    }

    /// What a file brings; its new packages also go to `new`, unless an earlier file brought them.
    fn harvest(&self, file: &Path, watchlist: &Watchlist, new: &mut BTreeSet<Package>) -> Result<Harvest, Failure> {
        let imported = import::read(file).map_err(unreadable)?;
        let mut harvest = Harvest {
            file: file.to_owned(),
            added: Vec::new(),
            known: 0,
            skipped: imported.skipped,
            dry_run: self.dry_run,
        };
        for package in imported.packages {
            let why = watchlist.why(&package);
            if let Some(exclusion) = why.excluded_by.first() {
                let why = format!("excluded at {}:{}", exclusion.file.display(), exclusion.line);
                harvest.skipped.push(Skipped { what: package.to_string(), why });
            } else if why.tier.is_some() || new.contains(&package) {
                harvest.known += 1;
            } else {
                harvest.added.push(package.to_string());
                new.insert(package);
            }
        }
        Ok(harvest)
    }
}

impl Harvest {
    fn print(&self, into: &Path) {
        let packages = words::counted(self.added.len() as u64, "package", "packages");
        let done = if self.dry_run { "would be added" } else { "added" };
        output::line(format_args!("{}: {packages} {done} to {}", self.file.display(), into.display()));
        if self.dry_run {
            for purl in &self.added {
                output::line(format_args!("  + {purl}"));
            }
        }
        if self.known > 0 {
            output::line(format_args!(
                "  {} watched already",
                words::counted(self.known as u64, "package", "packages")
            ));
        }
        if !self.skipped.is_empty() {
            output::line(format_args!("  {} skipped:", words::counted(self.skipped.len() as u64, "entry", "entries")));
        }
        for Skipped { what, why } in &self.skipped {
            output::line(format_args!("  - {}: {}", words::name(what), words::sentence(why)));
        }
    }
}

fn unreadable(error: ImportError) -> Failure {
    Failure::usage(error)
}
