//! Tests of reading package documents.

use super::*;

#[test]
fn a_release_is_described_as_the_registry_has_it() {
    let document = read("axios", &axios().to_string(), &[]).unwrap();
    assert_eq!(document.revision.as_deref(), Some("37-492fb14479b1ae44c0150d53ab2ce6ba"));
    assert_eq!(document.maintainers.unwrap(), ["emilyemorehouse", "jasonsaayman"]);
    assert_eq!(document.status, None);
    assert_eq!(document.unreadable, []);
    insta::assert_debug_snapshot!(document.releases);
}

#[test]
fn a_version_in_the_times_alone_was_unpublished() {
    let document = read("axios", &axios().to_string(), &[]).unwrap();
    let versions: Vec<_> = document.versions.iter().map(|(version, status)| (version.as_str(), *status)).collect();
    assert_eq!(
        versions,
        [
            ("1.13.9", ReleaseStatus::Unpublished),
            ("1.14.0", ReleaseStatus::Published),
            ("1.14.1", ReleaseStatus::Published)
        ]
    );
}

#[test]
fn a_package_unpublished_as_a_whole_keeps_the_names_of_its_versions() {
    let body = json!({
        "_id": "gone", "_rev": "9-ab", "name": "gone",
        "time": {
            "created": "2020-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "1.0.0": "2020-01-01T00:00:00.000Z",
            "unpublished": {"name": "ada", "time": "2026-01-01T00:00:00.000Z", "tags": {}, "versions": ["1.0.0", "1.1.0"]},
        },
    });
    let document = read("gone", &body.to_string(), &[]).unwrap();
    assert_eq!(document.status.as_deref(), Some("unpublished"));
    assert_eq!(
        document.versions,
        [("1.0.0".to_owned(), ReleaseStatus::Unpublished), ("1.1.0".to_owned(), ReleaseStatus::Unpublished)]
    );
    assert_eq!((document.releases.len(), document.unreadable.len()), (0, 0));
}

#[test]
fn a_security_placeholder_is_a_release_and_says_what_it_is() {
    let body = json!({
        "name": "x", "dist-tags": {"latest": "0.0.1-security"},
        "versions": {"0.0.1-security": version("x", "0.0.1-security")},
        "time": {"0.0.1-security": "2026-01-01T00:00:00.000Z", "1.0.0": "2025-12-31T00:00:00.000Z"},
    });
    let document = read("x", &body.to_string(), &[]).unwrap();
    assert_eq!(document.status.as_deref(), Some("security-placeholder"));
    assert_eq!(document.releases[0].id.version(), "0.0.1-security");
    assert_eq!(document.versions[1], ("1.0.0".to_owned(), ReleaseStatus::Unpublished));
}

#[test]
fn releases_come_in_publish_order() {
    let body = json!({
        "name": "x",
        "versions": {"1.0.0": version("x", "1.0.0"), "1.10.0": version("x", "1.10.0"), "1.9.0": version("x", "1.9.0")},
        "time": {"1.10.0": "2026-01-03T00:00:00Z", "1.0.0": "2026-01-04T00:00:00+02:00", "1.9.0": "2026-01-02T00:00:00Z"},
    });
    let document = read("x", &body.to_string(), &[]).unwrap();
    let order: Vec<_> = document.releases.iter().map(|release| release.id.version()).collect();
    assert_eq!(order, ["1.9.0", "1.10.0", "1.0.0"]);
}

#[test]
fn how_a_release_came_in() {
    let approver = json!({"name": "ada", "email": "a@example.org"});
    let mut staged = trusted();
    staged["approver"] = approver.clone();
    for (user, method, provider, approved) in [
        (trusted(), AuthMethod::TrustedPublisher, Some("github"), false),
        (staged, AuthMethod::TrustedPublisher, Some("github"), true),
        (json!({"name": "ada", "approver": approver}), AuthMethod::Token, None, true),
        (json!({"name": "ada", "email": "a@example.org"}), AuthMethod::Token, None, false),
        (json!({"name": "ada", "trustedPublisher": null}), AuthMethod::Token, None, false),
        (
            json!({"name": "CircleCI", "trustedPublisher": {"id": "circleci"}}),
            AuthMethod::TrustedPublisher,
            Some("circleci"),
            false,
        ),
        (json!({"name": "x", "trustedPublisher": {}}), AuthMethod::TrustedPublisher, None, false),
        (Value::Null, AuthMethod::Unknown, None, false),
    ] {
        let mut part = version("x", "1.0.0");
        part["_npmUser"] = user.clone();
        let body = json!({"name": "x", "versions": {"1.0.0": part}, "time": {"1.0.0": "2026-01-01T00:00:00Z"}});
        let document = read("x", &body.to_string(), &[]).unwrap();
        let auth = &document.releases[0].auth;
        assert_eq!((auth.method, auth.provider.as_deref()), (method, provider), "{user}");
        assert_eq!(auth.approved_by.as_ref().is_some_and(|person| person.name == "ada"), approved, "{user}");
    }
}

#[test]
fn old_documents_are_read_too() {
    let mut part = version("x", "1.0.0");
    for (key, value) in [
        ("dependencies", json!([])),
        ("optionalDependencies", Value::Null),
        ("scripts", json!([])),
        ("repository", json!([{"type": "git", "url": "git://github.com/a/x.git"}])),
        ("maintainers", json!(["ada <a@example.org>", {"name": "bob"}])),
        ("_npmUser", Value::Null),
        ("dist", json!({"shasum": "00", "tarball": "http://npm.example/x/-/x-1.0.0.tgz"})),
    ] {
        part[key] = value;
    }
    let body = json!({"name": "x", "versions": {"1.0.0": part}, "time": {"1.0.0": "2011-01-01T00:00:00Z"}});
    let release = read("x", &body.to_string(), &[]).unwrap().releases.remove(0);
    let manifest = release.manifest.unwrap();
    assert_eq!(manifest.repository.as_deref(), Some("https://github.com/a/x"));
    assert_eq!(manifest.dependencies, Some([].into()));
    assert_eq!(release.maintainers.unwrap(), ["ada", "bob"]);
    assert_eq!(release.addresses, [Person { name: "ada".to_owned(), email: Some("a@example.org".to_owned()) }]);
    assert_eq!(release.files[0].digests, crate::model::Digests::default());
    assert_eq!((release.evidence.len(), release.signatures.len()), (0, 0));
}

#[test]
fn an_unreadable_address_costs_nothing_else() {
    let long = format!("{}@example.org", "a".repeat(5000));
    for email in [json!(7), json!(null), json!({}), json!(["a@example.org"]), json!(long)] {
        let mut part = version("x", "1.0.0");
        part["maintainers"] = json!([{"name": "ada", "email": email}, {"name": "bob", "email": "b@example.org"}]);
        let body = json!({"name": "x", "versions": {"1.0.0": part}, "time": {"1.0.0": "2026-01-01T00:00:00Z"}});
        let release = read("x", &body.to_string(), &[]).unwrap().releases.remove(0);
        assert_eq!(release.maintainers.unwrap(), ["ada", "bob"], "{email}");
        let readable: Vec<_> = release.addresses.iter().map(|person| person.name.as_str()).collect();
        assert_eq!(readable, ["bob"], "{email}");
    }
}

#[test]
fn a_file_name_is_never_more_than_a_name() {
    let scoped = |tarball: Value| {
        let mut part = version("x", "1.0.0");
        part["dist"]["tarball"] = tarball;
        let body = json!({"name": "@s/x", "versions": {"1.0.0": part}, "time": {"1.0.0": "2026-01-01T00:00:00Z"}});
        read("@s/x", &body.to_string(), &[]).unwrap().releases[0].files[0].name.clone()
    };
    assert_eq!(scoped(json!("https://npm.example/@s/x/-/x-1.0.0-1.tgz")), "x-1.0.0-1.tgz");
    for tarball in [json!(null), json!(7), json!("https://npm.example/"), json!("x/a b.tgz"), json!("x/%2e.tgz?a")] {
        assert_eq!(scoped(tarball), "x-1.0.0.tgz");
    }
}

#[test]
fn attestations_and_signatures_are_of_the_release_that_was_asked_for() {
    let mut part = version("@s/x", "1.0.0");
    part["dist"]["attestations"] = json!({"url": "https://elsewhere.example/", "provenance": {}});
    let body = json!({"name": "@s/x", "versions": {"1.0.0": part}, "time": {"1.0.0": "2026-01-01T00:00:00Z"}});
    let release = read("@s/x", &body.to_string(), &[]).unwrap().releases.remove(0);
    let [evidence] = release.evidence.as_slice() else { panic!("one piece of evidence") };
    assert_eq!(evidence.url.as_str(), "https://npm.example/-/npm/v1/attestations/@s%2fx@1.0.0");
    assert_eq!(evidence.subject, "pkg:npm/%40s/x@1.0.0");
    assert_eq!(evidence.digests.sha512.as_deref(), Some("01".repeat(64).as_str()));
    assert_eq!(release.signatures[0].message, format!("@s/x@1.0.0:{}", sri(1)));
}

#[test]
fn what_a_mirror_leaves_out_is_said() {
    let mut part = version("x", "1.0.0");
    assert_eq!(document_of(&part.to_string()).releases[0].untold, [] as [Aspect; 0]);
    part.as_object_mut().unwrap().remove("_npmUser");
    part["dist"].as_object_mut().unwrap().remove("signatures");
    let release = document_of(&part.to_string()).releases.remove(0);
    assert_eq!((release.untold, release.unread.is_empty()), (vec![Aspect::Account, Aspect::Signature], true));
    let body = json!({"name": "x", "versions": {"1.0.0": version("x", "1.0.0")}});
    assert_eq!(read("x", &body.to_string(), &[]).unwrap().releases[0].untold, [Aspect::Time]);
}

#[test]
fn the_page_of_a_release() {
    let registry = NpmRegistry::new("https://npm.example/".parse().unwrap(), LIMIT);
    assert_eq!(registry.page(&package("@s/x").at("1.0.0")).as_str(), "https://npm.example/@s%2fx/1.0.0");
}
