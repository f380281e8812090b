//! Reads npm's package document with its versions and times.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::{address::Addresses, dist::Dist, release};
use crate::{
    http::Validators,
    model::{Aspect, Ecosystem, Package, ReleaseId, ReleaseStatus, Unread},
    registry::{
        Behind, Known, Listing, PackageDocument, RegistryError, RegistryRelease,
        document::{self, MAX_PART, MAX_TEXT, document_error},
        field::shown_name,
    },
    strict_json::Fields,
};

/// The version that npm puts in the place of a package that it took down for malware.
const SECURITY_PLACEHOLDER: &str = "0.0.1-security";

/// The dist-tag that clients install by default.
const LATEST: &str = "latest";

/// Most dist-tags that are read.
const MAX_TAGS: usize = 100;

/// Longest name of a dist-tag, and of the version that it names, in bytes.
const MAX_TAG: usize = 256;

/// Keys of `time` that are not versions.
const NO_VERSIONS: [&str; 3] = ["created", "modified", "unpublished"];

/// A package document, its versions and times still raw. An error in one place does not affect the others.
pub(super) struct Packument<'a> {
    package: &'a Package,
    revision: Option<String>,
    versions: Entries<'a>,
    times: Entries<'a>,
    unpublished: Option<Vec<String>>,
    maintainers: Option<Vec<String>>,
    dist_tags: BTreeMap<String, String>,
}

/// Whether a document is as new as the announced one.
pub(super) enum Standing {
    /// It is.
    Current,
    /// It is older.
    Behind(Behind),
    /// It has no usable revision, for this reason.
    Unknown(String),
}

/// Entries by version. `Err`: the document has the version twice; here is the last of them.
type Entries<'a> = BTreeMap<String, Result<&'a RawValue, &'a RawValue>>;

impl<'a> Packument<'a> {
    /// Reads the document of `package`.
    ///
    /// # Errors
    /// It is malformed as a whole, of another package, or has no versions.
    pub(super) fn read(package: &'a Package, body: &'a [u8]) -> Result<Self, RegistryError> {
        let what = what(package);
        let fields: Fields<'a> = document::read(Ecosystem::NPM, &what, body)?;
        Self::of(package, &fields).map_err(|why| document_error(Ecosystem::NPM, &what, why))
    }

    fn of(package: &'a Package, fields: &Fields<'a>) -> Result<Self, String> {
        check_name(package, fields)?;
        let times = entries(fields, "time").unwrap_or_default();
        let unpublished = times.get("unpublished").and_then(|entry| unpublished(entry.unwrap_or_else(|last| last)));
        let versions = entries(fields, "versions")?;
        if versions.is_empty() && unpublished.is_none() && fields.every("versions").next().is_none() {
            return Err("versions is missing, and the document does not say that they were unpublished".to_owned());
        }
        let tags = fields.object("dist-tags").ok().flatten().unwrap_or_default();
        Ok(Self {
            package,
            revision: fields.get("_rev", MAX_TEXT).ok().flatten(),
            versions,
            times,
            unpublished,
            maintainers: fields.raw("maintainers").ok().flatten().and_then(|listed| release::names(listed).ok()),
            dist_tags: dist_tags(&tags),
        })
    }

    /// Compares it with the revision that a feed announced.
    pub(super) fn standing(&self, announced: &str) -> Standing {
        let Some(seen) = &self.revision else {
            return Standing::Unknown("_rev is missing or unreadable".to_owned());
        };
        if seen == announced {
            return Standing::Current;
        }
        if !counts(seen) {
            return Standing::Unknown(format!("its _rev, {}, counts nothing", document::reason(seen)));
        }
        if !is_older(seen, announced) {
            return Standing::Current;
        }
        let seen = document::reason(seen);
        Standing::Behind(Behind { seen, announced: announced.to_owned(), incomplete: Vec::new() })
    }

    /// Describes the releases that are not `known`.
    pub(super) fn describe(
        self,
        known: &Known,
        validators: Option<Validators>,
        addresses: &Addresses,
    ) -> PackageDocument {
        // Room for all of them at once: a list that grows is copied, and its former memory is not freed at once.
        let new = self.versions.keys().filter(|version| !known.contains(version)).count();
        let (mut releases, mut unreadable) = (Vec::with_capacity(new), Vec::new());
        for (version, entry) in self.versions.iter().filter(|(version, entry)| !self.is_known(version, entry, known)) {
            match self.release(version, entry, addresses) {
                Ok(release) => releases.push(release),
                Err(why) => unreadable.push((shown_name(version), why)),
            }
        }
        // A cached key, and no sort that copies half of them: a document may describe very many.
        releases.sort_by_cached_key(|release| release.published_at);
        PackageDocument {
            releases,
            unreadable,
            withdrawn: self.withdrawn(known),
            bare: Vec::new(),
            validators,
            versions: self.statuses(),
            status: self.status().map(str::to_owned),
            revision: self.revision,
            maintainers: self.maintainers,
            dist_tags: Some(self.dist_tags),
            behind: None,
            unconfirmed: None,
        }
    }

    /// Whether a version is stored unchanged.
    fn is_known(&self, version: &str, entry: &Result<&'a RawValue, &'a RawValue>, known: &Known) -> bool {
        let file = || {
            let fields = Fields::read(entry.unwrap_or_else(|last| last)).unwrap_or_default();
            Dist::read(&fields, &mut Unread::default()).file(&self.package.at(version))
        };
        known.contains(version) && known.has(version, &[file()])
    }

    fn release(
        &self,
        version: &str,
        entry: &Result<&'a RawValue, &'a RawValue>,
        addresses: &Addresses,
    ) -> Result<RegistryRelease, String> {
        let id = self.package.at(version);
        if !can_be_named(&id) {
            return Err("no package URL can name this version".to_owned());
        }
        let time = self.published_at(version);
        let published_at = time.clone().unwrap_or_default();
        let mut release = release::read(entry.unwrap_or_else(|last| last), id, published_at, addresses)?;
        if entry.is_err() {
            release.unread.because(Unread::RELEASE, "duplicate version");
        }
        if let Err(why) = time {
            release.unread.because(Unread::TIME, why);
        }
        if !self.times.contains_key(version) {
            release.untold.push(Aspect::Time);
        }
        release.untold.sort_unstable();
        Ok(release)
    }

    /// The tarball of a version.
    pub(super) fn listing(&self, version: &str, addresses: &Addresses) -> Listing {
        let id = self.package.at(version);
        let Some(entry) = self.versions.get(version) else {
            let was_there = self.all_versions().any(|known| known == version);
            let why = if was_there { "the version was removed" } else { "the registry does not have this version" };
            return Listing::Missing(why.to_owned());
        };
        match release::archive(entry.unwrap_or_else(|last| last), &id, addresses) {
            Ok(archive) => Listing::Files(vec![archive]),
            Err(why) => Listing::Missing(format!("its entry for the version cannot be read: {why}")),
        }
    }

    /// Every version that the document names, whether it can still be installed or not; some occur twice.
    fn all_versions(&self) -> impl Iterator<Item = &str> {
        let timed = self.times.keys().filter(|key| !NO_VERSIONS.contains(&key.as_str()));
        let listed = self.unpublished.iter().flatten();
        self.versions.keys().chain(timed).chain(listed).map(String::as_str)
    }

    fn statuses(&self) -> Vec<(String, ReleaseStatus)> {
        let mut statuses: BTreeMap<_, _> =
            self.all_versions().map(|version| (version, ReleaseStatus::Unpublished)).collect();
        statuses.extend(self.versions.keys().map(|version| (version.as_str(), ReleaseStatus::Published)));
        let named = |version: &str| {
            if can_be_named(&self.package.at(version)) { version.to_owned() } else { shown_name(version) }
        };
        statuses.into_iter().map(|(version, status)| (named(version), status)).collect()
    }

    fn withdrawn(&self, known: &Known) -> Vec<(String, DateTime<Utc>)> {
        let timed = self.times.keys().map(String::as_str).filter(|key| !NO_VERSIONS.contains(key));
        let gone = timed.filter(|version| {
            let nameable = || can_be_named(&self.package.at(*version));
            !self.versions.contains_key(*version) && !known.contains(version) && nameable()
        });
        gone.filter_map(|version| Some((version.to_owned(), self.published_at(version).ok()?))).collect()
    }

    fn status(&self) -> Option<&'static str> {
        let gone = self.unpublished.is_some() && self.versions.is_empty();
        let placeholder = self.dist_tags.get(LATEST).is_some_and(|version| version == SECURITY_PLACEHOLDER);
        if gone { Some("unpublished") } else { placeholder.then_some("security-placeholder") }
    }

    fn published_at(&self, version: &str) -> Result<DateTime<Utc>, String> {
        let entry = self.times.get(version).ok_or("its publish time is missing")?;
        let entry = entry.map_err(|_| "the document has two publish times for it")?;
        let bad_time = || document::reason(format_args!("its publish time is not an RFC 3339 time: {}", entry.get()));
        let text: String = document::read_part(entry, MAX_TEXT).map_err(|_| bad_time())?;
        DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc()).map_err(|_| bad_time())
    }
}

/// The versions that dist-tags name, those first that come first. A name or version that is too long is left out.
fn dist_tags(tags: &Fields<'_>) -> BTreeMap<String, String> {
    let names = tags.iter().map(|(name, _)| name).filter(|name| name.len() <= MAX_TAG);
    // The publisher chooses their number; the one that clients install by default is never among those left out.
    let bounded = std::iter::once(LATEST).chain(names.take(MAX_TAGS));
    bounded.filter_map(|name| Some((name.to_owned(), tags.get(name, MAX_TAG).ok().flatten()?))).collect()
}

/// The document names its package. If its name cannot be read, its id is used.
fn check_name(package: &Package, fields: &Fields<'_>) -> Result<(), String> {
    let read = |key| fields.every(key).filter_map(|raw| document::read_part::<String>(raw, MAX_TEXT).ok());
    let (mut names, mut ids) = (read("name"), read("_id"));
    match names.find(|name| name != package.name()) {
        Some(other) => Err(document::reason(format_args!("it is the document of {other:?}"))),
        None if read("name").next().is_some() || ids.any(|id| id == package.name()) => Ok(()),
        None => Err("its name field is missing".to_owned()),
    }
}

/// The entries of an object of the document, or of several under one name.
fn entries<'a>(fields: &Fields<'a>, name: &str) -> Result<Entries<'a>, String> {
    let mut entries = Entries::new();
    for object in fields.every(name) {
        let object = Fields::read(object).map_err(|why| format!("its {name}: {why}"))?;
        for (key, value) in object.iter() {
            let entry = if entries.contains_key(key) { Err(value) } else { Ok(value) };
            entries.insert(key.to_owned(), entry);
        }
    }
    Ok(entries)
}

/// The versions in `time.unpublished` of a package that was unpublished as a whole.
fn unpublished(entry: &RawValue) -> Option<Vec<String>> {
    if entry.get().len() > MAX_PART {
        return None;
    }
    let listed: Vec<&RawValue> = Fields::read(entry).ok()?.get("versions", MAX_PART).ok().flatten().unwrap_or_default();
    Some(listed.into_iter().filter_map(|raw| document::read_part(raw, MAX_TEXT).ok()).collect())
}

/// The name of the document, for people.
pub(super) fn what(package: &Package) -> String {
    format!("the package document of {}", package.name())
}

/// Whether the release's purl can be parsed back.
fn can_be_named(release: &ReleaseId) -> bool {
    release.to_string().parse().is_ok_and(|read: ReleaseId| read == *release)
}

/// Whether a revision changes with its document, as those of npm's original database do: `generation-hash`. Other
/// registry software writes the same revision, `1-0`, for every document, or one that does not count.
fn counts(revision: &str) -> bool {
    revision.split_once('-').is_some_and(|(generation, hash)| {
        generation.parse::<u64>().is_ok_and(|number| number > 0) && hash.bytes().any(|byte| byte != b'0')
    })
}

/// Whether revision `seen` comes before `announced`. Revisions are `generation-hash`; two of another form must be equal
/// to count as equally new.
fn is_older(seen: &str, announced: &str) -> bool {
    let generation = |revision: &str| revision.split('-').next().and_then(|number| number.parse::<u64>().ok());
    match (generation(seen), generation(announced)) {
        (Some(seen), Some(announced)) => seen < announced,
        _ => seen != announced,
    }
}

#[cfg(test)]
mod tests {
    use super::{counts, is_older};

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

    #[test]
    fn a_revision_that_is_the_same_for_all_documents_counts_nothing() {
        for (revision, expected) in [
            ("37-492fb14479b1ae44c0150d53ab2ce6ba", true),
            ("99999999999999999999-ab", false),
            ("1-0", false),
            ("1-00000000000000000000000000000000", false),
            ("0-492fb14479b1ae44c0150d53ab2ce6ba", false),
            ("37", false),
            ("x-ab", false),
            ("", false),
        ] {
            assert_eq!(counts(revision), expected, "{revision}");
        }
    }
}
