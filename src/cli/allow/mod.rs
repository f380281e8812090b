//! `provwatch allow`: the CI names the run of a release workflow, and the files that it publishes.

mod list;

use std::path::Path;

use clap::Subcommand;

use super::{
    callable::callable,
    context::Context,
    exit::{CliError, Exit, Outcome},
    operator::Author,
    output::{self, Printing},
    target, words,
};
use crate::model::{Allowance, FileDigest, Package, run_url};

/// Tell provwatch of a run of your release workflow, and of the files that it publishes
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  provwatch allow --run https://github.com/acme/widget/actions/runs/4711 \\
      --package pkg:pypi/widget
  provwatch allow --run https://github.com/acme/widget/actions/runs/4711 \\
      --digest 6a0f2f7a2c0e5a1d3c1f0d7b9a8e4c55aa11bb22cc33dd44ee55ff6677889900
  provwatch allow list

For packages and signers that are marked with own = true. A run without a digest explains what it publishes for two \
hours (run_window in [own]); a run with digests explains these files, and no other file. Give the digest that the registry states: SHA-512 for \
npm, SHA-256 for others. Tell of the run before it \
publishes."
)]
pub struct Allow {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    new: New,
}

/// The commands beside the usual one.
#[derive(Debug, Subcommand)]
enum Command {
    /// List the allowed runs, the latest first
    List(list::List),
}

/// A run to allow.
#[derive(Debug, clap::Args)]
struct New {
    /// The URL of the run (GitHub) or job (GitLab), with /attempts/N for one attempt
    #[arg(long, value_name = "URL", required = true, value_parser = |text: &str| run_url(text))]
    run: Option<String>,
    /// The digest of a file that the run publishes: sha256:HEX, sha512:HEX, or as in lock files; repeat it for each file
    #[arg(long = "digest", value_name = "DIGEST")]
    digests: Vec<FileDigest>,
    /// The only package that the run publishes
    #[arg(long, value_name = "PURL", value_parser = target::package)]
    package: Option<Package>,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    printing: Printing,
}

impl Allow {
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match &self.command {
            Some(Command::List(list)) => list.run(&context),
            None => self.new.run(&context),
        }
    }
}

impl New {
    fn run(&self, context: &Context) -> Outcome {
        let run = self.run.clone().ok_or_else(|| CliError::usage("say which run is allowed: --run"))?;
        let now = Context::clock().now();
        let mut allowance = Allowance {
            id: 0,
            run,
            digests: self.digests.clone(),
            package: self.package.clone(),
            at: now,
            by: self.author.name(),
        };
        allowance.id = context.store_to_change()?.allow_run(&allowance, None, now)?.unwrap_or_default();
        self.warn_if_not_own(context);
        if self.printing.is_json() {
            output::json(&allowance)?;
        } else {
            let files = match allowance.digests.len() {
                0 => format!("what it publishes within {}", context.config.own.run_window),
                count => words::counted(count, "file"),
            };
            output::line(format!("{}: {} explains {files}.", allowance.id, allowance.run));
        }
        Ok(Exit::Clean)
    }

    /// The run is allowed although it explains nothing yet.
    fn warn_if_not_own(&self, context: &Context) {
        let Some(package) = &self.package else { return };
        if context.watchlist().is_ok_and(|watchlist| !watchlist.is_own(package)) {
            let see = callable("provwatch watch why");
            output::note(format_args!(
                "warning: {package} is not marked with own = true in the watchlist, so no run has to explain it; `{see} {package}` \
                 shows its entry"
            ));
        }
    }
}
