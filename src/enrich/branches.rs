//! Finds a release branch that contains the commit of a release.

use serde::{Serialize, de::DeserializeOwned};

use super::{
    ask::{Age, Asker, ForgeAnswer},
    finder::Finder,
};
use crate::model::{Fact, Observation};

/// Most branches that are checked: each costs a request.
const MOST: usize = 5;

/// Candidates for a release branch that has the commit.
pub(super) struct Branches {
    pub names: Vec<String>,
    /// Whether the list is complete.
    pub is_all: bool,
}

/// Looks for a release branch that has the commit. `path` gives the request for a branch, `is_it` evaluates the answer.
pub(super) async fn find<T: DeserializeOwned + Serialize>(
    asker: &Asker<'_>,
    found: &mut Finder<'_>,
    Branches { mut names, is_all }: Branches,
    path: impl Fn(&str) -> String,
    is_it: impl Fn(&T) -> bool,
) {
    // Rules may protect every branch, so the branch of the build is not evidence for itself.
    let built = built(found.question.release);
    names.retain(|name| !built.contains(&name.as_str()));
    let count = names.len();
    let likely = likely(found.question.release, names);
    let are_plain = likely.len() == count;
    let is_all = is_all && count <= MOST;
    for name in likely.iter().take(MOST) {
        match asker.ask::<T>(&path(name), Age::QUICK).await {
            ForgeAnswer::Found(branch) if is_it(&branch) => {
                found.commit().on_release_branch = Some(true);
                return;
            }
            ForgeAnswer::Found(_) | ForgeAnswer::Missing => {}
            ForgeAnswer::Unknown(why) => return found.failed(Fact::OnReleaseBranch, why),
        }
    }
    match (is_all, are_plain) {
        (true, true) => found.commit().on_release_branch = Some(false),
        (true, false) => found.unknown(Fact::OnReleaseBranch, "a branch has a name that cannot be asked for"),
        (false, _) => {
            found.unknown(Fact::OnReleaseBranch, format!("more than {MOST} branches; the others were not checked"));
        }
    }
}

/// The branches that a release was built from.
pub(super) fn built(release: &Observation) -> Vec<&str> {
    release.refs().filter_map(|name| name.strip_prefix("refs/heads/")).collect()
}

/// The branches worth a request, the likeliest first: those named for the version, then the others.
fn likely(release: &Observation, mut names: Vec<String>) -> Vec<String> {
    let version = release.purl.version();
    // Branches are named without PyPI's epoch.
    let mut parts = version.split_once('!').map_or(version, |(_, numbers)| numbers).splitn(3, '.');
    let major = parts.next().unwrap_or_default();
    let minor = parts.next().map_or_else(|| major.to_owned(), |minor| format!("{major}.{minor}"));
    names.retain(|name| is_plain(name));
    names.sort_by_cached_key(|name| {
        let unlike = |number: &str| !numbers(name).any(|it| it == number);
        (unlike(&minor), unlike(major), name.clone())
    });
    names
}

/// The numbers in a branch's name, and each without what follows its first dot: of `release/v1.2.x` they are 1.2 and 1.
fn numbers(name: &str) -> impl Iterator<Item = &str> {
    let whole = name.split(|it: char| !it.is_ascii_digit() && it != '.').map(|number| number.trim_matches('.'));
    whole.flat_map(|number| [number, number.split('.').next().unwrap_or_default()])
}

/// Whether a branch's name can be put in a path unescaped.
pub(super) fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./~".contains(&byte);
    !name.is_empty() && name.len() <= 200 && !name.contains("..") && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_branches_of_the_version_come_first() {
        let release = |purl: &str| -> Observation {
            serde_json::from_value(json!({
                "purl": purl, "published_at": "2026-01-01T00:00:00Z", "auth": {"method": "token"},
                "attestation": {"status": "absent"},
            }))
            .unwrap()
        };
        let names = ["11.x", "2.x", "lts-1", "release/v1.2.x", "a b", "..", "r#1"];
        for purl in ["pkg:npm/widget@1.2.3", "pkg:pypi/widget@3%211.2.3"] {
            let likely = likely(&release(purl), names.map(str::to_owned).into());
            assert_eq!(likely, ["release/v1.2.x", "lts-1", "11.x", "2.x"], "{purl}");
        }
    }
}
