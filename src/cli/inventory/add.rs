//! `provwatch inventory add`: stores the releases that a project or vendor uses.

use std::{collections::BTreeSet, path::PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::unwatched::{command, watchlist};
use crate::{
    app,
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table,
        output::{self, Printing},
        words,
    },
    figures::unwatched,
    inventory::{self, Content, Skipped},
    model::{Owner, Package, ProjectKind, ProjectName, ReleaseId},
    store::{Upload, Uploaded},
};

/// Most entries of each kind that are printed.
const SHOWN: usize = 20;

/// Store the releases that a project or vendor uses, by its lock files and bills of materials
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch inventory add shop package-lock.json
  provwatch inventory add shop web/package-lock.json api/uv.lock
  provwatch inventory add shop package-lock.json --owner payments
  provwatch inventory add acme-desk --kind vendor sbom.cdx.json
  provwatch inventory add shop package-lock.json --dry-run

The files are the whole project: what an earlier upload had, and these files do not have, is not used any more. The same \
again changes nothing. The command reads package-lock.json, requirements.txt, uv.lock, Cargo.lock, and CycloneDX and SPDX 2 \
documents as JSON; it skips what is not locked to one version. It does not change the watchlist.

Exit codes: 0 stored · 2 a file cannot be read · 4 no entry can be taken, and nothing was stored")]
pub struct Add {
    /// The project: letters, digits, \".\", \"_\" and \"-\"
    #[arg(value_name = "NAME")]
    project: ProjectName,
    /// All lock files and bills of materials of the project
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Whether it is one of your projects, or the product of a vendor: project or vendor [default: as before, else \
    /// project]
    #[arg(long, value_name = "KIND")]
    kind: Option<ProjectKind>,
    /// The team that answers for it [default: as before]
    #[arg(long, value_name = "TEAM")]
    owner: Option<Owner>,
    /// Only print what would change
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    printing: Printing,
}

/// What an upload changed, or would change.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Added<'a> {
    project: &'a str,
    #[serde(flatten)]
    uploaded: Uploaded,
    /// The packages that are not watched.
    unwatched: BTreeSet<Package>,
    /// Entries that are not part of the inventory, and why.
    skipped: Vec<Skipped>,
    dry_run: bool,
}

impl Add {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let found = self.content(context)?;
        let nothing = found.locked.is_empty() && !found.skipped.is_empty();
        let now = Context::clock().now();
        let owner = self.owner.as_ref();
        let upload = Upload { project: &self.project, kind: self.kind, owner, locked: &found.locked, at: now };
        let uploaded = match (self.dry_run, nothing) {
            (_, true) => Uploaded::default(),
            (true, false) => context.store_to_look()?.compare_upload(&upload)?,
            (false, false) => context.store()?.upload(&upload, now)?,
        };
        let packages = found.locked.iter().map(|locked| locked.release.package());
        let unwatched = unwatched(&watchlist(context), packages);
        let (project, skipped, dry_run) = (self.project.as_str(), found.skipped, self.dry_run);
        let added = Added { project, uploaded, unwatched, skipped, dry_run };
        if self.printing.is_json() {
            output::json(&added)?;
        } else {
            added.print(nothing);
        }
        if nothing {
            output::note("warning: none of the entries can be taken; nothing was stored");
            return Ok(Exit::Unchecked);
        }
        Ok(Exit::Clean)
    }

    /// An unreadable file keeps the others out too: without it, its releases would look as if they were gone.
    fn content(&self, context: &Context) -> Result<Content, CliError> {
        let mirrors = app::mirrors(&context.config);
        let files = self.files.iter().map(|file| inventory::read(file, &mirrors));
        let listed: Vec<_> = files.collect::<Result<_, _>>().map_err(CliError::usage)?;
        Content::of(listed).map_err(CliError::usage)
    }
}

impl Added<'_> {
    fn print(&self, nothing: bool) {
        let Uploaded { is_new, releases, added, gone, moved } = &self.uploaded;
        let (project, would) = (self.project, if self.dry_run { "would be " } else { "" });
        let releases = words::counted(*releases, "release");
        let changes = format!("{} {would}added, {} {would}gone", added.len(), gone.len());
        match (nothing, is_new) {
            (true, _) => output::line(format_args!("{project}: unchanged")),
            (false, true) => output::line(format_args!("{project}: {would}added with {releases}")),
            (false, false) => output::line(format_args!("{project}: {releases}; {changes}")),
        }
        if *moved > 0 {
            output::line(format_args!("  {} used in another way", words::counted(*moved, "release")));
        }
        if !is_new {
            list("+", added);
            list("-", gone);
        }
        self.print_skipped();
        if !self.unwatched.is_empty() && !self.dry_run && !nothing {
            let packages = words::counted(self.unwatched.len(), "package");
            let are = if self.unwatched.len() == 1 { "is" } else { "are" };
            fact_table::say(&format!("{packages} of it {are} not watched; `{}` watches them.", command(project)));
        }
    }

    fn print_skipped(&self) {
        if self.skipped.is_empty() {
            return;
        }
        output::line(format_args!("  {} skipped:", words::counted(self.skipped.len(), "entry")));
        for Skipped { what, why } in self.skipped.iter().take(SHOWN) {
            output::line(format_args!("  - {}: {}", words::name(what), words::sentence(why)));
        }
        more(self.skipped.len());
    }
}

fn list(sign: &str, releases: &[ReleaseId]) {
    for release in releases.iter().take(SHOWN) {
        output::line(format_args!("  {sign} {}", words::name(release)));
    }
    more(releases.len());
}

fn more(count: usize) {
    if let Some(more @ 1..) = count.checked_sub(SHOWN) {
        output::line(format_args!("    and {more} more; --format json has all"));
    }
}
