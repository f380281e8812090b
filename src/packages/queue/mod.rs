//! The queue of due packages: order, concurrency, and retries.

pub mod outage;
mod silent;
pub mod slots;
pub mod turns;
pub mod worked;
mod workforce;

pub use workforce::Workforce;
