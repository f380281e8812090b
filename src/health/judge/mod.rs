//! From a snapshot and the time to what is not as it should be.

mod age;
mod all;
mod limits;
mod machine;
mod receivers;
mod runner;
mod sources;
mod work;

pub use all::{checks, judge};
