//! Indexes patterns of all registries by the packages that match them.

use std::collections::{BTreeMap, HashMap};

use super::{Glob, Pattern, Tier, entry::Entry, globs::Globs, reason::Reason};
use crate::model::{Ecosystem, Package, RegistryKey};

/// Packages of one registry by their distinct names. Large values are boxed: a growing table is in memory twice for a
/// moment.
type Named = HashMap<Box<str>, Box<(Package, Entry)>>;

/// Patterns and their entries.
#[derive(Debug, Default)]
pub(super) struct Layer {
    /// By the name that no other package of the public registry can have.
    exact: BTreeMap<Ecosystem, Named>,
    /// The same of the other registries.
    others: HashMap<RegistryKey, Named>,
    pub(super) globs: BTreeMap<Ecosystem, Globs>,
}

impl Layer {
    pub(super) fn insert(&mut self, pattern: Pattern, entry: Entry) {
        match pattern {
            Pattern::Exact(package) => {
                let exact = if package.is_public() {
                    self.exact.entry(package.ecosystem()).or_default()
                } else {
                    self.others.entry(package.registry()).or_default()
                };
                let name: Box<str> = package.distinct_name().into();
                let entry = entry.over(exact.remove(&name).map(|named| named.1));
                exact.insert(name, Box::new((package, entry)));
            }
            Pattern::Glob(glob) => self.globs.entry(glob.ecosystem()).or_default().insert(glob, entry),
        }
    }

    pub(super) fn find(&self, package: &Package) -> Option<&Entry> {
        let name = package.distinct_name();
        let of_pattern = || self.globs(package).and_then(|globs| globs.longest(&name));
        self.named(package, &name).map(|(_, entry)| entry).or_else(of_pattern)
    }

    /// Every entry that names one package, in no order.
    pub(super) fn exact(&self) -> impl Iterator<Item = (&Package, &Entry)> {
        let all = self.exact.values().chain(self.others.values());
        all.flat_map(HashMap::values).map(|named| (&named.0, &named.1))
    }

    /// The entry with this package's name, with its spelling there.
    fn named(&self, package: &Package, distinct_name: &str) -> Option<(&Package, &Entry)> {
        let exact = if package.is_public() {
            self.exact.get(&package.ecosystem())?
        } else {
            self.others.get(&package.registry())?
        };
        exact.get(distinct_name).map(|named| (&named.0, &named.1))
    }

    /// The tier of a package whose most specific entry is `entry`. An entry without a tier takes that of the next
    /// matching pattern, and at least its file's default: listing a package by name lowers nothing.
    pub(super) fn tier(&self, package: &Package, entry: &Entry) -> Tier {
        if let Some(said) = entry.said_tier {
            return said;
        }
        let entries: Vec<_> = self.entries(package).collect();
        entries
            .iter()
            .rev()
            .fold(Tier::Normal, |of_others, entry| entry.said_tier.unwrap_or_else(|| entry.default_tier.max(of_others)))
    }

    /// Every entry that matches a package, the most specific first.
    pub(super) fn entries(&self, package: &Package) -> impl Iterator<Item = &Entry> {
        let name = package.distinct_name();
        let globs = self.globs(package).map(|globs| globs.all(&name)).unwrap_or_default();
        let globs = globs.into_iter().map(|(_, entry)| entry);
        self.named(package, &name).map(|(_, entry)| entry).into_iter().chain(globs)
    }

    /// The patterns that may match a package: they are of the public registry.
    fn globs(&self, package: &Package) -> Option<&Globs> {
        self.globs.get(&package.ecosystem()).filter(|_| package.is_public())
    }

    pub(super) fn reasons(&self, package: &Package, tiers: bool) -> Vec<Reason> {
        let name = package.distinct_name();
        let exact = self.named(package, &name).map(|named| self.reason_of_name(named, tiers));
        let globs = self.globs(package).map(|globs| globs.all(&name)).unwrap_or_default();
        let globs = globs.into_iter().map(|found| Self::reason_of_glob(found, tiers));
        exact.into_iter().chain(globs).collect()
    }

    pub(super) fn all(&self, tiers: bool) -> Vec<Reason> {
        let exact = self.exact().map(|named| self.reason_of_name(named, tiers));
        let globs = self.globs.values().flat_map(Globs::iter).map(|found| Self::reason_of_glob(found, tiers));
        let mut all: Vec<_> = exact.chain(globs).collect();
        all.sort_by(|a, b| a.pattern.cmp(&b.pattern));
        all
    }

    fn reason_of_name(&self, (package, entry): (&Package, &Entry), tiers: bool) -> Reason {
        Reason::new(package.to_string(), entry, tiers.then(|| self.tier(package, entry)))
    }

    fn reason_of_glob((glob, entry): (&Glob, &Entry), tiers: bool) -> Reason {
        Reason::new(glob.to_string(), entry, tiers.then(|| entry.own_tier()))
    }
}
