//! Tests of describing crates from the documents of crates.io.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    clock::ManualClock,
    http::ScriptedTransport,
    model::{Auth, AuthMethod, Person},
};

const INDEX: &str = "https://index.example/fo/o-/foo-rs";
const FIRST: &str = "/versions?per_page=100&sort=date";
const OWNERS: &str = "/api/v1/crates/foo-rs/owners";

fn registry() -> CargoRegistry {
    let base = |text: &str| Url::parse(text).unwrap();
    CargoRegistry::new(base("https://crates.example/"), base("https://index.example/"), 64 << 20)
}

fn package() -> Package {
    Package::new(Ecosystem::CARGO, "foo-rs").unwrap()
}

fn sha(version: &str) -> String {
    hex::encode(version.as_bytes()).chars().cycle().take(64).collect()
}

fn line(version: &str, yanked: bool) -> String {
    json!({"name": "foo-rs", "vers": version, "cksum": sha(version), "features": {}, "yanked": yanked,
           "deps": [{"name": "serde", "req": "^1", "optional": false, "kind": "normal"}]})
    .to_string()
}

fn index(versions: &[&str]) -> String {
    versions.iter().map(|version| line(version, false) + "\n").collect()
}

/// A version as in the API's answer, without a publisher.
fn entry(version: &str, day: u32) -> Value {
    json!({"num": version, "created_at": format!("2026-11-{day:02}T08:58:23.123456Z"), "checksum": sha(version),
           "published_by": null, "audit_actions": [], "yanked": false, "yank_message": null, "trustpub_data": null,
           "repository": "https://github.com/rust-lang/foo-rs", "crate": "foo-rs", "linecounts": {}})
}

fn by(mut entry: Value, key: &str, value: Value) -> Value {
    entry[key] = value;
    entry
}

fn user() -> Value {
    json!({"id": 1, "login": "alice", "name": "Alice", "avatar": null, "url": "https://github.com/alice",
           "github_username_matches": true, "created_at": "2016-01-02T03:04:05Z"})
}

fn page(entries: &[Value], next: Option<&str>) -> String {
    json!({"versions": entries, "meta": {"total": entries.len(), "next_page": next}}).to_string()
}

fn owners() -> String {
    json!({"users": [{"id": 2, "login": "github:rust-lang:crates", "kind": "team"}, {"id": 1, "login": "alice", "kind": "user"}]})
        .to_string()
}

fn known(versions: &[&str]) -> Known {
    versions.iter().map(|version| (*version).to_owned()).collect()
}

type Route<'a> = (&'a str, u16, String);

async fn ask_with(
    answers: &[Route<'_>],
    question: Question<'_>,
) -> (Result<PackageState, RegistryError>, Vec<Request>) {
    let transport = Arc::new(ScriptedTransport::new());
    for (url, status, body) in answers {
        transport.answer(url, *status, &[("etag", "\"i\"")], body.clone());
    }
    let http = Client::new(transport.clone(), Arc::new(ManualClock::at_text("2026-11-20T12:00:00Z")));
    let state = registry().package(&http, &package(), question).await;
    (state, transport.requests())
}

async fn ask(answers: &[Route<'_>], known: &Known) -> Result<PackageState, RegistryError> {
    ask_with(answers, Question { known, validators: None, revision: None }).await.0
}

async fn read(answers: &[Route<'_>], known: &Known) -> PackageDocument {
    match ask(answers, known).await {
        Ok(PackageState::Current(document)) => *document,
        other => panic!("no document: {other:?}"),
    }
}

#[tokio::test]
async fn a_trusted_publisher_is_told_with_its_run_and_commit() {
    let github =
        json!({"provider": "github", "repository": "rust-lang/foo-rs", "run_id": "11713038981", "sha": "f00d"});
    let answers = [
        (INDEX, 200, index(&["1.0.0", "1.1.0"])),
        (FIRST, 200, page(&[by(entry("1.1.0", 18), "trustpub_data", github), entry("1.0.0", 1)], Some("?seek=x"))),
        (OWNERS, 200, owners()),
    ];
    let document = read(&answers, &known(&["1.0.0"])).await;
    assert_eq!(document.versions.len(), 2);
    assert_eq!(document.validators.unwrap().etag.as_deref(), Some("\"i\""));
    let owners = vec!["alice".to_owned(), "github:rust-lang:crates".to_owned()];
    assert_eq!(document.maintainers, Some(owners.clone()));
    let [release] = document.releases.try_into().unwrap();
    assert_eq!(release.id.to_string(), "pkg:cargo/foo-rs@1.1.0");
    assert_eq!(release.published_at.to_rfc3339(), "2026-11-18T08:58:23.123456+00:00");
    assert_eq!(
        release.auth,
        Auth {
            method: AuthMethod::TrustedPublisher,
            provider: Some("github".to_owned()),
            repository: Some("rust-lang/foo-rs".to_owned()),
            run_id: Some("11713038981".to_owned()),
            ..Auth::default()
        }
    );
    assert_eq!((release.publisher, release.maintainers, release.evidence), (None, Some(owners), vec![]));
    let manifest = release.manifest.unwrap();
    assert_eq!(manifest.git_head.as_deref(), Some("f00d"));
    assert_eq!(manifest.repository.as_deref(), Some("https://github.com/rust-lang/foo-rs"));
    assert_eq!(manifest.dependencies.unwrap()["serde"], "^1");
    assert_eq!(release.files[0].name, "foo-rs-1.1.0.crate");
    assert_eq!(release.files[0].digests.sha256, Some(sha("1.1.0")));
}

#[tokio::test]
async fn how_a_version_was_published_is_told_by_what_the_registry_has_of_it() {
    let gitlab = json!({"provider": "gitlab", "project_path": "group/foo-rs", "job_id": "11530106120", "sha": "7671"});
    let audit = json!([{"action": "publish", "user": user(), "time": "2026-11-18T08:58:23Z"}]);
    let cases = [
        (by(entry("1.0.0", 1), "published_by", user()), AuthMethod::Token, None, Some("alice"), true),
        (by(entry("1.0.0", 1), "audit_actions", audit), AuthMethod::Token, None, Some("alice"), true),
        (by(entry("1.0.0", 1), "published_by", json!({"login": "bob"})), AuthMethod::Token, None, Some("bob"), false),
        (
            by(entry("1.0.0", 1), "trustpub_data", gitlab),
            AuthMethod::TrustedPublisher,
            Some("group/foo-rs"),
            None,
            false,
        ),
        (entry("1.0.0", 1), AuthMethod::Unknown, None, None, false),
    ];
    for (entry, method, repository, publisher, has_age) in cases {
        let answers = [(INDEX, 200, index(&["1.0.0"])), (FIRST, 200, page(&[entry], None))];
        let [release] = read(&answers, &known(&[])).await.releases.try_into().unwrap();
        assert_eq!((release.auth.method, release.auth.repository.as_deref()), (method, repository));
        assert_eq!(release.publisher, publisher.map(|name| Person { name: name.to_owned(), email: None }));
        let age = release.facts.publisher_account.and_then(|account| account.created_at);
        assert_eq!(age.map(|age| age.to_rfc3339()), has_age.then(|| "2016-01-02T03:04:05+00:00".to_owned()));
        assert_eq!(release.maintainers, None, "owners that cannot be had are not known");
    }
}

#[tokio::test]
async fn pages_are_read_until_every_unknown_version_was_met() {
    let answers = [
        (INDEX, 200, index(&["1.0.0", "1.1.0", "1.2.0", "1.3.0"])),
        (FIRST, 200, page(&[entry("1.3.0", 4)], Some("?per_page=1&seek=abc%3D&x=https://evil.example/"))),
        ("?per_page=100&sort=date&seek=abc%3D", 200, page(&[entry("1.2.0", 3), entry("1.1.0", 2)], Some("?seek=def"))),
        (OWNERS, 200, owners()),
    ];
    let document = read(&answers, &known(&["1.0.0"])).await;
    let versions: Vec<_> = document.releases.iter().map(|release| release.id.version()).collect();
    assert_eq!(versions, ["1.1.0", "1.2.0", "1.3.0"], "in publish order");
    let with_owners: Vec<_> = document.releases.iter().map(|release| release.maintainers.is_some()).collect();
    assert_eq!(with_owners, [false, false, true], "what is true now is not told of the past");
}

#[tokio::test]
async fn yanks_come_from_the_index_and_ask_nothing_else() {
    let body = format!("{}\n{}", line("1.0.0", true), line("1.1.0", false));
    let everything = known(&["1.0.0", "1.1.0"]);
    let question = Question { known: &everything, validators: None, revision: Some("1.1.0") };
    let (state, requests) = ask_with(&[(INDEX, 200, body)], question).await;
    let Ok(PackageState::Current(document)) = state else { panic!("{state:?}") };
    assert_eq!(requests.len(), 1);
    let expected = [("1.0.0".to_owned(), ReleaseStatus::Yanked), ("1.1.0".to_owned(), ReleaseStatus::Published)];
    assert_eq!((document.versions.as_slice(), document.releases.len()), (expected.as_slice(), 0));
}

#[tokio::test]
async fn caches_that_lag_behind_are_told_from_documents() {
    let (old, both) = (index(&["1.0.0"]), index(&["1.0.0", "1.1.0"]));
    let announced = Question { known: &known(&["1.0.0"]), validators: None, revision: Some("1.1.0") };
    let (state, _) = ask_with(&[(INDEX, 200, old)], announced).await;
    let Ok(PackageState::Current(document)) = state else { panic!("{state:?}") };
    let expected = Behind { seen: "1.0.0".to_owned(), announced: "1.1.0".to_owned(), incomplete: vec![] };
    assert_eq!(document.behind, Some(expected));

    let answers = [(INDEX, 200, both), (FIRST, 200, page(&[entry("1.0.0", 1)], None))];
    let document = read(&answers, &known(&["1.0.0"])).await;
    let behind = document.behind.unwrap();
    assert_eq!((behind.announced.as_str(), document.releases.len()), ("1.1.0", 0));
    let [incomplete] = behind.incomplete.try_into().unwrap();
    assert_eq!(incomplete.id.version(), "1.1.0");
    assert!(incomplete.untold.contains(&Aspect::Account), "nobody says yet who published it");
}

#[tokio::test]
async fn an_announced_version_makes_the_request_unconditional() {
    let validators = Validators { etag: Some("\"i\"".to_owned()), last_modified: None };
    let known = known(&["1.0.0"]);
    let question = Question { known: &known, validators: Some(&validators), revision: None };
    let (state, _) = ask_with(&[(INDEX, 304, String::new())], question).await;
    assert_eq!(state.unwrap(), PackageState::NotModified);
    let announced = Question { revision: Some("1.0.0"), ..question };
    let (state, requests) = ask_with(&[(INDEX, 200, index(&["1.0.0"]))], announced).await;
    assert!(matches!(state, Ok(PackageState::Current(_))) && requests[0].validators.is_none());
}

#[tokio::test]
async fn a_release_is_never_told_without_what_the_api_says() {
    let whole = page(&[entry("1.0.0", 1)], None);
    for (status, body, why) in [
        (500, "", "asking crates.io"),
        (404, "", "asking crates.io"),
        (200, "", "EOF"),
        (200, &whole[..40], "EOF"),
        (200, "<html>", "answered text/html"),
        (200, "<x>", "expected value"),
        (200, "{}", "versions is missing"),
        (200, r#"{"versions": [], "versions": []}"#, "duplicate versions"),
    ] {
        let answers = [(INDEX, 200, index(&["1.0.0"])), (FIRST, status, body.to_owned())];
        let error = ask(&answers, &known(&[])).await.unwrap_err().to_string();
        assert!(error.contains(why), "{status} {body}: {error}");
    }
}

#[tokio::test]
async fn a_missing_crate_is_gone_and_a_failing_index_is_an_error() {
    for (status, gone) in [(404, true), (410, true), (403, false), (502, false)] {
        let state = ask(&[(INDEX, status, String::new())], &known(&[])).await;
        assert_eq!(matches!(state, Ok(PackageState::Gone)), gone, "{status}");
        assert_eq!(state.is_err(), !gone, "{status}");
    }
}

#[tokio::test]
async fn a_crate_under_another_spelling_says_by_which_name_it_is_listed() {
    let settings = "/api/v1/crates/foo-rs";
    let spelled = json!({"crate": {"id": "foo_rs", "name": "foo_rs"}}).to_string();
    let of_other = |name: &str| line("1.0.0", false).replace("foo-rs", name) + "\n";
    let cases: [(&str, Vec<Route<'_>>); 2] = [
        ("foo_rs", vec![(INDEX, 404, String::new()), (settings, 200, spelled)]),
        ("Foo-RS", vec![(INDEX, 200, of_other("Foo-RS"))]),
    ];
    for (name, answers) in cases {
        let error = with_causes(&ask(&answers, &known(&[])).await.unwrap_err());
        assert!(error.contains(&format!("the crate is called {name:?}: list it by that name")), "{error}");
    }
    let strange_line = of_other("bar") + &line("1.1.0", false);
    let state = ask(&[(INDEX, 200, strange_line)], &known(&["1.0.0", "1.1.0"])).await;
    assert!(state.is_ok(), "one line is the matter of one release");
}

#[tokio::test]
async fn a_bad_field_spoils_no_other_and_says_why() {
    let bad = || by(entry("1.1.0", 2), "published_by", user());
    let cases = [
        (by(bad(), "checksum", json!("ab".repeat(32))), Unread::FILES, "the index has the checksum 312e"),
        (by(bad(), "checksum", json!(7)), Unread::FILES, "invalid type"),
        (by(bad(), "created_at", json!("yesterday")), Unread::TIME, "\"yesterday\" is not a time"),
        (by(bad(), "published_by", json!("alice")), Unread::PUBLISHER, "its published_by: invalid type"),
        (by(bad(), "published_by", json!({"name": "alice"})), Unread::PUBLISHER, "login is missing"),
        (by(bad(), "trustpub_data", json!({"repository": "a/b"})), Unread::AUTH, "provider is missing"),
        (by(bad(), "trustpub_data", json!({"provider": "github", "run_id": 7})), Unread::AUTH, "expected a string"),
        (by(bad(), "repository", json!(7)), Unread::REPOSITORY, "its repository: invalid type"),
        (by(bad(), "num", json!(null)), Unread::RELEASE, "may be one that cannot be read"),
        (json!(null), Unread::RELEASE, "may be one that cannot be read"),
    ];
    for (entry_of_bad, place, why) in cases {
        let answers = [
            (INDEX, 200, index(&["1.0.0", "1.1.0"])),
            (FIRST, 200, page(&[entry_of_bad, entry("1.0.0", 1)], None)),
            (OWNERS, 200, owners()),
        ];
        let document = read(&answers, &known(&[])).await;
        assert_eq!((document.releases.len(), document.unreadable.len()), (2, 0), "{why}");
        let odd = document.releases.iter().find(|release| release.id.version() == "1.1.0").unwrap();
        let reason = odd.unread.of(place).unwrap_or_else(|| panic!("{why}: {:?}", odd.unread));
        assert!(reason.contains(why), "{reason}");
        let other = document.releases.iter().find(|release| release.id.version() == "1.0.0").unwrap();
        assert_eq!(other.unread.of(place), None);
    }
}

#[tokio::test]
async fn the_index_dates_what_the_api_does_not() {
    let dated = line("1.0.0", false).replace("\"features\"", "\"pubtime\":\"2026-11-01T08:58:23Z\",\"features\"");
    let bad = by(entry("1.0.0", 2), "created_at", json!(7));
    let answers = [(INDEX, 200, dated), (FIRST, 200, page(&[bad], None))];
    let document = read(&answers, &known(&[])).await;
    assert!(document.releases[0].is_dated());
    assert_eq!(document.releases[0].published_at.to_rfc3339(), "2026-11-01T08:58:23+00:00");
}

#[tokio::test]
async fn owners_that_cannot_be_had_are_not_known() {
    for (status, body, is_missing) in
        [(404, "", true), (500, "", false), (200, "<html>", false), (200, r#"{"users": [{"id": 1}]}"#, false)]
    {
        let answers = [
            (INDEX, 200, index(&["1.0.0"])),
            (FIRST, 200, page(&[entry("1.0.0", 1)], None)),
            (OWNERS, status, body.to_owned()),
        ];
        let document = read(&answers, &known(&[])).await;
        let release = &document.releases[0];
        assert_eq!((&document.maintainers, &release.maintainers), (&None, &None));
        assert_eq!(release.untold.contains(&Aspect::Owners), is_missing, "{status} {body}");
        assert_eq!(release.unread.of(Unread::MAINTAINERS).is_some(), !is_missing, "{status} {body}");
    }
}

#[tokio::test]
async fn a_known_version_whose_line_became_unreadable_is_not_unpublished() {
    for (bad, unreadable) in [("{", 1), ("null", 1), (r#"{"vers": "1.0.0"}"#, 0)] {
        let body = format!("{bad}\n{}", line("1.1.0", false));
        let document = read(&[(INDEX, 200, body)], &known(&["1.0.0", "1.1.0"])).await;
        assert_eq!((document.versions.len(), document.unreadable.len()), (2, unreadable), "{bad}");
    }
}

#[test]
fn endless_pages_end() {
    let seek =
        |page: usize| VersionsPage::read(self::page(&[entry("1.0.0", 1)], Some(&format!("?seek={page}"))).as_bytes());
    assert_eq!(seek(7).unwrap().seek.as_deref(), Some("7"));
    for next in ["", "?", "?per_page=100", "?seek=", "https://evil.example/"] {
        let page = VersionsPage::read(page(&[], Some(next)).as_bytes()).unwrap();
        assert_eq!(page.seek, None, "{next}");
    }
}

#[tokio::test]
async fn a_crate_with_more_versions_than_are_read_says_so() {
    let mut answers = vec![(INDEX, 200, index(&["1.0.0"])), (FIRST, 200, page(&[], Some("?seek=s")))];
    answers.extend((1..MAX_PAGES).map(|_| ("&seek=s", 200, page(&[], Some("?seek=s")))));
    let document = read(&answers, &known(&[])).await;
    let why = document.releases[0].unread.of(Unread::PUBLISHER);
    assert_eq!(why, Some("it is not among the newest 10000 versions"));
}

#[test]
fn pages_for_people() {
    let page = registry().page(&package().at("1.0.0+x"));
    assert_eq!(page.as_str(), "https://crates.example/crates/foo-rs/1.0.0+x");
}

proptest! {
    #[test]
    fn mutated_pages_never_panic_and_never_lose_a_version(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut body = page(&[by(entry("1.1.0", 2), "published_by", user()), entry("1.0.0", 1)], Some("?seek=a")).into_bytes();
        for (place, byte) in edits {
            let place = place.index(body.len());
            body[place] = byte;
        }
        let index = Index::read(index(&["1.0.0", "1.1.0"]).as_bytes(), &package());
        if let Ok(page) = VersionsPage::read(&body) {
            let mut answers = Answers { complete: true, ..Answers::default() };
            answers.add(page, &mut BTreeSet::from(["1.0.0", "1.1.0"]));
            let mut document = document(&index, &Known::default(), None);
            for indexed in &index.versions {
                answers.describe(&package(), indexed, &mut document);
            }
            let waiting = document.behind.map_or(0, |behind| behind.incomplete.len());
            prop_assert_eq!(document.releases.len() + waiting, 2);
        }
    }

    #[test]
    fn owners_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_owners(&body);
    }
}

#[tokio::test]
async fn crate_files_are_where_the_registry_serves_them() {
    let base = |text: &str| Url::parse(text).unwrap();
    let public = registry().with_files(base("https://static.example/"));
    let other = CargoRegistry::index(base("https://index.example/"), 64 << 20);
    let config = "https://index.example/config.json";
    for (registry, dl, expected) in [
        (&public, None, Ok("https://static.example/crates/foo-rs/1.0.0/download")),
        (&other, Some("https://index.example/dl"), Ok("https://index.example/dl/foo-rs/1.0.0/download")),
        (&other, Some("/{lowerprefix}/{crate}-{version}.crate"), Ok("https://index.example/fo/o-/foo-rs-1.0.0.crate")),
        (&other, Some("https://evil.example/dl"), Err("not a host of the registry")),
    ] {
        let transport = Arc::new(ScriptedTransport::new());
        transport.answer(INDEX, 200, &[], index(&["1.0.0"]));
        if let Some(dl) = dl {
            transport.answer(config, 200, &[], json!({"dl": dl, "api": null}).to_string());
        }
        let http = Client::new(transport.clone(), Arc::new(ManualClock::at_text("2026-11-20T12:00:00Z")));
        let listed = registry.archives(&http, &package(), &["1.0.0", "2.0.0"]).await.unwrap();
        let [Listing::Files(files), Listing::Missing(why)] = &listed[..] else { panic!("{listed:?}") };
        assert!(why.contains("does not have this version"), "{why}");
        assert_eq!((&*files[0].file.name, &files[0].file.digests.sha256), ("foo-rs-1.0.0.crate", &Some(sha("1.0.0"))));
        match (&files[0].place, expected) {
            (Ok(url), Ok(expected)) => assert_eq!(url.as_str(), expected),
            (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
            (outcome, _) => panic!("{dl:?}: {outcome:?}"),
        }
    }
}
