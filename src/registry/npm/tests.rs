//! The feed and the registry over scripted answers, in the registry's real shapes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{NpmFeed, NpmRegistry, address::Addresses, packument::Packument};
use crate::{
    clock::ManualClock,
    http::{Client, ScriptedTransport, Validators},
    model::{Aspect, AuthMethod, Ecosystem, Package, ReleaseStatus, Unread},
    registry::{
        Change, Cursor, Evidence, EvidenceKind, Feed, Known, PackageDocument, PackageState, Page, Question, Registry,
        RegistryError,
    },
};

const LIMIT: u64 = NpmRegistry::DEFAULT_MAX_DOCUMENT;

fn package(name: &str) -> Package {
    Package::new(Ecosystem::Npm, name).unwrap()
}

fn sri(byte: u8) -> String {
    format!("sha512-{}", BASE64_STANDARD.encode([byte; 64]))
}

/// One version as npm's documents have it: published with a token, nothing attested.
fn version(name: &str, version: &str) -> Value {
    json!({
        "name": name,
        "version": version,
        "description": "not of interest",
        "scripts": {"test": "node test.js"},
        "repository": {"type": "git", "url": format!("git+https://github.com/{name}/{name}.git")},
        "maintainers": [{"name": "jasonsaayman", "email": "j@example.org"}, {"name": "ada", "email": "a@example.org"}],
        "_id": format!("{name}@{version}"),
        "_npmUser": {"name": "jasonsaayman", "email": "j@example.org"},
        "_hasShrinkwrap": false,
        "dist": {
            "shasum": "0123456789012345678901234567890123456789",
            "integrity": sri(1),
            "tarball": format!("https://npm.example/{name}/-/{name}-{version}.tgz"),
            "fileCount": 3,
            "signatures": [{"keyid": "SHA256:key", "sig": "MEUC"}],
        },
    })
}

/// The publisher of a release that came through trusted publishing.
fn trusted() -> Value {
    json!({
        "name": "GitHub Actions",
        "email": "npm-oidc-no-reply@github.com",
        "trustedPublisher": {"id": "github", "oidcConfigId": "oidc:4bcac187-e959-43d6-a0b2-995f804750a1"},
    })
}

/// axios as it stood after the takeover of March 2026: 1.14.0 honest, 1.14.1 not.
fn axios() -> Value {
    let mut honest = version("axios", "1.14.0");
    honest["_npmUser"] = trusted();
    honest["gitHead"] = json!("46bee3dea719b1ad97a9b4ba1bcd5b4cd4f5ef1f");
    honest["dependencies"] = json!({"follow-redirects": "^1.15.11"});
    honest["dist"]["attestations"] = json!({
        "url": "https://elsewhere.example/-/npm/v1/attestations/axios@1.14.0",
        "provenance": {"predicateType": "https://slsa.dev/provenance/v1"},
    });
    let mut evil = version("axios", "1.14.1");
    evil["_npmUser"] = json!({"name": "jasonsaayman", "email": "ifstap@proton.me"});
    evil["dependencies"] = json!({"follow-redirects": "^1.15.11", "plain-crypto-js": "^4.2.1"});
    evil["scripts"] = json!({"postinstall": "node setup.js", "preinstall": "echo", "install": "", "build": "x"});
    json!({
        "_id": "axios",
        "_rev": "37-492fb14479b1ae44c0150d53ab2ce6ba",
        "name": "axios",
        "dist-tags": {"latest": "1.14.1", "next": "1.7.0-beta.2"},
        "versions": {"1.14.0": honest, "1.14.1": evil},
        "time": {
            "created": "2014-08-29T23:08:36.810Z",
            "modified": "2026-03-31T00:21:58.500Z",
            "1.13.9": "2026-01-05T10:00:00.000Z",
            "1.14.0": "2026-03-27T19:01:40.000Z",
            "1.14.1": "2026-03-31T00:21:58.168Z",
        },
        "maintainers": [{"name": "jasonsaayman", "email": "j@example.org"}, {"name": "emilyemorehouse"}],
        "readme": "# axios",
        "license": "MIT",
    })
}

fn read(name: &str, body: &str, known: &[&str]) -> Result<PackageDocument, RegistryError> {
    let addresses = Addresses::below("https://npm.example/".parse().unwrap());
    let known = known.iter().map(|version| (*version).to_owned()).collect();
    Ok(Packument::read(&package(name), body.as_bytes())?.describe(&known, None, &addresses))
}

/// The document of `x` whose only version has this part.
fn document_of(part: &str) -> PackageDocument {
    let time = r#"{"1.0.0":"2026-01-01T00:00:00.000Z"}"#;
    let document = read("x", &format!(r#"{{"name":"x","versions":{{"1.0.0":{part}}},"time":{time}}}"#), &[]).unwrap();
    assert_eq!(document.releases.len() + document.unreadable.len(), 1, "one outcome for {part:.80}");
    document
}

/// What of `x@1.0.0` cannot be read when its part of the document is this.
fn unread(part: &str) -> BTreeMap<String, String> {
    let document = document_of(part);
    document.releases.into_iter().next().unwrap_or_else(|| panic!("{:?}", document.unreadable)).unread.0
}

// ---- package documents

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
    assert_eq!(release.files[0].digests, crate::model::Digests::default());
    assert_eq!((release.evidence.len(), release.signatures.len()), (0, 0));
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

// ---- bad input

#[test]
fn an_entry_that_is_not_an_object_is_unreadable_and_says_why() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (part, why) in [
        ("null", "invalid type: null"),
        ("[]", "expected an object"),
        (r#"["1.0.0",null,{}]"#, "expected an object"),
        ("7", "invalid type: integer"),
        (deep.as_str(), "expected an object"),
    ] {
        let unreadable = document_of(part).unreadable;
        let [(version, seen)] = unreadable.as_slice() else { panic!("{why} was read") };
        assert!(version == "1.0.0" && seen.contains(why) && seen.chars().count() < 400, "{seen:?} instead of {why:?}");
    }
}

#[test]
fn a_malformed_field_is_not_known_and_says_why() {
    let with = |key: &str, value: Value| {
        let mut part = version("x", "1.0.0");
        part[key] = value;
        part.to_string()
    };
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_objects = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let plain = version("x", "1.0.0").to_string();
    let and = |pair: &str| format!("{},{pair}}}", &plain[..plain.len() - 1]);
    let dist = |dist: Value| with("dist", dist);
    for (part, place, why) in [
        (with("version", json!("1.0.1")), Unread::VERSION, "it says that it is version \"1.0.1\""),
        (with("version", json!(1)), Unread::VERSION, "invalid type: integer `1`, expected a string"),
        (with("dist", json!(null)), Unread::FILES, "it has no dist"),
        (with("dist", json!(null)), Unread::ATTESTATION, "it has no dist"),
        (with("dist", json!("x")), Unread::SIGNATURES, "its dist: invalid type"),
        (dist(json!({"integrity": 7})), Unread::FILES, "invalid type: integer `7`"),
        (dist(json!({"signatures": [{"keyid": "k"}], "integrity": sri(1)})), Unread::SIGNATURES, "one has no sig"),
        (dist(json!({"signatures": 7})), Unread::SIGNATURES, "invalid type"),
        (dist(json!({"integrity": "x".repeat(3000)})), Unread::FILES, "3002 bytes, more than 2050"),
        (
            dist(json!({"signatures": vec![json!({"keyid": "k", "sig": "s"}); 17]})),
            Unread::SIGNATURES,
            "it has 17 signatures",
        ),
        (dist(json!({"attestations": 7})), Unread::ATTESTATION, "its dist: its attestations: invalid type"),
        (dist(json!({"attestations": {}})), Unread::ATTESTATION, "its attestations name none"),
        (with("_npmUser", json!("ada")), Unread::PUBLISHER, "its _npmUser: invalid type: string"),
        (with("_npmUser", json!({"name": 7})), Unread::PUBLISHER, "its _npmUser: its name: invalid type"),
        (with("_npmUser", json!({"name": "x".repeat(5000)})), Unread::PUBLISHER, "5002 bytes, more than 4096"),
        (with("_npmUser", json!({"name": "x", "email": {}})), Unread::EMAIL, "its email: invalid type"),
        (
            with("_npmUser", json!({"name": "x", "trustedPublisher": true})),
            Unread::AUTH,
            "invalid type: boolean `true`",
        ),
        (
            with("_npmUser", json!({"name": "x", "trustedPublisher": {"oidcConfigId": 7}})),
            Unread::REGISTRATION,
            "invalid type",
        ),
        (with("_npmUser", json!({"name": "x", "approver": {"email": "e"}})), Unread::APPROVER, "has no name"),
        (with("scripts", json!("postinstall")), Unread::SCRIPTS, "its scripts: invalid type: string"),
        (with("scripts", json!([1])), Unread::SCRIPTS, "its scripts: invalid type: sequence"),
        (with("dependencies", json!({"a": 1})), Unread::DEPENDENCIES, "the range of a: invalid type: integer `1`"),
        (with("dependencies", json!(["a"])), Unread::DEPENDENCIES, "its dependencies: invalid type: sequence"),
        (with("optionalDependencies", json!({"a": null})), Unread::OPTIONAL, "the range of a: invalid type: null"),
        (with("repository", json!(7)), Unread::REPOSITORY, "its repository: invalid type: integer `7`"),
        (with("repository", json!({"url": ["a"]})), Unread::REPOSITORY, "invalid type: sequence"),
        (with("gitHead", json!({})), Unread::COMMIT, "its gitHead: invalid type: map"),
        (with("gitHead", json!("x".repeat(2 * 1024 * 1024))), Unread::COMMIT, "bytes, more than 4096"),
        (with("maintainers", json!([7])), Unread::MAINTAINERS, "did not match any variant"),
        (and(r#""dist":{}"#), Unread::FILES, "its dist comes twice"),
        (and(r#""_npmUser":null"#), Unread::PUBLISHER, "its _npmUser comes twice"),
        (and(r#""_npm\u0055ser":null"#), Unread::PUBLISHER, "its _npmUser comes twice"),
        (and(&format!(r#""dependencies":{deep}"#)), Unread::DEPENDENCIES, "its dependencies: invalid type"),
        (
            with("repository", json!(null)).replace(r#""repository":null"#, &format!(r#""repository":{deep}"#)),
            Unread::REPOSITORY,
            "its repository",
        ),
        (
            with("maintainers", json!(null))
                .replace(r#""maintainers":null"#, &format!(r#""maintainers":[{deep_objects}]"#)),
            Unread::MAINTAINERS,
            "recursion limit exceeded",
        ),
    ] {
        let unread = unread(&part);
        let seen = unread.get(place).unwrap_or_else(|| panic!("{place}: {why} was read: {unread:?}"));
        assert!(seen.contains(why), "{seen:?} instead of {why:?}");
        assert!(seen.chars().count() < 500, "{seen}");
    }
}

#[test]
fn what_is_beside_a_malformed_field_is_known() {
    let mut part = version("x", "1.0.0");
    part["gitHead"] = json!({});
    part["dependencies"] = json!({"a": null, "b": "^1"});
    part["scripts"] = json!({"postinstall": ["x"]});
    part["pad"] = json!("x".repeat(2 * 1024 * 1024));
    let release = document_of(&part.to_string()).releases.remove(0);
    assert_eq!(release.publisher.unwrap().name, "jasonsaayman");
    assert_eq!((release.auth.method, release.signatures.len()), (AuthMethod::Token, 1));
    let manifest = release.manifest.unwrap();
    assert_eq!(manifest.install_scripts.unwrap(), ["postinstall"]);
    let dependencies = manifest.dependencies.unwrap();
    assert_eq!(dependencies, [("a".to_owned(), "null".to_owned()), ("b".to_owned(), "^1".to_owned())].into());
}

#[test]
fn a_hook_or_dependency_that_comes_twice_may_be_either() {
    let plain = version("x", "1.0.0").to_string().replace(r#""scripts":{"test":"node test.js"},"#, "");
    let pair = r#""scripts":{"install":"","install":"b"},"dependencies":{"a":"1","a":"https://evil.example/x.tgz"}"#;
    let release = document_of(&format!("{},{pair}}}", &plain[..plain.len() - 1])).releases.remove(0);
    let manifest = release.manifest.unwrap();
    assert_eq!(manifest.install_scripts.unwrap(), ["install"]);
    assert_eq!(manifest.dependencies.unwrap()["a"], "1 || https://evil.example/x.tgz");
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
fn unknown_fields_are_no_matter_however_deep() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let good = version("x", "1.0.0").to_string();
    assert!(unread(&format!(r#"{},"exports":{deep},"exports":1}}"#, &good[..good.len() - 1])).is_empty());
}

#[test]
fn a_bad_publish_time_is_not_known() {
    for time in [
        json!(null),
        json!(7),
        json!({}),
        json!(""),
        json!("yesterday"),
        json!("2026-02-30T00:00:00Z"),
        json!("2026-01-01"),
        json!("+262000-01-01T00:00:00Z"),
        json!("x".repeat(100_000)),
    ] {
        let body = json!({
            "name": "x",
            "versions": {"1.0.0": version("x", "1.0.0"), "1.0.1": version("x", "1.0.1")},
            "time": {"1.0.0": time, "1.0.1": "2026-01-01T00:00:00Z"},
        });
        let document = read("x", &body.to_string(), &[]).unwrap();
        let [odd, good] = document.releases.as_slice() else { panic!("both releases are read") };
        let why = odd.unread.of(Unread::TIME).unwrap();
        assert!(why.starts_with("its publish time is not an RFC 3339 time: ") && why.len() < 400, "{why}");
        assert!(!odd.is_dated() && good.is_dated());
    }
}

#[test]
fn what_is_odd_in_the_document_spoils_no_release() {
    let good = axios().to_string();
    let twice = |pair: &str| format!("{},{pair}}}", &good[..good.len() - 1]);
    let with = |key: &str, value: Value| {
        let mut document = axios();
        document[key] = value;
        document.to_string()
    };
    for body in [
        with("name", json!(7)),
        with("name", json!(null)),
        with("maintainers", json!({})),
        with("_rev", json!(37)),
        with("dist-tags", json!({"latest": []})),
        with("dist-tags", json!(7)),
        with("time", json!("2026")),
        twice(r##""readme":"# axios""##),
        twice(r#""name":"axios""#),
        twice(r#""versions":{}"#),
        twice(r#""versions":{"0.9.0":null}"#),
    ] {
        let document = read("axios", &body, &[]).unwrap_or_else(|why| panic!("{body:.300}: {why}"));
        let versions: BTreeSet<_> = document.releases.iter().map(|release| release.id.version()).collect();
        assert_eq!(versions, BTreeSet::from(["1.14.0", "1.14.1"]), "{body:.300}");
        assert!(document.releases.iter().all(|release| release.unread.0.keys().all(|place| place == Unread::TIME)));
    }
    let mut document = axios();
    document["time"]["unpublished"] = json!(7);
    assert_eq!(read("axios", &document.to_string(), &[]).unwrap().releases.len(), 2);
}

#[test]
fn a_version_that_no_purl_can_name_is_unreadable_alone() {
    let long = "1".repeat(400);
    let huge = "1".repeat(5000);
    for version in ["", &long, &huge] {
        let mut document = axios();
        document["versions"][version] = json!({});
        document["time"][version] = json!("2026-01-01T00:00:00Z");
        let document = read("axios", &document.to_string(), &[]).unwrap();
        assert_eq!(document.releases.len(), 2);
        let [(name, why)] = document.unreadable.as_slice() else { panic!("one is unreadable") };
        assert!(name == version || name.contains("5000 bytes, SHA-256"), "{name}");
        assert_eq!(why, "no package URL can name this version");
        assert!(document.versions.iter().any(|(listed, _)| listed == name));
    }
}

#[test]
fn a_version_that_comes_twice_is_odd() {
    let part = version("x", "1.0.0");
    let body = format!(
        r#"{{"name":"x","versions":{{"1.0.0":{part},"1.0.0":{part}}},"time":{{"1.0.0":"2026-01-01T00:00:00Z","1.0.0":"2026-01-01T00:00:00Z"}}}}"#
    );
    let release = read("x", &body, &[]).unwrap().releases.remove(0);
    assert_eq!(release.unread.of(Unread::RELEASE), Some("the document has it twice"));
    assert!(release.unread.of(Unread::TIME).unwrap().contains("two publish times"));
}

#[test]
fn a_malformed_document_is_refused() {
    let good = axios().to_string();
    let with = |key: &str, value: Value| {
        let mut document = axios();
        document[key] = value;
        document.to_string()
    };
    let mut nameless = axios();
    nameless.as_object_mut().unwrap().retain(|key, _| key != "name" && key != "_id");
    for (body, why) in [
        (String::new(), "EOF"),
        (good[..good.len() / 2].to_owned(), "EOF"),
        ("<html>".to_owned(), "expected value"),
        ("null".to_owned(), "invalid type: null"),
        (r#"{"error":"not_found"}"#.to_owned(), "it does not say of which package it is"),
        (nameless.to_string(), "it does not say of which package it is"),
        (json!({"name": "axios"}).to_string(), "it has no versions"),
        (with("name", json!("lodash")), "it is the document of \"lodash\""),
        (good.replace(r#""name":"axios","readme""#, r#""name":"axios","name":"lodash","readme""#), "of \"lodash\""),
        (with("versions", json!([])), "its versions: invalid type: sequence, expected an object"),
    ] {
        let error = read("axios", &body, &[]).expect_err(why).to_string();
        assert!(error.starts_with("reading the package document of axios of npm: "), "{error}");
        assert!(error.contains(why), "{error:?} instead of {why:?}");
        assert!(error.len() < 1000, "{error}");
    }
}

#[test]
fn bad_utf8_is_refused_wherever_it_stands() {
    let mut body = axios().to_string().into_bytes();
    let at = body.windows(7).position(|window| window == b"# axios").unwrap();
    body[at] = 0xff;
    let package = package("axios");
    let error = Packument::read(&package, &body).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("it is not UTF-8"), "{error}");
}

/// Every version key ends in exactly one of `releases`, the known ones, and `unreadable`.
fn assert_nothing_is_dropped(body: &Value, known: &[&str]) {
    let document = read("x", &body.to_string(), known).unwrap();
    let mut seen: Vec<&str> = document.releases.iter().map(|release| release.id.version()).collect();
    seen.extend(document.unreadable.iter().map(|(version, _)| version.as_str()));
    seen.sort_unstable();
    let mut expected: Vec<&str> = body["versions"].as_object().unwrap().keys().map(String::as_str).collect();
    expected.retain(|version| !known.contains(version));
    expected.sort_unstable();
    assert_eq!(seen, expected);
    let published = document.versions.iter().filter(|(_, status)| *status == ReleaseStatus::Published);
    assert_eq!(published.count(), body["versions"].as_object().unwrap().len());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}|name|url|id", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const FIELDS: [&str; 10] = [
    "version",
    "_npmUser",
    "dist",
    "repository",
    "gitHead",
    "scripts",
    "dependencies",
    "optionalDependencies",
    "maintainers",
    "unknown",
];

proptest! {
    #[test]
    fn no_version_is_dropped(
        changes in prop::collection::vec((0..4_usize, prop::sample::select(&FIELDS[..]), any_json()), 0..6),
        times in prop::collection::vec(any_json(), 4),
        known in prop::collection::btree_set(prop::sample::select(&["1.0.0", "1.0.1", "1.0.2", "1.0.3"][..]), 0..3),
    ) {
        let names = ["1.0.0", "1.0.1", "1.0.2", "1.0.3"];
        let mut body = json!({"name": "x", "versions": {}, "time": {}});
        for (name, time) in names.iter().zip(&times) {
            body["versions"][name] = version("x", name);
            body["time"][name] = if time.is_null() { json!("2026-01-01T00:00:00Z") } else { time.clone() };
        }
        for (index, field, value) in changes {
            body["versions"][names[index]][field] = value;
        }
        assert_nothing_is_dropped(&body, &known.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn no_mutation_of_a_document_panics(at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut body = axios().to_string().into_bytes();
        let cut = cut.index(body.len());
        let at = at.index(body.len());
        let package = package("axios");
        let addresses = Addresses::below("https://npm.example/".parse().unwrap());
        body[at] = byte;
        for body in [&body[..], &body[..cut]] {
            _ = Packument::read(&package, body).map(|document| document.describe(&Known::default(), None, &addresses));
        }
    }
}

// ---- the registry

struct Stage {
    transport: Arc<ScriptedTransport>,
    http: Client,
}

fn stage() -> Stage {
    let transport = Arc::new(ScriptedTransport::new());
    let http = Client::new(transport.clone(), Arc::new(ManualClock::at_text("2026-04-01T00:00:00Z")));
    Stage { transport, http }
}

impl Stage {
    async fn ask(
        &self,
        name: &str,
        validators: Option<&Validators>,
        revision: Option<&str>,
    ) -> Result<PackageState, RegistryError> {
        let registry = NpmRegistry::new("https://npm.example/".parse().unwrap(), LIMIT);
        let question = Question { known: &Known::default(), validators, revision };
        registry.package(&self.http, &package(name), question).await
    }

    async fn poll(&self, cursor: &str) -> Page {
        let feed = NpmFeed::new("https://replicate.example/".parse().unwrap());
        feed.poll(&self.http, Some(&Cursor(cursor.to_owned()))).await.unwrap()
    }
}

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
        (json!(null), "no readable _rev"),
        (json!(37), "no readable _rev"),
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
    let evidence = Evidence {
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

#[test]
fn the_page_of_a_release() {
    let registry = NpmRegistry::new("https://npm.example/".parse().unwrap(), LIMIT);
    assert_eq!(registry.page(&package("@s/x").at("1.0.0")).as_str(), "https://npm.example/@s%2fx/1.0.0");
}

// ---- the feed

const TIP: &str = r#"{"db_name":"registry","doc_count":3628088,"update_seq":12}"#;

#[tokio::test]
async fn without_a_cursor_the_feed_starts_at_its_tip() {
    let stage = stage();
    stage.transport.answer("replicate.example/", 200, &[], TIP);
    let feed = NpmFeed::new("https://replicate.example".parse().unwrap());
    let page = feed.poll(&stage.http, None).await.unwrap();
    assert_eq!(
        page,
        Page { events: Vec::new(), cursor: Cursor("12".to_owned()), more: false, gap: None, withheld: None }
    );
}

#[tokio::test]
async fn a_page_after_the_cursor() {
    let stage = stage();
    let rows = r#"{"results":[{"seq":91,"id":"pino","changes":[{"rev":"37-aa"}]}],"last_seq":"91"}"#;
    stage.transport.answer("/registry/_changes?since=90&limit=10000", 200, &[], rows);
    let page = stage.poll("90").await;
    assert_eq!((page.cursor.0.as_str(), page.more, page.gap), ("91", false, None));
    assert_eq!(page.events[0].change, Change::Document { revision: Some("37-aa".to_owned()) });
}

#[tokio::test]
async fn nothing_new_is_confirmed_by_the_tip() {
    let stage = stage();
    stage.transport.answer("since=12&limit=10000", 200, &[], r#"{"results":[],"last_seq":12}"#);
    stage.transport.answer("replicate.example/", 200, &[], TIP);
    assert_eq!(
        stage.poll("12").await,
        Page { events: Vec::new(), cursor: Cursor("12".to_owned()), more: false, gap: None, withheld: None }
    );
}

#[tokio::test]
async fn a_tip_that_no_page_reaches_is_said() {
    let stage = stage();
    stage.transport.answer("since=11&limit=10000", 200, &[], r#"{"results":[],"last_seq":11}"#);
    stage.transport.answer("replicate.example/", 200, &[], TIP);
    let page = stage.poll("11").await;
    assert_eq!(page.withheld.as_deref(), Some("the feed stands at sequence 12 and shows nothing after 11"));
    assert_eq!((page.cursor.0.as_str(), page.gap), ("11", None));
}

#[tokio::test]
async fn a_sequence_that_was_set_back_is_a_gap_and_goes_on_from_the_tip() {
    for (page, why) in [
        (r#"{"results":[],"last_seq":90}"#, "the sequence went back from 90 to 12"),
        (r#"{"results":[],"last_seq":11}"#, "the sequence went back from 90 to 11"),
        (
            r#"{"results":[{"seq":11,"id":"x","changes":[{"rev":"1-a"}]}],"last_seq":99}"#,
            "the page after sequence 90 holds sequence 11",
        ),
    ] {
        let stage = stage();
        stage.transport.answer("since=90&limit=10000", 200, &[], page);
        stage.transport.answer("replicate.example/", 200, &[], TIP);
        let page = stage.poll("90").await;
        assert_eq!(page.gap.map(|gap| gap.why).as_deref(), Some(why));
        assert_eq!((page.cursor.0.as_str(), page.more), ("12", false));
    }
}

#[tokio::test]
async fn a_truncated_page_is_an_error_and_moves_nothing() {
    let stage = stage();
    stage.transport.answer("since=90&limit=10000", 200, &[], r#"{"results":[{"seq":91,"id":"pi"#);
    let feed = NpmFeed::new("https://replicate.example/".parse().unwrap());
    let error = feed.poll(&stage.http, Some(&Cursor("90".to_owned()))).await.unwrap_err();
    assert!(error.to_string().starts_with("reading a page of the change feed of npm: EOF"), "{error}");
}
