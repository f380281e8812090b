use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of package, named by its purl type (<https://github.com/package-url/purl-spec>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// npm, purl type `npm`.
    Npm,
    /// The Python Package Index, purl type `pypi`.
    Pypi,
    /// crates.io, purl type `cargo`.
    Cargo,
}

impl Ecosystem {
    /// Every ecosystem that provwatch watches, in the order in which tables list them.
    pub const ALL: [Self; 3] = [Self::Npm, Self::Pypi, Self::Cargo];

    /// The purl type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pypi => "pypi",
            Self::Cargo => "cargo",
        }
    }

    /// The registry's name as people write it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pypi => "PyPI",
            Self::Cargo => "crates.io",
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A purl type that provwatch does not watch.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("provwatch does not watch the package type {0:?}; it knows npm, pypi and cargo")]
pub struct UnknownEcosystem(pub String);

impl FromStr for Ecosystem {
    type Err = UnknownEcosystem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|ecosystem| ecosystem.as_str() == text)
            .ok_or_else(|| UnknownEcosystem(text.to_owned()))
    }
}
