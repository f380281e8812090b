//! Resolves the package indexes that a requirements file names.

use super::source::{Listing, host};
use crate::model::RegistryKey;

/// The origin of the packages of a requirements.txt.
pub(super) struct Indexes {
    /// The registry to which all of them belong, or why it is unknown.
    pub(super) registry: Result<RegistryKey, String>,
}

impl Indexes {
    /// Reads the options as pip does: `--index-url` starts the list of indexes again, `--no-index` empties it,
    /// `--extra-index-url` adds to it, and the last option counts.
    pub(super) fn of<'a>(listing: &Listing<'_>, lines: impl Iterator<Item = &'a str>) -> Self {
        let mut indexes = vec![Ok(listing.public())];
        for line in lines.filter(|line| line.starts_with('-')) {
            let all = || options(line).map(|(name, url)| (name, || served(listing, url)));
            for (_, served) in all().filter(|(name, _)| *name == "--index-url") {
                indexes = vec![served()];
            }
            if all().any(|(name, _)| name == "--no-index") {
                indexes.clear();
            }
            indexes.extend(all().filter(|(name, _)| *name == "--extra-index-url").map(|(_, served)| served()));
        }
        Self { registry: first(&indexes) }
    }
}

/// The first index, if it decides. Others beside the public one change nothing: pip queries the public one for every
/// name. A name for which pip queries a private index and others may come from any of them.
fn first(indexes: &[Result<RegistryKey, String>]) -> Result<RegistryKey, String> {
    let Some(first) = indexes.first() else { return Err("not from an index: the file has --no-index".to_owned()) };
    let registry = first.clone()?;
    if registry.is_public() || indexes.iter().all(|other| other.as_ref() == Ok(&registry)) {
        return Ok(registry);
    }
    Err(format!("from {} or another index (--extra-index-url): the file does not say which", registry.title()))
}

/// The registry of an index, or why it is unknown.
fn served(listing: &Listing<'_>, url: &str) -> Result<RegistryKey, String> {
    let unknown = || listing.not_from(&host(url).unwrap_or_else(|| "another index".to_owned()));
    listing.registry(url).ok_or_else(unknown)
}

/// The options of a line about the origin of packages, by their long name, with their value.
pub(super) fn options(line: &str) -> impl Iterator<Item = (&'static str, &str)> {
    let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
    std::iter::from_fn(move || {
        loop {
            let word = words.next()?;
            if word == "--no-index" {
                return Some(("--no-index", ""));
            }
            let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
            let found = match name {
                "--index-url" | "--pypi-url" => "--index-url",
                "--extra-index-url" => "--extra-index-url",
                "--find-links" => "--find-links",
                _ => match short(word) {
                    Some((name, "")) => return Some((name, words.next()?)),
                    Some((name, value)) => return Some((name, value)),
                    None => continue,
                },
            };
            let value = match value {
                Some(value) => value,
                None => words.next()?,
            };
            return Some((found, value.trim_matches(['"', '\''])));
        }
    })
}

/// A short option, whose value may follow at once: `-ihttps://…`.
fn short(word: &str) -> Option<(&'static str, &str)> {
    let all = [("-i", "--index-url"), ("-f", "--find-links")];
    all.into_iter().find_map(|(short, long)| Some((long, word.strip_prefix(short)?)))
}
