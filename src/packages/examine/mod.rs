//! Looking at a package: what its document has that is not stored yet.

pub mod described;
pub mod document;
mod examiner;
pub mod listed;
pub mod namesake;
pub mod replaced;
pub mod row;
pub mod statuses;
pub mod took;
pub mod undated;
pub mod unreached;
pub mod unreadable;
pub mod unseen;
pub mod withdrawal;

pub use examiner::{Examiner, Looked};
