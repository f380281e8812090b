//! Tests of requests to the index and its JSON API.

use super::*;

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

async fn listed(body: &Value, versions: &[&str]) -> Vec<Listing> {
    let transport = Arc::new(ScriptedTransport::new());
    transport.answer(SIMPLE, 200, &[], body.to_string());
    let http = Client::new(transport.clone(), Arc::new(ManualClock::at_text("2026-11-20T12:00:00Z")));
    registry().archives(&http, &package(), versions).await.unwrap()
}

#[tokio::test]
async fn the_files_of_a_version_are_listed_with_their_places() {
    let mut body = sampleproject();
    body["files"][1]["url"] = json!("../../packages/wheel.whl");
    body["files"][2]["url"] = json!("https://evil.example/sources.tar.gz");
    let all = listed(&body, &["4.0", "5.0.0"]).await;
    let [Listing::Files(files), Listing::Missing(why)] = &all[..] else { panic!("{all:?}") };
    assert!(why.contains("active") && why.contains("no file of this version"), "{why}");
    let [wheel, sources] = &files[..] else { panic!("{files:?}") };
    assert_eq!(wheel.place.as_ref().unwrap().as_str(), "https://pypi.example/packages/wheel.whl");
    assert_eq!(wheel.evidence.as_ref().unwrap().subject, "sampleproject-4.0.0-py3-none-any.whl");
    assert_eq!(wheel.file.digests.sha256, Some("0ace".repeat(16)));
    assert!(sources.place.as_ref().unwrap_err().contains("evil.example"), "{sources:?}");
}

#[tokio::test]
async fn a_file_with_two_places_or_none_is_not_fetched() {
    let mut body = sampleproject();
    body["files"][1].as_object_mut().unwrap().remove("url");
    let again = body["files"][2].clone();
    body["files"].as_array_mut().unwrap().push(again);
    let all = listed(&body, &["4.0.0"]).await;
    let Listing::Files(files) = &all[0] else { panic!("{all:?}") };
    assert!(files.iter().all(|file| file.place.as_ref().unwrap_err().contains("no readable URL")), "{files:?}");
    let quarantined = simple(&json!([]), &[]);
    assert!(matches!(&listed(&quarantined, &["4.0.0"]).await[0], Listing::Missing(_)));
}
