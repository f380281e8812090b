//! Stores incidents: named cases of operators, whose events only grow.

mod append;
mod events;
mod joining;
mod listing;

pub(super) use joining::join;
