//! What PyPI's documents become.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    clock::ManualClock,
    http::{ScriptedTransport, Validators},
    model::{Aspect, Provenance, Unread},
    registry::PackageState,
};

const SIMPLE: &str = "/simple/sampleproject/";
const JSON: &str = "/pypi/sampleproject/json";

fn registry() -> PypiRegistry {
    PypiRegistry::new(Url::parse("https://pypi.example/").unwrap(), 64 << 20)
}

fn package() -> Package {
    Package::new(Ecosystem::Pypi, "sampleproject").unwrap()
}

fn set(versions: &[&str]) -> Known {
    versions.iter().map(|version| (*version).to_owned()).collect()
}

fn file(name: &str, time: &str, provenance: bool) -> Value {
    json!({
        "filename": name, "url": format!("https://files.example/packages/{name}"), "hashes": {"sha256": "0ace".repeat(16)},
        "requires-python": ">=3.9", "size": 51024, "upload-time": time, "yanked": false,
        "core-metadata": {"sha256": "1bdf".repeat(16)}, "data-dist-info-metadata": false,
        "provenance": provenance.then(|| format!("https://elsewhere.example/{name}/provenance")),
    })
}

fn simple(versions: &Value, files: &[Value]) -> Value {
    json!({
        "meta": {"_last-serial": 25_977_000, "api-version": "1.4"}, "name": "sampleproject",
        "project-status": {"status": "active"}, "versions": versions, "files": files,
    })
}

fn sampleproject() -> Value {
    simple(
        &json!(["3.0.0", "4.0.0"]),
        &[
            file("sampleproject-3.0.0.tar.gz", "2022-12-01T19:51:04.321098Z", false),
            file("sampleproject-4.0.0-py3-none-any.whl", "2024-11-06T22:37:10.868088Z", true),
            file("sampleproject-4.0.0.tar.gz", "2024-11-06T22:37:08.012345Z", true),
        ],
    )
}

fn project_json() -> Value {
    json!({
        "info": {"name": "sampleproject", "version": "4.0.0", "requires_dist": ["peppercorn"],
                 "project_urls": {"Source": "https://github.com/pypa/sampleproject/"}},
        "ownership": {"roles": [{"role": "Owner", "user": "theacodes"}], "organization": "pypa"},
    })
}

struct Asked {
    state: Result<PackageState, RegistryError>,
    transport: Arc<ScriptedTransport>,
}

impl Asked {
    fn document(self) -> PackageDocument {
        match self.state {
            Ok(PackageState::Current(document)) => *document,
            other => panic!("no document: {other:?}"),
        }
    }
}

async fn ask(answers: &[(&str, u16, String)], question: Question<'_>) -> Asked {
    let transport = Arc::new(ScriptedTransport::new());
    let headers = [("x-pypi-last-serial", "25977001"), ("etag", "\"abc\"")];
    for (url, status, body) in answers {
        transport.answer(url, *status, &headers, body.clone());
    }
    let http = Client::new(transport.clone(), Arc::new(ManualClock::at_text("2026-11-20T12:00:00Z")));
    Asked { state: registry().package(&http, &package(), question).await, transport }
}

fn about(known: &Known) -> Question<'_> {
    Question { known, validators: None, revision: None }
}

/// Reads a simple document without asking anything else.
fn read(body: &Value, known: &[&str]) -> Result<PackageDocument, String> {
    let project = Project::read(body.to_string().as_bytes(), &package())?;
    Ok(registry().document(&package(), project, &set(known)))
}

#[tokio::test]
async fn a_new_release_is_described_with_its_files_owners_and_evidence() {
    let known = set(&["3.0.0"]);
    let asked =
        ask(&[(SIMPLE, 200, sampleproject().to_string()), (JSON, 200, project_json().to_string())], about(&known))
            .await;
    let request = &asked.transport.requests()[0];
    assert_eq!(request.header_value("accept"), Some("application/vnd.pypi.simple.v1+json"));
    let document = asked.document();
    assert_eq!(document.revision.as_deref(), Some("25977001"));
    assert_eq!(document.validators.unwrap().etag.as_deref(), Some("\"abc\""));
    assert_eq!(document.maintainers, Some(vec!["theacodes".to_owned()]));
    assert_eq!((document.status, document.unreadable), (None, vec![]));
    let published = ReleaseStatus::Published;
    assert_eq!(document.versions, [("3.0.0".to_owned(), published), ("4.0.0".to_owned(), published)]);

    let [old, new] = document.releases.try_into().unwrap();
    assert_eq!(
        (old.auth.method, old.manifest, old.maintainers, old.evidence),
        (AuthMethod::Unknown, None, None, vec![])
    );
    assert_eq!(new.id.to_string(), "pkg:pypi/sampleproject@4.0.0");
    assert_eq!(new.published_at.to_rfc3339(), "2024-11-06T22:37:08.012345+00:00", "its earliest file");
    assert_eq!(new.auth, Auth { method: AuthMethod::TrustedPublisher, ..Auth::default() });
    assert_eq!(new.maintainers, Some(vec!["theacodes".to_owned()]));
    let manifest = new.manifest.unwrap();
    assert_eq!(manifest.repository.as_deref(), Some("https://github.com/pypa/sampleproject/"));
    assert!(manifest.dependencies.unwrap().contains_key("peppercorn"));
    assert_eq!(new.files.len(), 2);
    assert_eq!(new.evidence[0].subject, "sampleproject-4.0.0-py3-none-any.whl");
    assert_eq!(new.evidence[0].digests.sha256.as_deref(), Some("0ace".repeat(16).as_str()));
    assert_eq!(
        new.evidence[1].url.as_str(),
        "https://pypi.example/integrity/sampleproject/4.0.0/sampleproject-4.0.0.tar.gz/provenance",
        "on our base, whatever the document says"
    );
}

#[tokio::test]
async fn owners_are_only_asked_for_when_there_is_something_new() {
    let known = set(&["3.0.0", "4.0.0"]);
    let asked = ask(&[(SIMPLE, 200, sampleproject().to_string())], about(&known)).await;
    assert_eq!(asked.transport.requests().len(), 1);
    let document = asked.document();
    assert_eq!((document.maintainers, document.releases.len()), (None, 2));
}

#[tokio::test]
async fn owners_that_cannot_be_had_are_not_known() {
    let html = "<html>maintenance</html>";
    for (status, body) in [(500, ""), (404, ""), (200, "{"), (200, html), (200, r#"{"info": {"name": "other"}}"#)] {
        let answers = [(SIMPLE, 200, sampleproject().to_string()), (JSON, status, body.to_owned())];
        let document = ask(&answers, about(&Known::default())).await.document();
        assert_eq!((document.maintainers, document.releases.len()), (None, 2), "{status} {body}");
        let (old, new) = (&document.releases[0], &document.releases[1]);
        assert!(
            old.unread.is_empty() && !old.untold.contains(&Aspect::Owners),
            "what is true now is not told of the past"
        );
        let is_missing = status == 404;
        let left_out = [Aspect::Owners, Aspect::Manifest].iter().all(|aspect| new.untold.contains(aspect));
        let failed = [Unread::MAINTAINERS, Unread::MANIFEST].iter().all(|place| new.unread.of(place).is_some());
        assert_eq!((left_out, failed), (is_missing, !is_missing), "{status} {body}");
    }
}

#[tokio::test]
async fn a_release_that_is_not_the_latest_has_a_manifest_of_its_own() {
    let mut body = sampleproject();
    body["versions"] = json!(["3.0.0", "4.0.0", "4.0.1"]);
    body["files"].as_array_mut().unwrap().push(file("sampleproject-4.0.1.tar.gz", "2024-11-07T22:37:08Z", true));
    let latest = project_json().to_string().replace("4.0.0", "4.0.1");
    let own = |requirement: &str| project_json().to_string().replace("peppercorn", requirement);
    for (status, answer, dependency) in [
        (200, own("evil"), Some("evil")),
        (404, String::new(), None),
        (500, String::new(), None),
        (200, latest.clone(), None),
    ] {
        let known = set(&["3.0.0"]);
        let answers = [
            (SIMPLE, 200, body.to_string()),
            ("/pypi/sampleproject/4.0.0/json", status, answer.clone()),
            (JSON, 200, latest.clone()),
        ];
        let document = ask(&answers, about(&known)).await.document();
        let release = document.releases.iter().find(|release| release.id.version() == "4.0.0").unwrap();
        let dependencies = release.manifest.as_ref().and_then(|manifest| manifest.dependencies.as_ref());
        assert_eq!(
            dependencies.map(|all| all.contains_key(dependency.unwrap_or(""))),
            dependency.map(|_| true),
            "{status}"
        );
        assert_eq!(release.untold.contains(&Aspect::Manifest), status == 404);
        let is_unread = dependency.is_none() && status != 404;
        assert_eq!(release.unread.of(Unread::MANIFEST).is_some(), is_unread, "{status}: {:?}", release.unread);
    }
}

#[tokio::test]
async fn an_unchanged_document_is_not_read_again_unless_a_change_was_announced() {
    let validators = Validators { etag: Some("\"abc\"".to_owned()), last_modified: None };
    let known = set(&["3.0.0", "4.0.0"]);
    let conditional = Question { validators: Some(&validators), ..about(&known) };
    let asked = ask(&[(SIMPLE, 304, String::new())], conditional).await;
    assert_eq!(asked.state.unwrap(), PackageState::NotModified);

    let announced = Question { revision: Some("25977001"), ..conditional };
    let asked = ask(&[(SIMPLE, 200, sampleproject().to_string())], announced).await;
    assert_eq!(asked.transport.requests()[0].validators, None);
    assert!(matches!(asked.state, Ok(PackageState::Current(_))));
}

#[tokio::test]
async fn a_document_older_than_what_was_announced_says_so() {
    let known = set(&["3.0.0", "4.0.0"]);
    for (revision, stale) in [("25977000", false), ("25977002", true), ("4.0.0", false), ("4.0.1", true)] {
        let question = Question { revision: Some(revision), ..about(&known) };
        let document = ask(&[(SIMPLE, 200, sampleproject().to_string())], question).await.document();
        assert_eq!(document.behind.is_some(), stale, "{revision}");
    }
}

#[tokio::test]
async fn a_missing_project_is_gone_and_a_failing_registry_is_an_error() {
    for (status, gone) in [(404, true), (410, true), (403, false), (500, false)] {
        let state = ask(&[(SIMPLE, status, String::new())], about(&Known::default())).await.state;
        assert_eq!(matches!(state, Ok(PackageState::Gone)), gone, "{status}");
        assert_eq!(
            matches!(&state, Err(RegistryError::Http { registry, .. }) if registry == "PyPI"),
            !gone,
            "{status}"
        );
    }
}

#[tokio::test]
async fn an_announced_project_that_is_missing_has_not_arrived_yet() {
    let known = Known::default();
    let question = Question { revision: Some("7"), ..about(&known) };
    let state = ask(&[(SIMPLE, 404, String::new())], question).await.state;
    assert!(matches!(state, Err(RegistryError::Stale { .. })));
}

#[test]
fn quarantine_hides_files_but_unpublishes_nothing() {
    let mut body = simple(&json!([]), &[]);
    body["project-status"] = json!({"status": "quarantined", "reason": "malware"});
    let document = read(&body, &["3.0.0"]).unwrap();
    assert_eq!(document.status.as_deref(), Some("quarantined"));
    assert_eq!(document.versions, [("3.0.0".to_owned(), ReleaseStatus::Quarantined)]);
    assert_eq!((document.releases, document.unreadable), (vec![], vec![]));
}

#[test]
fn a_release_is_yanked_when_all_its_files_are() {
    for (yanked, status) in [
        ([json!(true), json!("broken")], ReleaseStatus::Yanked),
        ([json!(true), json!(false)], ReleaseStatus::Published),
        ([json!(""), json!("")], ReleaseStatus::Published),
        ([json!(""), json!("broken")], ReleaseStatus::Published),
        ([json!(" "), json!("broken")], ReleaseStatus::Yanked),
        ([json!(null), json!(null)], ReleaseStatus::Published),
    ] {
        let mut body = sampleproject();
        for (place, yanked) in [1, 2].into_iter().zip(yanked) {
            body["files"][place]["yanked"] = yanked;
        }
        let document = read(&body, &[]).unwrap();
        assert_eq!(document.versions[1], ("4.0.0".to_owned(), status));
        assert_eq!(document.releases[1].status, status);
    }
}

#[test]
fn a_bad_field_spoils_no_other_and_says_why() {
    let deep: Value = serde_json::from_str(&format!("{}{}", "[".repeat(100), "]".repeat(100))).unwrap();
    let cases = [
        ("hashes", json!({}), Unread::FILES, "its hashes have no sha256"),
        ("hashes", json!({"sha256": "0ace"}), Unread::FILES, "\"0ace\" is not a SHA-256"),
        ("hashes", json!({"sha256": "\u{1F980}".repeat(16)}), Unread::FILES, "is not a SHA-256"),
        ("hashes", json!(null), Unread::FILES, "it has no hashes"),
        ("upload-time", json!("yesterday"), Unread::UPLOADED, "\"yesterday\" is not a time"),
        ("upload-time", json!("0000-01-01T00:00:00Z"), Unread::UPLOADED, "is not a time"),
        ("upload-time", json!(1_730_932_630), Unread::UPLOADED, "expected a string"),
        ("yanked", json!([1]), Unread::YANKED, "is neither yes, no, nor a reason"),
        ("yanked", deep, Unread::YANKED, "is neither yes, no, nor a reason"),
        ("provenance", json!({"url": "x"}), Unread::ATTESTATION, "expected a string"),
    ];
    for (key, value, place, why) in cases {
        let mut body = sampleproject();
        body["files"][1][key] = value;
        let document = read(&body, &[]).unwrap();
        assert_eq!((document.releases.len(), document.unreadable.len()), (2, 0), "{key}");
        assert!(document.releases[0].unread.is_empty());
        let release = &document.releases[1];
        let reason = release.unread.of(place).unwrap_or_else(|| panic!("{key}: {:?}", release.unread));
        assert!(reason.contains("sampleproject-4.0.0-py3-none-any.whl") && reason.contains(why), "{reason}");
        assert_eq!((release.unread.0.len(), release.files.len()), (1, 2));
        let unavailable = matches!(release.files[0].attestation, Some(Provenance::Unavailable { .. }));
        assert_eq!(unavailable, key == "provenance");
    }
}

#[test]
fn what_a_mirror_leaves_out_is_said() {
    let mut body = sampleproject();
    assert_eq!(read(&body, &[]).unwrap().releases[1].untold, [Aspect::Account, Aspect::Signature]);
    body["files"][1].as_object_mut().unwrap().remove("provenance");
    assert!(read(&body, &[]).unwrap().releases[1].untold.contains(&Aspect::Attestation));
    // Before PEP 700 there were neither versions nor times.
    body.as_object_mut().unwrap().remove("versions");
    for file in body["files"].as_array_mut().unwrap() {
        file.as_object_mut().unwrap().remove("upload-time");
    }
    let document = read(&body, &[]).unwrap();
    let versions: Vec<_> = document.releases.iter().map(|release| release.id.version()).collect();
    assert_eq!(versions, ["3.0.0", "4.0.0"]);
    assert!(document.releases.iter().all(|release| !release.is_dated() && release.untold.contains(&Aspect::Time)));
}

#[test]
fn a_version_without_a_file_is_ordinary() {
    let mut body = sampleproject();
    body["versions"] = json!(["3.0.0", "4.0.0", "5.0.0"]);
    // A file of old whose name is not the project's is the matter of that file.
    let odd = file("python-sampleproject_3.0.0-1_all.deb", "2022-12-01T19:51:04Z", false);
    for odd in [None, Some(odd)] {
        body["files"].as_array_mut().unwrap().extend(odd.clone());
        let document = read(&body, &["5.0.0"]).unwrap();
        assert!(document.versions.iter().all(|(version, _)| version != "5.0.0"), "there is nothing to install");
        assert_eq!(document.bare, ["5.0.0"]);
        assert_eq!(document.unreadable.len(), usize::from(odd.is_some()), "{:?}", document.unreadable);
    }
}

#[test]
fn a_file_under_another_version_is_told_as_such() {
    for (name, version) in [
        ("sampleproject-4.0.1.tar.gz", "4.0.1"),
        ("sampleproject-4.0.0.post1-py3-none-any.whl", "4.0.0.post1"),
        ("SampleProject-5.0b1.zip", "5.0b1"),
    ] {
        let mut body = sampleproject();
        body["files"].as_array_mut().unwrap().push(file(name, "2024-12-01T19:51:04Z", true));
        let document = read(&body, &[]).unwrap();
        assert_eq!((document.unreadable.len(), document.releases.len()), (0, 3), "{name}");
        let release = document.releases.iter().find(|release| release.id.version() == version).unwrap();
        let why = release.unread.of(Unread::FILE_VERSION).unwrap();
        assert_eq!(why, format!("the file {name} names the version {version}, which the project does not list"));
        assert!(document.versions.contains(&(version.to_owned(), ReleaseStatus::Published)), "{name}");
        let others = document.releases.iter().filter(|release| release.id.version() != version);
        assert!(others.map(|release| release.unread.0.len()).all(|unread| unread == 0), "{name}");
    }
}

#[test]
fn what_the_index_says_of_the_project_is_kept_as_it_is() {
    for (status, kept, of_releases) in [
        (json!({"status": "active"}), None, ReleaseStatus::Published),
        (json!({"status": "archived", "reason": "see the successor"}), Some("archived"), ReleaseStatus::Published),
        (json!({"status": "deprecated"}), Some("deprecated"), ReleaseStatus::Published),
        (json!({"status": "quarantined"}), Some("quarantined"), ReleaseStatus::Quarantined),
        (json!({"status": "a word of the future"}), Some("a word of the future"), ReleaseStatus::Published),
        (json!({"status": 7}), None, ReleaseStatus::Published),
        (json!({}), None, ReleaseStatus::Published),
        (json!("archived"), None, ReleaseStatus::Published),
        (json!(null), None, ReleaseStatus::Published),
    ] {
        let mut body = sampleproject();
        body["project-status"] = status.clone();
        let document = read(&body, &[]).unwrap();
        assert_eq!(document.status.as_deref(), kept, "{status}");
        let statuses: Vec<_> = document.versions.iter().map(|(_, status)| *status).collect();
        assert_eq!(statuses, [of_releases; 2], "{status}");
        assert_eq!(document.releases.len(), 2, "what is listed is described: {status}");
    }
}

#[tokio::test]
async fn an_index_without_a_serial_confirms_nothing() {
    for (serial, header, announced, told) in [
        (json!(25_977_000), None, "25977000", None),
        (json!(null), Some("25977001"), "25977001", None),
        (json!(null), None, "25977001", Some(true)),
        (json!(0), Some("0"), "25977001", Some(true)),
        (json!(0), Some("soon"), "25977001", Some(true)),
        (json!(null), None, "4.0.0", None),
        (json!(25_977_000), None, "25977001", Some(false)),
    ] {
        let mut body = sampleproject();
        body["meta"]["_last-serial"] = serial.clone();
        let transport = Arc::new(ScriptedTransport::new());
        let headers: Vec<_> = header.into_iter().map(|serial| ("x-pypi-last-serial", serial)).collect();
        transport.answer(SIMPLE, 200, &headers, body.to_string());
        let http = Client::new(transport, Arc::new(ManualClock::at_text("2026-11-20T12:00:00Z")));
        let known = set(&["3.0.0", "4.0.0"]);
        let question = Question { revision: Some(announced), ..about(&known) };
        let Ok(PackageState::Current(document)) = registry().package(&http, &package(), question).await else {
            panic!("{serial}")
        };
        assert_eq!(document.unconfirmed.is_some(), told == Some(true), "{serial} {header:?} {announced}");
        assert_eq!(document.behind.is_some(), told == Some(false), "{serial} {header:?} {announced}");
    }
}

#[test]
fn what_cannot_be_placed_is_kept_as_unreadable() {
    let mut body = sampleproject();
    body["versions"] = json!(["3.0.0", "4.0.0", "4.0.0", "5.0.0", 7, "a b", "..", null]);
    let files = body["files"].as_array_mut().unwrap();
    files.push(file("other-4.0.0.tar.gz", "2024-11-06T22:37:08Z", true));
    files.push(file("../sampleproject-4.0.0.tar.gz", "2024-11-06T22:37:08Z", true));
    files.push(json!(null));
    files.push(json!({"filename": 1}));
    let document = read(&body, &[]).unwrap();
    assert_eq!(document.releases.len(), 2);
    let mut unreadable: Vec<_> = document.unreadable.iter().map(|(what, _)| what.as_str()).collect();
    unreadable.sort_unstable();
    let nameless: Vec<_> =
        unreadable.extract_if(.., |what| what.starts_with("file entry ")).map(str::to_owned).collect();
    assert_eq!(nameless.len(), 2);
    assert_eq!(
        unreadable,
        ["\"..\"", "\"a b\"", "../sampleproject-4.0.0.tar.gz", "5.0.0", "7", "null", "other-4.0.0.tar.gz"]
    );
    body["files"].as_array_mut().unwrap().insert(0, file("sampleproject-2.0.0.tar.gz", "2021-11-06T22:37:08Z", true));
    let document = read(&body, &[]).unwrap();
    let again = document.unreadable.iter().filter(|(what, _)| nameless.contains(what));
    assert_eq!(again.count(), 2, "what is called after its place would be new with every file");
}

#[test]
fn a_release_without_any_upload_time_is_not_dated_by_guess() {
    let mut body = sampleproject();
    body["files"][0].as_object_mut().unwrap().remove("upload-time");
    let document = read(&body, &[]).unwrap();
    assert!(!document.releases[0].is_dated() && document.releases[1].is_dated());
    body["files"][0]["upload-time"] = json!(7);
    let document = read(&body, &[]).unwrap();
    assert!(!document.releases[0].is_dated() && document.releases[0].unread.of(Unread::TIME).is_some());
}

#[test]
fn bodies_that_are_no_document_are_refused_by_reason() {
    let whole = sampleproject().to_string();
    let other = whole.replace("\"name\":\"sampleproject\"", "\"name\":\"evil\"");
    let files = whole.replace("\"files\":[", "\"files\":7,\"x\":[");
    let newer = whole.replace("\"1.4\"", "\"2.0\"");
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    let cases: [(&[u8], &str); 10] = [
        (b"", "EOF"),
        (b"<!DOCTYPE html><title>maintenance</title>", "expected value"),
        (b"null", "invalid type"),
        (b"{}", "it has no name"),
        (b"{\"name\":\"\xff\"}", "invalid unicode"),
        (&whole.as_bytes()[..whole.len() / 2], "EOF"),
        (other.as_bytes(), "of the project \"evil\""),
        (files.as_bytes(), "its files: invalid type"),
        (newer.as_bytes(), "API version is \"2.0\""),
        (deep.as_bytes(), ""),
    ];
    for (body, why) in cases {
        let error = Project::read(body, &package()).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn provenance_is_fetched_or_is_not_there() {
    let document = read(&sampleproject(), &[]).unwrap();
    let evidence = &document.releases[1].evidence[1];
    for (status, expected) in [(200, Some(Some("{}"))), (404, Some(None)), (403, None), (503, None)] {
        let transport = Arc::new(ScriptedTransport::new());
        transport.answer("/integrity/sampleproject/4.0.0/sampleproject-4.0.0.tar.gz/provenance", status, &[], "{}");
        let http = Client::new(transport.clone(), Arc::new(ManualClock::at_text("2026-11-20T12:00:00Z")));
        let bytes = registry().evidence(&http, evidence).await.ok();
        assert_eq!(
            bytes.as_ref().map(|bytes| bytes.as_deref()),
            expected.map(|body| body.map(str::as_bytes)),
            "{status}"
        );
        assert_eq!(transport.requests()[0].headers[0].1, PROVENANCE_TYPE);
    }
}

#[test]
fn pages_for_people() {
    let page = registry().page(&package().at("1!4.0.0"));
    assert_eq!(page.as_str(), "https://pypi.example/project/sampleproject/1!4.0.0/");
}

/// Every version that the document lists is described or said to be unreadable.
fn assert_complete(document: &PackageDocument) {
    for (version, _) in &document.versions {
        let described = document.releases.iter().any(|release| release.id.version() == version);
        let unreadable = document.unreadable.iter().any(|(what, _)| what == version);
        assert!(described != unreadable, "{version}: described {described}, unreadable {unreadable}");
    }
}

proptest! {
    #[test]
    fn mutated_documents_never_panic_and_never_lose_a_version(
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
        end in any::<proptest::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut body = sampleproject().to_string().into_bytes();
        for (place, byte) in edits {
            let place = place.index(body.len());
            body[place] = byte;
        }
        if cut {
            body.truncate(end.index(body.len()));
        }
        if let Ok(project) = Project::read(&body, &package()) {
            assert_complete(&registry().document(&package(), project, &Known::default()));
        }
    }

    #[test]
    fn arbitrary_versions_and_names_are_all_accounted_for(
        versions in proptest::collection::vec("[0-9a-z.!+ -]{0,8}", 0..6),
        names in proptest::collection::vec("(sampleproject-)?[0-9a-z.!+-]{0,8}(\\.whl|\\.tar\\.gz|-py3-none-any\\.whl)?", 0..6),
    ) {
        let files: Vec<_> = names.iter().map(|name| file(name, "2024-11-06T22:37:08Z", true)).collect();
        let document = read(&simple(&json!(versions), &files), &[]).unwrap();
        assert_complete(&document);
        for name in names {
            let described = document.releases.iter().any(|release| release.files.iter().any(|file| file.name == name));
            prop_assert!(described || document.unreadable.iter().any(|(what, _)| *what == name), "{name}");
        }
    }
}
