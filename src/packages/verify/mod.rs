//! What is found out about a release before it is judged: its evidence, verified; facts from forges; what nobody could check.

pub mod facts;
pub mod left_out;
pub mod unchecked;
mod verification;

pub use verification::{Verification, unreadable, worst};
