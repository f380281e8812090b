//! Examination of a package: the news in its registry document.

pub mod described;
pub mod dist_tags;
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
