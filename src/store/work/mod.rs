//! The queue: which packages are to be looked at, when, and how their turns end.

mod demand;
mod questions;
mod rows;
mod turns;

pub(super) use demand::{Demand, demand};
pub use rows::{AGAIN, Again, FirstSight, LONGEST_WAIT, Lane, Portions, Setback, Work, WorkSummary};
