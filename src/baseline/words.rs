//! Maps the properties of a release to the few words under which a profile counts them.

use chrono::{DateTime, TimeDelta, Utc};

use super::Traits;
use crate::model::{
    Observation, ReleaseId, named_repository, names_version,
    words::{Attempt, CommitPlace, DependencySource, Gap, ManifestRepository, Pause, TagName},
};

/// The word for the number of an attempt.
pub fn attempt(number: u32) -> Attempt {
    if number > 1 { Attempt::Again } else { Attempt::First }
}

/// The word for the time between signing and publishing.
pub fn gap(gap: TimeDelta) -> Gap {
    match gap.num_minutes() {
        ..60 => Gap::Minutes,
        60..1440 => Gap::Hours,
        _ => Gap::Days,
    }
}

/// The time of the first of a release's verified attestations.
pub fn signed_at(release: &Observation) -> Option<DateTime<Utc>> {
    release.verified().filter_map(|verified| verified.signed_at).min()
}

/// The word for the time since the release before.
pub fn pause(pause: TimeDelta) -> Pause {
    if pause.num_minutes().abs() <= 15 { Pause::Minutes } else { Pause::Longer }
}

/// Whether a tag names the version.
pub fn tag_name(tag: &str, release: &ReleaseId) -> TagName {
    if names_version(tag, release) { TagName::Matching } else { TagName::Differing }
}

/// A kind of ref together with where its commit was: a branch that was always merged says nothing for an unmerged one.
pub fn ref_place(kind: &str, place: CommitPlace) -> String {
    format!("{kind} {}", place.as_str())
}

/// A tag of a commit that a protected branch has, and the default branch is not known to have: a user who can protect a
/// branch can tag there too.
pub const PROTECTED_TAG: &str = "tag protected";

/// Whether the manifest names the repository that built the release. `None` if one of them is not known.
pub fn manifest_repository(release: &Observation, traits: &Traits<'_>) -> Option<ManifestRepository> {
    let named = named_repository(release.manifest.as_ref()?.repository.as_deref()?)?;
    let built = traits.repository.as_deref()?;
    let built = built.split_once("://").map_or(built, |(_, rest)| rest);
    Some(if named == built { ManifestRepository::Same } else { ManifestRepository::Another })
}

/// The sources of a release's dependencies, each once. Empty if they are not known.
pub fn dependency_sources(release: &Observation) -> Vec<DependencySource> {
    if has_no_dependencies(release) {
        return vec![DependencySource::Nowhere];
    }
    let mut sources: Vec<_> = dependencies(release).map(|(_, range)| source_of(range)).collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

/// Whether a release is known to have no dependencies.
pub fn has_no_dependencies(release: &Observation) -> bool {
    let known = release.manifest.as_ref().is_some_and(|manifest| manifest.dependencies.is_some());
    known && dependencies(release).next().is_none()
}

/// All dependencies of a release, optional ones too: name and range.
pub fn dependencies(release: &Observation) -> impl Iterator<Item = (&str, &str)> {
    let manifest = release.manifest.as_ref();
    let required = manifest.and_then(|manifest| manifest.dependencies.as_ref());
    let optional = manifest.and_then(|manifest| manifest.optional_dependencies.as_ref());
    required.into_iter().chain(optional).flatten().map(|(name, range)| (name.as_str(), range.as_str()))
}

/// The source of a range: npm's `git+…`, `github:…`, `owner/name` and `https:…`, PyPI's `name @ git+…`.
pub fn source_of(range: &str) -> DependencySource {
    let range = range.trim_start_matches([' ', '@']).trim();
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| range.starts_with(prefix));
    let is_short = range.split_once('/').is_some_and(|(owner, rest)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        !owner.is_empty() && owner.chars().all(plain) && rest.chars().next().is_some_and(plain)
    });
    if starts(&["git+", "git:", "git@", "github:", "gitlab:", "bitbucket:", "gist:", "ssh:"]) {
        DependencySource::Git
    } else if starts(&["http:", "https:"]) {
        if range.split('#').next().and_then(|url| url.rsplit_once('.')).is_some_and(|(_, end)| end == "git") {
            DependencySource::Git
        } else {
            DependencySource::Url
        }
    } else if is_short && !starts(&["npm:", "workspace:", "file:", "link:"]) {
        DependencySource::Git
    } else {
        DependencySource::Registry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_dependencies() {
        for (range, source) in [
            ("^1.2.3", "registry"),
            ("npm:other@^1", "registry"),
            ("workspace:*", "registry"),
            (">=1,<2; python_version < '3.9'", "registry"),
            ("~1.2 || >=3", "registry"),
            ("github:o/r#abc", "git"),
            ("git+ssh://git@github.com/o/r", "git"),
            ("https://github.com/o/r.git#v1", "git"),
            ("o/r", "git"),
            ("@ git+https://github.com/o/r", "git"),
            ("https://cdn.example/x.tgz", "url"),
            ("", "registry"),
        ] {
            assert_eq!(source_of(range).as_str(), source, "{range}");
        }
    }
}
