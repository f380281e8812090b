//! Reads lock files and bills of materials: which releases a project locks, directly or through what. The content of a file
//! decides its kind, not its name.
//!
//! One reader for each format gives the entries with all that the file says of them. `watch import` takes the names of the
//! packages, the inventory takes the exact releases ([`Content`]). A new format is a row of the table in `formats`, and a
//! reader. No reader follows a reference to another file, and all of them have limits.

mod cargo_lock;
mod content;
mod cyclonedx;
mod draft;
mod foreign;
mod formats;
mod graph;
mod indexes;
mod listed;
mod mirrors;
mod npm;
mod project_file;
mod purls;
mod requirements;
mod source;
mod spdx;
mod uv_lock;

pub(crate) use content::Content;
pub use formats::parse;
pub(crate) use formats::{MAX_BYTES, parse_bytes, read};
#[cfg(test)]
pub(crate) use listed::Listed;
pub(crate) use listed::Skipped;
pub use mirrors::Mirrors;
pub use project_file::ProjectFile;
pub(crate) use source::ImportError;

#[cfg(test)]
mod tests;
