//! Imports the packages of `Cargo.lock` and `uv.lock`.

use serde::Deserialize;

use super::{
    ImportError, Imported,
    source::{Listing, Source, host},
};
use crate::{model::LockFile, text::quoted};

/// Cargo.lock and uv.lock: both are lists of `[[package]]`, with sources of another form.
#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    source: Option<toml::Value>,
}

/// Whether a text that begins with a bracket is still TOML: `[[package]]`, `[metadata]`.
pub(super) fn is_toml_header(text: &str) -> bool {
    let line = text.trim_start().lines().next().unwrap_or_default().trim_end();
    let name = line.trim_start_matches('[').trim_end_matches(']');
    line.starts_with('[') && line.ends_with(']') && name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Whether a text is one of the two; an empty lock file has only a line `version = …`.
pub(super) fn looks_like(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_end();
        line == "[[package]]"
            || line
                .split_once('=')
                .is_some_and(|(key, value)| key.trim() == "version" && value.trim().parse::<u8>().is_ok())
    })
}

pub(super) fn parse(file: &Source<'_>) -> Result<Imported, ImportError> {
    let lock: Lock = file.toml()?;
    let (of_cargo, of_uv) = (file.listing(LockFile::Cargo)?, file.listing(LockFile::Uv)?);
    let mut imported = Imported::default();
    for Locked { name, source } in &lock.package {
        match source {
            None => imported.skip(name, "no source: part of the workspace"),
            Some(toml::Value::String(from)) => cargo(&of_cargo, name, from, &mut imported),
            Some(toml::Value::Table(from)) => uv(&of_uv, name, from, &mut imported),
            Some(_) => imported.skip(name, "a source that is neither a text nor a table"),
        }
    }
    Ok(imported)
}

fn cargo(listing: &Listing<'_>, name: &str, source: &str, imported: &mut Imported) {
    let url = source.strip_prefix("sparse+").unwrap_or_default();
    let registry = if listing.is_public(source) { Some(listing.public()) } else { listing.registry(url) };
    match registry {
        Some(registry) => imported.take(&registry, name),
        None => imported.skip(name, listing.not_from(&plain(source))),
    }
}

/// `{ registry = "…/simple" }`, or `git`, `url`, `path`, `directory`, `editable`, `virtual`.
fn uv(listing: &Listing<'_>, name: &str, source: &toml::Table, imported: &mut Imported) {
    let Some(url) = source.get("registry").and_then(toml::Value::as_str) else {
        let kind = source.keys().next().map_or("an empty source", String::as_str);
        return imported.skip(name, format!("not from a registry but {kind}"));
    };
    match listing.registry(url) {
        Some(registry) => imported.take(&registry, name),
        None => imported.skip(name, listing.not_from(&plain(url))),
    }
}

/// A source's host, or its beginning; whole URLs may hold passwords.
fn plain(source: &str) -> String {
    let url = source.split_once('+').filter(|(kind, _)| !kind.contains(':')).map_or(source, |(_, url)| url);
    host(url).unwrap_or_else(|| quoted(url, 60))
}
