//! Gathers a timeline from the store.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    alerts::Alerts,
    around,
    as_of::{AsOf, At, BaselineThen},
    entry::{Entry, What},
    releases,
};
use crate::{
    model::{BaselineReason, Package, ReleaseId},
    store::{BaselineVersion, EventKind, PackageRow, ReleaseRow, Store, StoreError},
};

/// How many older releases are read to compare the shown ones with.
const COMPARED: usize = 100;
/// Most steps of a baseline that are read.
const STEPS: usize = 20_000;
/// Most events of each kind.
const EVENTS: usize = 1_000;
/// A release joins the baseline at once, if it does within so long.
const AT_ONCE: TimeDelta = TimeDelta::minutes(10);

/// What is asked for.
pub(super) struct Wanted<'a> {
    pub package: &'a Package,
    /// The release whose surroundings are shown.
    pub release: Option<&'a ReleaseId>,
    /// The time of `--at`.
    pub at: At,
    /// At most so many lines.
    pub limit: usize,
    /// Today.
    pub now: DateTime<Utc>,
}

/// A timeline.
pub(super) struct Gathered {
    /// The lines, the latest first.
    pub entries: Vec<Entry>,
    /// What is said of the time of `--at`.
    pub as_of: Option<AsOf>,
    /// Whether there are more lines.
    pub has_more: bool,
}

impl Wanted<'_> {
    /// Reads the store.
    ///
    /// # Errors
    /// As every read.
    pub fn gather(&self, store: &Store) -> Result<Gathered, StoreError> {
        let around = match self.release {
            Some(release) => store.release(release)?.map(|row| row.published_at.unwrap_or(row.observed_at)),
            None => None,
        };
        let (rows, shown) = self.rows(store, around)?;
        let steps = self.steps(store)?;
        let then = BaselineThen::after(steps.iter());
        let package = store.package(self.package)?;
        let alerts = Alerts::of(store, self.package, rows.iter().take(shown).map(|row| &row.purl))?;
        let mut entries = releases::entries(&rows, shown);
        for entry in &mut entries {
            self.complete(entry, &rows, &alerts, &steps, &then);
        }
        let by_purl: BTreeMap<String, &ReleaseRow> = rows.iter().map(|row| (row.purl.to_string(), row)).collect();
        entries.extend(steps.iter().filter(|step| !is_with_release(step, &by_purl)).map(around::step));
        entries.extend(self.events(store)?);
        entries.extend(around::dist_tags(package.as_ref(), self.at));
        entries.extend(alerts.entries(self.at, self.now));
        for change in store.announced_changes_of(self.package)? {
            entries.extend(around::expected(change, self.at));
        }
        entries.extend(around::logged(store, self.package, &rows[..shown], self.at)?);
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
        let as_of = self.at.0.map(|at| self.as_of(at, &rows[..shown], &then, package.as_ref()));
        let has_more = entries.len() > self.limit;
        Ok(Gathered { entries: self.window(entries, around), as_of, has_more })
    }

    /// The releases that were known, the latest first, and how many of them are shown; the others are only compared with.
    fn rows(&self, store: &Store, around: Option<DateTime<Utc>>) -> Result<(Vec<ReleaseRow>, usize), StoreError> {
        let end = self.at.0.unwrap_or(DateTime::<Utc>::MAX_UTC);
        let (mut rows, later) = match around {
            Some(around) => {
                let later = store.releases_after(self.package, around, self.limit / 2)?;
                (store.releases_until(self.package, around.min(end), self.limit + COMPARED)?, later)
            }
            None => (store.releases_until(self.package, end, self.limit + COMPARED)?, Vec::new()),
        };
        rows.extend(later);
        rows.retain(|row| self.at.knows(row.observed_at));
        rows.sort_by_key(|row| std::cmp::Reverse(row.published_at));
        let shown = rows.len().min(self.limit);
        let undated = store.undated_releases(self.package, self.limit)?;
        // They stand nowhere in the order, and are compared with nothing.
        rows.splice(0..0, undated.into_iter().filter(|row| self.at.knows(row.observed_at)));
        let shown = shown + rows.iter().filter(|row| row.published_at.is_none()).count();
        Ok((rows, shown))
    }

    fn steps(&self, store: &Store) -> Result<Vec<BaselineVersion>, StoreError> {
        let mut steps = store.baseline_history(self.package, STEPS)?;
        steps.retain(|step| self.at.knows(step.at));
        Ok(steps)
    }

    fn events(&self, store: &Store) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        for kind in [EventKind::Governance, EventKind::Removed] {
            let events = store.events_of(self.package, Some(kind), EVENTS)?;
            let known = events.into_iter().filter(|event| self.at.knows(event.seen_at));
            entries.extend(known.map(around::event));
        }
        Ok(entries)
    }

    /// Adds to a release what became of it.
    fn complete(
        &self,
        entry: &mut Entry,
        rows: &[ReleaseRow],
        alerts: &Alerts,
        steps: &[BaselineVersion],
        then: &BaselineThen,
    ) {
        let What::Release(release) = &mut entry.what else { return };
        let Some(row) = rows.iter().find(|row| row.purl == release.purl) else { return };
        release.known(row, self.at, then);
        release.raising(alerts.raised(&release.purl, self.at, self.now));
        let purl = release.purl.to_string();
        let joined = steps.iter().find(|step| step.purl.as_deref() == Some(&*purl) && is_at_once(step, row));
        release.joined = joined.map(|step| step.version);
    }

    /// The lines that are shown: the latest, or those around a release.
    fn window(&self, mut entries: Vec<Entry>, around: Option<DateTime<Utc>>) -> Vec<Entry> {
        if let Some(release) = self.release {
            for entry in &mut entries {
                entry.marked = entry.what.is_about(release);
            }
        }
        if let Some(around) = around {
            let place = entries.iter().position(|entry| entry.at <= around).unwrap_or(entries.len());
            let last = entries.len().saturating_sub(self.limit);
            entries.drain(..place.saturating_sub(self.limit / 2).min(last));
        }
        entries.truncate(self.limit);
        entries
    }

    fn as_of(&self, at: DateTime<Utc>, rows: &[ReleaseRow], then: &BaselineThen, package: Option<&PackageRow>) -> AsOf {
        let mut untold = Vec::new();
        let changed = rows.iter().filter(|row| row.updated_at > at).count();
        if changed > 0 {
            untold.push(format!(
                "what later checks changed of {changed} of these releases: evidence, outcome and status are shown as they are \
                 today, and such a release is marked."
            ));
        }
        untold.push("the severity and the findings of an alert before later checks added to them.".to_owned());
        let tags = package.and_then(|row| row.dist_tags.as_ref());
        if tags.is_some_and(|tags| tags.values().any(|tag| tag.since > at)) {
            untold.push("the dist-tags that have moved since: only the last move of each is stored.".to_owned());
        }
        untold.push("events of feeds that were deleted since, after [store] keep.".to_owned());
        AsOf { at, package: self.package.clone(), baseline: then.steps(), untold }
    }
}

/// Whether a step goes without saying: its release joined when it was recorded.
fn is_with_release(step: &BaselineVersion, rows: &BTreeMap<String, &ReleaseRow>) -> bool {
    match step.purl.as_ref().and_then(|purl| rows.get(purl)) {
        Some(row) => is_at_once(step, row),
        // The release is older than what is shown.
        None => step.reason == BaselineReason::Learned,
    }
}

fn is_at_once(step: &BaselineVersion, row: &ReleaseRow) -> bool {
    step.reason == BaselineReason::Learned && (step.at - row.observed_at).abs() <= AT_ONCE
}
