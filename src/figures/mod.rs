//! The figures of the inventory: the share of packages with evidence by month, of each project, vendor and the watchlist.
//!
//! To count 2,000 projects takes minutes, so that the daemon counts some at a time and stores what it counted
//! ([`Counter`]), which reports read. What it has not counted a report counts itself ([`Counting`]).

mod counter;
mod counting;
mod months;
mod open_alerts;
mod ranks;
mod spans;

pub use counter::Counter;
pub(crate) use counter::is_current;
pub(crate) use counting::{Counting, unwatched};
pub(crate) use open_alerts::open_alerts;
pub(crate) use ranks::{Ranks, Stored};
