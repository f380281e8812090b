use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{address::Addresses, release};
use crate::{
    http::Validators,
    model::{Ecosystem, Package, ReleaseId, ReleaseStatus},
    registry::{
        PackageDocument, RegistryError,
        document::{self, Object, UniqueMap},
        exchange::document_error,
    },
};

/// The version that npm puts in the place of a package that it took down for malware.
const SECURITY_PLACEHOLDER: &str = "0.0.1-security";

/// Keys of `time` that are no versions.
const NO_VERSIONS: [&str; 3] = ["created", "modified", "unpublished"];

/// Most bytes of a small part: the maintainers, or an entry of `time` (that of an unpublished package lists versions).
const MAX_PART: usize = 1024 * 1024;

/// A package document, its versions and times still raw.
pub(super) struct Packument<'a> {
    package: &'a Package,
    raw: RawPackument<'a>,
    unpublished: Option<Unpublished>,
    maintainers: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct RawPackument<'a> {
    name: String,
    #[serde(rename = "_rev")]
    revision: Option<String>,
    #[serde(borrow)]
    versions: Option<UniqueMap<&'a RawValue>>,
    #[serde(borrow, default)]
    time: UniqueMap<&'a RawValue>,
    #[serde(borrow)]
    maintainers: Option<&'a RawValue>,
    #[serde(rename = "dist-tags", default)]
    tags: Object<Tags>,
}

#[derive(Default, Deserialize)]
struct Tags {
    latest: Option<String>,
}

/// What `time.unpublished` says of a package that was unpublished as a whole.
#[derive(Deserialize)]
struct Unpublished {
    #[serde(default)]
    versions: Vec<String>,
}

impl<'a> Packument<'a> {
    /// Reads the document of `package`.
    ///
    /// # Errors
    /// It is malformed, of another package, or names a version that no purl can name.
    pub(super) fn read(package: &'a Package, body: &'a [u8]) -> Result<Self, RegistryError> {
        let what = what(package);
        let Object(raw) = document::read(Ecosystem::Npm, &what, body)?;
        Self::checked(package, raw).map_err(|why| document_error(Ecosystem::Npm, &what, why))
    }

    fn checked(package: &'a Package, raw: RawPackument<'a>) -> Result<Self, String> {
        if raw.name != package.name() {
            return Err(format!("it is the document of {:?}", raw.name));
        }
        let unpublished: Option<Object<Unpublished>> =
            part("time.unpublished", raw.time.0.get("unpublished").copied())?;
        let maintainers = part("maintainers", raw.maintainers)?.map(release::names);
        if raw.versions.is_none() && unpublished.is_none() {
            return Err("it has no versions, and does not say that they were unpublished".to_owned());
        }
        let document =
            Self { package, raw, maintainers, unpublished: unpublished.map(|Object(unpublished)| unpublished) };
        let nameless = document.all_versions().find(|version| !can_be_named(&package.at(*version)));
        match nameless.map(|version| format!("no package URL can name its version {version:?}")) {
            Some(why) => Err(why),
            None => Ok(document),
        }
    }

    /// Checks that the document is not older than the revision that a feed announced.
    ///
    /// # Errors
    /// [`RegistryError::Stale`], or a document without a revision.
    pub(super) fn at_least(&self, announced: &str) -> Result<(), RegistryError> {
        let Some(seen) = &self.raw.revision else {
            let why = format!("it has no _rev, so it cannot be told whether it holds the announced {announced}");
            return Err(document_error(Ecosystem::Npm, &what(self.package), why));
        };
        if !is_older(seen, announced) {
            return Ok(());
        }
        Err(RegistryError::Stale {
            package: self.package.clone(),
            seen: document::reason(seen),
            announced: announced.to_owned(),
        })
    }

    /// Describes the releases that are not `known`.
    pub(super) fn describe(
        self,
        known: &BTreeSet<String>,
        validators: Option<Validators>,
        addresses: &Addresses,
    ) -> PackageDocument {
        let (mut releases, mut unreadable) = (Vec::new(), Vec::new());
        for (version, part) in self.parts().filter(|(version, _)| !known.contains(*version)) {
            let release = self
                .published_at(version)
                .and_then(|published_at| release::read(part, self.package.at(version), published_at, addresses));
            match release {
                Ok(release) => releases.push(release),
                Err(why) => unreadable.push((version.clone(), why)),
            }
        }
        releases.sort_by_key(|release| release.published_at);
        PackageDocument {
            releases,
            unreadable,
            withdrawn: self.withdrawn(known),
            validators,
            versions: self.versions(),
            status: self.status().map(str::to_owned),
            revision: self.raw.revision,
            maintainers: self.maintainers,
        }
    }

    fn parts(&self) -> impl Iterator<Item = (&String, &'a RawValue)> {
        self.raw.versions.iter().flat_map(|versions| &versions.0).map(|(version, part)| (version, *part))
    }

    /// Every version that the document names, whether it can still be installed or not; some come twice.
    fn all_versions(&self) -> impl Iterator<Item = &str> {
        let timed = self.raw.time.0.keys().filter(|key| !NO_VERSIONS.contains(&key.as_str()));
        let listed = self.unpublished.iter().flat_map(|unpublished| &unpublished.versions);
        self.parts().map(|(version, _)| version).chain(timed).chain(listed).map(String::as_str)
    }

    fn versions(&self) -> Vec<(String, ReleaseStatus)> {
        let mut statuses: BTreeMap<_, _> =
            self.all_versions().map(|version| (version, ReleaseStatus::Unpublished)).collect();
        statuses.extend(self.parts().map(|(version, _)| (version.as_str(), ReleaseStatus::Published)));
        statuses.into_iter().map(|(version, status)| (version.to_owned(), status)).collect()
    }

    fn withdrawn(&self, known: &BTreeSet<String>) -> Vec<(String, DateTime<Utc>)> {
        let there: BTreeSet<&str> = self.parts().map(|(version, _)| version.as_str()).collect();
        let timed = self.raw.time.0.keys().map(String::as_str).filter(|key| !NO_VERSIONS.contains(key));
        let gone = timed.filter(|version| !there.contains(version) && !known.contains(*version));
        gone.filter_map(|version| Some((version.to_owned(), self.published_at(version).ok()?))).collect()
    }

    fn status(&self) -> Option<&'static str> {
        let gone = self.unpublished.is_some() && self.parts().next().is_none();
        let placeholder = self.raw.tags.0.latest.as_deref() == Some(SECURITY_PLACEHOLDER);
        if gone { Some("unpublished") } else { placeholder.then_some("security-placeholder") }
    }

    fn published_at(&self, version: &str) -> Result<DateTime<Utc>, String> {
        let entry = self.raw.time.0.get(version).ok_or("the document has no publish time for it")?;
        let bad_time = || document::reason(format_args!("its publish time is not an RFC 3339 time: {}", entry.get()));
        let text: String = document::read_part(entry, MAX_PART).map_err(|_| bad_time())?;
        DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc()).map_err(|_| bad_time())
    }
}

fn part<'a, T: Deserialize<'a>>(name: &str, part: Option<&'a RawValue>) -> Result<Option<T>, String> {
    part.map(|part| document::read_part(part, MAX_PART).map_err(|why| format!("its {name}: {why}"))).transpose()
}

/// What is being read, for people.
fn what(package: &Package) -> String {
    format!("the package document of {}", package.name())
}

/// Whether the release's purl is one that can be read back.
fn can_be_named(release: &ReleaseId) -> bool {
    release.to_string().parse().is_ok_and(|read: ReleaseId| read == *release)
}

/// Whether revision `seen` comes before `announced`. Revisions are `generation-hash`; of two that are not, only equal
/// ones are known to be as new.
fn is_older(seen: &str, announced: &str) -> bool {
    let generation = |revision: &str| revision.split('-').next().and_then(|number| number.parse::<u64>().ok());
    match (generation(seen), generation(announced)) {
        (Some(seen), Some(announced)) => seen < announced,
        _ => seen != announced,
    }
}

#[cfg(test)]
mod tests {
    use super::is_older;

    #[test]
    fn revisions_are_compared_by_generation() {
        for (seen, announced, older) in [
            ("36-aa", "37-bb", true),
            ("37-bb", "37-bb", false),
            ("37-aa", "37-bb", false),
            ("100-aa", "37-bb", false),
            ("9-aa", "37-bb", true),
            ("x", "37-bb", true),
            ("x", "x", false),
            ("37-aa", "99999999999999999999-aa", true),
        ] {
            assert_eq!(is_older(seen, announced), older, "{seen} {announced}");
        }
    }
}
