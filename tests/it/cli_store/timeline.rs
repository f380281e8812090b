//! Tests of `provwatch timeline`: releases and what happened between them, the surroundings of one release, and what was
//! known at an earlier time.

use chrono::TimeDelta;
use provwatch::{
    model::{
        Alert, AlertAction, AlertKind, AlertStatus, ChangeKind, Confidence, ExpectedChange, Fingerprint, ReleaseStatus,
        Severity,
    },
    store::{Outcome, PackageRow, SeenTag, Store},
};
use serde_json::{Value, json};

use super::{Desk, at, observation, ordinary, package, stolen, teach};

#[test]
fn releases_with_what_happened_between_them() {
    let desk = Desk::with_story();
    for (name, purl) in [("axios", "pkg:npm/axios"), ("requests", "pkg:pypi/requests")] {
        insta::assert_snapshot!(name, desk.run_within(80, &["timeline", purl]).screen());
    }
}

#[test]
fn the_newest_ones() {
    let desk = Desk::with_story();
    let ran = desk.run(&["timeline", "pkg:npm/axios", "--limit", "3", "--format", "json"]);
    let lines: Vec<_> = ran.objects().iter().map(|entry| (entry["what"].clone(), entry["purl"].clone())).collect();
    let line = |what: &str, version: &str| (json!(what), json!(format!("pkg:npm/axios@{version}")));
    assert_eq!(lines, [line("alert", "1.14.1"), line("release", "1.14.1"), line("release", "1.14.0")]);
    let events = desk.run(&["timeline", "pkg:pypi/requests", "--format", "json"]).objects();
    assert_eq!(events[3]["action"], "add Owner mallory\u{202e}");
}

#[test]
fn a_package_of_which_nothing_is_stored() {
    insta::assert_snapshot!(Desk::with_story().run(&["timeline", "pkg:cargo/serde"]).screen());
}

/// A release with other maintainers, and with a registry that refuses tokens.
fn governed(version: &str, published_at: &str, maintainers: &[&str], tokens_disallowed: bool) -> Value {
    let mut release = serde_json::to_value(ordinary(version, published_at)).unwrap();
    release["maintainers"] = json!(maintainers);
    release["facts"] = json!({"publishing": {"tokens_disallowed": tokens_disallowed}});
    release
}

/// The story, and what people and registries did after it.
fn eventful() -> Desk {
    let desk = Desk::with_story();
    let store = desk.store();
    teach(&store, &observation(governed("1.15.0", "2026-04-02T12:00:00Z", &["ada", "bob"], false)), Outcome::Clean);
    let mut moved = governed("1.16.0", "2026-04-09T12:00:00Z", &["ada", "mallory"], true);
    let claims = &mut moved["attestation"]["claims"];
    claims["source_repository_uri"] = "https://github.com/axios/core".into();
    claims["source_repository_identifier"] = "99".into();
    claims["source_repository_ref"] = "refs/heads/main".into();
    claims["build_trigger"] = "workflow_dispatch".into();
    claims["runner_environment"] = "self-hosted".into();
    teach(&store, &observation(moved), Outcome::Clean);
    handle(&store);
    let mut tagged = store.package(&package("pkg:npm/axios")).unwrap().unwrap();
    let tag = SeenTag::new("1.14.0", at("2026-03-27T13:05:00Z")).moved("1.15.0", at("2026-04-02T12:03:00Z"), true);
    tagged.dist_tags = Some([("latest".to_owned(), tag)].into());
    store.save_package(&PackageRow { ..tagged }).unwrap();
    drop(store);
    desk
}

/// What people did about the alert of the story, and what became of its release.
fn handle(store: &Store) {
    let alert = Fingerprint::of_release(&stolen().purl);
    let act = |status, hour: u32, reason: &str, until: Option<&str>| {
        let action = AlertAction {
            until: until.map(at),
            ..AlertAction::new(status, "ada", reason, at(&format!("2026-03-31T{hour:02}:00:00Z")))
        };
        store.act_on(&[alert], &action).unwrap();
    };
    act(AlertStatus::Acknowledged, 8, "asked the maintainers", Some("2026-04-01T08:00:00Z"));
    store.set_status(&stolen().purl, ReleaseStatus::Unpublished, at("2026-03-31T09:00:00Z")).unwrap();
    act(AlertStatus::Resolved, 10, "they confirm the takeover", None);
    let campaign = Alert {
        members: vec![stolen().purl, "pkg:npm/axios-mock@0.30.4".parse().unwrap()],
        ..Alert::about(
            AlertKind::Campaign,
            "c",
            Severity::Critical,
            Confidence::High,
            "two releases by jasonsaayman".to_owned(),
            at("2026-03-31T01:00:00Z"),
        )
    };
    store.record_alert(&campaign, &[], campaign.raised_at).unwrap();
    let expected = ExpectedChange {
        id: 0,
        package: package("pkg:npm/axios"),
        change: ChangeKind::Repository("github.com/axios/core".to_owned()),
        from: at("2026-04-08T00:00:00Z"),
        until: at("2026-04-22T00:00:00Z"),
        by: "ada".to_owned(),
        reason: "they announced it".to_owned(),
        created_at: at("2026-04-08T07:00:00Z"),
        removed: None,
    };
    store.expect_change(&expected).unwrap();
}

#[test]
fn everything_that_happened_stands_in_one_column() {
    let desk = eventful();
    let said = desk.run(&["baseline", "accept", "pkg:npm/axios@1.14.1", "--reason", "a drill of ours"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let ran = desk.run_within(80, &["timeline", "pkg:npm/axios", "--limit", "18"]);
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
    insta::assert_snapshot!(ran.screen());
    let lines = desk.run(&["timeline", "pkg:npm/axios", "--format", "json"]).objects();
    let kinds: std::collections::BTreeSet<&str> = lines.iter().map(|line| line["what"].as_str().unwrap()).collect();
    for kind in [
        "alert",
        "alert_action",
        "baseline",
        "development",
        "dist_tag",
        "expected",
        "maintainers",
        "release",
        "setting",
    ] {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
    let moved = lines.iter().find(|line| line["purl"] == "pkg:npm/axios@1.16.0" && line["what"] == "release").unwrap();
    assert_eq!((&moved["rank"], &moved["before"]), (&json!("trusted-publisher"), &json!("pkg:npm/axios@1.15.0")));
    let parts: Vec<&str> =
        moved["changes"].as_array().unwrap().iter().map(|one| one["part"].as_str().unwrap()).collect();
    assert_eq!(parts, ["repository", "workflow", "kind of ref", "trigger", "runner"]);
}

#[test]
fn the_surroundings_of_a_release_are_shown_with_its_own_lines_marked() {
    let desk = eventful();
    insta::assert_snapshot!(desk.run_within(80, &["timeline", "pkg:npm/axios@1.14.1", "--limit", "8"]).screen());
    let lines = desk.run(&["timeline", "pkg:npm/axios@1.9.0", "--limit", "4", "--format", "json"]).objects();
    let versions: Vec<&str> =
        lines.iter().map(|line| line["purl"].as_str().unwrap().rsplit('@').next().unwrap()).collect();
    assert_eq!(versions, ["1.11.0", "1.10.0", "1.9.0", "1.8.0"], "in the middle of its line");
    let marked: Vec<bool> = lines.iter().map(|line| line.get("marked").is_some()).collect();
    assert_eq!(marked, [false, false, true, false]);
    let unknown = desk.run(&["timeline", "pkg:npm/axios@9.9.9", "--limit", "2"]);
    assert!(unknown.code == 4 && unknown.err.contains("pkg:npm/axios@9.9.9 is not stored"), "{}", unknown.screen());
}

#[test]
fn an_earlier_time_shows_only_what_was_known_then() {
    let desk = eventful();
    insta::assert_snapshot!(
        desk.run_within(80, &["timeline", "pkg:npm/axios", "--at", "2026-03-31T09:30:00Z", "--limit", "6"]).screen()
    );
    let then = |time: &str| {
        let mut lines = desk.run(&["timeline", "pkg:npm/axios", "--at", time, "--format", "json"]).objects();
        let as_of = lines.remove(0);
        assert_eq!((&as_of["form"], &as_of["at"]), (&json!("timeline-as-of/1"), &json!(time)));
        (as_of, lines)
    };
    // A minute after the theft, nothing of it was known.
    let (as_of, lines) = then("2026-03-31T00:22:00Z");
    assert_eq!(lines[0]["purl"], "pkg:npm/axios@1.14.0", "{:?}", lines[0]);
    assert_eq!(as_of["baseline"], json!([{"line": "1", "version": 8, "releases": 8}]));
    // The alert was raised, and stood as people had left it by then.
    for (time, status) in [
        ("2026-03-31T00:30:00Z", "open"),
        ("2026-03-31T08:30:00Z", "acknowledged"),
        ("2026-03-31T10:00:00Z", "resolved"),
        ("2026-04-05T00:00:00Z", "resolved"),
    ] {
        let (_, lines) = then(time);
        let release =
            lines.iter().find(|line| line["what"] == "release" && line["purl"] == "pkg:npm/axios@1.14.1").unwrap();
        assert_eq!(release["alert"]["status"], status, "{time}");
        let known = |line: &&Value| line["what"] == "alert_action" && line["at"].as_str().unwrap() > time;
        assert_eq!(lines.iter().find(known), None, "{time}");
    }
    // What a later check changed is said.
    let (as_of, lines) = then("2026-03-31T08:30:00Z");
    assert!(as_of["untold"].to_string().contains("1 of these releases"), "{as_of}");
    assert!(as_of["untold"].to_string().contains("dist-tags that have moved since"), "{as_of}");
    assert!(lines.iter().any(|line| line.get("changed_later").is_some()));
    let never = desk.run(&["timeline", "pkg:npm/axios", "--at", "2020-01-01"]);
    assert!(never.code == 4 && never.err.contains("known at 2020-01-01"), "{}", never.screen());
    assert_eq!(desk.run(&["timeline", "pkg:npm/axios", "--at", "yesterday"]).code, 2);
    // The releases of the story joined the baseline when they were recorded.
    let (_, lines) = then("2026-03-01T00:00:00Z");
    assert!(lines.iter().all(|line| line["teaches"] == true && line["what"] == "release"), "{lines:?}");
}

/// A baseline of that time does not have what joined it later.
#[test]
fn an_acceptance_is_a_step_of_its_time() {
    let desk = Desk::with_story();
    assert_eq!(desk.run(&["baseline", "accept", "pkg:npm/axios@1.14.1", "--reason", "x"]).code, 0);
    let teaches = |at: &str| {
        let lines = desk.run(&["timeline", "pkg:npm/axios", "--at", at, "--format", "json"]).objects();
        let release =
            lines.iter().find(|line| line["purl"] == "pkg:npm/axios@1.14.1" && line["what"] == "release").unwrap();
        release["teaches"].clone()
    };
    assert_eq!(teaches("2026-04-01"), json!(false));
    let tomorrow = (super::now() + TimeDelta::days(1)).to_rfc3339();
    assert_eq!(teaches(&tomorrow), json!(true));
}
