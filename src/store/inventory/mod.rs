//! Stores the inventory: projects, the releases that they lock, and since when.
//!
//! The releases of all projects are one table of shared texts, and a use is a row of small numbers, so that 3,000,000 uses
//! take some hundred megabytes. Their key begins with the release: the question who uses it reads one range.

mod codes;
mod content;
mod digests;
mod figures;
mod projects;
mod prune;
mod rows;
mod stamp;
mod upload;
mod uses;

pub use content::Which;
pub(crate) use figures::{FiguresRow, StoredFigures};
pub use projects::ProjectRow;
pub(super) use prune::{delete_uses, old_uses};
pub use upload::{Upload, Uploaded};
pub use uses::{Uses, UsesOf};
