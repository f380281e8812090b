//! The queue of due packages: which is looked at next, how many at once, and what becomes of those that cannot be looked at.

pub mod outage;
mod silent;
pub mod slots;
pub mod turns;
pub mod worked;
mod workforce;

pub use workforce::Workforce;
