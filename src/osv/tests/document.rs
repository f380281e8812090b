//! Reports in the form of OSV, and hostile ones.

use serde_json::{Value, json};

use crate::{
    model::Package,
    osv::{NotAReport, Report, document::is_id, read},
};

const ID: &str = "MAL-2026-1";

#[expect(clippy::needless_pass_by_value, reason = "tests write the value in its place")]
fn document(affected: Value) -> Value {
    json!({"id": ID, "modified": "2026-03-02T00:00:00Z", "published": "2026-03-01T00:00:00Z", "affected": affected})
}

fn parsed(document: &Value) -> Result<Report, NotAReport> {
    read(ID, document.to_string().as_bytes())
}

/// Whether a report with these affected packages is about a release.
fn affects(affected: Value, purl: &str) -> bool {
    let report = parsed(&document(affected)).unwrap();
    let release: crate::model::ReleaseId = purl.parse().unwrap();
    report.affected.get(release.package()).is_some_and(|affected| affected.affects(&release))
}

#[test]
fn a_report_of_the_public_feed_is_read_whatever_else_it_says() {
    let report = parsed(&json!({
        "schema_version": "1.7.4",
        "id": ID,
        "modified": "2026-03-02T10:11:12.131415Z",
        "published": "2026-03-01T00:00:00Z",
        "aliases": ["GHSA-xxxx-yyyy-zzzz", "an odd one"],
        "summary": "Malicious code in example (npm)",
        "details": "\u{202e}text\n<script>",
        "affected": [{
            "package": {"ecosystem": "npm", "name": "@scope/example", "purl": "pkg:npm/other"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
            "versions": ["1.0.0"],
            "database_specific": {"cwes": [{"cweId": "CWE-506"}]},
        }, {
            "package": {"ecosystem": "PyPI", "name": "Other_Name"},
            "versions": ["1.0", "1.1"],
        }],
        "references": [{"type": "WEB", "url": "https://advisory.example"}],
        "credits": [{"name": "a", "type": "FINDER", "contact": null}],
        "database_specific": {"malicious-packages-origins": [{"sha256": "00"}], "iocs": {"urls": []}},
    }))
    .unwrap();
    assert_eq!((report.id.as_str(), report.withdrawn_at), (ID, None));
    assert_eq!(report.aliases, ["GHSA-xxxx-yyyy-zzzz"]);
    assert_eq!(report.published_at.to_rfc3339(), "2026-03-01T00:00:00+00:00");
    assert_eq!(report.modified_at.to_rfc3339(), "2026-03-02T10:11:12.131415+00:00");
    let packages: Vec<String> = report.affected.keys().map(Package::to_string).collect();
    assert_eq!(packages, ["pkg:npm/%40scope/example", "pkg:pypi/other-name"]);
    assert!(report.affected[&"pkg:npm/%40scope/example".parse().unwrap()].is_all());
}

/// MAL-2025-41440 was about a package that had done nothing.
#[test]
fn a_withdrawn_report_is_read_as_withdrawn() {
    let mut withdrawn = document(json!([{"package": {"ecosystem": "npm", "name": "a"}}]));
    withdrawn["withdrawn"] = json!("2026-03-05T00:00:00Z");
    let report = parsed(&withdrawn).unwrap();
    assert_eq!(report.withdrawn_at.unwrap().to_rfc3339(), "2026-03-05T00:00:00+00:00");
    withdrawn["withdrawn"] = Value::Null;
    assert_eq!(parsed(&withdrawn).unwrap().withdrawn_at, None);
}

#[test]
fn a_report_without_a_time_of_publication_counts_from_its_last_change() {
    let mut unpublished = document(json!([]));
    unpublished.as_object_mut().unwrap().remove("published");
    assert_eq!(parsed(&unpublished).unwrap().published_at.to_rfc3339(), "2026-03-02T00:00:00+00:00");
}

#[test]
fn the_versions_are_listed_or_in_ranges() {
    let of = |ranges: Value, versions: Value| json!([{"package": {"ecosystem": "npm", "name": "a"}, "ranges": ranges, "versions": versions}]);
    let range = |events: Value| of(json!([{"type": "SEMVER", "events": events}]), json!([]));
    for (affected, purl, expected) in [
        (of(json!([]), json!(["1.0.0"])), "pkg:npm/a@1.0.0", true),
        (of(json!([]), json!(["1.0.0"])), "pkg:npm/a@1.0.1", false),
        (of(json!(null), json!(["1.0.0"])), "pkg:npm/a@1.0.0", true),
        // Neither versions nor ranges: the package as a whole.
        (of(json!([]), json!([])), "pkg:npm/a@1.0.1", true),
        (json!([{"package": {"ecosystem": "npm", "name": "a"}}]), "pkg:npm/a@7.0.0", true),
        (range(json!([{"introduced": "0"}])), "pkg:npm/a@junk", true),
        (range(json!([{"introduced": "0"}, {"fixed": "1.0.0"}])), "pkg:npm/a@0.9.0", true),
        (range(json!([{"introduced": "0"}, {"fixed": "1.0.0"}])), "pkg:npm/a@1.0.0", false),
        (range(json!([{"introduced": "1.0.0"}, {"last_affected": "1.2.0"}])), "pkg:npm/a@1.2.0", true),
        (range(json!([{"introduced": "1.0.0"}, {"last_affected": "1.2.0"}])), "pkg:npm/a@1.2.1", false),
        // Two intervals, in any order.
        (
            range(json!([{"fixed": "3.0.1"}, {"introduced": "3.0.0"}, {"introduced": "1.0.0"}, {"fixed": "1.0.1"}])),
            "pkg:npm/a@2.0.0",
            false,
        ),
        (
            range(json!([{"fixed": "3.0.1"}, {"introduced": "3.0.0"}, {"introduced": "1.0.0"}, {"fixed": "1.0.1"}])),
            "pkg:npm/a@3.0.0",
            true,
        ),
        // An end without a beginning, two beginnings, and an event that says nothing.
        (range(json!([{"fixed": "2.0.0"}])), "pkg:npm/a@1.0.0", false),
        (range(json!([{"introduced": "1.0.0"}, {"introduced": "2.0.0"}])), "pkg:npm/a@1.5.0", true),
        (range(json!([{"introduced": "1.0.0"}, {}, {"limit": "*"}])), "pkg:npm/a@1.5.0", true),
    ] {
        assert_eq!(affects(affected.clone(), purl), expected, "{affected} {purl}");
    }
    // Commits say nothing of versions; that they are the only range does not make the report one of all versions.
    let git = json!([{"type": "GIT", "repo": "https://forge.example/a", "events": [{"introduced": "0"}]}]);
    assert!(!affects(of(git.clone(), json!(["1.0.0"])), "pkg:npm/a@2.0.0"));
    assert!(!affects(of(git, json!([])), "pkg:npm/a@2.0.0"));
}

#[test]
fn packages_of_other_registries_and_unreadable_names_spoil_no_others() {
    let named = |ecosystem: Value, name: Value| json!({"package": {"ecosystem": ecosystem, "name": name}});
    let long = "a".repeat(10_000);
    let report = parsed(&document(json!([
        named(json!("RubyGems"), json!("a")),
        named(json!("Debian:12"), json!("a")),
        named(json!("NPM"), json!("a")),
        named(json!("npm"), json!("")),
        named(json!("npm"), json!("../../etc/passwd")),
        named(json!("npm"), json!("a\nb")),
        named(json!("npm"), json!(long)),
        {"package": null},
        {},
        named(json!("crates.io"), json!("serde")),
        named(json!("npm"), json!("good")),
        named(json!("npm"), json!("good")),
    ])))
    .unwrap();
    let mut packages: Vec<String> = report.affected.keys().map(Package::to_string).collect();
    packages.sort();
    assert_eq!(packages, ["pkg:cargo/serde", "pkg:npm/good"]);
}

#[test]
fn what_is_said_of_a_package_twice_is_said_once() {
    let one = json!({"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1.0.0"]});
    let other = json!({"package": {"ecosystem": "npm", "name": "a"}, "versions": ["2.0.0"]});
    for purl in ["pkg:npm/a@1.0.0", "pkg:npm/a@2.0.0"] {
        assert!(affects(json!([one, other]), purl), "{purl}");
    }
    assert!(!affects(json!([one, other]), "pkg:npm/a@3.0.0"));
    assert!(affects(json!([one, {"package": {"ecosystem": "npm", "name": "a"}}]), "pkg:npm/a@3.0.0"));
}

#[test]
fn what_is_not_a_sound_report_is_refused() {
    let nested =
        format!(r#"{{"id":"{ID}","modified":"2026-03-02T00:00:00Z","x":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    let twice = format!(r#"{{"id":"{ID}","id":"{ID}","modified":"2026-03-02T00:00:00Z"}}"#);
    let no_time = json!({"id": ID, "modified": "yesterday"}).to_string();
    let other_kind = json!({"id": ID, "modified": "2026-03-02T00:00:00Z", "affected": {"package": 1}}).to_string();
    for bytes in [
        &b""[..],
        b"null",
        b"[]",
        b"\xff\xfe",
        b"{\"id\":",
        br#"{"id": 7, "modified": "2026-03-02T00:00:00Z"}"#,
        br#"{"modified": "2026-03-02T00:00:00Z"}"#,
        no_time.as_bytes(),
        other_kind.as_bytes(),
        nested.as_bytes(),
        twice.as_bytes(),
    ] {
        let refused = read(ID, bytes);
        assert!(matches!(refused, Err(NotAReport::Form(_))), "{} {refused:?}", String::from_utf8_lossy(bytes));
    }
    let sound = document(json!([])).to_string();
    assert_eq!(read("MAL-2026-2", sound.as_bytes()), Err(NotAReport::OtherName));
    let large = vec![b' '; 4 * 1024 * 1024 + 1];
    assert!(matches!(read(ID, &large), Err(NotAReport::TooLarge(_))));
}

#[test]
fn an_id_means_nothing_anywhere() {
    for (text, expected) in [
        ("MAL-2026-1", true),
        ("GHSA-aaaa-bbbb-cccc", true),
        ("", false),
        ("MAL-2026-1\n", false),
        ("MAL 2026", false),
        ("MAL-*", false),
        ("MAL-2026/../1", false),
        ("MAL-\u{661}", false),
        (&"M".repeat(65), false),
    ] {
        assert_eq!(is_id(text), expected, "{text:?}");
    }
}

#[test]
fn very_many_packages_versions_and_events_are_bounded() {
    let versions: Vec<String> = (0..30_000).map(|number| format!("1.0.{number}")).collect();
    let events: Vec<Value> = (0..5_000).map(|number| json!({"introduced": format!("{number}.0.0")})).collect();
    let ranges = vec![json!({"type": "SEMVER", "events": events})];
    let package = json!({"ecosystem": "npm", "name": "a"});
    let affected = parsed(&document(json!([{"package": package, "versions": versions, "ranges": ranges}]))).unwrap();
    let affected = &affected.affected[&"pkg:npm/a".parse().unwrap()];
    assert_eq!((affected.listed.len(), affected.ranges.len()), (20_000, 1));
}
