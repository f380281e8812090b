//! Guesses the tag of a version, and checks whether the repository has it.

use serde::{Deserialize, Serialize};

use super::{
    ask::{Age, Asker, ForgeAnswer},
    finder::Finder,
};
use crate::model::{Fact, Observation, Package, ReleaseFacts, TagFacts, names_version};

/// A tag. Answers that were kept before its commit was read have none.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Tag {
    /// At GitHub: what it points to, a commit or a tag object.
    object: Option<Object>,
    /// At GitLab.
    commit: Option<Commit>,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Object {
    sha: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Commit {
    id: String,
}

impl Tag {
    /// The commit that it names, if that needs no further question.
    fn commit(self) -> Option<String> {
        let object = self.object.filter(|object| object.kind == "commit").map(|object| object.sha);
        let id = object.or(self.commit.map(|commit| commit.id));
        id.filter(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }
}

/// An existing release. Only GitHub states whether it can be changed, and answers that were cached before lack it.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Release {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    immutable: Option<bool>,
}

/// Looks for the forge's release of the version, and for its tag where Git's protocol did not show it; each is asked for at
/// the path that its name gives.
pub(super) async fn find(
    asker: &Asker<'_>,
    found: &mut Finder<'_>,
    of_tag: impl Fn(&str) -> String,
    of_release: impl Fn(&str) -> String,
) {
    let candidates = candidates(found.question.release);
    let listed = found.facts.tag.take();
    let tag = match &listed {
        Some(TagFacts { exists: Some(true), name: Some(name), .. }) => ForgeAnswer::Found((name.clone(), None)),
        Some(_) => ForgeAnswer::Missing,
        None => ask(asker, &candidates, of_tag).await,
    };
    let release = match &tag {
        ForgeAnswer::Found((name, _)) => asker.ask::<Release>(&of_release(name), Age::SETTLED).await,
        ForgeAnswer::Missing => ForgeAnswer::Missing,
        ForgeAnswer::Unknown(why) => ForgeAnswer::Unknown(why.clone()),
    };
    let exists = found.exists(Fact::Tag, &tag);
    let (name, commit) = match tag {
        ForgeAnswer::Found((name, commit)) => (Some(name), commit),
        _ => (candidates.into_iter().next(), None),
    };
    let answered = exists.map(|exists| TagFacts {
        name,
        commit,
        exists: Some(exists),
        asked_at: Some(asker.clock.now()),
        ..TagFacts::default()
    });
    found.facts.tag = listed.or(answered);
    let exists = found.exists(Fact::ForgeRelease, &release);
    let immutable = match release {
        ForgeAnswer::Found(release) => release.immutable,
        _ => None,
    };
    found.facts.release = exists.map(|exists| ReleaseFacts { exists: Some(exists), immutable });
}

/// Asks the API for each name that the tag may have: the first one that exists, and its commit.
async fn ask(
    asker: &Asker<'_>,
    candidates: &[String],
    of_tag: impl Fn(&str) -> String,
) -> ForgeAnswer<(String, Option<String>)> {
    for name in candidates {
        let known = asker.ask::<Tag>(&of_tag(name), Age::SETTLED).await;
        if known != ForgeAnswer::Missing {
            return known.map(|tag| (name.clone(), tag.commit()));
        }
    }
    ForgeAnswer::Missing
}

/// The tags that a version may have, the likeliest first.
pub(super) fn candidates(release: &Observation) -> Vec<String> {
    let name = short(release.purl.package());
    let built = release.refs().filter_map(|name| name.strip_prefix("refs/tags/"));
    let mut candidates: Vec<String> =
        built.filter(|name| names_version(name, &release.purl)).map(str::to_owned).collect();
    let package = release.purl.package().name();
    for version in [release.purl.version(), release.purl.version_in_tags()] {
        candidates.extend([
            format!("v{version}"),
            version.to_owned(),
            format!("{package}@{version}"),
            format!("{name}-v{version}"),
            format!("{name}@{version}"),
            format!("{name}-{version}"),
        ]);
    }
    let mut seen = std::collections::BTreeSet::new();
    candidates.retain(|tag| is_plain(tag) && seen.insert(tag.clone()));
    candidates
}

/// The name without its scope.
fn short(package: &Package) -> &str {
    package.name().rsplit('/').next().unwrap_or_default()
}

/// Whether it needs no escape that a forge might read otherwise.
fn is_plain(tag: &str) -> bool {
    !tag.is_empty()
        && tag.len() <= 200
        && !tag.contains("..")
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~@/+".contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_tag_that_was_built_comes_first() {
        let release = |reference: &str| -> Observation {
            let claims = json!({"source_repository_ref": reference});
            serde_json::from_value(
                json!({"purl": "pkg:npm/%40acme/widget@1.2.3", "published_at": "2026-01-01T00:00:00Z",
                "auth": {"method": "token"}, "attestation": {"status": "verified", "issuer": "i", "claims": claims}}),
            )
            .unwrap()
        };
        assert_eq!(candidates(&release("refs/tags/widget/1.2.3"))[..2], ["widget/1.2.3", "v1.2.3"]);
        let plain = candidates(&release("refs/heads/main"));
        assert_eq!(plain, ["v1.2.3", "1.2.3", "@acme/widget@1.2.3", "widget-v1.2.3", "widget@1.2.3", "widget-1.2.3"]);
        assert_eq!(candidates(&release("refs/tags/nightly"))[0], "v1.2.3", "it names another version");
    }

    #[test]
    fn a_version_with_an_epoch_is_looked_for_without_it() {
        let release: Observation =
            serde_json::from_value(json!({"purl": "pkg:pypi/widget@1%212.0", "published_at": "2026-01-01T00:00:00Z",
            "auth": {"method": "unknown"}, "attestation": {"status": "verified", "issuer": "i",
            "claims": {"source_repository_ref": "refs/tags/widget/2.0"}}}))
            .unwrap();
        assert_eq!(candidates(&release)[..3], ["widget/2.0", "v2.0", "2.0"]);
    }
}
