//! Tests of `provwatch status`: findings, their order, and the exit code.

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::{
    daemon::Lock,
    model::{Alert, AlertKind, Confidence, Severity},
    store::{Lost, Outcome, PackageRow, RunnerRow, Setback, Store},
};
use serde_json::json;

use super::{CONFIG, Desk, fresh, judge, now, ordinary, package, stolen, teach};
use crate::lab::due;

/// A desk where everything was read a moment ago and everybody was told.
fn quiet_desk() -> Desk {
    let desk = Desk::with_story();
    let store = desk.store();
    fresh(&store);
    store.source_read("trust-root", now() - TimeDelta::hours(3)).unwrap();
    let delivery = &due::deliveries(&store, now())[0];
    store.delivered(delivery, now() - TimeDelta::minutes(10), "200 OK").unwrap();
    desk
}

/// What a daemon that lives writes, and the lock that it holds.
fn on_duty(desk: &Desk) -> Lock {
    beat(&desk.store(), "daemon", TimeDelta::seconds(20), "{}");
    Lock::take(&desk.path("provwatch.db")).unwrap()
}

/// A heartbeat of so long ago.
fn beat(store: &Store, kind: &str, ago: TimeDelta, facts: &str) {
    let at = now() - ago;
    let row = RunnerRow {
        kind: kind.to_owned(),
        pid: 4711,
        version: "1.2.3".to_owned(),
        first_at: at - TimeDelta::days(9),
        started_at: at - TimeDelta::days(3) - TimeDelta::hours(1),
        beat_at: at,
        facts: facts.to_owned(),
    };
    store.beat(&row).unwrap();
}

/// The ids of what is found, and the exit code.
fn found(desk: &Desk) -> (i32, Vec<String>) {
    let ran = desk.run(&["status", "--format", "json"]);
    let report = ran.objects().remove(0);
    let findings = report["findings"].as_array().unwrap();
    (ran.code, findings.iter().map(|finding| finding["id"].as_str().unwrap().to_owned()).collect())
}

#[test]
fn all_is_well() {
    let desk = quiet_desk();
    fs::write(desk.path("provwatch.toml"), format!("{CONFIG}[forges]\ngithub_token_file = \"token\"\n")).unwrap();
    let _daemon = on_duty(&desk);
    let ran = desk.run(&["status"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    insta::assert_snapshot!(ran.screen());
    assert_eq!(found(&desk), (0, vec![]));
}

#[test]
fn what_only_limits_it_is_shown_and_the_exit_code_is_0() {
    let desk = quiet_desk();
    let limits = "[logs]\nenabled = false\n[trust]\nsource = \"embedded\"\n";
    fs::write(desk.path("provwatch.toml"), format!("{CONFIG}{limits}")).unwrap();
    fs::write(desk.path("watchlist.toml"), "packages = [\"pkg:npm/wigdet\"]\n").unwrap();
    let mut unknown = PackageRow::new(package("pkg:npm/wigdet"), now());
    unknown.status = Some("gone".to_owned());
    desk.store().save_package(&unknown).unwrap();
    let _daemon = on_duty(&desk);
    let ran = desk.run_within(80, &["status"]);
    insta::assert_snapshot!(ran.screen());
    let wide = ran.out.lines().find(|line| line.chars().count() > 80);
    assert_eq!((ran.code, wide), (0, None));
    let (code, found) = found(&desk);
    assert_eq!(
        (code, &*found),
        (0, &["no-token", "logs-off", "name-unknown", "trust-root-embedded"].map(str::to_owned)[..])
    );
}

#[test]
fn a_daemon_that_died_or_hangs_is_missed() {
    let desk = quiet_desk();
    let well = (0, vec!["no-token".to_owned()]);
    let found_first = |desk: &Desk| {
        let (code, ids) = found(desk);
        (code, ids[0].clone())
    };
    let daemon = on_duty(&desk);
    assert_eq!(found(&desk), well);
    drop(daemon);
    assert_eq!(found_first(&desk), (5, "no-daemon".to_owned()), "nobody has the lock");
    let ran = desk.run(&["status"]);
    assert!(ran.out.contains("no daemon is running; the last one (process 4711)"), "{}", ran.out);
    assert!(ran.out.contains("systemctl start provwatch"), "{}", ran.out);
    let _daemon = on_duty(&desk);
    beat(&desk.store(), "daemon", TimeDelta::minutes(4), "{}");
    assert_eq!(found_first(&desk), (5, "daemon-silent".to_owned()));
    beat(&desk.store(), "daemon", TimeDelta::seconds(1), "not JSON");
    assert_eq!(found(&desk), well, "of another version");
}

#[test]
fn passes_from_cron_are_a_way_of_running() {
    let desk = quiet_desk();
    let passes = |minutes: &[i64]| {
        let ends: Vec<_> = minutes.iter().map(|minutes| now() - TimeDelta::minutes(*minutes)).collect();
        beat(&desk.store(), "once", TimeDelta::days(2), &json!({"passes": ends}).to_string());
        found(&desk)
    };
    assert_eq!(passes(&[50]).0, 0);
    assert_eq!(passes(&[70]), (5, vec!["no-daemon".to_owned(), "no-token".to_owned()]));
    assert_eq!(passes(&[60 * 25, 70]).0, 0, "one is made each day");
    let ran = desk.run(&["status"]);
    assert!(ran.out.contains("none; the last pass of `provwatch run --once` ended 70 min ago"), "{}", ran.out);
}

#[test]
fn a_watchlist_that_cannot_be_used_and_an_alert_about_a_log_are_not_well() {
    let desk = quiet_desk();
    let _daemon = on_duty(&desk);
    fs::write(desk.path("watchlist.toml"), "packages = [\"pkg:npm/\"]\n").unwrap();
    let alert = Alert::about(
        AlertKind::Log,
        "fork",
        Severity::Critical,
        Confidence::High,
        "log.example signed two histories".to_owned(),
        now(),
    );
    desk.store().record_alert(&alert, &[], now()).unwrap();
    let (code, ids) = found(&desk);
    assert_eq!((code, &*ids), (5, &["watchlist-unusable", "alert-open", "no-token"].map(str::to_owned)[..]));
    desk.store().acknowledge(&alert.fingerprint, "ada", "known", now()).unwrap();
    fs::write(desk.path("watchlist.toml"), "packages = []\n").unwrap();
    assert_eq!(found(&desk).0, 0);
}

#[test]
fn what_is_wrong_comes_first_and_the_exit_code_says_so() {
    let desk = Desk::new();
    let store = desk.store();
    let ago = |minutes| now() - TimeDelta::minutes(minutes) - TimeDelta::seconds(10);
    store.take_page("npm-changes", "1", &[], ago(90)).unwrap();
    store.source_failed("npm-changes", "asking npm: no answer within 30 s\u{1b}[2J", ago(3)).unwrap();
    let lost = Lost { why: "the sequence went back from 90 to 12", packages: &[package("pkg:pypi/requests")] };
    store.note_gap("pypi-changelog", "12", &[], lost, ago(200)).unwrap();
    store.take_page("pypi-changelog", "13", &[], ago(5)).unwrap();
    let work = &due::work(&store, now())[0];
    store.put_off(work, Setback::Failed, now(), "reading the project of requests: not JSON").unwrap();
    judge_now(&store, ago(130));
    let delivery = &due::deliveries(&store, now())[0];
    store.give_up(delivery, ago(125), "410 Gone").unwrap();
    let ran = desk.run(&["status"]);
    assert_eq!(ran.code, 5, "{}", ran.out);
    insta::assert_snapshot!(ran.screen());
}

/// An alert of just now.
fn judge_now(store: &Store, at: DateTime<Utc>) {
    teach(store, &ordinary("1.14.0", "2026-03-27T12:00:00Z"), Outcome::Learned);
    let mut release = stolen();
    release.published_at = at;
    judge(store, release);
}

#[test]
fn a_registry_that_is_switched_off_may_be_silent() {
    let desk = Desk::new();
    let off =
        "[registries.npm]\nenabled = false\n[registries.pypi]\nenabled = false\n[registries.cargo]\nenabled = false\n";
    fs::write(desk.path("provwatch.toml"), format!("{CONFIG}{off}")).unwrap();
    drop(desk.store());
    assert_eq!(desk.run(&["status"]).code, 0);
}

#[test]
fn a_disk_that_is_nearly_full_is_found() {
    let desk = quiet_desk();
    let _daemon = on_duty(&desk);
    for (free, code, id) in [("536870911", 0, "disk-low"), ("33554431", 5, "disk-full")] {
        let ran = desk.with_free(free, &["status", "--format", "json"]);
        assert_eq!((ran.code, &ran.objects()[0]["findings"][0]["id"]), (code, &json!(id)), "{}", ran.out);
    }
}

#[test]
fn programs_get_one_object() {
    let desk = Desk::with_story();
    let ran = desk.run(&["status", "--format", "json"]);
    let [report] = &ran.objects()[..] else { panic!("{}", ran.out) };
    assert_eq!((ran.code, &report["healthy"]), (5, &json!(false)));
    let reasons = report["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 5, "{reasons:?}");
    assert_eq!(reasons[0], "no daemon is running, and none ever was");
    let finding = &report["findings"][1];
    assert_eq!(
        (&finding["level"], &finding["id"], &finding["subject"]),
        (&json!("unhealthy"), &json!("source-silent"), &json!("npm-changes"))
    );
    assert!(finding["next"].as_str().unwrap().contains("provwatch doctor"), "{finding}");
    assert_eq!(report["limited"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["subscriptions"][0]["state"]["pending"], 1);
    assert_eq!(report["stored"]["alerts"], json!([["open", "high", 1]]));
}
