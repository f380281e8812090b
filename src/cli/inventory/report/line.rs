//! A line of the report: the figures of a project, a vendor, or the watchlist.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    model::{Figures, Month, Total},
    store::ProjectRow,
};

/// The figures of a project, a vendor, or the watchlist.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Line {
    /// `project`, `vendor` or `watchlist`.
    pub(super) subject: &'static str,
    /// Its name; the watchlist has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// The team that answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    /// When its packages were counted.
    pub(super) counted_at: DateTime<Utc>,
    /// Its packages then.
    pub(super) now: Total,
    /// The packages that gained evidence over the months.
    pub(super) gained: u64,
    /// The packages that lost evidence over the months.
    pub(super) lost: u64,
    /// The open alerts about its packages.
    pub(super) open_alerts: u64,
    /// How many of its packages are not watched.
    pub(super) unwatched: u64,
    /// The months, the earliest first.
    pub(super) months: Vec<Month>,
}

impl Line {
    /// That of a project, or without one of the watchlist.
    pub fn of(project: Option<&ProjectRow>, figures: Figures, counted_at: DateTime<Utc>) -> Self {
        Self {
            subject: project.map_or("watchlist", |project| project.kind.as_str()),
            name: project.map(|project| project.name.clone()),
            owner: project.and_then(|project| project.owner.clone()),
            counted_at,
            gained: figures.gained(),
            lost: figures.lost(),
            now: figures.now,
            open_alerts: figures.open_alerts,
            unwatched: figures.unwatched,
            months: figures.months,
        }
    }
}
