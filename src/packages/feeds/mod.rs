//! Feeds and the safety net below them: the reasons why packages become due.

pub mod comparisons;
mod event;
pub mod observe;
pub mod reconcile;
pub mod silence;
pub mod watched;
