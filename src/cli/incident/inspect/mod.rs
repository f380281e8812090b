//! `provwatch incident inspect`: downloads the files of a release and looks inside.

mod note;
mod print;
mod print_contents;

use super::{about, change};
use crate::{
    app::App,
    cli::{
        context::Context,
        exit::{CliError, Exit, FailOn, Outcome},
        fact_table,
        operator::Author,
        output::{self, Printing, Redaction},
        setup, target,
    },
    model::ReleaseId,
    packages::{Inspection, InspectionRequest},
    progress::NoProgress,
    watchlist::Watchlist,
};

const MIB: u64 = 1024 * 1024;

/// Download the files of a release and look inside, beside the last good release
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch incident inspect pkg:npm/axios@1.14.1
  provwatch incident inspect pkg:npm/axios@1.14.1 \\
      --against pkg:npm/axios@1.14.0 --show setup.js
  provwatch incident inspect pkg:pypi/requests@2.32.0 \\
      --file requests-2.32.0.tar.gz --format json
  provwatch incident inspect pkg:npm/axios@1.14.1 --note axios-2026-03

This is the only command that downloads packages. It compares the digests of each file with those that the registry \
states, that provwatch observed, and that the attestation is about. It lists the files that were added, removed or \
changed since the last good release, what runs at installation, binaries, links, and anomalies of the archive. It runs \
nothing, and writes nothing to the disk or to the store, but for the note of --note.

The last good release is the newest one before it in the baseline; --against names another one. At PyPI a release has \
several files: the command looks into sources first, then wheels, up to --limit.

Exit codes: 0 nothing suspicious · 3 a finding at or above --fail-on · 4 something could not be checked, or there is \
nothing to compare with")]
pub struct Inspect {
    /// The release
    #[arg(value_name = "PURL", value_parser = target::release)]
    release: ReleaseId,
    /// The release to compare it with [default: the last good one]
    #[arg(long, value_name = "PURL", value_parser = target::release)]
    against: Option<ReleaseId>,
    /// Only this file of the release; may be given several times
    #[arg(long = "file", value_name = "NAME")]
    files: Vec<String>,
    /// Show the text of this file in the archive too, or its difference; may be given several times
    #[arg(long = "show", value_name = "PATH")]
    shown: Vec<String>,
    /// Look into at most this many files
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = target::count)]
    limit: usize,
    /// Download at most this many MiB of each file
    #[arg(long, value_name = "MIB", default_value_t = 128, value_parser = clap::value_parser!(u64).range(1..=1024))]
    max_size: u64,
    /// Keep a summary of the result as a note of this incident
    #[arg(long, value_name = "INCIDENT", value_parser = about::name)]
    note: Option<String>,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    fail_on: FailOn,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    redaction: Redaction,
}

impl Inspect {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        self.redaction.begin()?;
        self.check(context)?;
        let app = app(context)?;
        let inspection = setup::runtime()?.block_on(app.packages.inspector.inspect(&self.request()))?;
        if self.printing.is_json() {
            output::json(&inspection)?;
        } else {
            print::report(&inspection, self.fail_on.fail_on);
        }
        if let Some(incident) = &self.note {
            change::keep_note(context, incident, &note::text(&inspection), &self.author)?;
            if !self.printing.is_json() {
                fact_table::say(&format!("{incident}: noted."));
            }
        }
        Ok(self.exit(&inspection))
    }

    /// What is wrong is said before anything is downloaded.
    fn check(&self, context: &Context) -> Result<(), CliError> {
        let against = self.against.as_ref();
        if against.is_some_and(|against| against == &self.release) {
            return Err(CliError::usage(format!("{} is compared with itself; name another release", self.release)));
        }
        let registry = |release: &ReleaseId| release.package().ecosystem();
        if against.is_some_and(|against| registry(against) != registry(&self.release)) {
            return Err(CliError::usage("the two releases are of two registries; name another one of the same"));
        }
        match &self.note {
            Some(incident) => about::existing(&*context.store_to_look()?, incident).map(|_| ()),
            None => Ok(()),
        }
    }

    fn request(&self) -> InspectionRequest {
        InspectionRequest {
            release: self.release.clone(),
            against: self.against.clone(),
            files: self.files.clone(),
            at_most: self.limit,
            largest: self.max_size * MIB,
            shown: self.shown.clone(),
        }
    }

    fn exit(&self, inspection: &Inspection) -> Exit {
        match inspection.severity() {
            Some(severity) if severity >= self.fail_on.fail_on => Exit::Findings,
            _ if !inspection.unchecked.is_empty() => Exit::Unchecked,
            _ => Exit::Clean,
        }
    }
}

/// Nothing is written, and an unusable watchlist changes nothing here.
fn app(context: &Context) -> Result<App, CliError> {
    let prepared = context.prepare_for(Watchlist::default())?;
    context.app_over(prepared, context.store_to_look()?, std::sync::Arc::new(NoProgress))
}
