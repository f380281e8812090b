//! Judges the health of provwatch from a snapshot and the time.

mod age;
mod all;
mod limits;
mod machine;
mod receivers;
mod reports;
mod restores;
mod runner;
mod sources;
mod work;

pub use all::{checks, judge};
