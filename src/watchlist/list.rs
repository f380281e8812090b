//! The watchlist: watched packages, exclusions, and policies.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Entry, Tier,
    globs::Globs,
    layer::Layer,
    reason::{Match, Reason, Why},
};
use crate::model::{Alert, EffectivePolicy, Package, Policy, Quiet, TierPolicy};

/// The watched packages. Exact purls come before globs, longer globs before shorter ones, later files before earlier
/// ones, a file before its includes; an exclusion comes before everything.
#[derive(Debug, Default)]
pub struct Watchlist {
    pub(super) watched: Layer,
    pub(super) excluded: Layer,
    /// What is demanded of the packages of a tier, wherever they are listed.
    pub(super) tiers: BTreeMap<Tier, TierPolicy>,
    pub(super) warnings: Vec<String>,
}

impl Watchlist {
    /// The entry by which a package is watched; `None`: it is not.
    pub fn matches(&self, package: &Package) -> Option<Match<'_>> {
        if self.excluded.find(package).is_some() {
            return None;
        }
        self.watched.find(package).map(|entry| Match { tier: self.watched.tier(package, entry), entry })
    }

    /// Every entry that matches a package.
    pub fn why(&self, package: &Package) -> Why {
        Why {
            package: package.clone(),
            tier: self.matches(package).map(|found| found.tier),
            included_by: self.watched.reasons(package, true),
            excluded_by: self.excluded.reasons(package, false),
        }
    }

    /// The packages that are watched by their own name, not only by a glob; in no order.
    pub fn packages(&self) -> impl Iterator<Item = (&Package, Match<'_>)> {
        let kept = self.watched.exact().filter(|(package, _)| self.excluded.find(package).is_none());
        kept.map(|(package, entry)| (package, Match { tier: self.watched.tier(package, entry), entry }))
    }

    /// Every pattern that includes packages, by ecosystem and name, also patterns of excluded packages.
    pub(crate) fn included(&self) -> Vec<Reason> {
        self.watched.all(true)
    }

    /// Every pattern that excludes packages, by ecosystem and name.
    pub(crate) fn excluded(&self) -> Vec<Reason> {
        self.excluded.all(false)
    }

    /// The policy for a package: that of its own entry, completed by those of the matching patterns, the longest first,
    /// and last by its tier's.
    pub fn policy(&self, package: &Package) -> Option<EffectivePolicy> {
        let found = self.matches(package)?;
        let of_entries = self.watched.entries(package).filter_map(|entry| entry.policy.as_deref());
        let of_entries =
            of_entries.fold(None, |all: Option<Policy>, one| Some(all.map_or_else(|| one.clone(), |all| all.or(one))));
        EffectivePolicy::of(of_entries, self.tiers.get(&found.tier))
    }

    /// The team that answers for a package: that of the most specific entry that names one, else its tier's.
    pub fn team(&self, package: &Package) -> Option<String> {
        let found = self.matches(package)?;
        let of_entry = self.watched.entries(package).find_map(|entry| entry.team.as_deref());
        let of_tier = || self.tiers.get(&found.tier).and_then(|tier| tier.team.clone());
        of_entry.map(str::to_owned).or_else(of_tier)
    }

    /// Whether an entry says that packages are the operator's own.
    pub fn has_own(&self) -> bool {
        self.all_entries().any(|entry| entry.own == Some(true))
    }

    /// Every entry that includes packages, in no order.
    fn all_entries(&self) -> impl Iterator<Item = &Entry> {
        let globs = self.watched.globs.values().flat_map(Globs::iter).map(|(_, entry)| entry);
        self.watched.exact().map(|(_, entry)| entry).chain(globs)
    }

    /// Whether a package is the operator's own, by the most specific entry that says so.
    pub fn is_own(&self, package: &Package) -> bool {
        self.matches(package).is_some() && self.watched.entries(package).find_map(|entry| entry.own).unwrap_or(false)
    }

    /// Every team that an entry or a tier names.
    pub fn teams(&self) -> BTreeSet<String> {
        let of_tiers = self.tiers.values().filter_map(|tier| tier.team.clone());
        let of_entries = self.all_entries().filter_map(|entry| entry.team.as_deref());
        of_entries.map(str::to_owned).chain(of_tiers).collect()
    }

    /// The alert with the tier and the team of its package; they stand in messages, and subscriptions select by them.
    #[must_use]
    pub fn stamped(&self, alert: Alert) -> Alert {
        let Some(package) = alert.of_package() else { return alert };
        let (tier, team) = (self.matches(package).map(|found| found.tier), self.team(package));
        Alert { tier, team, ..alert }
    }

    /// Every detector that a policy suppresses.
    pub(crate) fn quiet(&self) -> impl Iterator<Item = &Quiet> {
        let entries = self.all_entries().filter_map(|entry| entry.policy.as_deref());
        let policies = entries.chain(self.tiers.values().filter_map(|tier| tier.expect.as_ref()));
        policies.flat_map(|policy| &policy.quiet)
    }

    /// The number of packages listed by name, and of globs.
    pub fn counts(&self) -> (usize, usize) {
        (self.packages().count(), self.watched.globs.values().map(Globs::len).sum())
    }

    /// Whether the watchlist is empty.
    pub fn is_empty(&self) -> bool {
        self.watched.exact().next().is_none() && self.watched.globs.values().all(|globs| globs.len() == 0)
    }

    /// Valid but probably unintended entries: globs that match a whole registry, entries that are also excluded.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    pub(super) fn finish(&mut self) {
        for globs in self.watched.globs.values_mut().chain(self.excluded.globs.values_mut()) {
            globs.finish();
        }
        let contradictions = self.watched.exact().filter_map(|(package, entry)| {
            let exclusion = self.excluded.find(package)?;
            let (file, line) = (entry.file.display(), entry.line);
            let (by, by_line) = (exclusion.file.display(), exclusion.line);
            Some(format!("{file}:{line}: {package} is listed, and excluded at {by}:{by_line}; it is not watched"))
        });
        let mut contradictions: Vec<_> = contradictions.collect();
        contradictions.sort();
        self.warnings.append(&mut contradictions);
    }
}
