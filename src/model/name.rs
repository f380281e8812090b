//! The rules of each registry for names: which it can have, how it spells them, and which of them are one name.

use std::borrow::Cow;

use super::Ecosystem;

/// Longest package name or version that provwatch takes, in bytes. npm's own limit for a name is 214.
pub(super) const MAX_LENGTH: usize = 300;

/// The qualifier that names a registry other than the public one of the type.
pub(super) const REPOSITORY: &str = "repository_url";

/// Whether a registry can have a package of this name.
pub(super) fn is_name(ecosystem: Ecosystem, name: &str) -> bool {
    match ecosystem {
        Ecosystem::Npm => is_npm_name(name),
        Ecosystem::Pypi | Ecosystem::Cargo => {
            name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        }
    }
}

/// The name as its registry's documents write it. npm and crates.io keep what the author wrote, capitals too.
pub(super) fn spelling(ecosystem: Ecosystem, name: &str) -> Cow<'_, str> {
    match ecosystem {
        Ecosystem::Pypi => pep_503(name).into(),
        Ecosystem::Npm | Ecosystem::Cargo => name.into(),
    }
}

/// What names of one package have in common. crates.io refuses a new name that differs from another one only in case, or in
/// `-` and `_`; npm has both `JSONStream` and `jsonstream`, of different authors.
pub(super) fn distinct(ecosystem: Ecosystem, spelled: &str) -> Cow<'_, str> {
    match ecosystem {
        Ecosystem::Cargo if spelled.bytes().any(|b| b.is_ascii_uppercase() || b == b'-') => {
            spelled.to_ascii_lowercase().replace('-', "_").into()
        }
        Ecosystem::Npm | Ecosystem::Pypi | Ecosystem::Cargo => spelled.into(),
    }
}

/// npm's rule as far as it matters here: one optional scope, URL-safe characters, no leading dot.
fn is_npm_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-~!'()*".contains(&b))
    };
    match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, bare)| part(scope) && part(bare)),
        None => part(name),
    }
}

/// PEP 503: runs of `-`, `_` and `.` become one `-`, all lower case.
fn pep_503(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        let c = if matches!(c, '-' | '_' | '.') { '-' } else { c.to_ascii_lowercase() };
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    out
}
