//! Figures of packages that are used together: how many of them come with evidence, now and by month.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The figures of the packages of a project, of a vendor, or of the watchlist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Figures {
    /// The packages now.
    pub now: Total,
    /// The open alerts about them.
    pub open_alerts: u64,
    /// How many of them are not watched.
    pub unwatched: u64,
    /// The months, the earliest first.
    pub months: Vec<Month>,
}

/// Packages by their evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Total {
    /// How many packages.
    pub packages: u64,
    /// With verified provenance, or from a trusted publisher.
    pub with_evidence: u64,
    /// Without.
    pub without_evidence: u64,
    /// Not known: not watched, not seen, or not checked.
    pub unknown: u64,
    /// The share of packages with evidence, in percent.
    pub percent: u64,
}

/// One month, or the part of it that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Month {
    /// `2026-03`.
    pub month: String,
    /// The packages at its end.
    #[serde(flatten)]
    pub total: Total,
    /// The packages that have evidence at its end, and had none at its beginning.
    pub gained: u64,
    /// The packages that had evidence at its beginning, and have none at its end.
    pub lost: u64,
    /// The packages that were not there at its beginning.
    pub added: u64,
    /// The packages that are not there at its end.
    pub gone: u64,
}

impl Figures {
    /// The same with the last so many months; `None`: it has fewer.
    #[must_use]
    pub fn of_months(self, count: usize) -> Option<Self> {
        let first = self.months.len().checked_sub(count)?;
        Some(Self { months: self.months[first..].to_vec(), ..self })
    }

    /// How many packages gained evidence over the months.
    pub fn gained(&self) -> u64 {
        self.months.iter().map(|month| month.gained).sum()
    }

    /// How many packages lost evidence over the months.
    pub fn lost(&self) -> u64 {
        self.months.iter().map(|month| month.lost).sum()
    }
}
