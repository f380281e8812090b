//! Reads `Cargo.lock`. It does not say what a dependency is needed for.

use std::collections::HashMap;

use serde::Deserialize;

use super::{
    ImportError,
    draft::Draft,
    listed::{Entry, Listed},
    source::{Listing, Source, plain},
};
use crate::model::{DependencyScope, LockFile};

/// Cargo.lock: <https://doc.rust-lang.org/cargo/reference/resolver.html#lock-file>.
#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Option<String>,
    source: Option<toml::Value>,
    checksum: Option<String>,
    /// `name`, `name version` or `name version (source)`, as exact as is needed.
    #[serde(default)]
    dependencies: Vec<String>,
}

/// Whether a text that begins with a bracket is still TOML: `[[package]]`, `[metadata]`.
pub(super) fn is_toml_header(text: &str) -> bool {
    let line = text.trim_start().lines().next().unwrap_or_default().trim_end();
    let name = line.trim_start_matches('[').trim_end_matches(']');
    line.starts_with('[') && line.ends_with(']') && name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Whether a text is a list of `[[package]]`; an empty lock file has only a line `version = …`.
pub(super) fn is_it(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_end();
        line == "[[package]]"
            || line
                .split_once('=')
                .is_some_and(|(key, value)| key.trim() == "version" && value.trim().parse::<u8>().is_ok())
    })
}

pub(super) fn parse(source: &Source<'_>) -> Result<Listed, ImportError> {
    let lock: Lock = source.toml()?;
    let listing = source.listing(LockFile::Cargo)?;
    let mut draft = Draft::of(source);
    let mut by_name = HashMap::<&str, Vec<usize>>::new();
    for (at, package) in lock.package.iter().enumerate() {
        draft.add(entry(&listing, package))?;
        by_name.entry(&package.name).or_default().push(at);
    }
    for (from, package) in lock.package.iter().enumerate() {
        for text in &package.dependencies {
            let named = Dependency::read(text);
            let all = by_name.get(named.name).into_iter().flatten();
            for to in all.copied().filter(|at| named.is(&lock.package[*at])) {
                // What has no source is the project's own.
                match package.source {
                    None => draft.root(to, DependencyScope::Unknown)?,
                    Some(_) => draft.edge(from, to, DependencyScope::Unknown)?,
                }
            }
        }
    }
    Ok(draft.finish())
}

fn entry<'a>(listing: &Listing<'_>, package: &'a Package) -> Result<Entry, (&'a str, String)> {
    let name = package.name.as_str();
    let source = match &package.source {
        None => return Err((name, "no source: part of the workspace".to_owned())),
        Some(toml::Value::String(source)) => source,
        Some(_) => return Err((name, "a source that is not a text".to_owned())),
    };
    let url = source.strip_prefix("sparse+").unwrap_or_default();
    let registry = if listing.is_public(source) { Some(listing.public()) } else { listing.registry(url) };
    let registry = registry.ok_or_else(|| (name, listing.not_from(&plain(source))))?;
    let entry = Entry::named(&registry, name, package.version.as_deref())?;
    Ok(entry.with_digests(package.checksum.as_deref()))
}

/// A dependency as a package names it.
struct Dependency<'a> {
    name: &'a str,
    version: Option<&'a str>,
    source: Option<&'a str>,
}

impl<'a> Dependency<'a> {
    fn read(text: &'a str) -> Self {
        let mut words = text.split_whitespace();
        let (name, version) = (words.next().unwrap_or_default(), words.next());
        let source = words.next().map(|word| word.trim_start_matches('(').trim_end_matches(')'));
        Self { name, version, source }
    }

    fn is(&self, package: &Package) -> bool {
        let version = || self.version == package.version.as_deref();
        let source = || self.source == package.source.as_ref().and_then(toml::Value::as_str);
        (self.version.is_none() || version()) && (self.source.is_none() || source())
    }
}
