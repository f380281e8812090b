//! The releases that a search found, as lines and as a table.

use schemars::JsonSchema;
use serde::Serialize;

use super::{matched::Matched, meaning::Meaning};
use crate::{
    baseline::rank,
    cli::{
        exit::{CliError, Exit},
        output, published,
        words::{self, NOTHING},
    },
    model::{AlertId, AlertStatus, EvidenceRank, ReleaseId, Severity},
    packages::raised,
    store::{FoundRelease, ReleaseRow, Store, Uses},
};

/// A release that was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct ListedRelease {
    /// The release.
    pub purl: ReleaseId,
    /// Whether what was looked for is a fact of it. Otherwise it only names the repository, which nothing certifies.
    pub certified: bool,
    /// What of it each term matched.
    matched: Vec<Matched>,
    /// How strong the evidence is that it came from its repository; null: not known.
    rank: Option<EvidenceRank>,
    /// The alert that it raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) alert: Option<ListedAlert>,
    /// The projects of the inventory that use it now, or used it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) used_by: Option<Uses>,
    /// All that is stored of it.
    release: ReleaseRow,
}

/// An alert in short.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ListedAlert {
    /// Its id.
    pub id: AlertId,
    /// How bad.
    severity: Severity,
    /// Where it stands.
    status: AlertStatus,
    /// Whether it is settled: resolved, but not as an attack, or acknowledged of a release that was accepted.
    settled: bool,
}

impl ListedRelease {
    /// A release that a search by some terms found.
    pub(super) fn of(store: &Store, found: FoundRelease, terms: &[Meaning], certified: bool) -> Result<Self, CliError> {
        let alert = raised(store, &found.row.purl)?.map(|(alert, settled)| ListedAlert {
            id: alert.id,
            severity: alert.severity,
            status: alert.status,
            settled,
        });
        Ok(Self {
            matched: Matched::of(&found, terms),
            purl: found.row.purl.clone(),
            certified,
            rank: found.row.observation.as_ref().and_then(rank),
            alert,
            used_by: None,
            release: found.row,
        })
    }

    /// The exit code, where findings count from `fail_on` on.
    pub fn exit(&self, fail_on: Severity) -> Exit {
        match &self.alert {
            Some(alert) if !alert.settled && alert.severity >= fail_on => Exit::Findings,
            _ if !self.release.unchecked.is_empty() || self.release.observation.is_none() => Exit::Unchecked,
            _ => Exit::Clean,
        }
    }

    fn row(&self) -> [String; 5] {
        let ReleaseRow { outcome, status, in_baseline, .. } = self.release;
        let alert = self.alert.as_ref().map(|alert| format!("{} {}", alert.severity, alert.id));
        let matched: Vec<String> = self.matched.iter().map(ToString::to_string).collect();
        [
            self.release.published_at.map_or(NOTHING.to_owned(), words::minute),
            words::name(&self.purl),
            published::came(alert.as_deref(), outcome, status, in_baseline),
            words::sentence(published::origin(&self.release)),
            words::sentence(matched.join("; ")),
        ]
    }
}

/// Prints releases as a table.
pub(super) fn print<'a>(releases: impl IntoIterator<Item = &'a ListedRelease>) {
    let mut table = output::table(["PUBLISHED (UTC)", "RELEASE", "OUTCOME", "BY", "MATCHED"]);
    for release in releases {
        table.add_row(release.row());
    }
    output::print(&table);
}
