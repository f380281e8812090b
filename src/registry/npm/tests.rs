//! The feed and the registry over scripted answers, in the registry's real shapes.

use std::{collections::BTreeSet, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{NpmFeed, NpmRegistry, address::Addresses, packument::Packument};
use crate::{
    clock::ManualClock,
    http::{Client, ScriptedTransport, Validators},
    model::{AuthMethod, Ecosystem, Package, ReleaseStatus},
    registry::{
        Change, Cursor, Evidence, EvidenceKind, Feed, PackageDocument, PackageState, Page, Question, Registry,
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

/// What becomes of `x@1.0.0` when its part of the document is this: nothing, or why it is unreadable.
fn unreadable(part: &str) -> Option<String> {
    let time = r#"{"1.0.0":"2026-01-01T00:00:00.000Z"}"#;
    let document = read("x", &format!(r#"{{"name":"x","versions":{{"1.0.0":{part}}},"time":{time}}}"#), &[]).unwrap();
    assert_eq!(document.releases.len() + document.unreadable.len(), 1, "one outcome for {part:.80}");
    document.unreadable.into_iter().next().map(|(_, why)| why)
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
fn a_malformed_version_is_unreadable_and_says_why() {
    let with = |key: &str, value: Value| {
        let mut part = version("x", "1.0.0");
        part[key] = value;
        part.to_string()
    };
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_objects = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let and = |pair: &str| format!(r#"{{"version":"1.0.0","dist":{{}},"_npmUser":null,{pair}}}"#);
    for (part, why) in [
        ("null".to_owned(), "invalid type: null"),
        ("[]".to_owned(), "expected an object"),
        (r#"["1.0.0",null,{}]"#.to_owned(), "expected an object"),
        ("7".to_owned(), "invalid type: integer"),
        ("{}".to_owned(), "missing field"),
        (deep.clone(), "invalid type"),
        (with("version", json!("1.0.1")), "it says that it is version \"1.0.1\""),
        (with("version", json!(1)), "invalid type: integer `1`, expected a string"),
        (with("dist", json!(null)), "invalid type: null"),
        (with("dist", json!({"integrity": 7})), "invalid type: integer `7`"),
        (with("dist", json!({"signatures": [{"keyid": "k"}]})), "missing field `sig`"),
        (with("dist", json!({"integrity": "x".repeat(3000)})), "its integrity has 3000 bytes, more than 2048"),
        (with("dist", json!({"signatures": vec![json!({"keyid": "k", "sig": "s"}); 17]})), "it has 17 signatures"),
        (with("_npmUser", json!("ada")), "invalid type: string"),
        (with("_npmUser", json!({"name": "x", "trustedPublisher": true})), "invalid type: boolean `true`"),
        (with("_npmUser", json!({"name": "x", "approver": {"email": "e"}})), "missing field `name`"),
        (with("scripts", json!("postinstall")), "its scripts: invalid type: string"),
        (with("dependencies", json!({"a": 1})), "its dependencies: invalid type: integer `1`"),
        (with("dependencies", json!(["a"])), "its dependencies: invalid type: sequence"),
        (with("repository", json!(7)), "its repository: invalid type: integer `7`"),
        (with("repository", json!({"url": ["a"]})), "its repository: invalid type: sequence"),
        (with("gitHead", json!({})), "invalid type: map"),
        (with("maintainers", json!([7])), "did not match any variant"),
        (with("gitHead", json!("x".repeat(2 * 1024 * 1024))), "its part of the document has 20"),
        (and(r#""dist":{}"#), "the key \"dist\" stands twice"),
        (and(r#""_npmUser":null"#), "the key \"_npmUser\" stands twice"),
        (and(r#""_npm\u0055ser":null"#), "the key \"_npmUser\" stands twice"),
        (and(r#""scripts":{"install":"a","install":"b"}"#), "its scripts: the key \"install\" stands twice"),
        (and(r#""dependencies":{"a":"1","a":"2"}"#), "its dependencies: the key \"a\" stands twice"),
        (and(r#""unread":1,"unread":1"#), "the key \"unread\" stands twice"),
        (and(&format!(r#""scripts":{deep}"#)), "its scripts: invalid"),
        (and(&format!(r#""repository":{deep}"#)), "its repository: invalid type: sequence"),
        (and(&format!(r#""maintainers":[{deep_objects}]"#)), "recursion limit exceeded"),
    ] {
        let seen = unreadable(&part).unwrap_or_else(|| panic!("{why} was read"));
        assert!(seen.contains(why), "{seen:?} instead of {why:?}");
        assert!(seen.chars().count() < 400, "{seen}");
    }
}

#[test]
fn unknown_fields_are_no_matter_however_deep() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let good = version("x", "1.0.0").to_string();
    assert_eq!(unreadable(&format!(r#"{},"exports":{deep}}}"#, &good[..good.len() - 1])), None);
}

#[test]
fn a_bad_publish_time_makes_the_version_unreadable() {
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
        assert_eq!(document.releases.len(), 1, "the other release is read");
        let (version, why) = &document.unreadable[0];
        assert_eq!(version, "1.0.0");
        assert!(why.starts_with("its publish time is not an RFC 3339 time: ") && why.len() < 400, "{why}");
    }
    let body = json!({"name": "x", "versions": {"1.0.0": version("x", "1.0.0")}});
    let document = read("x", &body.to_string(), &[]).unwrap();
    assert_eq!(document.unreadable[0].1, "the document has no publish time for it");
}

#[test]
fn a_malformed_document_is_refused() {
    let good = axios().to_string();
    let twice = |pair: &str| format!("{},{pair}}}", &good[..good.len() - 1]);
    let with = |key: &str, value: Value| {
        let mut document = axios();
        document[key] = value;
        document.to_string()
    };
    let long_version = "1".repeat(400);
    for (body, why) in [
        (String::new(), "EOF"),
        (good[..good.len() / 2].to_owned(), "EOF"),
        ("<html>".to_owned(), "expected value"),
        ("null".to_owned(), "invalid type: null"),
        (r#"{"error":"not_found"}"#.to_owned(), "missing field `name`"),
        (json!({"name": "axios"}).to_string(), "it has no versions"),
        (with("name", json!("lodash")), "it is the document of \"lodash\""),
        (with("versions", json!([])), "expected an object"),
        (with("versions", json!({"": {}})), "no package URL can name its version \"\""),
        (with("versions", json!({(long_version): {}})), "no package URL can name its version \"111"),
        (with("time", json!("2026")), "expected an object"),
        (with("time", json!({"unpublished": 7})), "its time.unpublished: invalid type"),
        (with("maintainers", json!({})), "its maintainers: invalid type: map"),
        (with("_rev", json!(37)), "invalid type: integer `37`"),
        (with("dist-tags", json!({"latest": []})), "invalid type: sequence"),
        (twice(r#""versions":{}"#), "the key \"versions\" stands twice"),
        (twice(r##""readme":"# axios""##), "the key \"readme\" stands twice"),
        (twice(r#""name":"axios""#), "the key \"name\" stands twice"),
        (r#"{"name":"axios","versions":{"1.0.0":{},"1.0.0":{}}}"#.to_owned(), "the key \"1.0.0\" stands twice"),
        (r#"{"name":"axios","versions":{},"time":{"1":"","1":""}}"#.to_owned(), "the key \"1\" stands twice"),
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
            _ = Packument::read(&package, body).map(|document| document.describe(&BTreeSet::new(), None, &addresses));
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
        let question = Question { known: &BTreeSet::new(), validators, revision };
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
async fn a_document_older_than_announced_is_stale() {
    for (announced, stale) in
        [("36-aa", false), ("37-492fb14479b1ae44c0150d53ab2ce6ba", false), ("37-other", false), ("38-aa", true)]
    {
        let stage = stage();
        stage.transport.answer("/axios", 200, &[], axios().to_string());
        match stage.ask("axios", None, Some(announced)).await {
            Err(RegistryError::Stale { seen, .. }) => assert!(stale && seen.starts_with("37-"), "{announced}"),
            other => assert!(!stale && other.is_ok(), "{announced}"),
        }
    }
}

#[tokio::test]
async fn not_modified_is_no_answer_to_a_newer_revision() {
    let stage = stage();
    stage.transport.answer("/axios", 304, &[], "");
    stage.transport.answer("/axios", 200, &[], axios().to_string());
    let error = stage.ask("axios", Some(&etag("a")), Some("38-aa")).await.unwrap_err();
    assert!(matches!(error, RegistryError::Stale { .. }), "{error}");
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
async fn a_document_without_a_revision_cannot_confirm_one() {
    let stage = stage();
    stage.transport.answer("/x", 200, &[], r#"{"name":"x","versions":{}}"#);
    let error = stage.ask("x", None, Some("1-aa")).await.unwrap_err();
    assert!(error.to_string().contains("it has no _rev"), "{error}");
}

#[tokio::test]
async fn a_failing_registry_is_an_error_of_the_exchange() {
    for status in [304, 429, 500] {
        let stage = stage();
        stage.transport.answer("/x", status, &[], "");
        let error = stage.ask("x", None, None).await.unwrap_err();
        assert!(matches!(error, RegistryError::Http { registry: "npm", .. }), "{status}: {error}");
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
    assert_eq!(page, Page { events: Vec::new(), cursor: Cursor("12".to_owned()), more: false, gap: None });
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
        Page { events: Vec::new(), cursor: Cursor("12".to_owned()), more: false, gap: None }
    );
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
