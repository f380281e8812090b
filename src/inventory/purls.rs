//! Reads the purls of bills of materials, with the registry that their qualifiers name.

use super::{
    listed::Entry,
    source::{Source, host, not_from},
};
use crate::{
    model::{Package, RegistryKey, ReleaseId},
    text::quoted,
};

/// The entry of a purl, with or without a version; else what it is, and why it cannot be taken.
pub(super) fn entry<'a>(source: &Source<'_>, purl: &'a str) -> Result<Entry, (&'a str, String)> {
    let release = purl.parse::<ReleaseId>();
    let package = release.as_ref().map(|release| release.package().clone()).or_else(|_| purl.parse::<Package>());
    let package = package.map_err(|error| (purl, error.to_string()))?;
    let registry = located(source, &package, purl).map_err(|host| (purl, not_from(&host, package.ecosystem())))?;
    Ok(Entry::new(package.of(&registry), release.as_ref().ok().map(ReleaseId::version)))
}

/// The registry in a purl's qualifiers; the public one if they name none.
///
/// # Errors
/// The host of an unknown registry.
fn located(source: &Source<'_>, package: &Package, purl: &str) -> Result<RegistryKey, String> {
    let ecosystem = package.ecosystem();
    let mut registry = RegistryKey::from(ecosystem);
    let qualifiers = purl.split_once('?').map_or("", |(_, qualifiers)| qualifiers);
    let qualifiers = qualifiers.split('#').next().unwrap_or_default();
    for (key, value) in url::form_urlencoded::parse(qualifiers.as_bytes()) {
        if key == "repository_url" || key == "download_url" {
            let url = if value.contains("://") { value.to_string() } else { format!("https://{value}") };
            let found = source.registry(ecosystem, &url);
            let found = found.ok_or_else(|| host(&url).unwrap_or_else(|| quoted(&value, 60)))?;
            // The more specific one counts: a file may be at a mirror of the named registry.
            registry = if registry.is_public() { found } else { registry };
        }
    }
    Ok(registry)
}
