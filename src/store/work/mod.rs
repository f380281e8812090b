//! The work queue: due packages, their times, and the ends of their turns.

mod demand;
mod questions;
mod rows;
mod turns;

pub(super) use demand::{Demand, demand};
#[cfg(test)]
pub(super) use rows::FirstSight;
pub use rows::{AGAIN, Again, LONGEST_WAIT, Lane, Portions, Setback, Work, WorkSummary};
