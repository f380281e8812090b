//! Polling of logs: their trees, their checkpoints, and their mirrors.

mod answer;
mod heads;
mod mirrors;
mod poller;
mod trees;

pub use heads::{Follower, Poll};
pub use mirrors::Mirrors;
pub use poller::Poller;
pub use trees::Trees;
