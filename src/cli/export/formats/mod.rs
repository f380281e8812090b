//! The formats of a blocklist, one per file. Each is a pure function, in which a publisher's text stays text.

pub mod artifactory;
pub mod cargo_deny;
pub mod npm;
pub mod pip;
pub mod purl;
#[cfg(test)]
mod tests;

use super::entry::{Entry, List};
use crate::model::Blocklist;

/// The entries of packages whose package manager reads this kind of list.
fn of(list: &List, wanted: Blocklist) -> impl Iterator<Item = &Entry> {
    list.entries.iter().filter(move |entry| entry.purl.package().ecosystem().row().blocking.list == Some(wanted))
}

/// The head of a list of so many releases, for formats with comments behind `#`.
fn comments(list: &List, releases: usize) -> String {
    list.head(releases).map(|line| format!("# {line}\n")).concat()
}

/// Whether a name or a version has only characters that mean nothing in any format.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@/._~+!-".contains(&byte))
}

/// Why a release is left out whose name or version may mean something else in a format.
const NOT_PLAIN: &str = "its name or version has characters that mean something in this format";
/// Why a release is left out whose version its scheme does not know.
const NO_VERSION: &str = "its version is not one that the package manager knows";
