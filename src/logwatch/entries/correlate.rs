//! Correlates log entries with releases: the release that carries an entry explains it. The detectors of
//! [`crate::detect::ENTRY_DETECTORS`] judge the entries that no release carries.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    entry_alert::{EntryAlerts, Finding, links},
    explained::explanation,
    flood,
    own_entries::{self, OwnEntries, OwnSignature},
};
use crate::{
    clock::Clock,
    detect::{EntryChange, Explanation, KnownWorkflow, Logged, OwnEntry, inspect_entry, own_explanation},
    logwatch::{rows::place, settings::LogSettings},
    model::{Baseline, Links, LogEntry, Package, ReleaseId, Signal},
    store::{LogEntryRow, Store, StoreError, WorkflowRow},
    upkeep::WallClock,
};

/// Entries that are read at once for correlation.
const PORTION: usize = 500;

/// Most entries that are correlated in one round.
const ROUND: usize = 10_000;

/// Most entries with forged certificates that are kept of one log. The alert about them counts the others.
const FORGED_KEPT: usize = 1_000;

/// The detector of signatures without a run.
const OWN: &str = "own-signature-unexplained";

/// Most package names in a title.
const NAMED: usize = 3;

/// For so long a release may still explain an entry whose correlation is closed.
const REMEMBERED: TimeDelta = TimeDelta::days(7);

/// For so long after a log is first followed, the workflows of a repository are learned without alerts.
const LEARNING: TimeDelta = TimeDelta::days(14);

/// The context of an entry.
struct Surroundings {
    baselines: Vec<Baseline>,
    workflows: Vec<KnownWorkflow>,
    explained_by: Option<ReleaseId>,
    late: bool,
    learning: bool,
    own: Option<OwnSignature>,
}

/// Correlates log entries with releases.
#[derive(Debug)]
pub struct Correlator {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub settings: Arc<LogSettings>,
    pub wall_clock: Arc<WallClock>,
    pub alerts: Arc<EntryAlerts>,
    pub own: OwnEntries,
}

impl Correlator {
    /// Checks every open entry: raises the signals about it, and closes it when a release explains it or its time is
    /// over.
    ///
    /// # Errors
    /// The store failed.
    pub fn judge_entries(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.explain_late(now)?;
        let mut forged = BTreeSet::new();
        let mut portion = self.store.unjudged_entries(None, PORTION)?;
        while let Some(last) = portion.last() {
            let next = self.store.unjudged_entries(Some(last), PORTION);
            for row in &portion {
                match self.judge_entry(row, now) {
                    // The damaged row is set aside and built again; the entry waits.
                    Err(StoreError::DamagedRow { .. }) => {}
                    judged => judged?,
                }
            }
            forged.extend(portion.iter().filter(|row| row.entry.not_issued.is_some()).map(|row| row.log.clone()));
            portion = next?;
        }
        forged.iter().try_for_each(|log| self.store.forget_forged(log, FORGED_KEPT))
    }

    /// Asks the forges for the runs behind open entries of one's own repositories.
    ///
    /// # Errors
    /// The store failed.
    pub async fn look_up_own_runs(&self) -> Result<(), StoreError> {
        if self.own.asks() {
            self.own.ask(&self.store.unjudged_entries(None, ROUND)?).await;
        }
        Ok(())
    }

    fn judge_entry(&self, row: &LogEntryRow, now: DateTime<Utc>) -> Result<(), StoreError> {
        // Found by a [[logs.match]] alone: its alert was raised, and no release is expected.
        let is_of_match = row.entry.packages.is_empty() && row.entry.not_issued.is_none();
        if is_of_match && !self.own.is_own(row) {
            let explained_by = explanation(&self.store, row)?;
            return self.store.judge_entry(row, explained_by.as_ref(), now);
        }
        let around = self.surroundings(row, now)?;
        let place = place(&self.store, &row.log, row.entry.index)?;
        let logged = logged(row, &around);
        let mut signals = inspect_entry(&EntryChange::Logged(logged));
        signals.retain(|signal| !is_of_match || signal.detector == OWN);
        for signal in signals {
            let finding = finding(&signal, &place, row, now);
            self.alerts.raise(&finding, signal, now)?;
        }
        let awaits_run = matches!(own_explanation(&logged), Some(Explanation::Awaited(_)));
        let is_settled = is_of_match || row.entry.not_issued.is_some() || around.explained_by.is_some() || around.late;
        if is_settled && !awaits_run {
            self.store.judge_entry(row, around.explained_by.as_ref(), now)?;
        }
        Ok(())
    }

    /// Accepts releases that arrive after their entries were closed as explanations: the workflow does not habitually
    /// sign unpublished files.
    fn explain_late(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        for row in self.store.unexplained_entries(now - REMEMBERED, ROUND)? {
            if let Some(release) = explanation(&self.store, &row)? {
                self.store.explain_entry(&row, &release)?;
            }
        }
        Ok(())
    }

    /// The time since which entries of this log, or of one that it continues, are known.
    fn followed_since(&self, name: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
        let rows = self.store.logs()?;
        let Some(kind) = rows.iter().find(|row| row.name == name).map(|row| row.kind) else { return Ok(now) };
        let tailed = rows.iter().filter(|row| row.kind == kind && row.tail.is_some());
        Ok(tailed.map(|row| row.first_seen).min().unwrap_or(now))
    }

    fn surroundings(&self, row: &LogEntryRow, now: DateTime<Utc>) -> Result<Surroundings, StoreError> {
        let repository = row.entry.identity.claims.source_repository_uri.clone().unwrap_or_default();
        let baselines = row.entry.packages.iter().map(|package| Ok(self.store.baseline(package)?.baseline));
        let baselines = baselines.collect::<Result<Vec<_>, StoreError>>()?;
        let followed_since = self.followed_since(&row.log, now)?;
        Ok(Surroundings {
            own: self.own.signature(row, &baselines, now)?,
            baselines,
            workflows: self.store.log_workflows(&repository)?.into_iter().map(known).collect(),
            explained_by: explanation(&self.store, row)?,
            // Events before this process started are not known yet when it starts.
            late: now - row.seen_at.max(self.wall_clock.began()) > self.settings.window,
            learning: now - followed_since < LEARNING,
        })
    }
}

fn known(row: WorkflowRow) -> KnownWorkflow {
    KnownWorkflow { workflow: row.workflow, entries: row.entries, explained: row.explained }
}

fn logged<'a>(row: &'a LogEntryRow, around: &'a Surroundings) -> Logged<'a> {
    Logged {
        identity: &row.entry.identity,
        not_issued: row.entry.not_issued.as_deref(),
        baselines: &around.baselines,
        workflows: &around.workflows,
        explained: around.explained_by.is_some(),
        late: around.late,
        learning: around.learning,
        own: around.own.as_ref().map(|own| OwnEntry {
            runs: &own.runs,
            told: own.told(row.entry.identity.claims.run_invocation_uri.as_deref()),
            workflows: &own.workflows,
            digest: own_entries::digest(row),
            seen_at: row.seen_at,
        }),
    }
}

/// Anyone can forge an entry: all forged entries about a package share one alert. Issued certificates have one alert
/// for each workflow of a repository.
fn finding<'a>(signal: &Signal, place: &'a LogEntry, row: &'a LogEntryRow, now: DateTime<Utc>) -> Finding<'a> {
    let identity = &row.entry.identity;
    let repository = identity.claims.source_repository_uri.as_deref().unwrap_or(&identity.subject);
    let is_forged = row.entry.not_issued.is_some();
    let (subject, who) = if is_forged {
        (format!("{} {}", signal.detector, named(row)), named_in_short(row))
    } else {
        // Each run of one's own repositories is a finding of its own.
        let is_own = signal.detector == OWN;
        let run = identity.claims.run_invocation_uri.as_deref().filter(|_| is_own);
        let workflow = run.or(identity.workflow()).unwrap_or_default();
        (format!("{} {repository} {workflow}", signal.detector), identity.to_string())
    };
    let scope = if is_forged { flood::of_forgers(now) } else { flood::of_repository(signal, row, now) };
    Finding {
        subject,
        place,
        who,
        matched: (!row.entry.patterns.is_empty()).then(|| row.entry.patterns.join(", ")),
        scopes: vec![scope],
        row: Some(row),
        packages: row.entry.packages.iter().map(Package::to_string).collect(),
        members: Vec::new(),
        links: if is_forged { Links::default() } else { links(identity) },
    }
}

/// The supposed subject of an entry: its packages, or else the matches that found it.
fn named(row: &LogEntryRow) -> String {
    let packages = || row.entry.packages.iter().map(Package::to_string).collect::<Vec<_>>().join(" ");
    if row.entry.packages.is_empty() { row.entry.patterns.join("\n") } else { packages() }
}

fn named_in_short(row: &LogEntryRow) -> String {
    let packages = &row.entry.packages;
    if packages.is_empty() {
        return row.entry.patterns.join(", ");
    }
    let names: Vec<_> = packages.iter().take(NAMED).map(Package::to_string).collect();
    match packages.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
