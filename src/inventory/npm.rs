//! Reads `package-lock.json` and `npm-shrinkwrap.json`.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, de::IgnoredAny};

use super::{
    ImportError,
    draft::Draft,
    listed::{Entry, Listed},
    source::{Listing, Source, host},
};
use crate::{
    model::{DependencyScope, LockFile},
    text::quoted,
};

/// Most folders above an entry, in each of which its dependencies are looked for.
const MAX_FOLDERS: usize = 100;

/// The folder of a package's dependencies.
const FOLDER: &str = "node_modules";

/// Versions 2 and 3 have `packages`, version 1 only the tree `dependencies`: npm's documentation, *package-lock.json*.
#[derive(Deserialize)]
struct Lock {
    /// By path: `node_modules/a/node_modules/b`. The empty path is the project itself.
    packages: Option<BTreeMap<String, Located>>,
    #[serde(default)]
    dependencies: BTreeMap<String, Nested>,
}

/// An entry of `packages`, whose dependencies are names with ranges.
type Located = Package<IgnoredAny>;

/// An entry of the tree.
#[derive(Deserialize)]
#[serde(transparent)]
struct Nested(Package<Nested>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the marks of npm")]
#[expect(clippy::zero_sized_map_values, reason = "only the names matter")]
struct Package<D> {
    /// The real name if the path has an alias.
    name: Option<String>,
    version: Option<String>,
    #[serde(default)]
    resolved: Resolved,
    integrity: Option<String>,
    #[serde(default)]
    link: bool,
    #[serde(default)]
    dev: bool,
    #[serde(default)]
    optional: bool,
    /// Developers need it, and the project may have it.
    #[serde(default)]
    dev_optional: bool,
    #[serde(default = "BTreeMap::new")]
    dependencies: BTreeMap<String, D>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, IgnoredAny>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, IgnoredAny>,
    #[serde(default)]
    peer_dependencies: BTreeMap<String, IgnoredAny>,
}

/// The place from which an entry was downloaded. `false` means bundled in another package, an empty text means none.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Resolved {
    At(String),
    Otherwise(IgnoredAny),
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

pub(super) fn parse(source: &Source<'_>) -> Result<Listed, ImportError> {
    let lock: Lock = source.json()?;
    let listing = source.listing(LockFile::PackageLock)?;
    let mut draft = Draft::of(source);
    match &lock.packages {
        Some(packages) => located(&listing, packages, &mut draft)?,
        None => tree(&listing, &lock.dependencies, &mut draft)?,
    }
    Ok(draft.finish())
}

fn located(
    listing: &Listing<'_>,
    packages: &BTreeMap<String, Located>,
    draft: &mut Draft<'_>,
) -> Result<(), ImportError> {
    let mut places = HashMap::new();
    for (path, package) in packages.iter().filter(|(path, _)| !path.is_empty()) {
        places.insert(path.as_str(), draft.add(entry_at(listing, path, package))?);
    }
    for (path, package) in packages.iter().filter(|(path, _)| path.split('/').count() <= MAX_FOLDERS) {
        let from = places.get(path.as_str()).filter(|_| is_dependency(path));
        for (name, scope) in package.all() {
            draft.count()?;
            match (from, found(&places, path, name)) {
                (Some(from), Some(to)) => draft.edge(*from, to, scope)?,
                // The project, and the members of its workspace.
                (None, Some(to)) => draft.root(to, scope)?,
                (_, None) => {}
            }
        }
    }
    Ok(())
}

/// Whether a path is below a folder of dependencies.
fn is_dependency(path: &str) -> bool {
    path.split('/').any(|part| part == FOLDER)
}

/// The entry that a dependency leads to: that of the nearest folder of dependencies on the way up.
fn found(places: &HashMap<&str, usize>, from: &str, name: &str) -> Option<usize> {
    let mut folder = from;
    loop {
        let slash = if folder.is_empty() { "" } else { "/" };
        if let Some(at) = places.get(format!("{folder}{slash}{FOLDER}/{name}").as_str()) {
            return Some(*at);
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        // Node looks beside the folder of dependencies, not in it.
        if let Some(above) = folder.strip_suffix(FOLDER).filter(|above| above.is_empty() || above.ends_with('/')) {
            folder = above.trim_end_matches('/');
        }
    }
}

fn entry_at<'a>(listing: &Listing<'_>, path: &'a str, package: &'a Located) -> Result<Entry, (&'a str, String)> {
    let Some((_, last)) = path.rsplit_once("node_modules/") else {
        return Err((path, "part of the workspace".to_owned()));
    };
    if package.link {
        return Err((path, "a link into the workspace".to_owned()));
    }
    let name = package.name.as_deref().unwrap_or(last);
    entry(listing, name, package.version.as_deref(), package.resolved.url(), package)
}

/// Depth is bounded by the JSON parser. The tree says where packages are, and not which are the project's own.
fn tree(
    listing: &Listing<'_>,
    dependencies: &BTreeMap<String, Nested>,
    draft: &mut Draft<'_>,
) -> Result<(), ImportError> {
    for (name, Nested(package)) in dependencies {
        let (version, url) = (package.version.as_deref().unwrap_or_default(), package.resolved.url());
        let found = match version.strip_prefix("npm:") {
            // `npm:@scope/name@1.0.0`
            Some(target) => {
                let (name, version) =
                    target.rsplit_once('@').filter(|(name, _)| !name.is_empty()).unwrap_or((target, ""));
                entry(listing, name, Some(version), url, package)
            }
            None if version.contains(':') => entry(listing, name, None, Some(version), package),
            None => entry(listing, name, Some(version), url, package),
        };
        draft.add(found)?;
        tree(listing, &package.dependencies, draft)?;
    }
    Ok(())
}

/// A package that is resolved to a known registry, or to none (`omit-lockfile-registry-resolved`, bundled).
fn entry<'a, D>(
    listing: &Listing<'_>,
    name: &'a str,
    version: Option<&str>,
    resolved: Option<&str>,
    package: &'a Package<D>,
) -> Result<Entry, (&'a str, String)> {
    let registry = match resolved {
        None => listing.public(),
        Some(url) => {
            let is_web = url.starts_with("https:") || url.starts_with("http:");
            match (host(url), listing.registry(url)) {
                (Some(_), Some(registry)) if is_web => registry,
                (Some(host), None) if is_web => return Err((name, listing.not_from(&host))),
                _ => {
                    let kind = quoted(url.split(':').next().unwrap_or("a file"), 60);
                    return Err((name, format!("not from a registry but {kind}")));
                }
            }
        }
    };
    let mut entry = Entry::named(&registry, name, version)?.with_digests(package.integrity.as_deref());
    entry.place.scope = package.scope();
    Ok(entry)
}

impl<D> Package<D> {
    /// What the project needs it for, as npm worked it out.
    fn scope(&self) -> DependencyScope {
        match self {
            Self { dev: true, .. } => DependencyScope::Dev,
            Self { optional: true, .. } | Self { dev_optional: true, .. } => DependencyScope::Optional,
            _ => DependencyScope::Required,
        }
    }

    /// The names of its dependencies, and what it needs them for. npm installs what peers demand, too.
    fn all(&self) -> impl Iterator<Item = (&str, DependencyScope)> {
        let required = self.dependencies.keys().chain(self.peer_dependencies.keys());
        let required = required.map(|name| (name.as_str(), DependencyScope::Required));
        let optional = self.optional_dependencies.keys().map(|name| (name.as_str(), DependencyScope::Optional));
        let dev = self.dev_dependencies.keys().map(|name| (name.as_str(), DependencyScope::Dev));
        required.chain(optional).chain(dev)
    }
}
