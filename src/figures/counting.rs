//! Counts the packages of a project, or of the watchlist: with evidence, by month, and with open alerts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{months::Months, open_alerts::open_alerts, ranks::Ranks, spans::Span};
use crate::{
    model::{Figures, Package},
    store::{ProjectRow, Store, StoreError},
    watchlist::Watchlist,
};

/// What all figures are made of. It reads each release and alert once.
pub(crate) struct Counting<'a> {
    store: &'a Store,
    watchlist: &'a Watchlist,
    months: Months,
    /// How many open alerts there are about a package.
    alerts: BTreeMap<Package, u64>,
    ranks: Ranks<'a>,
}

impl<'a> Counting<'a> {
    /// The figures at a time, with so many months up to it.
    ///
    /// # Errors
    /// As every read.
    pub fn at(now: DateTime<Utc>, months: u32, store: &'a Store, watchlist: &'a Watchlist) -> Result<Self, StoreError> {
        let alerts = open_alerts(store, now)?.into_iter().map(|(package, alerts)| (package, alerts.len() as u64));
        let (alerts, ranks) = (alerts.collect(), Ranks::of(store));
        Ok(Self { store, watchlist, months: Months::before(now, months), alerts, ranks })
    }

    /// Those of a project, or without one of the watchlist.
    ///
    /// # Errors
    /// As every read.
    pub fn count(&mut self, project: Option<&ProjectRow>) -> Result<Figures, StoreError> {
        let spans = match project {
            Some(project) => Span::of_project(self.store, &project.name, &mut self.ranks)?,
            None => self.of_watchlist()?,
        };
        let (months, now) = self.months.of(&spans);
        let packages: BTreeSet<&Package> =
            spans.iter().filter(|span| span.until.is_none()).map(|span| &span.package).collect();
        Ok(Figures {
            now,
            open_alerts: packages.iter().filter_map(|package| self.alerts.get(*package)).sum(),
            unwatched: unwatched(self.watchlist, packages).len() as u64,
            months,
        })
    }

    fn of_watchlist(&mut self) -> Result<Vec<Span>, StoreError> {
        let stored = self.store.packages()?.into_iter().map(|row| row.package);
        let watched = stored.filter(|package| self.watchlist.matches(package).is_some());
        let mut spans = Vec::new();
        for package in watched {
            spans.extend(Span::of_newest(self.store, &package, self.months.ends(), &mut self.ranks)?);
        }
        Ok(spans)
    }
}

/// The packages that are not watched, and that the watchlist does not exclude on purpose.
pub(crate) fn unwatched<'a>(
    watchlist: &Watchlist,
    packages: impl IntoIterator<Item = &'a Package>,
) -> BTreeSet<Package> {
    let is_left_out =
        |package: &&Package| watchlist.matches(package).is_none() && watchlist.why(package).excluded_by.is_empty();
    packages.into_iter().filter(is_left_out).cloned().collect()
}
