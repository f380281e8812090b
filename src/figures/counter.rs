//! Keeps the stored figures of all projects and of the watchlist current, some at a time.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::counting::Counting;
use crate::{
    clock::Clock,
    store::{FiguresRow, ProjectRow, Store, StoreError},
    watchlist::InUse,
};

/// Projects that one step counts: each takes up to a tenth of a second.
const STEP: usize = 10;
/// The months that are stored.
const MONTHS: u32 = 12;
/// The figures of an unchanged project are counted again after that time: its packages may have gained evidence.
const AGAIN: TimeDelta = TimeDelta::hours(6);
/// The oldest figures that a report shows: the daemon may be busy for some time, or stopped for a short one.
const OLDEST: TimeDelta = TimeDelta::days(1);

/// Counts, and stores what it counted.
#[derive(Debug)]
pub struct Counter {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    watchlist: Arc<InUse>,
}

impl Counter {
    /// The counter of a store.
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>, watchlist: Arc<InUse>) -> Self {
        Self { store, clock, watchlist }
    }

    /// Counts some of what changed, or was counted hours ago; nothing without projects. Returns whether more is due.
    ///
    /// # Errors
    /// The store failed. The next step repeats it.
    pub fn step(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let projects = self.store.inventory_projects()?;
        let present: Vec<&ProjectRow> = projects.iter().filter(|project| project.removed_at.is_none()).collect();
        if present.is_empty() {
            return Ok(false);
        }
        let stored = self.store.stored_figures()?;
        let is_due = |of: Option<&ProjectRow>| stored.of(of).is_none_or(|row| !is_within(AGAIN, row, of, now));
        let all = present.into_iter().map(Some).chain([None]);
        let due: Vec<_> = all.filter(|of| is_due(*of)).collect();
        if due.is_empty() {
            return Ok(false);
        }
        let watchlist = self.watchlist.now();
        let mut counting = Counting::at(now, MONTHS, &self.store, &watchlist)?;
        for of in due.iter().take(STEP) {
            let figures = counting.count(*of)?;
            self.store.store_figures(*of, &figures, now)?;
        }
        Ok(due.len() > STEP)
    }
}

/// Whether stored figures of a project, or of the watchlist, may stand for those of now.
pub(crate) fn is_current(row: &FiguresRow, project: Option<&ProjectRow>, now: DateTime<Utc>) -> bool {
    is_within(OLDEST, row, project, now)
}

fn is_within(age: TimeDelta, row: &FiguresRow, project: Option<&ProjectRow>, now: DateTime<Utc>) -> bool {
    now - row.counted_at < age && project.is_none_or(|project| project.changed_at <= row.counted_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::ManualClock,
        model::{DependencyScope, Locked, Place, ReleaseId},
        store::Upload,
        watchlist::Watchlist,
    };

    struct Lab {
        store: Arc<Store>,
        clock: Arc<ManualClock>,
        counter: Counter,
    }

    impl Lab {
        fn new() -> Self {
            let store = Arc::new(Store::in_memory().unwrap());
            let clock = Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z"));
            let watchlist = Arc::new(InUse::new(Watchlist::default()));
            let counter = Counter::new(Arc::clone(&store), Arc::clone(&clock) as Arc<dyn Clock>, watchlist);
            Self { store, clock, counter }
        }

        fn upload(&self, project: &str, releases: &[&str]) {
            let locked = |purl: &&str| Locked {
                release: purl.parse::<ReleaseId>().unwrap(),
                place: Place { scope: DependencyScope::Required, depth: Some(1), through: None },
                digests: Vec::new(),
                vex: None,
                reachability: None,
            };
            let (project, at) = (project.parse().unwrap(), self.clock.now());
            let locked: Vec<Locked> = releases.iter().map(locked).collect();
            let upload = Upload { project: &project, kind: None, owner: None, locked: &locked, at };
            self.store.upload(&upload, at).unwrap();
        }

        /// When the figures of a project, and how many packages, were counted.
        fn counted(&self, project: Option<&str>) -> Option<(String, u64)> {
            let project = project.map(|name| self.store.inventory_project(name).unwrap().unwrap());
            let stored = self.store.stored_figures().unwrap();
            let row = stored.of(project.as_ref())?;
            Some((row.counted_at.format("%H:%M").to_string(), row.figures.now.packages))
        }

        fn is_current(&self, project: &str) -> bool {
            let project = self.store.inventory_project(project).unwrap().unwrap();
            let stored = self.store.stored_figures().unwrap();
            stored.of(Some(&project)).is_some_and(|row| is_current(row, Some(&project), self.clock.now()))
        }
    }

    #[test]
    fn figures_follow_uploads_and_are_counted_again_after_hours() {
        let lab = Lab::new();
        assert!(!lab.counter.step().unwrap());
        assert_eq!(lab.counted(None), None, "without projects there is nothing to count");
        let at = |time: &str, packages| Some((time.to_owned(), packages));
        lab.upload("shop", &["pkg:npm/a@1.0.0"]);
        lab.upload("desk", &["pkg:npm/a@1.0.0", "pkg:npm/a@2.0.0"]);
        assert!(!lab.is_current("shop") && !lab.counter.step().unwrap());
        assert_eq!(
            (lab.counted(Some("shop")), lab.counted(Some("desk")), lab.counted(None)),
            (at("12:00", 1), at("12:00", 1), at("12:00", 0))
        );
        lab.clock.advance(std::time::Duration::from_hours(1));
        lab.upload("shop", &["pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0"]);
        assert!(!lab.is_current("shop") && lab.is_current("desk"));
        lab.counter.step().unwrap();
        assert_eq!((lab.counted(Some("shop")), lab.counted(Some("desk"))), (at("13:00", 2), at("12:00", 1)));
        lab.clock.advance(std::time::Duration::from_hours(5));
        lab.counter.step().unwrap();
        assert_eq!((lab.counted(Some("shop")), lab.counted(Some("desk"))), (at("13:00", 2), at("18:00", 1)));
        lab.clock.advance(std::time::Duration::from_hours(24));
        assert!(!lab.is_current("desk"), "the daemon stands still");
    }

    #[test]
    fn a_step_counts_some() {
        let lab = Lab::new();
        (0..12).for_each(|number| lab.upload(&format!("p{number}"), &["pkg:npm/a@1.0.0"]));
        assert!(lab.counter.step().unwrap() && !lab.counter.step().unwrap());
        assert!((0..12).all(|number| lab.is_current(&format!("p{number}"))));
    }
}
