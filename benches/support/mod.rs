//! Parts that the benchmarks share: packages and releases in the registries' real shapes and sizes, a filled store, and the
//! real program.

#![allow(dead_code, reason = "each bench uses its own part")]
#![allow(clippy::unwrap_used, reason = "a bench may fail where it stands")]

pub mod filled;
pub mod history;
pub mod program;
