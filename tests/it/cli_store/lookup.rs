//! Tests of `provwatch lookup`: stored, unchecked and unknown releases, and the exit code of each.

mod anything;

use provwatch::{
    model::Fingerprint,
    store::{Outcome, Record},
};
use serde_json::{Value, json};

use super::{ALERT, Desk, at, now, observation, ordinary, stolen};

#[test]
fn a_release_with_an_alert() {
    let ran = Desk::with_story().run(&["lookup", "pkg:npm/axios@1.14.1"]);
    assert_eq!(ran.code, 3);
    insta::assert_snapshot!(ran.screen());
}

#[test]
fn an_ordinary_release() {
    let ran = Desk::with_story().run(&["lookup", "pkg:npm/axios@1.14.0", "--related", "2"]);
    assert_eq!(ran.code, 0);
    insta::assert_snapshot!(ran.screen());
}

#[test]
fn a_release_that_could_not_be_checked() {
    let desk = Desk::with_story();
    for (name, purl) in
        [("unavailable", "pkg:pypi/requests@2.33.0"), ("unreadable", "pkg:pypi/requests@2.33.0%1B%5B2J")]
    {
        let ran = desk.run(&["lookup", purl]);
        assert_eq!(ran.code, 4);
        insta::assert_snapshot!(name, ran.screen());
    }
}

#[test]
fn files_that_prove_different_things() {
    let desk = Desk::new();
    let verified = serde_json::to_value(ordinary("1.0.0", "2026-03-01T12:00:00Z").attestation).unwrap();
    let invalid = json!({"status": "invalid", "check": "subject-digest", "reason": "it is of another\u{1b}[1A file"});
    let file = |name: &str, attestation: &Value| json!({"name": name, "digests": {"sha256": "ef".repeat(32)}, "attestation": attestation});
    let release = observation(json!({
        "purl": "pkg:pypi/mixed@1.0", "published_at": "2026-03-01T12:00:00Z", "auth": {"method": "unknown"},
        "attestation": {"status": "absent"}, "status": "yanked", "maintainers": ["ada", "bob"],
        "facts": {"repository": {"created_at": "2026-02-27T00:00:00Z", "fork_of": "o/mixed"},
            "commit": {"on_default_branch": false}, "tag": {"name": "v1.0", "exists": false}},
        "files": [file("mixed-1.0.tar.gz", &verified), file("mixed-1.0-py3.whl", &invalid)],
    }));
    desk.store().record(&Record::observed(release, Outcome::Held, at("2026-03-01T12:01:00Z"))).unwrap();
    let ran = desk.run(&["lookup", "pkg:pypi/mixed"]);
    assert_eq!(ran.code, 3, "what does not hold is a finding, even from before the package was watched");
    insta::assert_snapshot!(ran.screen());
}

#[test]
fn a_release_that_is_not_stored() {
    let desk = Desk::with_story();
    let unwatched = desk.run(&["lookup", "pkg:npm/left-pad@1.3.0"]);
    desk.run(&["watch", "add", "pkg:npm/left-pad"]);
    let watched = desk.run(&["lookup", "pkg:npm/left-pad"]);
    insta::assert_snapshot!(format!("{}\n{}", unwatched.screen(), watched.screen()));
    assert_eq!(
        desk.run(&["lookup", "pkg:npm/left-pad", "--format", "json"]).objects(),
        [json!({
            "form": "lookup-missing/1", "purl": "pkg:npm/left-pad", "stored": false, "watched": true, "tier": "normal", "seen": false,
        })]
    );
}

#[test]
fn the_severity_that_counts_is_chosen() {
    let desk = Desk::with_story();
    assert_eq!(desk.run(&["lookup", "pkg:npm/axios", "--fail-on", "critical"]).code, 0);
    desk.store().resolve(&Fingerprint::of_release(&stolen().purl), "ada", "withdrawn", now()).unwrap();
    assert_eq!(desk.run(&["lookup", "pkg:npm/axios"]).code, 0, "a resolved alert is no finding");
}

#[test]
fn programs_get_everything() {
    let ran = Desk::with_story().run(&["lookup", "pkg:npm/axios", "--format", "json"]);
    let [found] = &ran.objects()[..] else { panic!("{}", ran.out) };
    assert_eq!(found["purl"], "pkg:npm/axios@1.14.1");
    assert_eq!(found["alert"]["id"], ALERT);
    assert_eq!(found["release"]["observation"]["publisher"]["email"], "ifstap\u{202e}@proton.example");
    assert_eq!(found["related"]["by_publisher"][0]["purl"], "pkg:npm/axios-mock@0.30.4");
    assert_eq!(found["today"]["severity"], "high");
}
