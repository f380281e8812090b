//! Reads `uv.lock`.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::{
    ImportError, cargo_lock,
    draft::Draft,
    listed::{Entry, Listed},
    source::{Listing, Source, plain},
};
use crate::model::{DependencyScope, LockFile};

/// uv.lock: <https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile>.
#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Package {
    name: String,
    version: Option<String>,
    source: Option<toml::Value>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    /// By extra. Those of other packages than the project are there only if something asks for the extra.
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<Dependency>>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Vec<Dependency>>,
    sdist: Option<Artifact>,
    #[serde(default)]
    wheels: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// Where several versions are locked.
    version: Option<String>,
}

#[derive(Deserialize)]
struct Artifact {
    hash: Option<String>,
}

/// Kinds of sources that are the project's own.
const OWN: [&str; 4] = ["editable", "virtual", "directory", "path"];

/// Whether a text is a lock file whose sources are tables.
pub(super) fn is_it(text: &str) -> bool {
    let is_source = |line: &str| {
        let value = line.strip_prefix("source").map(str::trim_start).and_then(|rest| rest.strip_prefix('='));
        value.is_some_and(|value| value.trim_start().starts_with('{')) || line == "[package.source]"
    };
    cargo_lock::is_it(text) && text.lines().any(|line| is_source(line.trim()))
}

pub(super) fn parse(source: &Source<'_>) -> Result<Listed, ImportError> {
    let lock: Lock = source.toml()?;
    let listing = source.listing(LockFile::Uv)?;
    let mut draft = Draft::of(source);
    let mut by_name = HashMap::<&str, Vec<usize>>::new();
    for (at, package) in lock.package.iter().enumerate() {
        draft.add(entry(&listing, package))?;
        by_name.entry(&package.name).or_default().push(at);
    }
    for (from, package) in lock.package.iter().enumerate() {
        for (dependency, scope) in package.all() {
            let all = by_name.get(dependency.name.as_str()).into_iter().flatten();
            for to in all.copied().filter(|at| dependency.is(&lock.package[*at])) {
                if package.is_own() {
                    draft.root(to, scope)?;
                } else {
                    draft.edge(from, to, DependencyScope::Required)?;
                }
            }
        }
    }
    Ok(draft.finish())
}

/// `{ registry = "…/simple" }`, or `git`, `url`, `path`, `directory`, `editable`, `virtual`.
fn entry<'a>(listing: &Listing<'_>, package: &'a Package) -> Result<Entry, (&'a str, String)> {
    let name = package.name.as_str();
    let source = match &package.source {
        None => return Err((name, "no source: part of the workspace".to_owned())),
        Some(toml::Value::Table(source)) => source,
        Some(_) => return Err((name, "a source that is not a table".to_owned())),
    };
    let Some(url) = source.get("registry").and_then(toml::Value::as_str) else {
        let kind = source.keys().next().map_or("an empty source", String::as_str);
        return Err((name, format!("not from a registry but {kind}")));
    };
    let registry = listing.registry(url).ok_or_else(|| (name, listing.not_from(&plain(url))))?;
    let entry = Entry::named(&registry, name, package.version.as_deref())?;
    let artifacts = package.sdist.iter().chain(&package.wheels);
    Ok(entry.with_digests(artifacts.filter_map(|artifact| artifact.hash.as_deref())))
}

impl Package {
    /// Whether it is the project, or a part of its workspace.
    fn is_own(&self) -> bool {
        self.source
            .as_ref()
            .and_then(toml::Value::as_table)
            .is_some_and(|source| OWN.iter().any(|kind| source.contains_key(*kind)))
    }

    /// What it depends on, and what for.
    fn all(&self) -> impl Iterator<Item = (&Dependency, DependencyScope)> {
        let required = self.dependencies.iter().map(|one| (one, DependencyScope::Required));
        let optional = self.optional_dependencies.values().flatten().map(|one| (one, DependencyScope::Optional));
        let dev = self.dev_dependencies.values().flatten().map(|one| (one, DependencyScope::Dev));
        required.chain(optional).chain(dev)
    }
}

impl Dependency {
    fn is(&self, package: &Package) -> bool {
        self.version.is_none() || self.version == package.version
    }
}
