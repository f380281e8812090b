//! The answer of a lookup by several terms, or by anything but a purl: releases, log entries, alerts, and limits.

use chrono::{DateTime, Utc};

use super::{
    limits::{self, Limits, ReadTerm},
    listed::{self, ListedRelease},
    logged::{self, ListedEntry},
    meaning::Meaning,
};
use crate::{
    cli::{
        alerts::wording::title,
        exit::{CliError, Exit},
        fact_table,
        output::{self, Printing},
        used, words,
    },
    model::{Alert, AlertStatus, Package, ReleaseId, Severity, fits_across},
    store::{Clue, FoundEntries, FoundRelease, LogEntryRow, Search, Searched, Store},
    text::shell_word,
};

/// What was asked for.
pub(super) struct Asked {
    /// The terms. All of them have to apply.
    pub terms: Vec<Meaning>,
    /// Published, or signed, then or later.
    pub since: Option<DateTime<Utc>>,
    /// Published, or signed, before then.
    pub until: Option<DateTime<Utc>>,
    /// At most so many releases and so many log entries.
    pub limit: usize,
}

/// What was found.
pub(super) struct Answer {
    releases: Vec<ListedRelease>,
    entries: Vec<ListedEntry>,
    alerts: Vec<Alert>,
    limits: Limits,
}

impl Answer {
    /// Searches the store.
    ///
    /// # Errors
    /// Two terms name different packages; else as the store.
    pub fn to(store: &Store, mut asked: Asked, now: DateTime<Utc>) -> Result<Self, CliError> {
        let certified = asked.search(store, |term| term.clue.clone())?;
        let named = asked.named(store)?;
        let found = asked.entries(store)?;
        let limits = Limits {
            terms: asked.terms.iter().map(ReadTerm::from).collect(),
            since: asked.since,
            until: asked.until,
            notes: asked.terms.iter_mut().flat_map(|term| std::mem::take(&mut term.notes)).collect(),
            releases: certified.releases.len(),
            more_releases: certified.has_more,
            named: named.releases.len(),
            more_named: named.has_more,
            log_entries: found.entries.len(),
            more_log_entries: found.has_more,
            not_compared_before: certified.not_before.max(named.not_before),
            limits: limits::sentences(store, &asked.terms)?,
        };
        let alerts = asked.terms.iter_mut().filter_map(|term| term.alert.take());
        let alerts = alerts.map(|alert| Alert { status: alert.status_at(now), ..alert }).collect();
        let releases = [(certified, true), (named, false)].into_iter().flat_map(|(searched, is_certified)| {
            let listed = move |found| (found, is_certified);
            searched.releases.into_iter().map(listed)
        });
        let releases = releases.map(|(found, certified)| ListedRelease::of(store, found, &asked.terms, certified));
        let mut releases: Vec<ListedRelease> = releases.collect::<Result<_, _>>()?;
        let purls: Vec<ReleaseId> = releases.iter().map(|release| release.purl.clone()).collect();
        for (release, uses) in releases.iter_mut().zip(used::of_each(store, &purls)?) {
            release.used_by = uses;
        }
        Ok(Self { releases, entries: found.entries.into_iter().map(ListedEntry::from).collect(), alerts, limits })
    }

    /// The exit code, where findings count from `fail_on` on.
    pub fn exit(&self, fail_on: Severity) -> Exit {
        let is_accused = |alert: &Alert| alert.status != AlertStatus::Resolved && alert.severity >= fail_on;
        let exits: Vec<Exit> = self.releases.iter().map(|release| release.exit(fail_on)).collect();
        let Limits { more_releases, more_named, more_log_entries, not_compared_before, .. } = self.limits;
        let is_cut = more_releases || more_named || more_log_entries || not_compared_before.is_some();
        let is_empty = self.releases.is_empty() && self.entries.is_empty() && self.alerts.is_empty();
        if exits.contains(&Exit::Findings) || self.alerts.iter().any(is_accused) {
            Exit::Findings
        } else if is_empty || is_cut || exits.contains(&Exit::Unchecked) {
            Exit::Unchecked
        } else {
            Exit::Clean
        }
    }

    /// Prints it.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn print(&self, store: &Store, printing: Printing, limit: usize) -> Result<(), CliError> {
        if printing.is_json() {
            self.releases.iter().try_for_each(output::json)?;
            self.entries.iter().try_for_each(output::json)?;
            self.alerts.iter().try_for_each(output::json)?;
            output::json(&self.limits)?;
        } else {
            self.print_for_people(store, limit)?;
        }
        Ok(())
    }

    fn print_for_people(&self, store: &Store, limit: usize) -> Result<(), CliError> {
        for ReadTerm { what, .. } in &self.limits.terms {
            fact_table::say(&format!("Looked for {}.", words::sentence(what)));
        }
        self.print_range();
        self.limits.notes.iter().for_each(|note| fact_table::say(&words::sentence(note)));
        if self.releases.is_empty() && self.entries.is_empty() && self.alerts.is_empty() {
            fact_table::say("Nothing that is stored matches. This does not mean that nothing happened.");
        }
        let (certified, named): (Vec<_>, Vec<_>) = self.releases.iter().partition(|release| release.certified);
        self.print_releases("releases", &certified, self.limits.more_releases, limit);
        self.print_releases(
            "releases that only name it, which nothing certifies",
            &named,
            self.limits.more_named,
            limit,
        );
        if !self.entries.is_empty() {
            fact_table::heading("log entries");
            logged::print(&self.entries);
            more(self.limits.more_log_entries, limit);
        }
        self.print_alerts();
        if !self.releases.is_empty() {
            used::print_each(store, self.releases.iter().map(|one| (&one.purl, one.used_by.as_ref())))?;
        }
        fact_table::heading("what the store cannot know");
        self.limits.limits.iter().for_each(|limit| fact_table::say(&format!("  {}", words::sentence(limit))));
        self.next();
        Ok(())
    }

    fn print_range(&self) {
        let since = self.limits.since.map(|at| format!(" since {}", words::moment(at))).unwrap_or_default();
        let until = self.limits.until.map(|at| format!(" before {}", words::moment(at))).unwrap_or_default();
        if !since.is_empty() || !until.is_empty() {
            fact_table::say(&format!("Only what was published or signed{since}{until}."));
        }
    }

    fn print_releases(&self, heading: &str, releases: &[&ListedRelease], has_more: bool, limit: usize) {
        if releases.is_empty() {
            return;
        }
        fact_table::heading(heading);
        listed::print(releases.iter().copied());
        more(has_more, limit);
        if let Some(before) = self.limits.not_compared_before {
            fact_table::say(&format!(
                "Too many releases fit each term alone: those from before {} were not compared. --until goes on there.",
                words::moment(before)
            ));
        }
    }

    fn print_alerts(&self) {
        if self.alerts.is_empty() {
            return;
        }
        fact_table::heading("alerts");
        for alert in &self.alerts {
            let (id, status, severity) = (alert.id, alert.status.as_str(), output::severity(alert.severity));
            fact_table::say(&format!("  {severity} {id}, {status}: {}", title(alert)));
        }
    }

    fn next(&self) {
        let accused = self.releases.iter().find(|release| release.alert.is_some());
        let mut commands = Vec::new();
        let alert = accused.and_then(|release| release.alert.as_ref()).map(|alert| alert.id);
        if let Some(id) = alert.or_else(|| self.alerts.first().map(|alert| alert.id)) {
            commands.push((format!("provwatch alerts show {id}"), "show the evidence"));
        }
        if let Some(release) = accused.or_else(|| self.releases.first()) {
            let (purl, package) = (shell_word(&release.purl.to_string()), release.purl.package().to_string());
            commands.push((format!("provwatch lookup {purl}"), "show all that is stored of it"));
            commands.push((format!("provwatch timeline {}", shell_word(&package)), "show nearby releases"));
        }
        fact_table::next(&commands);
    }
}

fn more(has_more: bool, limit: usize) {
    if has_more {
        output::note(format_args!("There are more; --limit {} shows them.", limit.saturating_mul(10)));
    }
}

impl Asked {
    /// The releases that meet all terms, each by the traces that are chosen of it.
    pub(super) fn search(&self, store: &Store, clue: impl Fn(&Meaning) -> Clue) -> Result<Searched, CliError> {
        let package = self.package()?;
        let among = self.among();
        let search = Search {
            clues: self.terms.iter().map(clue).filter(|clue| !clue.is_empty()).collect(),
            package,
            among: among.as_deref(),
            signed_as: self.patterns().collect(),
            since: self.since,
            until: self.until,
        };
        Ok(store.search(&search, self.limit)?)
    }

    /// The releases that only name a repository.
    fn named(&self, store: &Store) -> Result<Searched, CliError> {
        if self.terms.iter().all(|term| term.named.is_empty()) {
            return Ok(Searched::default());
        }
        let by_name = |term: &Meaning| if term.named.is_empty() { term.clue.clone() } else { term.named.clone() };
        let mut found = self.search(store, by_name)?;
        let is_certified =
            |one: &FoundRelease| self.terms.iter().all(|term| term.named.is_empty() || one.is_by(&term.clue));
        found.releases.retain(|one| !is_certified(one));
        Ok(found)
    }

    /// The log entries that meet all terms; none, if entries cannot have one of them.
    fn entries(&self, store: &Store) -> Result<FoundEntries, CliError> {
        let clues: Vec<_> = self.terms.iter().map(|term| term.entries.clone()).collect();
        if clues.is_empty() || clues.iter().any(Vec::is_empty) {
            return Ok(FoundEntries::default());
        }
        let mut found = store.entries_by(&clues, self.limit)?;
        found.entries.retain(|row| self.is_signed_in_time(row) && self.is_signed_as(row));
        Ok(found)
    }

    fn is_signed_in_time(&self, row: &LogEntryRow) -> bool {
        let at = row.entry.not_before;
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }

    fn is_signed_as(&self, row: &LogEntryRow) -> bool {
        let subject = row.entry.identity.subject.to_lowercase();
        self.patterns().all(|pattern| fits_across(pattern, &subject))
    }

    fn patterns(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().filter_map(|term| term.signed_as.as_deref())
    }

    /// The package of all terms.
    fn package(&self) -> Result<Option<&Package>, CliError> {
        let mut packages: Vec<&Package> = self.terms.iter().filter_map(|term| term.package.as_ref()).collect();
        packages.dedup();
        match packages[..] {
            [] => Ok(None),
            [package] => Ok(Some(package)),
            [one, other, ..] => {
                Err(CliError::usage(format!("a release is of one package, and not of {one} and {other}"))
                    .next("several terms narrow down together; look for one package after the other"))
            }
        }
    }

    /// The releases among which they have to be.
    fn among(&self) -> Option<Vec<ReleaseId>> {
        let mut sets = self.terms.iter().filter_map(|term| term.among.clone());
        let first = sets.next()?;
        Some(sets.fold(first, |all, other| all.into_iter().filter(|one| other.contains(one)).collect()))
    }
}
