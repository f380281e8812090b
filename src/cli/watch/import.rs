//! `provwatch watch import`: adds the packages of lock files, bills of materials and projects of the inventory to the
//! watchlist.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::Serialize;

use super::edit::{edited_file, refused, tell_the_daemon, watchlist_to_edit};
use crate::{
    app,
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        inventory::project,
        output::{self, Printing},
        words,
    },
    inventory::{self, ImportError, Skipped},
    model::{Package, ProjectName},
    store::Which,
    watchlist::{self, Addition, Pattern, Reason, Tier, Watchlist, Why},
};

/// Watch the packages of lock files and bills of materials
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch watch import package-lock.json
  provwatch watch import uv.lock Cargo.lock --tier important
  provwatch watch import --dry-run sbom.cdx.json
  provwatch watch import --inventory shop  # what a project uses

The command reads package-lock.json, requirements.txt, uv.lock, Cargo.lock, and CycloneDX and SPDX 2 documents as \
JSON; the content of a file decides its format. It skips packages that an entry or a pattern already watches, unless \
--tier is higher than the tier of the pattern. The exit code is 4 if a file has entries and none of them can be \
watched.")]
pub struct Import {
    /// The files
    #[arg(required_unless_present = "inventory", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Watch what a project of the inventory uses, too
    #[arg(long, value_name = "PROJECT")]
    inventory: Vec<ProjectName>,
    /// The tier of the packages: normal, important or critical
    #[arg(long)]
    tier: Option<Tier>,
    /// Only print the changes, without writing them
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    printing: Printing,
}

/// The result of importing one file.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Harvest {
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
        let mirrors = app::mirrors(&context.config);
        let mut new = BTreeMap::new();
        let mut harvests = Vec::new();
        for file in &self.files {
            let listed = inventory::read(file, &mirrors).map_err(|source| self.refused(file, source))?;
            harvests.push(self.harvest(file, listed.packages(), listed.skipped, &watchlist, &mut new));
        }
        for project in &self.inventory {
            let packages = used(context, project)?;
            let from = format!("the inventory of {project}");
            harvests.push(self.harvest(Path::new(&from), packages, Vec::new(), &watchlist, &mut new));
        }
        let additions = new.into_iter().map(|(package, from)| Addition { pattern: Pattern::Exact(package), from });
        let additions: Vec<_> = additions.collect();
        if !self.dry_run {
            watchlist::add_all(path, &additions, self.tier).map_err(refused)?;
        }
        for harvest in &harvests {
            if self.printing.is_json() { output::json(harvest)? } else { harvest.print(path) }
        }
        if !self.dry_run && !additions.is_empty() {
            tell_the_daemon();
        }
        let brought_nothing = |harvest: &&Harvest| harvest.brought_nothing();
        for harvest in harvests.iter().filter(brought_nothing) {
            output::note(format_args!("warning: none of the entries of {} can be watched", harvest.file.display()));
        }
        Ok(if harvests.iter().any(Harvest::brought_nothing) { Exit::Unchecked } else { Exit::Clean })
    }

    /// An unreadable file keeps the others out too: its missing packages would not be noticed later.
    fn refused(&self, file: &Path, source: ImportError) -> CliError {
        let failure = CliError::usage(NotImported { file: file.to_owned(), source });
        if self.files.len() == 1 {
            return failure;
        }
        failure.next(
            "correct that file, or leave it out, and repeat the command: the other files were not imported either",
        )
    }

    /// The packages of a file; its new ones also go to `new`, with the file's name, unless an earlier file has them. A
    /// package that is watched with a lower tier than requested is new.
    fn harvest(
        &self,
        file: &Path,
        packages: BTreeSet<Package>,
        skipped: Vec<Skipped>,
        watchlist: &Watchlist,
        new: &mut BTreeMap<Package, String>,
    ) -> Harvest {
        let mut harvest =
            Harvest { file: file.to_owned(), added: Vec::new(), known: 0, skipped, dry_run: self.dry_run };
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
        for package in packages {
            let why = watchlist.why(&package);
            if let Some(exclusion) = why.excluded_by.first() {
                let why = format!("excluded at {}:{}", exclusion.file.display(), exclusion.line);
                harvest.skipped.push(Skipped { what: package.to_string(), why });
            } else if new.contains_key(&package) || self.is_watched(&why, &mut harvest.skipped) {
                harvest.known += 1;
            } else {
                harvest.added.push(package.to_string());
                new.insert(package, plain(&name));
            }
        }
        harvest
    }

    /// Whether a package is watched as requested. One whose own entry gives a lower tier is reported, and left to the
    /// user.
    fn is_watched(&self, why: &Why, said: &mut Vec<Skipped>) -> bool {
        let Some(tier) = why.tier else { return false };
        if self.tier.is_none_or(|wanted| wanted <= tier) {
            return true;
        }
        let purl = why.package.to_string();
        let named = why.included_by.iter().find(|reason| reason.pattern == purl);
        if let Some(Reason { file, line, .. }) = named {
            let why = format!("listed with the tier {tier} at {}:{line}; change it there", file.display());
            said.push(Skipped { what: purl, why });
        }
        named.is_some()
    }
}

impl Harvest {
    /// Whether the file has entries, but none of them is watched now.
    fn brought_nothing(&self) -> bool {
        self.added.is_empty() && self.known == 0 && !self.skipped.is_empty()
    }

    fn print(&self, into: &Path) {
        let packages = words::counted(self.added.len(), "package");
        let done = if self.dry_run { "would be added" } else { "added" };
        output::line(format_args!("{}: {packages} {done} to {}", self.file.display(), into.display()));
        if self.dry_run {
            for purl in &self.added {
                output::line(format_args!("  + {purl}"));
            }
        }
        if self.known > 0 {
            output::line(format_args!("  {} watched already", words::counted(self.known, "package")));
        }
        if !self.skipped.is_empty() {
            output::line(format_args!("  {} skipped:", words::counted(self.skipped.len(), "entry")));
        }
        for Skipped { what, why } in &self.skipped {
            output::line(format_args!("  - {}: {}", words::name(what), words::sentence(why)));
        }
    }
}

/// The packages that a project uses.
fn used(context: &Context, name: &ProjectName) -> Result<BTreeSet<Package>, CliError> {
    let store = context.store_to_read()?;
    let project = project(&store, name)?;
    let uses = store.uses_of_project(&project.name, Which::Present)?;
    Ok(uses.into_iter().map(|one| one.release.package().clone()).collect())
}

/// A file's name that fits in a comment.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).collect()
}

/// The import added no entry.
#[derive(Debug, thiserror::Error)]
#[error("nothing was imported, because of {}", file.display())]
struct NotImported {
    file: PathBuf,
    source: ImportError,
}
