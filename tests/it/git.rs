//! Tests of the references of repositories: what servers of Git answer, simulated and real.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use lab::git::{GitBackend, GitFault, LabGit, LabRepository, git};
use provwatch::{
    clock::ManualClock,
    git::{GitError, GitRemote, References, RepositoryUrl},
    http::{Client, Transport},
    text::with_causes,
};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER: &str = "89abcdef0123456789abcdef0123456789abcdef";
const OBJECT: &str = "ffffffffffffffffffffffffffffffffffffffff";

fn remote(transport: Arc<dyn Transport>) -> GitRemote {
    GitRemote::new(&Client::new(transport, Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z"))))
}

fn repository(path: &str) -> RepositoryUrl {
    RepositoryUrl::new("forge.example", path).unwrap()
}

/// A server with a widget of two releases.
fn widgets() -> LabGit {
    let server = LabGit::default();
    let mut widget = LabRepository::new(OTHER);
    widget.branch("next", COMMIT).tag("v1.0.0", COMMIT).annotated("v1.1.0", OBJECT, OTHER).tag("v1.1.0-rc.1", COMMIT);
    server.has("acme/widget", &widget);
    server
}

async fn list(server: &LabGit) -> Result<References, GitError> {
    remote(Arc::new(server.clone())).list(&repository("acme/widget")).await
}

fn ids(found: &References) -> BTreeMap<String, String> {
    let tags = found.tags.iter().map(|(name, id)| (format!("refs/tags/{name}"), id.to_string()));
    let heads = found.heads.iter().map(|(name, id)| (format!("refs/heads/{name}"), id.to_string()));
    tags.chain(heads).collect()
}

#[tokio::test]
async fn one_question_tells_whether_a_version_has_a_tag() {
    let server = widgets();
    let remote = remote(Arc::new(server.clone()));
    let names = |version: &str| [format!("v{version}"), version.to_owned(), format!("widget@{version}")];
    for (version, commit) in [("1.0.0", Some(COMMIT)), ("1.1.0", Some(OTHER)), ("1.2.0", None), ("1.1", None)] {
        let found = remote.tags_with_prefix(&repository("acme/widget"), &names(version)).await.unwrap();
        let tag = names(version).iter().find_map(|name| found.tags.get(name));
        assert_eq!(tag.map(|id| id.to_string()).as_deref(), commit, "{version}");
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked[0].contains(&"ref-prefix refs/tags/widget@1.0.0".to_owned()), "{asked:?}");
}

#[tokio::test]
async fn a_listing_tells_the_past() {
    let found = list(&widgets()).await.unwrap();
    let tags: Vec<_> = found.tags.iter().map(|(name, _)| name).collect();
    assert_eq!(tags, ["v1.0.0", "v1.1.0", "v1.1.0-rc.1"]);
    assert_eq!(found.head.unwrap().branch.as_deref(), Some("main"));
    assert_eq!(found.heads.len(), 2);
}

#[tokio::test]
async fn a_renamed_repository_says_where_it_is() {
    let server = widgets();
    server.renames("acme/widget", "acme/gadget");
    let found = list(&server).await.unwrap();
    assert_eq!((found.moved_to, found.tags.len()), (Some(repository("acme/gadget")), 3));
}

/// What a server does in place of an answer, and what provwatch says of it.
fn faults() -> [(GitFault, &'static str); 16] {
    [
        (
            GitFault::Status(429, vec![("retry-after", "900")]),
            "the server answered 429 after 1 attempt; it wants to be asked again in 900 s",
        ),
        (
            GitFault::Status(403, vec![]),
            "the server refuses to list the references of https://forge.example/acme/widget (403)",
        ),
        (GitFault::Status(404, vec![]), "https://forge.example/acme/widget does not exist: the server answered 404"),
        (
            GitFault::Status(302, vec![("location", "/login")]),
            "redirects to `/login`, which is not another repository of the same host",
        ),
        (GitFault::Html, "https://forge.example/acme/widget answers with `text/html` in place of Git's protocol"),
        (
            GitFault::OldProtocol,
            "the server advertises itself in place of an answer, as older protocols do: `# service=git-upload-pack`",
        ),
        (GitFault::Empty, "the answer is empty: the server does not answer protocol version 2 here"),
        (GitFault::Truncated(100), "the packet at byte 80 is cut off: 20 of its 61 bytes came"),
        (GitFault::Truncated(80), "the answer ends after 1 line without the packet that marks its end"),
        (GitFault::Twice, "the answer goes on where it has to end, after 6 lines"),
        (GitFault::Repeated, "the answer has the reference `HEAD` twice"),
        (GitFault::Error("access denied"), "the server reports an error: `access denied`"),
        (GitFault::Before(b"0001".to_vec()), "the answer goes on where it has to end, after 0 lines"),
        (
            GitFault::Before(b"\r\n".to_vec()),
            "the length of the packet at byte 0 is not four hexadecimal digits: `\u{fffd}\u{fffd}00`",
        ),
        (GitFault::Slow, "no usable answer after 2 attempts: operation timed out"),
        (GitFault::Huge(200_000), "the answer has more than 200000 references"),
    ]
}

#[tokio::test]
async fn what_a_server_does_in_place_of_an_answer_is_never_a_missing_tag() {
    let server = widgets();
    for (fault, expected) in faults() {
        server.misbehaves(Some(fault));
        let said = with_causes(&list(&server).await.unwrap_err());
        assert!(said.contains("https://forge.example/acme/widget") && said.ends_with(expected), "{said}");
        assert!(said.len() < 400, "{said}");
    }
    server.misbehaves(None);
    assert!(list(&server).await.is_ok());
    let hidden = remote(Arc::new(server)).list(&repository("acme/secret")).await.unwrap_err();
    assert!(hidden.is_hidden(), "{hidden}");
}

#[tokio::test]
async fn a_hundred_thousand_references_are_read_in_seconds() {
    let server = LabGit::default();
    let mut large = LabRepository::new(COMMIT);
    for number in 0..100_000 {
        large.annotated(&format!("widget-{number}@1.0.{number}"), OBJECT, COMMIT);
    }
    server.has("acme/widget", &large);
    let began = Instant::now();
    let found = list(&server).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(found.tags.len(), 100_000);
    let kept = serde_json::to_string(&found).unwrap();
    assert!(kept.len() < 8 << 20, "{} bytes to keep", kept.len());
    assert_eq!(serde_json::from_str::<References>(&kept).unwrap(), found);
}

/// A repository of the real git, with commits, branches, and tags of both kinds.
fn made(folder: &Path, format: &str) {
    git(
        folder,
        &["init", "--quiet", "--bare", "--initial-branch=main", &format!("--object-format={format}"), "widget.git"],
    );
    git(folder, &["init", "--quiet", "--initial-branch=main", &format!("--object-format={format}"), "work"]);
    let work = folder.join("work");
    for (number, version) in ["1.0.0", "1.1.0", "2.0.0"].into_iter().enumerate() {
        git(&work, &["commit", "--quiet", "--allow-empty", "--message", version]);
        git(&work, &["tag", &format!("light/{version}")]);
        git(&work, &["tag", "--annotate", "--message", "x", &format!("v{version}")]);
        git(&work, &["branch", &format!("line-{number}")]);
    }
    git(&work, &["tag", "--annotate", "--message", "x", "of-a-tag", "v1.0.0"]);
    git(&work, &["tag", "größe@1.0.0+ü"]);
    git(&work, &["update-ref", "refs/pull/1/head", "HEAD"]);
    git(&work, &["push", "--quiet", "--mirror", "../widget.git"]);
}

/// What `git ls-remote` says: references with the objects that they name in the end.
fn ls_remote(folder: &Path) -> BTreeMap<String, String> {
    let told = git(folder, &["ls-remote", "--heads", "--tags", "./widget.git"]);
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    for (id, name) in told.lines().map(|line| line.split_once('\t').unwrap()) {
        // The peeled one follows the tag's own.
        named.insert(name.strip_suffix("^{}").unwrap_or(name).to_owned(), id.to_owned());
    }
    named
}

#[tokio::test]
#[ignore = "needs git; .ci/run runs this"]
async fn the_real_git_answers_as_its_own_client_says() {
    for format in ["sha1", "sha256"] {
        let folder = tempfile::tempdir().unwrap();
        made(folder.path(), format);
        let remote = remote(Arc::new(GitBackend::new(folder.path())));
        let found = remote.list(&repository("widget")).await.unwrap();
        let expected = ls_remote(folder.path());
        assert_eq!(expected.len(), 12, "{expected:?}");
        assert_eq!(ids(&found), expected, "{format}");
        let head = found.head.unwrap();
        assert_eq!((head.branch.as_deref(), head.id.to_string()), (Some("main"), expected["refs/heads/main"].clone()));
        let names = ["v1.1.0".to_owned(), "v1".to_owned()];
        let tags = remote.tags_with_prefix(&repository("widget"), &names).await.unwrap();
        assert_eq!(tags.tags.get("v1.1.0").unwrap().to_string(), expected["refs/tags/v1.1.0"]);
        assert_eq!((tags.tags.len(), tags.tags.get("v1"), tags.heads.len()), (2, None, 0));
        let missing = remote.list(&repository("gadget")).await.unwrap_err();
        assert!(missing.is_hidden(), "{missing}");
    }
}

#[tokio::test]
#[ignore = "needs git; .ci/run runs this"]
async fn an_empty_repository_of_the_real_git_has_no_references() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--bare", "widget.git"]);
    let found = remote(Arc::new(GitBackend::new(folder.path()))).list(&repository("widget")).await.unwrap();
    assert_eq!((found.head, found.tags.len(), found.heads.len()), (None, 0, 0));
}
