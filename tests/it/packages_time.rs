//! Tests that neither a wrong clock nor a false time in a document hides or delays an alert.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use chrono::{DateTime, TimeDelta, Utc};
use lab::{Fault, Publication, Rig, rig::*};
use provwatch::{
    clock::Clock,
    model::{AlertStatus, Severity},
    store::Outcome,
};

const REGISTRIES: [&str; 3] = ["pkg:npm/widget", "pkg:pypi/widget", "pkg:cargo/widget"];
const WIDGET: &str = "pkg:npm/widget";

fn years(years: i64) -> TimeDelta {
    TimeDelta::days(365 * years)
}

/// A package with a history of a trusted publisher, looked at.
async fn looked_at(package: &str) -> Rig {
    let rig = Rig::watching(&[package]);
    rig.history(package, 8, &by_workflow(&workflow("widget")));
    rig.settle().await;
    rig
}

/// Titles of what the receiver of the worst got.
fn told(rig: &Rig) -> Vec<String> {
    let messages = rig.world.received().into_iter().filter(|(path, _)| path == "/worst");
    messages.map(|(_, body)| body["data"]["title"].as_str().unwrap().to_owned()).collect()
}

fn set_clock(rig: &Rig, by: TimeDelta) {
    rig.clock.set(rig.clock.now() + by);
}

#[tokio::test]
async fn a_takeover_that_claims_another_time_is_judged() {
    for package in REGISTRIES {
        for claimed in [2, 40, 400, 9000, -1, -400, -2_000_000] {
            let rig = looked_at(package).await;
            rig.minutes_pass(1);
            let release = format!("{package}@1.1.0");
            rig.published_before(claimed, &release, &by_mallory());
            rig.settle().await;
            assert_eq!(rig.outcome(&release), Outcome::Alerted, "{release} {claimed}");
            let (row, alert) = (rig.release(&release), rig.the_alert());
            assert!(!row.in_baseline && alert.severity >= Severity::High, "{release} {claimed}: {:?}", alert.severity);
            assert!(alert.argument.contains(" Its time is unusual: the registry says "), "{}", alert.argument);
            let taken = row.published_at.unwrap();
            assert!(taken <= rig.now() && rig.now() - taken < TimeDelta::days(1), "{release} {claimed}: {taken}");
            assert_eq!(told(&rig).len(), 1, "{release} {claimed}");
        }
    }
}

#[tokio::test]
async fn a_time_that_can_be_is_taken_as_it_is() {
    for (package, minutes) in
        REGISTRIES.into_iter().flat_map(|package| [-30, 0, 5, 600].map(|minutes| (package, minutes)))
    {
        let rig = looked_at(package).await;
        rig.minutes_pass(1);
        let at = rig.now() - TimeDelta::minutes(minutes);
        let release = format!("{package}@1.1.0");
        rig.publish_at(at, &release, &by_mallory());
        rig.settle().await;
        assert_eq!(rig.release(&release).published_at, Some(at));
        assert!(!rig.the_alert().argument.contains("unusual"), "{package} {minutes}");
    }
}

#[tokio::test]
async fn an_honest_release_of_another_time_teaches_no_time() {
    for claimed in [4000, -2_000_000] {
        let rig = Rig::watching(&[WIDGET]);
        rig.history(WIDGET, 8, &by_ada());
        rig.settle().await;
        rig.minutes_pass(1);
        rig.published_before(claimed, "pkg:npm/widget@1.0.8", &by_ada());
        rig.settle().await;
        assert_eq!(rig.outcome("pkg:npm/widget@1.0.8"), Outcome::Clean);
        let profile = rig.store().baseline(&WIDGET.parse().unwrap()).unwrap().baseline;
        let last = profile.lines.values().filter_map(|line| line.last_at).max().unwrap();
        assert!(last <= rig.now() && rig.now() - last < TimeDelta::days(1), "{last}");
    }
}

/// Five releases in the old way outlive a milder alert after two weeks, which a document cannot let pass.
#[tokio::test]
async fn claimed_weeks_do_not_outlive_an_alert() {
    let rig = Rig::watching(&[WIDGET]);
    rig.history(WIDGET, 8, &by_ada());
    rig.settle().await;
    rig.minutes_pass(1);
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
    rig.settle().await;
    assert_eq!(rig.the_alert().severity, Severity::Medium);
    for number in 1..=7 {
        rig.minutes_pass(60);
        rig.published_before(-20 * number, &format!("pkg:npm/widget@1.1.{number}"), &by_ada());
        rig.settle().await;
    }
    assert!(!rig.release("pkg:npm/widget@1.1.0").in_baseline);
}

#[tokio::test]
async fn a_file_that_is_added_late_does_not_choose_its_time() {
    let rig = looked_at("pkg:pypi/widget").await;
    rig.minutes_pass(1);
    let old = by_mallory().at(rig.now() - TimeDelta::days(900));
    rig.world.upload_pypi("widget", "1.0.3", "widget-1.0.3-cp313-cp313-win32.whl", &old);
    rig.settle().await;
    assert_eq!(rig.outcome("pkg:pypi/widget@1.0.3"), Outcome::Alerted);
    assert!(rig.the_alert().argument.contains("Its time is unusual"), "{}", rig.the_alert().argument);
}

#[tokio::test]
async fn what_could_not_be_checked_at_first_sight_is_history_when_it_can_be() {
    let rig = Rig::watching(&[WIDGET]);
    rig.history(WIDGET, 4, &by_workflow(&workflow("widget")));
    rig.world.break_down("attestations", Fault::Reset);
    rig.pass().await;
    assert_eq!(rig.outcome("pkg:npm/widget@1.0.3"), Outcome::Unchecked);
    rig.world.mend("attestations");
    for _ in 0..3 {
        rig.minutes_pass(150);
        rig.pass().await;
    }
    assert_eq!(rig.outcome("pkg:npm/widget@1.0.3"), Outcome::Learned);
    assert!(rig.alerts().is_empty());
}

/// A registry and a receiver fail while the clock is wrong, then all is well again.
async fn wrong_for_a_minute(by: TimeDelta, restarts: bool) {
    let packages = ["pkg:npm/widget", "pkg:npm/gadget", "pkg:npm/gizmo"];
    let mut rig = Rig::watching(&packages);
    for package in packages {
        rig.history(package, 6, &by_workflow(&workflow("widget")));
    }
    rig.settle().await;
    rig.minutes_pass(1);
    set_clock(&rig, by);
    rig.world.break_down("hooks.example", Fault::Status(503, Vec::new()));
    rig.world.break_down("npm.example/gadget#", Fault::Status(500, Vec::new()));
    rig.world.break_down("gizmo@1.1.0", Fault::Reset);
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
    rig.publish("pkg:npm/gadget@1.1.0", &Publication::token(START, "eve", "eve@example.net"));
    rig.publish("pkg:npm/gizmo@1.1.0", &by_workflow(&workflow("widget")).broken(lab::Breakage::Signature));
    rig.pass().await;
    assert!(told(&rig).is_empty());
    set_clock(&rig, -by);
    for part in ["hooks.example", "npm.example/gadget#", "gizmo@1.1.0"] {
        rig.world.mend(part);
    }
    if restarts {
        rig = rig.restarted();
    }
    let before = rig.now();
    rig.minutes_pass(1);
    rig.pass().await;
    rig.pass().await;
    let told = told(&rig);
    for package in ["widget", "gadget", "gizmo"] {
        assert!(told.iter().any(|title| title.contains(package)), "{by}: {package} in {told:?}");
    }
    assert!(rig.now() - before < TimeDelta::minutes(5));
}

#[tokio::test]
async fn a_clock_that_is_wrong_for_a_minute_delays_nothing() {
    for by in [years(1), TimeDelta::minutes(40), TimeDelta::days(2), TimeDelta::minutes(-40), years(-1), years(-40)] {
        for restarts in [false, true] {
            wrong_for_a_minute(by, restarts).await;
        }
    }
}

#[tokio::test]
async fn the_daily_comparison_is_not_put_off_by_a_clock_that_was_ahead() {
    for restarts in [false, true] {
        let mut rig = looked_at(WIDGET).await;
        set_clock(&rig, years(1));
        rig.settle().await;
        set_clock(&rig, -years(1));
        if restarts {
            rig = rig.restarted();
        }
        rig.pass().await;
        rig.world.break_down("replicate.example", Fault::Reset);
        rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
        rig.minutes_pass(25 * 60);
        rig.pass().await;
        assert_eq!(rig.outcome("pkg:npm/widget@1.1.0"), Outcome::Alerted);
    }
}

#[tokio::test]
async fn a_source_that_was_read_in_the_future_does_not_look_fresh() {
    let rig = looked_at(WIDGET).await;
    set_clock(&rig, years(1));
    let rig = rig.restarted();
    rig.pass().await;
    set_clock(&rig, -years(1));
    rig.world.break_down("replicate.example", Fault::Reset);
    rig.pass().await;
    rig.minutes_pass(45);
    rig.pass().await;
    let stale: Vec<_> = rig.troubles().into_iter().filter(|alert| alert.title.starts_with("npm-changes")).collect();
    assert_eq!(stale.iter().map(|alert| alert.status).collect::<Vec<_>>(), [AlertStatus::Open]);
}

#[tokio::test]
async fn another_time_on_many_hosts_is_said_until_it_is_over() {
    let package = ["pkg:npm/widget", "pkg:pypi/widget", "pkg:cargo/widget"];
    let rig = Rig::watching(&package);
    let clock = |rig: &Rig| rig.troubles().into_iter().find(|alert| alert.title.contains("clock"));
    let say = |rig: &Rig, ahead: [i64; 3]| {
        let hosts = ["replicate.example", "pypi.example", "static.example"];
        for (host, ahead) in hosts.into_iter().zip(ahead) {
            rig.world.tell_time(host, rig.now() - TimeDelta::minutes(ahead));
        }
    };
    say(&rig, [0, 0, 525_600]);
    rig.pass().await;
    assert_eq!(clock(&rig), None, "one host alone");
    assert_eq!(rig.app.wall_clock.compared().unwrap().ahead_seconds, 0);
    say(&rig, [1440, 1450, 0]);
    rig.pass().await;
    let alert = clock(&rig).unwrap();
    assert_eq!((alert.title.as_str(), alert.severity), ("the system's clock is 24 h ahead", Severity::Medium));
    assert_eq!(rig.app.wall_clock.compared().unwrap().hosts, 3);
    let said =
        || rig.judged().into_iter().find(|finding| finding.id.as_str() == "clock").map(|finding| finding.sentence);
    assert_eq!(said().unwrap(), "the clock is 24 h ahead, compared with the median of 3 hosts");
    say(&rig, [0, 1, -1]);
    rig.pass().await;
    assert_eq!(clock(&rig).unwrap().status, AlertStatus::Resolved);
    assert_eq!(said(), None);
}

/// On the first sight a week before is judged, by the time that the registries' hosts have; also where the package's own host is
/// the last that it takes to be sure.
#[tokio::test]
async fn a_clock_that_is_ahead_does_not_make_history_of_a_takeover() {
    let hosts = ["npm.example", "pypi.example", "static.example", "replicate.example"];
    for telling in [&hosts[..], &hosts[..3]] {
        let rig = Rig::watching(&[WIDGET, "pkg:pypi/other", "pkg:cargo/other"]);
        rig.history(WIDGET, 6, &by_workflow(&workflow("widget")));
        rig.published_before(1, "pkg:npm/widget@1.1.0", &by_mallory());
        let right: DateTime<Utc> = rig.now();
        for host in telling {
            rig.world.tell_time(host, right);
        }
        set_clock(&rig, years(1));
        rig.settle().await;
        assert_eq!(rig.outcome("pkg:npm/widget@1.1.0"), Outcome::Alerted, "{telling:?}");
        assert_eq!(rig.outcome("pkg:npm/widget@1.0.5"), Outcome::Learned, "{telling:?}");
    }
}
