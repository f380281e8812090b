//! `provwatch timeline`: shows the releases of a package and the events around them.

use std::path::Path;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    context::Context,
    exit::{CliError, Exit, Outcome},
    fact_table,
    output::{self, Printing, Redaction},
    target,
    words::{self, NOTHING},
};
use crate::{
    model::{
        Alert, AlertId, AlertStatus, AuthMethod, Fingerprint, Package, Provenance, ReleaseId, ReleaseLine,
        ReleaseStatus, Severity,
    },
    registry::FeedChange,
    store::{self, EventKind, ReleaseRow, Store, StoreError, StoredEvent},
    text::shell_word,
};

/// Show a package's releases and the events around them, the latest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch timeline pkg:npm/axios
  provwatch timeline pkg:pypi/requests --limit 200
  provwatch timeline pkg:npm/axios --format json \\
      | jq 'select(.outcome == \"alerted\")'

The list also has the events that registries announce: changes of maintainers, yanks, quarantines, removals. The \
exit code is 4 if the package has no stored releases.")]
pub struct Timeline {
    /// The package
    #[arg(value_name = "PURL", value_parser = target::package)]
    package: Package,
    /// Show at most this many releases and events
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = target::count)]
    limit: usize,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    redaction: Redaction,
}

/// One line of the timeline.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Entry {
    /// When it happened, or where that is not known, when it was seen.
    at: DateTime<Utc>,
    #[serde(flatten)]
    what: What,
}

/// What happened.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "what")]
enum What {
    Release(Release),
    Event {
        /// The feed that announced it.
        source: String,
        kind: EventKind,
        /// In the registry's words.
        action: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    },
}

/// A release in short.
#[derive(Debug, Serialize, JsonSchema)]
struct Release {
    purl: ReleaseId,
    line: ReleaseLine,
    outcome: store::Outcome,
    status: ReleaseStatus,
    /// Whether the baseline has learned from it.
    #[serde(rename = "teaches")]
    in_baseline: bool,
    /// What could not be checked.
    unchecked: Vec<String>,
    /// By whom or by what it was published.
    by: String,
    /// What it proved.
    proof: String,
    /// The alert that it raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<Raised>,
}

/// An alert in short.
#[derive(Debug, JsonSchema, Serialize)]
struct Raised {
    /// Its id.
    id: AlertId,
    /// How bad.
    severity: Severity,
    /// Where it stands.
    status: AlertStatus,
}

impl Timeline {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, or the store cannot be read. [`Exit::Unchecked`]: nothing is known of the package.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        self.redaction.begin()?;
        let context = Context::load(config)?;
        let store = context.store_to_read()?;
        let entries = self.entries(&store)?;
        if entries.is_empty() {
            self.print_none(&context);
            return Ok(Exit::Unchecked);
        }
        if self.printing.is_json() {
            entries.iter().try_for_each(output::json)?;
        } else {
            self.print(&entries);
        }
        Ok(Exit::Clean)
    }

    fn entries(&self, store: &Store) -> Result<Vec<Entry>, CliError> {
        let releases = store.releases(&self.package, self.limit)?.into_iter();
        let mut entries = releases.map(|row| Entry::of(store, row)).collect::<Result<Vec<_>, _>>()?;
        for kind in [EventKind::Governance, EventKind::Removed] {
            let events = store.events_of(&self.package, Some(kind), self.limit)?;
            entries.extend(events.into_iter().map(Entry::from));
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
        entries.truncate(self.limit);
        Ok(entries)
    }

    fn print(&self, entries: &[Entry]) {
        let mut table = output::table(["AT (UTC)", "WHAT", "OUTCOME", "BY", "EVIDENCE"]);
        for entry in entries {
            table.add_row(entry.row());
        }
        output::print(&table);
        output::limited(entries.len(), self.limit);
    }

    fn print_none(&self, context: &Context) {
        let package = shell_word(&self.package.to_string());
        output::note(format_args!("Nothing is stored of {}.", self.package));
        let watched = context.watchlist().is_ok_and(|watchlist| watchlist.matches(&self.package).is_some());
        let add = (format!("provwatch watch add {package}"), "it is not watched yet");
        let backfill = (format!("provwatch backfill {package}"), "learn its history now");
        fact_table::next(&if watched { vec![backfill] } else { vec![add, backfill] });
    }
}

impl Entry {
    fn row(&self) -> [String; 5] {
        let at = words::minute(self.at);
        match &self.what {
            What::Release(release) => release.row(at),
            What::Event { source, action, version, .. } => {
                let of = version.as_ref().map(|version| format!("{}: ", words::name(version))).unwrap_or_default();
                [at, format!("· {of}{}", words::sentence(action)), String::new(), words::name(source), String::new()]
            }
        }
    }
}

impl Release {
    fn row(&self, at: String) -> [String; 5] {
        let mut came = match &self.alert {
            Some(Raised { id, severity, .. }) if self.outcome == store::Outcome::Alerted => {
                format!("{severity} {id}")
            }
            Some(Raised { id, severity, .. }) => format!("{severity} {id}, {}", self.outcome.as_str()),
            None => self.outcome.as_str().to_owned(),
        };
        if self.status != ReleaseStatus::Published {
            came = format!("{came}, {}", self.status.as_str());
        }
        if !self.in_baseline && matches!(self.outcome, store::Outcome::Alerted | store::Outcome::Held) {
            came.push_str(", held");
        }
        [at, words::name(self.purl.version()), came, words::name(&self.by), words::sentence(&self.proof)]
    }
}

impl Entry {
    fn of(store: &Store, row: ReleaseRow) -> Result<Self, StoreError> {
        let alert = store.alert(&Fingerprint::of_release(&row.purl))?;
        let alert = alert.map(|Alert { id, severity, status, .. }| Raised { id, severity, status });
        let at = row.published_at.unwrap_or(row.observed_at);
        let (by, proof) = (by(&row), proof(&row));
        let ReleaseRow { purl, line, outcome, status, in_baseline, unchecked, .. } = row;
        let release = Release { purl, line, outcome, status, in_baseline, unchecked, by, proof, alert };
        Ok(Self { at, what: What::Release(release) })
    }
}

impl From<StoredEvent> for Entry {
    fn from(event: StoredEvent) -> Self {
        let at = event.at.unwrap_or(event.seen_at);
        let (action, version) = match serde_json::from_str(&event.change) {
            Ok(FeedChange::Governance { version, action }) => (action, version),
            Ok(FeedChange::Removed) => ("the package was removed".to_owned(), None),
            _ => (event.change, None),
        };
        Self { at, what: What::Event { source: event.source, kind: event.kind, action, version } }
    }
}

/// The account, or the trusted publisher.
fn by(row: &ReleaseRow) -> String {
    let Some(observation) = &row.observation else { return NOTHING.to_owned() };
    let name = observation.publisher.as_ref().map(|publisher| publisher.name.clone());
    match observation.auth.method {
        AuthMethod::TrustedPublisher => "trusted publisher".to_owned(),
        AuthMethod::Token => format!("{} (token)", name.unwrap_or_else(|| "unknown".to_owned())),
        AuthMethod::Unknown => name.unwrap_or_else(|| NOTHING.to_owned()),
    }
}

/// Invalid proofs come before valid ones, and valid ones before unchecked ones.
fn proof(row: &ReleaseRow) -> String {
    let Some(observation) = &row.observation else { return row.unchecked.join("; ") };
    let broken = observation.provenances().find_map(|provenance| match provenance {
        Provenance::Invalid { check, .. } => Some(format!("INVALID: {check}")),
        _ => None,
    });
    let verified = || observation.identities().first().map(ToString::to_string);
    let unknown = || (!row.unchecked.is_empty()).then(|| format!("could not check: {}", row.unchecked.join("; ")));
    broken.or_else(verified).or_else(unknown).unwrap_or_else(|| observation.attestation.status().to_owned())
}
