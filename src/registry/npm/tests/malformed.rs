//! Tests of malformed fields: each is unknown with a reason, and spoils no other field.

use super::*;

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

fn with(key: &str, value: Value) -> String {
    let mut part = version("x", "1.0.0");
    part[key] = value;
    part.to_string()
}

fn dist(value: Value) -> String {
    with("dist", value)
}

/// Asserts that each part makes its place unknown, with this text in the reason.
fn assert_unread(cases: &[(String, &str, &str)]) {
    for (part, place, why) in cases {
        let unread = unread(part);
        let seen = unread.get(*place).unwrap_or_else(|| panic!("{place}: {why} was read: {unread:?}"));
        assert!(seen.contains(why), "{seen:?} instead of {why:?}");
        assert!(seen.chars().count() < 500, "{seen}");
    }
}

#[test]
fn malformed_files_are_not_known_and_say_why() {
    assert_unread(&[
        (with("version", json!("1.0.1")), Unread::VERSION, "its version field is \"1.0.1\""),
        (with("version", json!(1)), Unread::VERSION, "invalid type: integer `1`, expected a string"),
        (with("dist", json!(null)), Unread::FILES, "dist is missing"),
        (with("dist", json!(null)), Unread::ATTESTATION, "dist is missing"),
        (with("dist", json!("x")), Unread::SIGNATURES, "its dist: invalid type"),
        (dist(json!({"integrity": 7})), Unread::FILES, "invalid type: integer `7`"),
        (dist(json!({"signatures": [{"keyid": "k"}], "integrity": sri(1)})), Unread::SIGNATURES, "one lacks sig"),
        (dist(json!({"signatures": 7})), Unread::SIGNATURES, "invalid type"),
        (dist(json!({"integrity": "x".repeat(3000)})), Unread::FILES, "3002 bytes, more than 2050"),
        (
            dist(json!({"signatures": vec![json!({"keyid": "k", "sig": "s"}); 17]})),
            Unread::SIGNATURES,
            "it has 17 signatures",
        ),
        (dist(json!({"attestations": 7})), Unread::ATTESTATION, "its dist: its attestations: invalid type"),
        (dist(json!({"attestations": {}})), Unread::ATTESTATION, "its attestations name none"),
    ]);
}

#[test]
fn malformed_people_are_not_known_and_say_why() {
    assert_unread(&[
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
        (
            with("_npmUser", json!({"name": "x", "approver": {"email": "e"}})),
            Unread::APPROVER,
            "the name of its approver is missing",
        ),
        (with("maintainers", json!([7])), Unread::MAINTAINERS, "did not match any variant"),
    ]);
}

#[test]
fn a_malformed_manifest_is_not_known_and_says_why() {
    assert_unread(&[
        (with("scripts", json!("postinstall")), Unread::SCRIPTS, "its scripts: invalid type: string"),
        (with("scripts", json!([1])), Unread::SCRIPTS, "its scripts: invalid type: sequence"),
        (with("dependencies", json!({"a": 1})), Unread::DEPENDENCIES, "the range of a: invalid type: integer `1`"),
        (with("dependencies", json!(["a"])), Unread::DEPENDENCIES, "its dependencies: invalid type: sequence"),
        (with("optionalDependencies", json!({"a": null})), Unread::OPTIONAL, "the range of a: invalid type: null"),
        (with("repository", json!(7)), Unread::REPOSITORY, "its repository: invalid type: integer `7`"),
        (with("repository", json!({"url": ["a"]})), Unread::REPOSITORY, "invalid type: sequence"),
        (with("gitHead", json!({})), Unread::COMMIT, "its gitHead: invalid type: map"),
        (with("gitHead", json!("x".repeat(2 * 1024 * 1024))), Unread::COMMIT, "bytes, more than 4096"),
    ]);
}

#[test]
fn what_comes_twice_or_lies_deep_is_not_known_and_says_why() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_objects = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let plain = version("x", "1.0.0").to_string();
    let and = |pair: &str| format!("{},{pair}}}", &plain[..plain.len() - 1]);
    assert_unread(&[
        (and(r#""dist":{}"#), Unread::FILES, "duplicate dist"),
        (and(r#""_npmUser":null"#), Unread::PUBLISHER, "duplicate _npmUser"),
        (and(r#""_npm\u0055ser":null"#), Unread::PUBLISHER, "duplicate _npmUser"),
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
    ]);
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
    assert_eq!(release.unread.of(Unread::RELEASE), Some("duplicate version"));
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
        (r#"{"error":"not_found"}"#.to_owned(), "its name field is missing"),
        (nameless.to_string(), "its name field is missing"),
        (json!({"name": "axios"}).to_string(), "versions is missing"),
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
    assert!(error.to_string().contains("not UTF-8"), "{error}");
}
