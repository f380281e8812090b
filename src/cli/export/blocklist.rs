//! `provwatch export blocklist`: lists accused releases, in the form of a proxy or package manager.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    accused::{Wanted, accused},
    entry::{Entry, List, Written},
    formats,
};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        output,
        when::{End, When, when},
        words,
    },
    model::Severity,
};

/// For how long a list is valid without another word.
const VALID: TimeDelta = TimeDelta::days(7);

/// List accused releases with reasons and an end, in the form of a proxy or package manager
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch export blocklist --format pip > /srv/pip/constraints.txt
  provwatch export blocklist --format npm --severity critical
  provwatch export blocklist --format artifactory | jq '{excludesPattern}'
  provwatch export blocklist --format purl --since 30d --for 1d

Formats, and the programs that read them:
  npm          `overrides` of package.json (npm 8.3 and later, pnpm)
  npm-audit    what a registry answers `npm audit` (security/advisories/bulk)
  pip          a constraints file (`pip install -c`, UV_CONSTRAINT)
  cargo-deny   `cargo deny --config FILE check bans`
  artifactory  `excludesPattern` of a repository (POST /api/repositories/KEY)
  purl         one package URL on each line, for programs of your own
  json         all that provwatch knows of each entry

With `npm`, the last good version takes the place of an accused one, or else an earlier one; npm overrides only what other \
packages depend on.

The list has each release with an open, acknowledged or snoozed alert, and each that was a true positive. It leaves \
out what you resolved as false-positive or expected; a duplicate counts as the alert that it repeats. A withdrawn \
release stays on the list. The order is that of the purls, so that two lists can be compared. provwatch itself blocks \
nothing: each list has the time after which it is stale, so make it again before then, for example once an hour.

Exit codes:
  0 written · 1 failed · 2 wrong usage or configuration
  4 the format cannot express a release, which is named on standard error")]
pub struct Blocklist {
    /// The format
    #[arg(long, value_enum, default_value_t = Format::Purl)]
    format: Format,
    /// Releases with an alert of this severity or worse
    #[arg(long, value_name = "SEVERITY", visible_alias = "min-severity", default_value_t = Severity::High)]
    severity: Severity,
    /// Releases whose alert was raised since then: 2026-01-01, 30d
    #[arg(long, value_name = "TIME", value_parser = when)]
    since: Option<When>,
    /// Until when the list is valid [default: for 7d]
    #[command(flatten)]
    end: End,
}

/// A format of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Npm,
    NpmAudit,
    Pip,
    CargoDeny,
    Artifactory,
    Purl,
    Json,
}

/// The list as JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct ShownList<'a> {
    /// When it was made.
    made_at: DateTime<Utc>,
    /// After this time it is stale.
    valid_until: DateTime<Utc>,
    /// The lowest severity of its entries.
    min_severity: Severity,
    /// The accused releases, in the order of their purls.
    entries: &'a [Entry],
}

impl Blocklist {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let now = Context::clock().now();
        let valid_until = self.end.after(now).unwrap_or(now + VALID);
        if valid_until <= now {
            return Err(CliError::usage("the list would be stale at once; choose a later end"));
        }
        let wanted = Wanted { min_severity: self.severity, since: self.since.map(|since| since.ago(now)) };
        let entries = accused(&context.store_to_read()?, wanted)?;
        let list = List { made_at: now, valid_until, min_severity: self.severity, entries };
        let written = match self.format {
            Format::Json => return shown(&list),
            Format::Npm => formats::npm::overrides(&list),
            Format::NpmAudit => formats::npm::advisories(&list),
            Format::Pip => formats::pip::constraints(&list),
            Format::CargoDeny => formats::cargo_deny::bans(&list),
            Format::Artifactory => formats::artifactory::pattern(&list),
            Format::Purl => formats::purl::lines(&list),
        };
        print(&written);
        Ok(if written.left_out.is_empty() { Exit::Clean } else { Exit::Unchecked })
    }
}

fn shown(list: &List) -> Outcome {
    let List { made_at, valid_until, min_severity, entries } = list;
    let (made_at, valid_until, min_severity) = (*made_at, *valid_until, *min_severity);
    output::json(&ShownList { made_at, valid_until, min_severity, entries })?;
    Ok(Exit::Clean)
}

fn print(written: &Written) {
    written.text.lines().for_each(output::line);
    for (release, why) in &written.left_out {
        output::note(format_args!("left out: {}: {why}", words::name(release)));
    }
}
