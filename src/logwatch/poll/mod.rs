//! Looking at logs: which trees they have, what they sign, and what their mirrors say.

mod answer;
mod heads;
mod mirrors;
mod poller;
mod trees;

pub use heads::{Follower, Poll};
pub use mirrors::Mirrors;
pub use poller::Poller;
pub use trees::Trees;
