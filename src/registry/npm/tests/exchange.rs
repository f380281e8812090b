//! Tests of requests for documents and evidence.

use super::*;

fn etag(etag: &str) -> Validators {
    Validators { etag: Some(etag.to_owned()), last_modified: None }
}

#[tokio::test]
async fn a_document_is_asked_for_within_its_limits() {
    let stage = stage();
    stage.transport.answer("/axios", 200, &[("etag", "\"b\"")], axios().to_string());
    let before = etag("\"a\"");
    let PackageState::Current(document) = stage.ask("axios", Some(&before), None).await.unwrap() else { panic!() };
    assert_eq!(document.validators, Some(etag("\"b\"")));
    let [request] = &stage.transport.requests()[..] else { panic!("one request") };
    assert_eq!(request.header_value("accept"), Some("application/json"));
    assert_eq!((request.max_body, &request.validators), (LIMIT, &Some(before)));
}

#[tokio::test]
async fn a_scoped_package_is_asked_for_in_one_segment() {
    let stage = stage();
    stage.transport.answer("/@s%2fx", 404, &[], "");
    assert_eq!(stage.ask("@s/x", None, None).await.unwrap(), PackageState::Gone);
}

#[tokio::test]
async fn an_unmodified_document_is_no_news() {
    let stage = stage();
    stage.transport.answer("/axios", 304, &[], "");
    assert_eq!(stage.ask("axios", Some(&etag("a")), None).await.unwrap(), PackageState::NotModified);
}

#[tokio::test]
async fn a_document_older_than_announced_says_so_and_is_read() {
    for (announced, stale) in
        [("36-aa", false), ("37-492fb14479b1ae44c0150d53ab2ce6ba", false), ("37-other", false), ("38-aa", true)]
    {
        let stage = stage();
        stage.transport.answer("/axios", 200, &[], axios().to_string());
        let Ok(PackageState::Current(document)) = stage.ask("axios", None, Some(announced)).await else { panic!() };
        assert_eq!(document.releases.len(), 2);
        assert_eq!(document.behind.map(|behind| behind.seen.starts_with("37-")), stale.then_some(true), "{announced}");
    }
}

#[tokio::test]
async fn not_modified_is_no_answer_to_a_newer_revision() {
    let stage = stage();
    stage.transport.answer("/axios", 304, &[], "");
    stage.transport.answer("/axios", 200, &[], axios().to_string());
    let answer = stage.ask("axios", Some(&etag("a")), Some("38-aa")).await;
    assert!(matches!(answer, Ok(PackageState::Current(document)) if document.behind.is_some()));
    let validators: Vec<_> = stage.transport.requests().into_iter().map(|request| request.validators).collect();
    assert_eq!(validators, [Some(etag("a")), None], "the second time unconditionally, and there is no third");
}

#[tokio::test]
async fn an_announced_package_that_is_not_found_has_not_arrived_yet() {
    let stage = stage();
    stage.transport.answer("/x", 404, &[], "{}");
    let error = stage.ask("x", None, Some("1-aa")).await.unwrap_err();
    assert!(matches!(error, RegistryError::Stale { .. }), "{error}");
}

#[tokio::test]
async fn a_document_without_a_revision_that_counts_cannot_confirm_one() {
    for (revision, why) in [
        (json!(null), "_rev is missing or unreadable"),
        (json!(37), "_rev is missing or unreadable"),
        (json!("1-0"), "counts nothing"),
        (json!("x"), "counts nothing"),
        (json!(""), "counts nothing"),
    ] {
        let stage = stage();
        let mut body = axios();
        body["_rev"] = revision;
        stage.transport.answer("/axios", 200, &[], body.to_string());
        let Ok(PackageState::Current(document)) = stage.ask("axios", None, Some("37-aa")).await else { panic!() };
        let unconfirmed = document.unconfirmed.unwrap();
        assert!(unconfirmed.contains(why), "{unconfirmed}");
        assert_eq!((document.behind, document.releases.len()), (None, 2), "what it has is told all the same");
    }
}

#[tokio::test]
async fn a_page_in_the_place_of_a_document_is_named() {
    let stage = stage();
    let page = "<!DOCTYPE html><html><title>Sign in</title></html>";
    stage.transport.answer("/axios", 200, &[("content-type", "text/html; charset=utf-8")], page);
    let error = stage.ask("axios", None, None).await.unwrap_err().to_string();
    assert!(error.starts_with("reading the package document of axios of npm: answered text/html: "), "{error}");
    assert!(error.contains("give the base URL that npm's clients use"), "{error}");
}

#[tokio::test]
async fn a_failing_registry_is_an_error_of_the_exchange() {
    for status in [304, 429, 500] {
        let stage = stage();
        stage.transport.answer("/x", status, &[], "");
        let error = stage.ask("x", None, None).await.unwrap_err();
        assert!(matches!(&error, RegistryError::Http { registry, .. } if registry == "npm"), "{status}: {error}");
    }
}

#[tokio::test]
async fn evidence_is_fetched_from_where_we_say() {
    let stage = stage();
    let registry = NpmRegistry::new("https://npm.example/".parse().unwrap(), LIMIT);
    let evidence = AttestationSource {
        kind: EvidenceKind::NpmAttestations,
        url: "https://npm.example/-/npm/v1/attestations/x@1.0.0".parse().unwrap(),
        subject: "pkg:npm/x@1.0.0".to_owned(),
        digests: crate::model::Digests::default(),
        names_provenance: true,
    };
    stage.transport.answer("/attestations/x@1.0.0", 200, &[], "{}");
    stage.transport.answer("/attestations/x@1.0.0", 404, &[], "");
    stage.transport.answer("/attestations/x@1.0.0", 503, &[], "");
    assert_eq!(registry.evidence(&stage.http, &evidence).await.unwrap().unwrap(), "{}");
    assert_eq!(registry.evidence(&stage.http, &evidence).await.unwrap(), None);
    assert!(registry.evidence(&stage.http, &evidence).await.is_err());
    assert!(stage.transport.requests().iter().all(|request| request.max_body == 16 * 1024 * 1024));
}

#[tokio::test]
async fn a_tarball_comes_from_the_registrys_own_host() {
    let mut document = axios();
    document["versions"]["1.14.1"]["dist"]["tarball"] = json!("https://npm.example/download/axios/1.14.1");
    for (base, expected) in [
        (
            "https://npm.example/",
            ["https://npm.example/axios/-/axios-1.14.0.tgz", "https://npm.example/download/axios/1.14.1"],
        ),
        (
            "https://mirror.example/npm",
            [
                "https://mirror.example/npm/axios/-/axios-1.14.0.tgz",
                "https://mirror.example/npm/axios/-/axios-1.14.1.tgz",
            ],
        ),
    ] {
        let stage = stage();
        stage.transport.answer("/axios", 200, &[], document.to_string());
        let registry = NpmRegistry::new(base.parse().unwrap(), LIMIT);
        let versions = ["1.14.0", "1.14.1", "1.13.9", "9.9.9"];
        let listed = registry.archives(&stage.http, &package("axios"), &versions).await.unwrap();
        let [Listing::Files(honest), Listing::Files(evil), Listing::Missing(removed), Listing::Missing(unknown)] =
            &listed[..]
        else {
            panic!("{listed:?}")
        };
        let places = [honest, evil].map(|files| files[0].place.as_ref().unwrap().as_str());
        assert_eq!(places, expected, "{base}");
        assert!(removed.contains("removed") && unknown.contains("does not have this version"), "{removed} {unknown}");
        assert_eq!(honest[0].file.digests.sha512, Some("01".repeat(64)));
        assert!(honest[0].evidence.is_some() && evil[0].evidence.is_none());
        let scripts = evil[0].manifest.as_ref().unwrap().install_scripts.clone();
        assert_eq!(scripts.unwrap(), ["preinstall", "postinstall"]);
    }
}

#[tokio::test]
async fn a_file_is_downloaded_as_it_is_stored_and_within_its_limit() {
    let stage = stage();
    let registry = NpmRegistry::new("https://npm.example/".parse().unwrap(), LIMIT);
    stage.transport.answer("/axios", 200, &[], axios().to_string());
    let listed = registry.archives(&stage.http, &package("axios"), &["1.14.0"]).await.unwrap();
    let Listing::Files(files) = &listed[0] else { panic!("{listed:?}") };
    for (status, body) in
        [(200, "the file"), (404, ""), (200, "more than ten bytes"), (403, ""), (200, "<!doctype html>")]
    {
        stage.transport.answer("axios-1.14.0.tgz", status, &[], body);
    }
    let mut outcomes = Vec::new();
    for _ in 0..5 {
        outcomes.push(registry.download(&stage.http, &files[0], 10).await);
    }
    let [found, missing, large, failed, page] = outcomes.try_into().unwrap();
    assert_eq!((found.unwrap().unwrap(), missing.unwrap()), ("the file".into(), None));
    for (error, said) in [(large, "larger than 10 bytes"), (failed, "403"), (page, "larger than 10 bytes")] {
        let error = crate::text::with_causes(&error.unwrap_err());
        assert!(error.contains(said), "{error}");
    }
    let nowhere = Archive { place: Err("it is elsewhere".to_owned()), ..files[0].clone() };
    let error = registry.download(&stage.http, &nowhere, 10).await.unwrap_err().to_string();
    assert!(error.contains("axios-1.14.0.tgz") && error.contains("it is elsewhere"), "{error}");
}
