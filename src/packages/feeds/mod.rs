//! What makes packages due: the pages of feeds, and what no feed announced.

pub mod comparisons;
mod event;
pub mod observe;
pub mod reconcile;
pub mod silence;
pub mod watched;
