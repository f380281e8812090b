//! The registries that provwatch watches, by the purl types of their packages. All differences between them are in
//! their [`Row`]s: no other code depends on a particular registry.

mod cargo;
mod hosts;
mod npm;
mod pypi;
mod ranges;
mod row;
#[cfg(test)]
pub(crate) mod tests;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use hosts::{Host, Rate, UrlKey};
pub use row::{Commands, EvidenceRules, Feed, Files, Interval, LockFile, Maintainers, Names, Row, Token, Versions};

use crate::model::{Aspect, RegistryId, Version};

/// Every row, in the order in which tables list them.
const TABLE: &[&Row] = &[
    &npm::ROW,
    &pypi::ROW,
    &cargo::ROW,
    #[cfg(test)]
    &tests::attic::ROW,
];

/// The number of public ones: unit tests have one more, made up, which only tests that ask for it see.
const PUBLISHED: usize = TABLE.len() - if cfg!(test) { 1 } else { 0 };

/// A kind of package, named by its purl type (<https://github.com/package-url/purl-spec>).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ecosystem(usize);

impl Ecosystem {
    /// npm. Only its own folder and tests may name it, as for each that follows.
    pub const NPM: Self = Self::named("npm");
    /// The Python Package Index.
    pub const PYPI: Self = Self::named("pypi");
    /// crates.io.
    pub const CARGO: Self = Self::named("cargo");

    /// Every ecosystem that provwatch watches, for tests and handwritten tables; code uses [`Ecosystem::all`].
    pub const ALL: [Self; PUBLISHED] = {
        let mut all = [Self(0); PUBLISHED];
        let mut at = 0;
        while at < PUBLISHED {
            all[at] = Self(at);
            at += 1;
        }
        all
    };

    /// Every ecosystem that provwatch watches, in the order in which tables list them.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + Clone {
        (0..listed()).map(Self)
    }

    /// The ecosystem of a purl type that has a row; any other one does not compile.
    pub(crate) const fn named(name: &str) -> Self {
        let mut at = 0;
        while at < TABLE.len() {
            if is_same(TABLE[at].name.as_bytes(), name.as_bytes()) {
                return Self(at);
            }
            at += 1;
        }
        panic!("the table has no row of this name")
    }

    /// The ecosystem whose packages a kind of lock file lists. Each kind is of one row, which a test holds.
    pub fn of_lock_file(kind: LockFile) -> Option<Self> {
        Self::all().find(|ecosystem| ecosystem.row().files.locks.contains(&kind))
    }

    /// All that is known of it in advance.
    pub fn row(self) -> &'static Row {
        TABLE[self.0]
    }

    /// Its place among all.
    pub const fn index(self) -> usize {
        self.0
    }

    /// The purl type.
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The registry's name as people write it.
    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// A version as the registry's scheme reads it. `None`: the scheme does not know it.
    pub fn version(self, text: &str) -> Option<Version> {
        (self.row().versions.read)(text)
    }

    /// Whether its public registry has an aspect of releases.
    pub fn tells(self, aspect: Aspect) -> bool {
        !self.row().evidence.untold.contains(&aspect)
    }

    /// The aspects that its public registry has for no release.
    pub fn never_told(self) -> impl Iterator<Item = Aspect> {
        self.row().evidence.untold.iter().copied()
    }

    /// The hosts from which its public packages are installed.
    pub fn package_hosts(self) -> impl Iterator<Item = RegistryId> {
        self.row().hosts.iter().filter(|host| host.has_packages).map(|host| host.id)
    }
}

/// The number of listed rows.
#[cfg(not(test))]
const fn listed() -> usize {
    PUBLISHED
}

#[cfg(test)]
fn listed() -> usize {
    if tests::is_listed() { TABLE.len() } else { PUBLISHED }
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A purl type that provwatch does not watch.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("provwatch does not watch the package type {0:?}; it knows {known}", known = known("and"))]
pub struct UnknownEcosystem(pub String);

/// The purl types that provwatch watches, for people: `npm, pypi and cargo`.
pub fn known(and: &str) -> String {
    let mut names: Vec<_> = Ecosystem::all().map(Ecosystem::as_str).collect();
    let last = names.pop().unwrap_or_default();
    format!("{} {and} {last}", names.join(", "))
}

impl FromStr for Ecosystem {
    type Err = UnknownEcosystem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let at = TABLE.iter().position(|row| row.name == text);
        at.map(Self).ok_or_else(|| UnknownEcosystem(text.to_owned()))
    }
}

impl TryFrom<String> for Ecosystem {
    type Error = UnknownEcosystem;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Ecosystem> for String {
    fn from(ecosystem: Ecosystem) -> Self {
        ecosystem.as_str().to_owned()
    }
}
