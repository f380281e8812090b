//! The result of a lookup for a release that is not stored, with the reason and the next step.

use schemars::JsonSchema;
use serde::Serialize;

use super::reports::{self, Report};
use crate::{
    cli::{
        context::Context,
        exit::CliError,
        fact_table,
        output::{self, Printing},
        target::Target,
        used::UsedNow,
        words, wrap,
    },
    store::Store,
    text::shell_word,
    watchlist::{Tier, Watchlist},
};

/// The answer about a release that is not stored.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Missing {
    purl: String,
    /// Always false.
    stored: bool,
    /// Whether the package is on the watchlist.
    watched: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<Tier>,
    /// Whether the package was ever looked at.
    seen: bool,
    /// What went wrong when it was looked at last.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// What others report about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reports: Vec<Report>,
    /// The projects of the inventory that use the release or its package now, or used it. provwatch knows them of packages
    /// that are not watched, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_by: Option<UsedNow>,
}

/// Prints the answer. Returns whether others report the release as malicious, or the package if it has no version.
pub(super) fn answer(context: &Context, store: &Store, target: &Target, printing: Printing) -> Result<bool, CliError> {
    let Target { package, version } = target;
    // A lookup works even if the watchlist cannot be read.
    let watchlist = context.watchlist().unwrap_or_else(|error| {
        output::note(format_args!("warning: {error}"));
        Watchlist::default()
    });
    let tier = watchlist.matches(package).map(|found| found.tier);
    let purl = version.as_ref().map_or_else(|| package.to_string(), |version| package.at(version).to_string());
    let seen = store.package(package)?.is_some();
    let error = store.work_of(package)?.and_then(|work| work.last_error);
    let reports = reports::of(store, target)?;
    let release = version.as_ref().map(|version| package.at(version.as_str()));
    let used_by = UsedNow::of(store, release.as_slice(), std::slice::from_ref(package))?;
    let missing = Missing { purl, stored: false, watched: tier.is_some(), tier, seen, error, reports, used_by };
    if printing.is_json() {
        output::json(&missing)?;
    } else {
        missing.print(&shell_word(&package.to_string()), version.is_some());
    }
    Ok(reports::accuse(&missing.reports))
}

impl Missing {
    fn print(&self, package: &str, is_release: bool) {
        let purl = &self.purl;
        reports::print(&self.reports, if is_release { "it" } else { "versions of it" });
        let (why, commands) = match (self.watched, self.seen) {
            (false, _) => (
                "its package is not watched",
                vec![
                    (format!("provwatch watch add {package}"), "watch the package from now on"),
                    (format!("provwatch backfill {package}"), "then learn its history"),
                ],
            ),
            (true, false) => (
                "its package is watched, and has not been checked yet",
                vec![
                    (format!("provwatch backfill {package}"), "check it now"),
                    ("provwatch status".to_owned(), "show whether the watch is running"),
                ],
            ),
            (true, true) => (
                "its package is watched, but no such release has been seen; it may not exist",
                vec![
                    (format!("provwatch timeline {package}"), "show the known releases"),
                    ("provwatch status".to_owned(), "show whether the watch is running"),
                ],
            ),
        };
        let more = if self.reports.is_empty() { " This does not mean that it is safe." } else { "" };
        let said = format!("{purl} is not stored: {why}.{more}");
        output::line(wrap::paragraphs(&said, wrap::width(), ""));
        if let Some(error) = &self.error {
            let said = format!("The check of the package failed: {}", words::sentence(error));
            output::line(wrap::paragraphs(&said, wrap::width(), ""));
        }
        if let Some(used) = &self.used_by {
            used.print();
        }
        fact_table::next(&commands);
    }
}
