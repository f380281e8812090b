//! The time over which a package was used in one release, or had it as its newest.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::ranks::{Evidence, Ranks};
use crate::{
    model::{Package, Total},
    store::{Store, StoreError, Which},
};

/// The time over which one release of a package counted.
pub(super) struct Span {
    pub package: Package,
    pub evidence: Evidence,
    pub from: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
}

impl Span {
    /// What a project used, and uses.
    pub fn of_project(store: &Store, name: &str, ranks: &mut Ranks<'_>) -> Result<Vec<Self>, StoreError> {
        let mut spans = Vec::new();
        for used in store.uses_of_project(name, Which::All)? {
            let evidence = ranks.evidence(&used.release)?;
            spans.push(Self { package: used.release.package().clone(), evidence, from: used.since, until: used.until });
        }
        Ok(spans)
    }

    /// The newest releases of a package at these times, in order; the last one is the newest now.
    pub fn of_newest(
        store: &Store,
        package: &Package,
        times: impl Iterator<Item = DateTime<Utc>>,
        ranks: &mut Ranks<'_>,
    ) -> Result<Vec<Self>, StoreError> {
        let mut spans: Vec<Self> = Vec::new();
        let mut known = None;
        for at in times {
            let newest = store.siblings(package, at, 1)?.pop().map(|newest| newest.purl);
            let Some(newest) = newest.filter(|newest| known.as_ref() != Some(newest)) else { continue };
            if let Some(last) = spans.last_mut() {
                last.until = Some(at);
            }
            let evidence = ranks.evidence(&newest)?;
            // A release counts at the time at which it was the newest.
            spans.push(Self { package: package.clone(), evidence, from: at, until: None });
            known = Some(newest);
        }
        Ok(spans)
    }

    /// Whether it counted at a time.
    fn covers(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && self.until.is_none_or(|until| until > at)
    }
}

/// The evidence of each package at a time: that of the weakest of its releases.
pub(super) fn evidence_at(spans: &[Span], at: DateTime<Utc>) -> BTreeMap<&Package, Evidence> {
    let mut packages = BTreeMap::new();
    for span in spans.iter().filter(|span| span.covers(at)) {
        let evidence = packages.entry(&span.package).or_insert(span.evidence);
        *evidence = (*evidence).min(span.evidence);
    }
    packages
}

/// How many packages have evidence.
pub(super) fn total(packages: &BTreeMap<&Package, Evidence>) -> Total {
    let count = |wanted: Evidence| packages.values().filter(|one| **one == wanted).count() as u64;
    let (all, with_evidence) = (packages.len() as u64, count(Evidence::With));
    Total {
        packages: all,
        with_evidence,
        without_evidence: count(Evidence::Without),
        unknown: count(Evidence::Unknown),
        percent: (with_evidence * 100).checked_div(all).unwrap_or_default(),
    }
}
