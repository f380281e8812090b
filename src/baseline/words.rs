//! What a release shows, in the few words under which a portrait counts it.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Traits, traits::repository_name};
use crate::model::{Observation, names_version};

/// Under which word a number of the attempt counts.
pub fn attempt_word(attempt: u32) -> &'static str {
    if attempt > 1 { "again" } else { "first" }
}

/// Under which word the time between signing and publishing counts.
pub fn gap_word(gap: TimeDelta) -> &'static str {
    match gap.num_minutes() {
        ..60 => "minutes",
        60..1440 => "hours",
        _ => "days",
    }
}

/// When the first of a release's verified attestations was signed.
pub fn signed_at(release: &Observation) -> Option<DateTime<Utc>> {
    release.verified().filter_map(|verified| verified.signed_at).min()
}

/// Under which word the time since the release before counts.
pub fn pause_word(pause: TimeDelta) -> &'static str {
    if pause.num_minutes().abs() <= 15 { "minutes" } else { "longer" }
}

/// Under which word the registry's rule about tokens counts.
pub fn policy_word(tokens_disallowed: bool) -> &'static str {
    if tokens_disallowed { "trusted publishers only" } else { "tokens" }
}

/// Under which word a tag counts: whether it names the version.
pub fn tag_word(tag: &str, version: &str) -> &'static str {
    if names_version(tag, version) { "matching" } else { "differing" }
}

/// Whether the manifest names the repository that built the release. `None` where one of them is not known.
pub fn manifest_word(release: &Observation, traits: &Traits<'_>) -> Option<&'static str> {
    let named = named_repository(release.manifest.as_ref()?.repository.as_deref()?)?;
    let built = traits.repository.as_deref()?;
    let built = built.split_once("://").map_or(built, |(_, rest)| rest);
    Some(if named == built { "same" } else { "another" })
}

/// A manifest's repository as `host/owner/name`, lower-case. Manifests write it as a URL of any kind, `github:owner/name` or
/// `owner/name`; a page within the repository (`/tree/main/packages/x`) means the repository. `None`: it cannot be compared.
pub fn named_repository(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.split(['#', '?']).next().unwrap_or(text);
    let rest = match text.split_once(':') {
        Some(("github", rest)) => format!("github.com/{rest}"),
        Some(("gitlab", rest)) => format!("gitlab.com/{rest}"),
        Some((_, rest)) if rest.starts_with("//") => rest.trim_start_matches('/').to_owned(),
        // git@host:owner/name
        Some((host, rest)) => format!("{host}/{rest}"),
        None if text.matches('/').count() == 1 => format!("github.com/{text}"),
        None => return None,
    };
    // Who asks stands before the host; an at sign further on belongs to the path.
    let rest = match rest.split_once('/') {
        Some((host, path)) => format!("{}/{path}", host.rsplit_once('@').map_or(host, |(_, host)| host)),
        None => rest,
    };
    let mut parts = rest.split('/');
    let (host, owner, name) = (parts.next()?, parts.next()?, parts.next()?);
    if owner.is_empty() || name.is_empty() {
        return None;
    }
    // GitLab has groups within groups: there the whole path counts.
    if host != "github.com" {
        let path = rest.split("/-/").next().unwrap_or(&rest);
        return Some(repository_name(path));
    }
    Some(repository_name(&format!("{host}/{owner}/{name}")))
}

/// Where the dependencies of a release come from, each once. Nothing where they are not known.
pub fn dependency_sources(release: &Observation) -> Vec<&'static str> {
    if has_no_dependencies(release) {
        return vec!["nowhere"];
    }
    let mut sources: Vec<_> = dependencies(release).map(|(_, range)| source_of(range)).collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

/// Whether a release is known to depend on nothing.
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

/// Where a range is fetched from: npm's `git+…`, `github:…`, `owner/name` and `https:…`, PyPI's `name @ git+…`.
pub fn source_of(range: &str) -> &'static str {
    let range = range.trim_start_matches([' ', '@']).trim();
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| range.starts_with(prefix));
    let is_short = range.split_once('/').is_some_and(|(owner, rest)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        !owner.is_empty() && owner.chars().all(plain) && rest.chars().next().is_some_and(plain)
    });
    if starts(&["git+", "git:", "git@", "github:", "gitlab:", "bitbucket:", "gist:", "ssh:"]) {
        "git"
    } else if starts(&["http:", "https:"]) {
        if range.split('#').next().and_then(|url| url.rsplit_once('.')).is_some_and(|(_, end)| end == "git") {
            "git"
        } else {
            "url"
        }
    } else if is_short && !starts(&["npm:", "workspace:", "file:", "link:"]) {
        "git"
    } else {
        "registry"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_as_manifests_write_them() {
        for (text, name) in [
            ("git+https://github.com/O/R.git", Some("github.com/o/r")),
            ("https://github.com/o/r/tree/main/packages/@s/x", Some("github.com/o/r")),
            ("git@github.com:o/r.git", Some("github.com/o/r")),
            ("ssh://git@github.com/o/r", Some("github.com/o/r")),
            ("github:o/r", Some("github.com/o/r")),
            ("o/r", Some("github.com/o/r")),
            ("https://gitlab.com/a/b/c/-/tree/main", Some("gitlab.com/a/b/c")),
            ("https://github.com/o", None),
            ("somewhere", None),
            ("", None),
        ] {
            assert_eq!(named_repository(text).as_deref(), name, "{text}");
        }
    }

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
            assert_eq!(source_of(range), source, "{range}");
        }
    }
}
