//! Reads OSV's reports of malicious packages, from a folder or a zip file that another program downloads.
//!
//! The form of a report is OSV's (<https://ossf.github.io/osv-schema/>); the reports come from
//! <https://github.com/ossf/malicious-packages>, and are part of the exports of OSV for each registry. provwatch reads the
//! package, the versions, the times and the withdrawal of a report, and no text. A file has the name of its report:
//! `MAL-2026-1234.json`, in any folder.
//!
//! A walk goes through the files step by step, so that neither a folder with hundreds of thousands of files nor a zip file
//! of that size keeps other work waiting. It tells the state of each file before it is read: what has not changed is not
//! read again. Everything has a bound: names, depth, sizes, counts, and what a compressed file may become.

mod document;
mod entry;
mod error;
mod file;
mod folder;
mod inflate;
#[cfg(test)]
pub(crate) mod tests;
mod walk;
mod zip;

pub use document::{Report, read};
pub use error::{NotAReport, SourceError};
pub use walk::{Found, Step, Walk};
pub use zip::state as zip_state;
