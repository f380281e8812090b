//! The repository, commit and workflow run of a release at its forge.

use chrono::{DateTime, Utc};

use crate::model::{Observation, WorkflowIdentity, run_and_attempt};

/// A repository at a forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgeRepository {
    /// The forge's host, lower-case.
    pub host: String,
    /// `owner/name`; at GitLab with all groups.
    pub path: String,
    /// Its numeric id, which survives renames.
    pub id: Option<String>,
}

/// The repository that has a name now.
pub(super) struct Named {
    /// Its numeric id.
    pub id: u64,
    pub created_at: DateTime<Utc>,
}

impl ForgeRepository {
    /// The repository that built a release, by its verified identity.
    pub fn of(release: &Observation) -> Option<Self> {
        release.identities().into_iter().find_map(Self::of_identity)
    }

    /// The repository that a certificate names.
    pub fn of_identity(identity: &WorkflowIdentity) -> Option<Self> {
        let claims = &identity.claims;
        let place = Self::of_url(claims.source_repository_uri.as_deref()?)?;
        Some(Self { id: claims.source_repository_identifier.clone().filter(|id| is_number(id)), ..place })
    }

    /// Whether both have the same name at the same forge, whose names do not depend on case.
    pub fn is_called_like(&self, other: &Self) -> bool {
        self.host == other.host && self.path.eq_ignore_ascii_case(&other.path)
    }

    /// A repository by its web page.
    pub fn of_url(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("https://")?;
        let (host, path) = rest.split_once('/')?;
        let path = path.trim_end_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let parts: Vec<&str> = path.split('/').collect();
        let plain = |part: &&str| {
            !part.is_empty()
                && part.len() <= 200
                && part != &"."
                && part != &".."
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
        };
        let is_path = (2..=20).contains(&parts.len()) && parts.iter().all(plain);
        is_path.then(|| Self { host: host.to_lowercase(), path: path.to_owned(), id: None })
    }
}

/// Whether it is a number, as ids of forges are.
pub(super) fn is_number(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The commit that was built, if it has the form of one.
pub(super) fn commit(release: &Observation) -> Option<&str> {
    let identities = release.identities().into_iter();
    let mut commits = identities.filter_map(|identity| identity.claims.source_repository_digest.as_deref());
    commits.find(|sha| (7..=64).contains(&sha.len()) && sha.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The attempt of the run.
pub(super) fn attempt(release: &Observation) -> u32 {
    release.runs().find_map(|uri| run_and_attempt(uri).1).unwrap_or(1)
}

/// The number of a run (GitHub) or job (GitLab) in its URL.
pub(super) fn run_number(url: &str) -> Option<&str> {
    let number =
        ["/actions/runs/", "/-/jobs/"].iter().find_map(|before| url.split_once(before)).map(|(_, rest)| rest)?;
    number.split('/').next().filter(|text| is_number(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_repositories_are_places() {
        let place = |url: &str| ForgeRepository::of_url(url).map(|place| (place.host, place.path));
        let some = |host: &str, path: &str| Some((host.to_owned(), path.to_owned()));
        assert_eq!(place("https://github.com/acme/widget"), some("github.com", "acme/widget"));
        assert_eq!(place("https://GitHub.com/acme/widget.git/"), some("github.com", "acme/widget"));
        assert_eq!(place("https://gitlab.com/a/b/c.git"), some("gitlab.com", "a/b/c"));
        for url in [
            "http://github.com/a/b",
            "https://github.com/a",
            "https://github.com/a/../b",
            "https://github.com/a/b?x=1",
            "https://github.com/a/b%2fc",
            "https://github.com//b",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(place(url), None, "{url}");
        }
    }
}
