//! The figures of a project, a vendor, or the watchlist: packages with evidence, changes, and open alerts.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    months::{Month, Months},
    spans::{Span, Total},
};
use crate::{
    cli::{
        exit::CliError,
        inventory::{ranks::Ranks, unwatched::unwatched},
    },
    model::{Alert, Package},
    store::{ProjectRow, Store},
    watchlist::Watchlist,
};

/// The figures of a project, a vendor, or the watchlist.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Figures {
    /// `project`, `vendor` or `watchlist`.
    pub(super) subject: &'static str,
    /// Its name; the watchlist has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// The team that answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<String>,
    /// Its packages now.
    pub(super) now: Total,
    /// The packages that gained evidence over the months.
    pub(super) gained: u64,
    /// The packages that lost evidence over the months.
    pub(super) lost: u64,
    /// The open alerts about its packages.
    pub(super) open_alerts: usize,
    /// Its packages that are not watched.
    pub(super) unwatched: Vec<Package>,
    /// The months, the earliest first.
    pub(super) months: Vec<Month>,
}

/// What all figures are made of.
pub(super) struct Around<'a> {
    pub store: &'a Store,
    pub watchlist: Watchlist,
    pub alerts: BTreeMap<Package, Vec<Alert>>,
    pub months: Months,
}

impl Around<'_> {
    pub fn of_project(&self, project: &ProjectRow, ranks: &mut Ranks<'_>) -> Result<Figures, CliError> {
        let spans = Span::of_project(self.store, &project.name, ranks)?;
        let (name, owner) = (Some(project.name.clone()), project.owner.clone());
        Ok(self.figures(project.kind.as_str(), name, owner, &spans))
    }

    pub fn of_watchlist(&self, ranks: &mut Ranks<'_>) -> Result<Figures, CliError> {
        let stored = self.store.packages()?.into_iter().map(|row| row.package);
        let watched: BTreeSet<Package> =
            stored.filter(|package| self.watchlist.matches(package).is_some()).collect();
        let mut spans = Vec::new();
        for package in watched {
            spans.extend(Span::of_newest(self.store, &package, self.months.ends(), ranks)?);
        }
        Ok(self.figures("watchlist", None, None, &spans))
    }

    fn figures(
        &self,
        subject: &'static str,
        name: Option<String>,
        owner: Option<String>,
        spans: &[Span],
    ) -> Figures {
        let (months, now) = self.months.of(spans);
        let packages: BTreeSet<&Package> =
            spans.iter().filter(|span| span.until.is_none()).map(|span| &span.package).collect();
        let open = packages.iter().filter_map(|package| self.alerts.get(*package)).map(Vec::len).sum();
        Figures {
            subject,
            name,
            owner,
            now,
            gained: months.iter().map(|month| month.gained).sum(),
            lost: months.iter().map(|month| month.lost).sum(),
            open_alerts: open,
            unwatched: unwatched(&self.watchlist, packages),
            months,
        }
    }
}
