//! What happens with a row that cannot be believed: it is copied as it is, and something sound takes its place. What that
//! is, `remedy` says for each table; baselines are learned anew by whoever knows how to learn.

mod baselines;
mod looking;
mod noted;
mod remedy;
mod rows;
mod set_aside;
mod told;

pub use looking::SetAside;
pub(super) use noted::{Noted, is_of_an_index};
pub use told::DamagedRow;
