//! Backups of the store, and restores from them.
//!
//! A *backup* is one file with the state of one moment. It is copied page by page beside a running daemon, into a temporary
//! file in the folder of its target; then checked, flushed and renamed. A *restore* copies a backup in the same way beside
//! the store, migrates and checks the copy, records itself in it, and exchanges the files. The store before is moved
//! aside and never deleted.
//!
//! A kill at any moment leaves the old state or the new one. Between the first and the last rename of a restore the file
//! `PATH.restored` is there: then no command opens the store until `provwatch store restore` has finished the exchange.

mod alone;
mod copy;
mod error;
mod making;
mod manifest;
mod own;
mod partial;
mod restoring;
mod swap;
#[cfg(test)]
mod tests;

pub use error::BackupError;
pub use making::Replace;
pub use manifest::Manifest;
pub(crate) use restoring::{Restoring, finish as finish_restore};
pub(super) use swap::is_half_done;
