//! Imports the packages of `package-lock.json` and `npm-shrinkwrap.json`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    ImportError, Imported,
    source::{Listing, Source, host},
};
use crate::model::LockFile;

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
    /// The real name if the path has an alias.
    name: Option<String>,
    #[serde(default)]
    resolved: Resolved,
    #[serde(default)]
    link: bool,
}

/// An entry of `dependencies`.
#[derive(Deserialize)]
struct Nested {
    version: Option<String>,
    #[serde(default)]
    resolved: Resolved,
    #[serde(default)]
    dependencies: BTreeMap<String, Nested>,
}

/// The place from which an entry was downloaded. `false` means bundled in another package, an empty text means none.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Resolved {
    At(String),
    Otherwise(serde::de::IgnoredAny),
    #[default]
    Unsaid,
}

impl Resolved {
    fn url(&self) -> Option<&str> {
        match self {
            Self::At(url) => Some(url.as_str()).filter(|url| !url.is_empty()),
            Self::Otherwise(_) | Self::Unsaid => None,
        }
    }
}

pub(super) fn parse(source: &Source<'_>) -> Result<Imported, ImportError> {
    let lock: Lock = source.json()?;
    let listing = source.listing(LockFile::PackageLock)?;
    let mut imported = Imported::default();
    match &lock.packages {
        Some(packages) => packages.iter().for_each(|(path, entry)| located(&listing, path, entry, &mut imported)),
        None => tree(&listing, &lock.dependencies, &mut imported),
    }
    Ok(imported)
}

fn located(listing: &Listing<'_>, path: &str, entry: &Located, imported: &mut Imported) {
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
    resolved(listing, name, entry.resolved.url(), imported);
}

/// Depth is bounded by the JSON parser.
fn tree(listing: &Listing<'_>, dependencies: &BTreeMap<String, Nested>, imported: &mut Imported) {
    for (name, entry) in dependencies {
        let version = entry.version.as_deref().unwrap_or_default();
        match version.strip_prefix("npm:") {
            // `npm:@scope/name@1.0.0`
            Some(target) => {
                let name =
                    target.rsplit_once('@').map_or(target, |(name, _)| if name.is_empty() { target } else { name });
                resolved(listing, name, entry.resolved.url(), imported);
            }
            None if version.contains(':') => resolved(listing, name, Some(version), imported),
            None => resolved(listing, name, entry.resolved.url(), imported),
        }
        tree(listing, &entry.dependencies, imported);
    }
}

/// Takes a package that is resolved to a known registry, or to none (`omit-lockfile-registry-resolved`, bundled).
fn resolved(listing: &Listing<'_>, name: &str, resolved: Option<&str>, imported: &mut Imported) {
    let Some(url) = resolved else { return imported.take(&listing.public(), name) };
    let is_web = url.starts_with("https:") || url.starts_with("http:");
    match (host(url), listing.registry(url)) {
        (Some(_), Some(registry)) if is_web => imported.take(&registry, name),
        (Some(host), None) if is_web => imported.skip(name, listing.not_from(&host)),
        _ => imported.skip(name, format!("not from a registry but {}", url.split(':').next().unwrap_or("a file"))),
    }
}
