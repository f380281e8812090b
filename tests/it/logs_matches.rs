//! Tests of the reports of `[[logs.match]]`: once for each new signer, always or never, only for proven entries, and
//! never twice.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::time::Duration;

use lab::{
    Authority, Workflow, World,
    follower::{CONFIG, Follower, acme},
    ledger::{Api, Ledger, Misbehaviour, hashedrekord},
};
use provwatch::{
    clock::Clock,
    model::{Alert, Severity},
    store::{AlertFilter, LogMatchFilter},
};

const RECEIVER: &str = r#"
[[subscriptions]]
name = "team"
type = "webhook"
url = "https://hooks.example/team"
min_severity = "low"
"#;

/// A follower with this `report`, and a receiver.
async fn reporting(report: &str) -> Follower {
    follower(&config(report), 10).await
}

async fn follower(config: &str, size: usize) -> Follower {
    let follower = Follower::configured(Ledger::new("log.example", Api::Tiles), World::new(), config);
    follower.ledger.grow(size);
    follower.honest_poll().await;
    follower
}

fn config(report: &str) -> String {
    let told = format!("name = \"acme\"\nseverity = \"medium\"\nreport = \"{report}\"");
    RECEIVER.to_owned() + &CONFIG.replace("name = \"acme\"", &told)
}

fn sign(follower: &Follower, workflow: &Workflow) -> u64 {
    let index = follower.ledger.append(follower.signed(workflow));
    follower.ledger.publish();
    index as u64
}

fn alerts(follower: &Follower) -> Vec<Alert> {
    let mut alerts = follower.store().alerts(&AlertFilter { limit: 1_000, ..AlertFilter::default() }).unwrap();
    alerts.reverse();
    alerts
}

/// How many messages an alert came to.
fn messages(follower: &Follower, alert: &Alert) -> usize {
    follower.store().deliveries_of(alert, 1_000).unwrap().len()
}

fn listed(follower: &Follower) -> Vec<u64> {
    let rows = follower.store().log_matches(LogMatchFilter { limit: 1_000, ..LogMatchFilter::default() }).unwrap();
    rows.iter().rev().map(|row| row.entry.index).collect()
}

#[tokio::test]
async fn a_new_signer_is_told_once_whatever_it_signs_later() {
    let mut follower = reporting("new").await;
    let index = sign(&follower, &acme("release.yml"));
    follower.honest_poll().await;
    let [alert] = alerts(&follower).try_into().unwrap();
    assert_eq!((alert.matched.as_deref(), alert.severity), (Some("acme"), Severity::Medium));
    assert_eq!(alert.title, "match acme: new signer github.com/acme/tool release.yml @ refs/heads/main");
    let entries = alert.entries.clone().unwrap();
    assert_eq!((entries.count, entries.samples[0].index), (1, index));
    assert_eq!(messages(&follower, &alert), 1);
    for tag in ["v1", "v2"] {
        follower = follower.restarted();
        sign(&follower, &Workflow::github("acme/tool", "release.yml", &format!("refs/tags/{tag}")));
        follower.honest_poll().await;
    }
    assert_eq!(alerts(&follower).len(), 1);
    sign(&follower, &acme("other.yml"));
    follower.honest_poll().await;
    assert_eq!(alerts(&follower).len(), 2);
    assert_eq!(listed(&follower), [index, index + 1, index + 2, index + 3]);
}

#[tokio::test]
async fn every_entry_or_none_is_told_where_that_is_asked_for() {
    for (report, told) in [("all", 4), ("never", 0)] {
        let follower = reporting(report).await;
        for _ in 0..4 {
            sign(&follower, &acme("release.yml"));
            follower.honest_poll().await;
        }
        let alerts = alerts(&follower);
        assert_eq!(alerts.len(), told, "{report}");
        assert!(alerts.iter().all(|alert| messages(&follower, alert) == 1), "{report}");
        assert_eq!(listed(&follower), [10, 11, 12, 13], "{report}");
    }
}

#[tokio::test]
async fn a_receiver_that_wants_worse_hears_nothing_and_the_default_is_for_information() {
    let follower = follower(&(RECEIVER.to_owned() + CONFIG), 10).await;
    sign(&follower, &acme("release.yml"));
    follower.honest_poll().await;
    let [alert] = alerts(&follower).try_into().unwrap();
    assert_eq!((alert.severity, messages(&follower, &alert)), (Severity::Info, 0));
}

#[tokio::test]
async fn what_was_logged_before_is_counted_and_not_told() {
    let follower = Follower::configured(Ledger::new("log.example", Api::Tiles), World::new(), &config("new"));
    for number in 0..30 {
        follower.ledger.grow(3);
        sign(&follower, &acme(&format!("old{number}.yml")));
    }
    follower.honest_poll().await;
    assert_eq!(alerts(&follower), []);
    let logs = follower.app.logs.followed_logs();
    follower.app.logs.start_log_at(&logs[0], "log.example", 0, false).await.unwrap();
    sign(&follower, &acme("old3.yml"));
    sign(&follower, &acme("new.yml"));
    follower.honest_poll().await;
    let told = alerts(&follower);
    let titles: Vec<_> = told.iter().map(|alert| (alert.severity, &*alert.title)).collect();
    assert_eq!(titles.len(), 2, "{titles:?}");
    assert!(titles.contains(&(Severity::Info, "match acme: older entries of log.example")), "{titles:?}");
    let new = (Severity::Medium, "match acme: new signer github.com/acme/tool new.yml @ refs/heads/main");
    assert!(titles.contains(&new), "{titles:?}");
    let history = told.iter().find(|alert| alert.severity == Severity::Info).unwrap();
    assert_eq!(history.entries.as_ref().unwrap().count, 30);
    assert_eq!(listed(&follower).len(), 32);
}

#[tokio::test]
async fn a_match_that_is_added_later_looks_at_the_past_as_history() {
    let follower = follower(&config("new"), 10).await;
    for file in ["a.yml", "b.yml"] {
        sign(&follower, &Workflow::github("other/tool", file, "refs/heads/main"));
        follower.honest_poll().await;
    }
    let more = "[[logs.match]]\nname = \"other\"\nsan = \"https://github\\\\.com/other/.*\"\nseverity = \"high\"\n";
    let follower = follower.restarted_with(&format!("{}{more}", config("new")));
    let logs = follower.app.logs.followed_logs();
    follower.app.logs.start_log_at(&logs[0], "log.example", 0, false).await.unwrap();
    follower.honest_poll().await;
    let [history] = alerts(&follower).try_into().unwrap();
    assert_eq!((history.severity, history.entries.unwrap().count), (Severity::Info, 2));
    sign(&follower, &Workflow::github("other/tool", "c.yml", "refs/heads/main"));
    follower.honest_poll().await;
    assert_eq!(alerts(&follower).iter().filter(|alert| alert.severity == Severity::High).count(), 1);
}

#[tokio::test]
async fn a_new_shard_is_news_from_its_first_entry() {
    let config = config("new").replace("[logs]\n", "[logs]\ntail = [\"rekor-v1\"]\n");
    let follower = Follower::configured(Ledger::new("log.example", Api::RekorV1), World::new(), &config);
    follower.ledger.grow(10);
    follower.honest_poll().await;
    follower.clock.advance(Duration::from_hours(1));
    follower.ledger.rotate();
    sign(&follower, &acme("release.yml"));
    follower.ledger.grow(5);
    follower.honest_poll().await;
    assert_eq!(alerts(&follower).iter().filter(|alert| alert.severity == Severity::Medium).count(), 1);
}

#[tokio::test]
async fn what_is_not_proven_is_not_told() {
    let mut follower = reporting("all").await;
    sign(&follower, &acme("release.yml"));
    let lie = sign(&follower, &acme("other.yml"));
    follower.ledger.misbehave(Misbehaviour::LieInBody(usize::try_from(lie).unwrap()));
    for _ in 0..5 {
        assert_eq!(follower.poll().await.troubled, 1);
        follower = follower.restarted();
    }
    assert!(alerts(&follower).iter().all(|alert| alert.matched.is_none()));
    assert!(listed(&follower).is_empty());
    follower.ledger.behave();
    follower.honest_poll().await;
    assert_eq!(alerts(&follower).iter().filter(|alert| alert.matched.is_some()).count(), 2);
}

#[tokio::test]
async fn a_forged_certificate_makes_nobody_known() {
    let follower = reporting("new").await;
    let forged = Authority::new().issue(&acme("release.yml"), follower.clock.now()).der;
    follower.ledger.append(hashedrekord(&forged, &[7; 32]));
    follower.ledger.publish();
    follower.honest_poll().await;
    let [forged] = alerts(&follower).try_into().unwrap();
    assert_eq!((&*forged.signals[0].detector, forged.matched.as_deref()), ("forged-certificate", Some("acme")));
    sign(&follower, &acme("release.yml"));
    follower.honest_poll().await;
    assert_eq!(alerts(&follower).iter().filter(|alert| alert.severity == Severity::Medium).count(), 1);
}

#[tokio::test]
async fn entries_are_listed_by_match_log_time_and_identity() {
    let follower = reporting("new").await;
    let early = sign(&follower, &acme("release.yml"));
    follower.honest_poll().await;
    follower.clock.advance(Duration::from_hours(2));
    let noon = follower.clock.now();
    let late = sign(&follower, &acme("other.yml"));
    follower.honest_poll().await;
    let all = LogMatchFilter { limit: 100, ..LogMatchFilter::default() };
    for (filter, found) in [
        (all, vec![late, early]),
        (LogMatchFilter { limit: 1, ..all }, vec![late]),
        (LogMatchFilter { name: Some("acme"), log: Some("log.example"), ..all }, vec![late, early]),
        (LogMatchFilter { name: Some("acm"), ..all }, vec![]),
        (LogMatchFilter { log: Some("other.example"), ..all }, vec![]),
        (LogMatchFilter { since: Some(noon), ..all }, vec![late]),
        (LogMatchFilter { until: Some(noon), ..all }, vec![early]),
        (LogMatchFilter { identity: Some("ACME/tool/.github/workflows/other"), ..all }, vec![late]),
        (LogMatchFilter { identity: Some("token.actions"), ..all }, vec![late, early]),
        (LogMatchFilter { identity: Some("source_repository"), ..all }, vec![]),
    ] {
        let rows = follower.store().log_matches(filter).unwrap();
        assert_eq!(rows.iter().map(|row| row.entry.index).collect::<Vec<_>>(), found, "{filter:?}");
    }
}
