//! `provwatch lookup`: shows the publisher, origin and proof of a release, and other releases of the same publisher.

pub(super) mod answer;
mod content;
mod found;
pub(super) mod identity;
pub(super) mod missing;
mod related;
mod reports;

use std::path::Path;

use self::answer::Found;
use super::{
    context::Context,
    exit::{CliError, Exit, FailOn, Outcome},
    output::{self, Printing, Redaction},
    target::{self, Target},
};
use crate::store::{ReleaseRow, Store};

/// Show the publisher, origin and evidence of a release, and their other releases
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch lookup pkg:npm/axios@1.14.1
  provwatch lookup pkg:npm/axios  # the newest release
  provwatch lookup pkg:pypi/requests@2.32.0 --format json \\
      | jq .release.observation.attestation

The command reads the database, and does not use the network.

Exit codes: 0 clean · 3 the release has an unresolved alert at or above --fail-on, or is held for one, or others \
report it as malicious · 4 the release is unknown, or not fully checked")]
pub struct Lookup {
    /// The release; without a version, the newest one
    #[arg(value_name = "PURL", value_parser = target::target)]
    target: Target,
    /// Show at most this many other releases of the same publisher, repository and run
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    related: usize,
    #[command(flatten)]
    fail_on: FailOn,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    redaction: Redaction,
}

impl Lookup {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, or the store cannot be read.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        self.redaction.begin()?;
        let context = Context::load(config)?;
        let store = context.store_to_read()?;
        let Some(row) = self.row(&store)? else {
            let is_reported = missing::answer(&context, &store, &self.target, self.printing)?;
            return Ok(if is_reported { Exit::Findings } else { Exit::Unchecked });
        };
        let found = Found::of(&context, &store, row, self.related)?;
        if self.printing.is_json() {
            output::json(&found)?;
        } else {
            found::print(&found);
        }
        Ok(found.exit(self.fail_on.fail_on))
    }

    fn row(&self, store: &Store) -> Result<Option<ReleaseRow>, CliError> {
        let Target { package, version } = &self.target;
        Ok(match version {
            Some(version) => store.release(&package.at(version))?,
            None => store.releases(package, 1)?.pop(),
        })
    }
}
