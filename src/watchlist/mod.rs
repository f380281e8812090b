//! Which packages are watched: parse, match, explain.
//!
//! A watchlist is one or more TOML files of purls and globs, which may include others and the curated lists that ship
//! with provwatch. [`Watchlist::matches`] is asked for every event of every feed, so it allocates nothing.

mod curated;
mod edit;
mod file;
mod fingerprint;
mod globs;
pub mod import;
mod in_use;
mod pattern;
mod tier;

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use schemars::JsonSchema;
use serde::Serialize;

pub use curated::CURATED;
pub use edit::{Addition, EditError, add, add_all, remove, set_tier};
pub use file::{WatchlistError, json_schema};
pub use in_use::InUse;
pub use pattern::Pattern;
pub use tier::Tier;

use crate::model::{Ecosystem, Package, Policy, Quiet, RegistryKey};
use globs::Globs;
use pattern::Glob;

/// The commented file that `provwatch init` writes.
pub const TEMPLATE: &str = include_str!("template.toml");

/// What is watched. Exact purls come before globs, longer globs before shorter ones, later files before earlier ones, a
/// file before what it includes; an exclusion comes before everything.
#[derive(Debug, Default)]
pub struct Watchlist {
    watched: Layer,
    excluded: Layer,
    /// What is demanded of the packages of a tier, wherever they are listed. The first file that says it decides.
    tiers: BTreeMap<Tier, Arc<Policy>>,
    warnings: Vec<String>,
}

/// Packages of one registry by their distinct names. What is large is boxed: a table that grows is there twice for a moment.
type Named = HashMap<Box<str>, Box<(Package, Entry)>>;

/// Patterns and where they stand.
#[derive(Debug, Default)]
struct Layer {
    /// By the name that no other package of the public registry can have.
    exact: [Named; Ecosystem::ALL.len()],
    /// The same of the other registries.
    others: HashMap<RegistryKey, Named>,
    globs: [Globs; Ecosystem::ALL.len()],
}

/// Where a pattern stands, and what is said of it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The tier that it says itself.
    pub said_tier: Option<Tier>,
    /// The tier of its file's entries that say none.
    pub default_tier: Tier,
    /// The operator's remark.
    pub note: Option<Box<str>>,
    /// What the operator demands of it.
    pub policy: Option<Arc<Policy>>,
    /// The file, or `curated:npm`.
    pub file: Arc<Path>,
    /// The line, from 1.
    pub line: u32,
}

impl Entry {
    /// This entry in the place of another one of the same name, whose tier and demands hold where this one has none.
    fn over(self, replaced: Option<Self>) -> Self {
        let Some(replaced) = replaced else { return self };
        let policy = match (self.policy, replaced.policy) {
            (Some(own), Some(other)) => Some(Arc::new(Policy::clone(&own).or(&other))),
            (own, other) => own.or(other),
        };
        Self {
            said_tier: self.said_tier.or(replaced.said_tier),
            default_tier: self.default_tier.max(replaced.default_tier),
            policy,
            ..self
        }
    }

    /// The tier by what this entry says alone.
    fn own_tier(&self) -> Tier {
        self.said_tier.unwrap_or(self.default_tier)
    }
}

/// Why a package is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match<'a> {
    /// How important it is.
    pub tier: Tier,
    /// The entry that decides.
    pub entry: &'a Entry,
}

/// The whole story of a package: [`Watchlist::why`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Why {
    /// The package.
    pub package: Package,
    /// Its tier, if it is watched.
    pub tier: Option<Tier>,
    /// The patterns that include it, the deciding one first.
    pub included_by: Vec<Reason>,
    /// The patterns that exclude it.
    pub excluded_by: Vec<Reason>,
}

/// One pattern that speaks of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reason {
    /// The pattern.
    pub pattern: String,
    /// Its tier; exclusions have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// The operator's remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The file, or `curated:npm`.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u32,
}

impl Watchlist {
    /// Reads watchlist files and what they include, and merges them.
    ///
    /// # Errors
    /// A file that cannot be read, or everything that is wrong with one.
    pub fn load(files: &[PathBuf]) -> Result<Self, WatchlistError> {
        let mut watchlist = Self::default();
        for path in files {
            file::load(path, &mut watchlist)?;
        }
        watchlist.finish();
        Ok(watchlist)
    }

    /// Parses one watchlist. `origin` is the file that messages name, and whose folder includes are taken from.
    ///
    /// # Errors
    /// Everything that is wrong with it, or an included file that cannot be read.
    pub fn parse(text: &str, origin: &Path) -> Result<Self, WatchlistError> {
        let mut watchlist = Self::default();
        file::parse(text, origin, &mut watchlist)?;
        watchlist.finish();
        Ok(watchlist)
    }

    /// Whether a package is watched, and by which entry.
    pub fn matches(&self, package: &Package) -> Option<Match<'_>> {
        if self.excluded.find(package).is_some() {
            return None;
        }
        self.watched.find(package).map(|entry| Match { tier: self.watched.tier(package, entry), entry })
    }

    /// Every entry that speaks of a package.
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

    /// Every pattern that includes packages, by ecosystem and name; those of packages that are excluded are among them.
    pub fn included(&self) -> Vec<Reason> {
        self.watched.all(true)
    }

    /// Every pattern that excludes packages, by ecosystem and name.
    pub fn excluded(&self) -> Vec<Reason> {
        self.excluded.all(false)
    }

    /// What is demanded of a package: by its own entry, where that says nothing by the patterns that it fits, the longest
    /// first, and last by its tier.
    pub fn policy(&self, package: &Package) -> Option<Policy> {
        let found = self.matches(package)?;
        let of_entries = self.watched.entries(package).filter_map(|entry| entry.policy.as_deref());
        let of_tier = self.tiers.get(&found.tier).map(|policy| &**policy);
        of_entries
            .chain(of_tier)
            .fold(None, |all: Option<Policy>, one| Some(all.map_or_else(|| one.clone(), |all| all.or(one))))
    }

    /// Every detector that a policy keeps quiet.
    pub fn quiet(&self) -> impl Iterator<Item = &Quiet> {
        let globs = self.watched.globs.iter().flat_map(Globs::iter).map(|(_, entry)| entry);
        let entries =
            self.watched.exact().map(|(_, entry)| entry).chain(globs).filter_map(|entry| entry.policy.as_deref());
        let policies = entries.chain(self.tiers.values().map(|policy| &**policy));
        policies.flat_map(|policy| &policy.quiet)
    }

    /// How many packages are listed by name, and how many globs.
    pub fn counts(&self) -> (usize, usize) {
        (self.packages().count(), self.watched.globs.iter().map(Globs::len).sum())
    }

    /// Whether nothing at all is watched.
    pub fn is_empty(&self) -> bool {
        self.watched.exact().next().is_none() && self.watched.globs.iter().all(|globs| globs.len() == 0)
    }

    /// What is allowed and probably not meant: globs that match a whole registry, entries that are also excluded.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn finish(&mut self) {
        for globs in self.watched.globs.iter_mut().chain(&mut self.excluded.globs) {
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

impl Layer {
    fn insert(&mut self, pattern: Pattern, entry: Entry) {
        match pattern {
            Pattern::Exact(package) => {
                let exact = if package.is_public() {
                    &mut self.exact[package.ecosystem() as usize]
                } else {
                    self.others.entry(package.registry()).or_default()
                };
                let name: Box<str> = package.distinct_name().into();
                let entry = entry.over(exact.remove(&name).map(|named| named.1));
                exact.insert(name, Box::new((package, entry)));
            }
            Pattern::Glob(glob) => self.globs[glob.ecosystem() as usize].insert(glob, entry),
        }
    }

    fn find(&self, package: &Package) -> Option<&Entry> {
        let name = package.distinct_name();
        let of_pattern = || self.globs(package).and_then(|globs| globs.longest(&name));
        self.named(package, &name).map(|(_, entry)| entry).or_else(of_pattern)
    }

    /// Every entry that names one package, in no order.
    fn exact(&self) -> impl Iterator<Item = (&Package, &Entry)> {
        let all = self.exact.iter().chain(self.others.values());
        all.flat_map(HashMap::values).map(|named| (&named.0, &named.1))
    }

    /// The entry that names this package, as it is spelled there.
    fn named(&self, package: &Package, distinct_name: &str) -> Option<(&Package, &Entry)> {
        let exact = if package.is_public() {
            &self.exact[package.ecosystem() as usize]
        } else {
            self.others.get(&package.registry())?
        };
        exact.get(distinct_name).map(|named| (&named.0, &named.1))
    }

    /// The tier of a package whose most particular entry is `entry`. An entry that says none takes that of the next pattern
    /// which the package fits, and at least its file's default: to list a package by name lowers nothing.
    fn tier(&self, package: &Package, entry: &Entry) -> Tier {
        if let Some(said) = entry.said_tier {
            return said;
        }
        let entries: Vec<_> = self.entries(package).collect();
        entries
            .iter()
            .rev()
            .fold(Tier::Normal, |of_others, entry| entry.said_tier.unwrap_or_else(|| entry.default_tier.max(of_others)))
    }

    /// Every entry that a package fits, the most particular first.
    fn entries(&self, package: &Package) -> impl Iterator<Item = &Entry> {
        let name = package.distinct_name();
        let globs = self.globs(package).map(|globs| globs.all(&name)).unwrap_or_default();
        let globs = globs.into_iter().map(|(_, entry)| entry);
        self.named(package, &name).map(|(_, entry)| entry).into_iter().chain(globs)
    }

    /// The patterns that a package may fit: they are of the public registry.
    fn globs(&self, package: &Package) -> Option<&Globs> {
        package.is_public().then(|| &self.globs[package.ecosystem() as usize])
    }

    fn reasons(&self, package: &Package, tiers: bool) -> Vec<Reason> {
        let name = package.distinct_name();
        let exact = self.named(package, &name).map(|named| self.reason_of_name(named, tiers));
        let globs = self.globs(package).map(|globs| globs.all(&name)).unwrap_or_default();
        let globs = globs.into_iter().map(|found| Self::reason_of_glob(found, tiers));
        exact.into_iter().chain(globs).collect()
    }

    fn all(&self, tiers: bool) -> Vec<Reason> {
        let exact = self.exact().map(|named| self.reason_of_name(named, tiers));
        let globs = self.globs.iter().flat_map(Globs::iter).map(|found| Self::reason_of_glob(found, tiers));
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

impl Reason {
    fn new(pattern: String, entry: &Entry, tier: Option<Tier>) -> Self {
        Self {
            pattern,
            tier,
            note: entry.note.as_deref().map(str::to_owned),
            file: entry.file.to_path_buf(),
            line: entry.line,
        }
    }
}

#[cfg(test)]
mod tests;
