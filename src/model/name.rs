//! Rules for names that the packages of several registries share.

use std::borrow::Cow;

/// Longest package name or version that provwatch accepts, in bytes. npm's own limit for a name is 214.
pub(super) const MAX_LENGTH: usize = 300;

/// The qualifier that names a registry other than the public one of the type.
pub(super) const REPOSITORY: &str = "repository_url";

/// A name of a registry that keeps the author's spelling.
pub(super) fn as_written(name: &str) -> Cow<'_, str> {
    Cow::Borrowed(name)
}

/// Whether a name consists of letters, digits, `.`, `_` and `-`.
pub(super) fn is_plain_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}
