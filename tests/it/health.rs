//! Tests of alerts about provwatch's own health: raised once, and resolved when the cause is gone.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use lab::{Fault, Rig, due, rig::*};
use provwatch::{
    health::Kind,
    model::{AlertStatus, Severity},
    store::{Acting, Outcome},
};

const WIDGET: &str = "pkg:npm/widget";

/// Titles of the alerts about provwatch itself, and where they stand.
fn troubles(rig: &Rig) -> Vec<(String, AlertStatus)> {
    rig.troubles().into_iter().map(|alert| (alert.title, alert.status)).collect()
}

fn open(title: &str) -> (String, AlertStatus) {
    (title.to_owned(), AlertStatus::Open)
}

fn resolved(title: &str) -> (String, AlertStatus) {
    (title.to_owned(), AlertStatus::Resolved)
}

/// Titles of the alerts about provwatch itself that a receiver got.
fn told(rig: &Rig, receiver: &str) -> Vec<String> {
    let messages = rig.world.received().into_iter().filter(|(path, _)| path == receiver);
    let operation = messages.filter(|(_, body)| body["data"]["kind"] == "operation");
    operation.map(|(_, body)| body["data"]["title"].as_str().unwrap().to_owned()).collect()
}

fn many(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("pkg:npm/widget-{number}")).collect()
}

fn rig_of(packages: &[String]) -> Rig {
    let rig = Rig::watching(&packages.iter().map(String::as_str).collect::<Vec<_>>());
    for package in packages {
        rig.history(package, 2, &by_ada());
    }
    rig
}

/// The open alerts about provwatch itself that a health check raised, and those that `status` finds; by title.
fn alerts_and_findings(rig: &Rig) -> (Vec<String>, Vec<String>) {
    let mut found: Vec<String> = rig.judged().into_iter().filter_map(|finding| Some(finding.alert?.title)).collect();
    let open = rig.troubles().into_iter().filter(|alert| alert.status != AlertStatus::Resolved);
    let of_health = open.filter(|alert| !alert.title.starts_with("pkg:") || alert.title.contains("was announced"));
    let mut raised: Vec<String> = of_health.map(|alert| alert.title).collect();
    found.sort();
    raised.sort();
    (raised, found)
}

#[tokio::test]
async fn the_alerts_and_what_status_says_are_the_same() {
    let rig = rig_of(&[WIDGET.to_owned(), "pkg:npm/gadget".to_owned(), "pkg:pypi/thing".to_owned()]);
    rig.smooth_pass().await;
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..60 {
        match round {
            2 => rig.world.break_down("replicate.example", Fault::Reset),
            8 => {
                rig.world.break_down("hooks.example/worst", Fault::Status(503, Vec::new()));
                rig.publish("pkg:npm/widget@1.1.0", &by_mallory().install_script("node steal.js"));
                rig.world.mend("replicate.example");
            }
            20 => rig.world.break_down("npm.example/gadget", Fault::Status(500, Vec::new())),
            21 => rig.publish("pkg:npm/gadget@1.1.0", &by_ada()),
            30 => rig.world.mend("hooks.example/worst"),
            40 => rig.world.mend("npm.example/gadget"),
            _ => {}
        }
        rig.pass().await;
        // What was delivered at the end of the pass counts too.
        let findings = rig.app.look_after(Kind::Once, &provwatch::upkeep::OnDisk::default(), &[]).unwrap();
        let (raised, found) = alerts_and_findings(&rig);
        assert_eq!(findings.iter().filter(|finding| finding.alert.is_some()).count(), found.len(), "round {round}");
        assert_eq!(raised, found, "round {round}");
        seen.extend(
            found.into_iter().map(|title| title.split(|c: char| c.is_ascii_digit()).next().unwrap().to_owned()),
        );
        rig.minutes_pass(10);
    }
    let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
    let expected = [
        "npm-changes has not been read for ",
        "pkg:npm/gadget was announced ",
        "the subscription worst does not take alerts",
    ];
    assert_eq!(seen, expected);
    rig.minutes_pass(400);
    rig.pass().await;
    assert_eq!(alerts_and_findings(&rig).0, [""; 0], "in the end all is well");
}

#[tokio::test]
async fn passes_that_are_far_apart_tell_of_a_source_that_fails() {
    let rig = rig_of(&[WIDGET.to_owned()]);
    rig.smooth_pass().await;
    rig.world.break_down("replicate.example", Fault::Reset);
    rig.minutes_pass(24 * 60);
    let rig = rig.restarted();
    rig.pass().await;
    assert_eq!(troubles(&rig), [open("npm-changes has not been read for 24 h")], "each pass is a process anew");
}

#[tokio::test]
async fn a_lost_place_is_told_to_those_who_want_medium() {
    let rig = rig_of(&[WIDGET.to_owned()]);
    rig.smooth_pass().await;
    rig.world.npm().reset_sequence();
    rig.smooth_pass().await;
    let trouble = rig.troubles().remove(0);
    assert_eq!((trouble.title.as_str(), trouble.severity), ("cursor gap in npm-changes", Severity::Medium));
}

#[tokio::test]
async fn a_restart_does_not_make_a_silent_source_speak() {
    let rig = rig_of(&[WIDGET.to_owned()]);
    rig.smooth_pass().await;
    rig.world.break_down("replicate.example", Fault::Reset);
    rig.minutes_pass(45);
    rig.pass().await;
    let title = "npm-changes has not been read for 45 min";
    assert_eq!(troubles(&rig), [open(title)]);
    let rig = rig.restarted();
    rig.pass().await;
    assert_eq!(troubles(&rig), [open(title)], "nobody has read it since");
    rig.minutes_pass(60);
    rig.pass().await;
    assert_eq!(told(&rig, "/everything"), [title], "told once");
    rig.world.mend("replicate.example");
    rig.pass().await;
    assert_eq!(rig.troubles()[0].status, AlertStatus::Resolved);
}

#[tokio::test]
async fn an_outage_is_one_alert_and_not_one_for_each_package() {
    let rig = rig_of(&many(30));
    rig.world.break_down("/npm.example", Fault::Reset);
    rig.world.break_down("npm.example/widget-", Fault::Reset);
    for _ in 0..8 {
        rig.pass().await;
        rig.minutes_pass(15);
    }
    assert_eq!(troubles(&rig), [open("30 packages cannot be checked")]);
    rig.days_pass(2);
    rig.pass().await;
    assert_eq!(told(&rig, "/everything"), ["30 packages cannot be checked"]);
    rig.world.mend("npm.example/widget-");
    rig.days_pass(1);
    rig.pass().await;
    rig.minutes_pass(1);
    rig.pass().await;
    assert_eq!(troubles(&rig), [resolved("30 packages cannot be checked")]);
    assert_eq!(rig.outcome("pkg:npm/widget-29@1.0.0"), Outcome::Learned);
}

#[tokio::test]
async fn a_package_that_fails_for_a_day_is_counted() {
    let rig = rig_of(&[WIDGET.to_owned()]);
    rig.world.break_down("npm.example/widget", Fault::Body(b"[]".to_vec()));
    for _ in 0..26 {
        rig.pass().await;
        rig.minutes_pass(60);
    }
    assert_eq!(troubles(&rig), [open("pkg:npm/widget cannot be checked"), open("1 package cannot be checked")]);
    rig.world.mend("npm.example/widget");
    rig.days_pass(1);
    rig.pass().await;
    let over = [resolved("pkg:npm/widget cannot be checked"), resolved("1 package cannot be checked")];
    assert_eq!(troubles(&rig), over);
}

#[tokio::test]
async fn a_sink_that_refuses_for_an_hour_is_told_to_all() {
    let rig = rig_of(&[WIDGET.to_owned()]);
    rig.smooth_pass().await;
    rig.world.break_down("hooks.example/worst", Fault::Status(503, Vec::new()));
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory().install_script("node steal.js"));
    let title = "the subscription worst does not take alerts";
    for round in 0..30 {
        rig.pass().await;
        assert!(round > 5 || troubles(&rig).is_empty(), "an hour is allowed");
        rig.minutes_pass(10);
    }
    assert_eq!(troubles(&rig), [open(title)]);
    assert_eq!(told(&rig, "/everything"), [title], "once");
    rig.world.mend("hooks.example/worst");
    rig.days_pass(1);
    rig.pass().await;
    rig.pass().await;
    assert_eq!(troubles(&rig), [resolved(title)]);
}

#[tokio::test]
async fn a_sink_that_gives_alerts_up_is_told_at_once() {
    let rig = rig_of(&[WIDGET.to_owned()]);
    rig.smooth_pass().await;
    rig.world.break_down("hooks.example/worst", Fault::Status(503, Vec::new()));
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory().install_script("node steal.js"));
    rig.pass().await;
    rig.days_pass(1);
    for delivery in due::deliveries(rig.store(), rig.now()) {
        rig.store().give_up(&delivery, rig.now(), "it will never be taken").unwrap();
    }
    rig.pass().await;
    assert_eq!(troubles(&rig), [open("1 alert was never delivered to the subscription worst")]);
}

#[tokio::test]
async fn a_sink_that_is_gone_is_said_once() {
    let rig = rig_of(&[WIDGET.to_owned()]);
    rig.smooth_pass().await;
    rig.world.break_down("hooks.example/worst", Fault::Status(410, Vec::new()));
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory().install_script("node steal.js"));
    for _ in 0..5 {
        rig.pass().await;
        rig.minutes_pass(1);
    }
    let title = "the subscription worst cannot deliver: its endpoint is disabled";
    assert_eq!(troubles(&rig), [open(title)]);
    rig.world.mend("hooks.example/worst");
    rig.minutes_pass(6);
    rig.pass().await;
    assert_eq!(troubles(&rig), [open(title)], "nothing is sent before an operator acts");
    let acting = Acting { by: "ada".to_owned(), at: rig.now(), reason: None };
    rig.store().retry_deliveries(&[], &["worst".to_owned()].into(), &acting).unwrap();
    rig.publish("pkg:npm/widget@1.1.1", &by_mallory().install_script("node steal.js"));
    rig.pass().await;
    rig.pass().await;
    let worst = rig.world.received().into_iter().filter(|(path, _)| path == "/worst").count();
    assert!(worst >= 1, "what it was not told before is told: {worst}");
    assert_eq!(troubles(&rig), [resolved(title)]);
}

#[tokio::test]
async fn a_trust_root_that_goes_stale_is_an_alert_until_it_is_refreshed() {
    let rig = Rig::with_tuf(&[WIDGET]);
    rig.smooth_pass().await;
    let refresh = || rig.app.trust.refresh();
    for _ in 0..6 {
        refresh().await.unwrap_err();
        rig.pass().await;
        rig.days_pass(1);
    }
    assert_eq!(troubles(&rig), [open("the trust root has not been refreshed for 5 d")]);
    assert_eq!(told(&rig, "/everything"), ["the trust root has not been refreshed for 4 d"], "told once");
    let trouble = rig.troubles().remove(0);
    assert!(trouble.argument.contains("tuf.example"), "{}", trouble.argument);
    rig.store().source_read(provwatch::upkeep::TRUST_ROOT, rig.now()).unwrap();
    rig.pass().await;
    assert_eq!(rig.troubles()[0].status, AlertStatus::Resolved);
}

/// A feed that stands further than it shows.
fn without_rows(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    if !text.contains("<array>") {
        return body.to_vec();
    }
    b"<?xml version='1.0'?><methodResponse><params><param><value><array><data></data></array></value></param></params></methodResponse>".to_vec()
}

#[tokio::test]
async fn a_feed_that_answers_and_shows_nothing_hides_nothing() {
    let rig = Rig::watching(&["pkg:pypi/widget"]);
    rig.history("pkg:pypi/widget", 4, &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    rig.smooth_pass().await;
    rig.world.break_down("pypi.example/pypi#", Fault::Changed(without_rows));
    rig.publish("pkg:pypi/widget@1.1.0", &by_mallory());
    let source = || rig.store().sources().unwrap().into_iter().find(|source| source.name == "pypi-changelog").unwrap();
    for minute in 0..45 {
        // Nobody can know at once that it hides something.
        rig.app.pass().await.unwrap();
        assert!(minute < 10 || source().last_error_at > source().last_success, "it cannot be read: {:?}", source());
        rig.minutes_pass(1);
    }
    assert!(source().last_error.unwrap().contains("shows nothing after"), "{:?}", source().last_error);
    // Its packages are compared meanwhile, and somebody is told.
    assert_eq!(rig.outcome("pkg:pypi/widget@1.1.0"), Outcome::Alerted);
    assert!(rig.troubles().iter().any(|trouble| trouble.title.starts_with("pypi-changelog has not been read")));
    rig.world.mend("pypi.example/pypi#");
    rig.pass().await;
    assert!(rig.troubles().iter().all(|trouble| trouble.status == AlertStatus::Resolved), "{:?}", rig.troubles());
}
