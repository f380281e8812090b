//! Handling of damaged rows: each is copied as it is, and replaced by sound data. `remedy` defines the replacement for
//! each table; lost baselines are learned again elsewhere.

mod baselines;
mod looking;
mod noted;
mod remedy;
mod rows;
mod set_aside;
mod told;

pub(super) use noted::{Noted, is_of_an_index};
pub use told::DamagedRow;
