//! The reports of others about a release, or about a package whose release was not named.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    cli::{exit::CliError, output, target::Target, words, wrap},
    model::{MalwareReport, ReleaseId},
    store::Store,
};

/// A report that a release is malicious.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Report {
    /// Its id.
    id: String,
    /// When it was published.
    published_at: DateTime<Utc>,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn_at: Option<DateTime<Utc>>,
    /// Its ids in other databases.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
}

impl From<MalwareReport> for Report {
    fn from(MalwareReport { id, published_at, withdrawn_at, aliases }: MalwareReport) -> Self {
        Self { id, published_at, withdrawn_at, aliases }
    }
}

/// The reports about what was asked for, the earliest first.
pub(super) fn of(store: &Store, Target { package, version }: &Target) -> Result<Vec<Report>, CliError> {
    match version {
        Some(version) => of_release(store, &package.at(version)),
        None => Ok(store.reports_of_package(package)?.into_iter().map(|(report, _)| report.into()).collect()),
    }
}

/// The reports about a release, the earliest first.
pub(super) fn of_release(store: &Store, release: &ReleaseId) -> Result<Vec<Report>, CliError> {
    Ok(store.reports_of(release)?.into_iter().map(Report::from).collect())
}

/// Whether one of them still stands.
pub(super) fn accuse(reports: &[Report]) -> bool {
    reports.iter().any(|report| report.withdrawn_at.is_none())
}

/// One sentence for each.
pub(super) fn print(reports: &[Report], what: &str) {
    for Report { id, published_at, withdrawn_at, aliases } in reports {
        let also = if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
        let (id, day) = (words::name(format!("{id}{also}")), words::day(*published_at));
        let said = match withdrawn_at {
            None => format!("Others report {what} as malicious since {day}: {id}."),
            Some(at) => format!("The report {id} of {day} was withdrawn on {}.", words::day(*at)),
        };
        output::line(wrap::paragraphs(&said, wrap::width(), ""));
    }
}
