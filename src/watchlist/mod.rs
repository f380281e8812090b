//! Watchlists: parsing, matching, and explanations.
//!
//! A watchlist is one or more TOML files of purls and globs, which may include others and the curated lists that ship
//! with provwatch. [`Watchlist::matches`] runs for every event of every feed, so it allocates nothing.

mod curated;
mod edit;
mod entry;
mod file;
mod fingerprint;
mod globs;
mod in_use;
mod layer;
mod list;
mod pin;
mod reason;

pub use crate::model::Tier;
pub(crate) use crate::model::{Glob, Pattern};
pub use curated::curated;
pub(crate) use edit::{Addition, EditError, add, add_all, remove, set_tier};
pub(crate) use entry::Entry;
pub(crate) use file::{WatchlistError, json_schema};
pub use in_use::InUse;
pub use list::Watchlist;
pub(crate) use pin::{Pin, PinnedDemand, pin, pins_alone};
pub(crate) use reason::{Reason, Why};

/// The commented file that `provwatch init` writes.
pub const TEMPLATE: &str = include_str!("template.toml");

#[cfg(test)]
mod tests;
