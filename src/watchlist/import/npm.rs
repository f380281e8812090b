use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ImportError, Imported, Source, host};
use crate::model::{Ecosystem, RegistryId};

/// package-lock.json and npm-shrinkwrap.json. Versions 2 and 3 have `packages`, version 1 only the tree `dependencies`.
#[derive(Deserialize)]
struct Lock {
    packages: Option<BTreeMap<String, Located>>,
    #[serde(default)]
    dependencies: BTreeMap<String, Nested>,
}

/// An entry of `packages`; its key is a path: `node_modules/a/node_modules/b`.
#[derive(Deserialize)]
struct Located {
    /// The real name where the path has an alias.
    name: Option<String>,
    resolved: Option<String>,
    #[serde(default)]
    link: bool,
}

/// An entry of `dependencies`.
#[derive(Deserialize)]
struct Nested {
    version: Option<String>,
    resolved: Option<String>,
    #[serde(default)]
    dependencies: BTreeMap<String, Nested>,
}

pub(super) fn parse(source: &Source<'_>) -> Result<Imported, ImportError> {
    let lock: Lock = source.json()?;
    let mut imported = Imported::default();
    match &lock.packages {
        Some(packages) => packages.iter().for_each(|(path, entry)| located(path, entry, &mut imported)),
        None => tree(&lock.dependencies, &mut imported),
    }
    Ok(imported)
}

fn located(path: &str, entry: &Located, imported: &mut Imported) {
    const FOLDER: &str = "node_modules/";
    let Some(at) = path.rfind(FOLDER) else {
        // The empty path is the project itself.
        if !path.is_empty() {
            imported.skip(path, "part of the workspace");
        }
        return;
    };
    if entry.link {
        return imported.skip(path, "a link into the workspace");
    }
    let name = entry.name.as_deref().unwrap_or(&path[at + FOLDER.len()..]);
    resolved(name, entry.resolved.as_deref(), imported);
}

/// Depth is bounded by the JSON parser.
fn tree(dependencies: &BTreeMap<String, Nested>, imported: &mut Imported) {
    for (name, entry) in dependencies {
        let version = entry.version.as_deref().unwrap_or_default();
        match version.strip_prefix("npm:") {
            // `npm:@scope/name@1.0.0`
            Some(target) => {
                let name =
                    target.rsplit_once('@').map_or(target, |(name, _)| if name.is_empty() { target } else { name });
                resolved(name, entry.resolved.as_deref(), imported);
            }
            None if version.contains(':') => resolved(name, Some(version), imported),
            None => resolved(name, entry.resolved.as_deref(), imported),
        }
        tree(&entry.dependencies, imported);
    }
}

/// Takes a package that is resolved to the public registry, or to nothing (`omit-lockfile-registry-resolved`, bundled).
fn resolved(name: &str, resolved: Option<&str>, imported: &mut Imported) {
    let Some(url) = resolved else { return imported.take(Ecosystem::Npm, name) };
    let is_web = url.starts_with("https:") || url.starts_with("http:");
    match host(url) {
        Some(host) if is_web && host == RegistryId::NPM.host() => imported.take(Ecosystem::Npm, name),
        Some(host) if is_web => imported.skip(name, format!("from {host}, not from npm")),
        _ => imported.skip(name, format!("not from a registry but {}", url.split(':').next().unwrap_or("a file"))),
    }
}
