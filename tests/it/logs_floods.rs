//! Tests of floods in logs: alerts and messages stay few, and findings about other parties are reported at once.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::time::Duration;

use lab::{
    Authority, Workflow, World,
    follower::{CONFIG, Follower},
    ledger::{Api, Ledger, hashedrekord},
    town::Town,
};
use provwatch::{
    clock::Clock,
    model::{Alert, AlertStatus, Claim, Severity},
    store::{AlertFilter, LogEntryFilter, Store},
};

/// How many entries a flood of forgers has.
const FLOOD: usize = 1_200;

/// How many one of matches has.
const MATCHED: usize = 300;

/// A stranger with an authority of their own.
struct Forger(Authority);

impl Forger {
    fn new() -> Self {
        Self(Authority::new())
    }

    /// Logs certificates of its own making that name the package's repository, each with another workflow.
    fn forge(&self, town: &Town, numbers: impl IntoIterator<Item = usize>) {
        for number in numbers {
            let forged = widget(&format!("forged{number}.yml"), "push");
            town.ledger.append(hashedrekord(&self.0.issue(&forged, town.clock.now()).der, &[7; 32]));
        }
        town.ledger.publish();
    }
}

/// A workflow of the watched package's repository.
fn widget(file: &str, trigger: &str) -> Workflow {
    // A run of its own: what a released run signs is explained.
    let run = format!("https://github.com/acme/widget/actions/runs/{file}/attempts/1");
    let workflow = Workflow::github("acme/widget", file, "refs/heads/main");
    workflow.with(Claim::BuildTrigger, trigger).with(Claim::RunInvocationUri, &run)
}

async fn town() -> Town {
    Town::settled(Api::Tiles, "log.example").await
}

fn of<'a>(alerts: &'a [Alert], detector: &str) -> Vec<&'a Alert> {
    alerts.iter().filter(|alert| alert.signals.first().is_some_and(|signal| signal.detector == detector)).collect()
}

fn messages(store: &Store, alerts: &[Alert]) -> usize {
    let of = |alert| store.deliveries_of(alert, 10_000).unwrap();
    // Notices of what people did are not counted.
    let told = alerts.iter().flat_map(of);
    told.filter(|delivery| delivery.subscription == "everything" && delivery.why.is_none()).count()
}

/// What accuses a workflow file by an alert of its own that was told.
fn own<'a>(store: &Store, alerts: &'a [Alert], file: &str) -> &'a Alert {
    let own = alerts.iter().find(|alert| alert.title.contains(file)).unwrap_or_else(|| panic!("no alert about {file}"));
    assert!(messages(store, std::slice::from_ref(own)) >= 1, "{file} was told");
    own
}

#[tokio::test]
async fn forged_names_in_thousands_are_one_alert_and_the_real_one_is_told_at_once() {
    let (mut town, forgery) = (town().await, Forger::new());
    for part in 0..4 {
        forgery.forge(&town, part * FLOOD / 4..(part + 1) * FLOOD / 4);
        if part == 2 {
            town.sign(&widget("stranger.yml", "push"));
        }
        town.minutes_pass(5).await;
        town = town.restarted();
        town.minutes_pass(5).await;
        let alerts = town.alerts();
        let [forged] = of(&alerts, "forged-certificate").try_into().expect("one alert");
        let entries = forged.entries.as_ref().unwrap();
        assert_eq!(entries.count, ((part + 1) * FLOOD / 4) as u64);
        assert_eq!((entries.samples.len(), forged.severity), (10, Severity::Low));
        assert_eq!(forged.title, "A forged certificate in a log names a watched repository: pkg:npm/widget");
        if part >= 2 {
            assert_eq!(own(town.store(), &alerts, "stranger.yml").severity, Severity::Medium);
        }
    }
    assert_eq!((town.alerts().len(), messages(town.store(), &town.alerts())), (2, 2));
    let kept = town.store().log_entries(LogEntryFilter { log: None, limit: 10_000 }).unwrap();
    assert!(kept.len() <= 1_010, "{} rows are kept", kept.len());
}

#[tokio::test]
async fn whoever_signs_too_much_in_the_name_of_a_repository_is_told_together() {
    let mut town = town().await;
    for part in 0..4 {
        for number in part * 100..(part + 1) * 100 {
            town.sign(&widget(&format!("many{number}.yml"), "push"));
        }
        town.minutes_pass(5).await;
        town = town.restarted();
    }
    let alerts = town.alerts();
    assert_eq!(of(&alerts, "new-workflow-in-log").len(), 11, "ten of their own, and one for the others");
    let common = alerts.iter().find(|alert| alert.title.starts_with("Many workflows of ")).unwrap();
    let entries = common.entries.clone().unwrap();
    assert_eq!((entries.count, common.severity), (390, Severity::Medium));
    assert!(common.title.contains("acme/widget") && entries.samples.last().unwrap().who.contains("many399.yml"));
    assert!(common.argument.contains("this alert counts them") && !common.argument.contains("logs matches"));
    assert_eq!(messages(town.store(), &alerts), 10 + 2, "at once, and when it is ten times as many");
    // Another accusation of the same repository has a budget of its own.
    town.sign(&widget("reached.yml", "pull_request_target"));
    town.minutes_pass(5).await;
    assert_eq!(own(town.store(), &town.alerts(), "reached.yml").severity, Severity::High);
}

#[tokio::test]
async fn a_flood_that_was_acknowledged_hides_nothing_that_comes_later() {
    let (mut town, forger) = (town().await, Forger::new());
    forger.forge(&town, 0..50);
    for number in 0..30 {
        town.sign(&widget(&format!("many{number}.yml"), "push"));
    }
    town.minutes_pass(5).await;
    for alert in town.alerts() {
        town.store().acknowledge(&alert.fingerprint, "ada", "a flood", town.clock.now()).unwrap();
    }
    town = town.restarted();
    let before = messages(town.store(), &town.alerts());
    forger.forge(&town, 50..100);
    town.sign(&widget("reached.yml", "workflow_run"));
    town.minutes_pass(5).await;
    let alerts = town.alerts();
    assert_eq!(own(town.store(), &alerts, "reached.yml").status, AlertStatus::Open);
    assert_eq!(messages(town.store(), &alerts), before + 1, "the flood goes on and is not told again");
    // Ten times as many is worth a look all the same.
    for number in 30..230 {
        town.sign(&widget(&format!("many{number}.yml"), "push"));
    }
    town.minutes_pass(5).await;
    let common = town.alerts().into_iter().find(|alert| alert.title.starts_with("Many workflows of ")).unwrap();
    assert_eq!(common.status, AlertStatus::Open);
}

#[tokio::test]
async fn a_slow_drip_over_a_week_is_few_messages() {
    let (mut town, forger) = (town().await, Forger::new());
    for hour in (0..7 * 24).step_by(2) {
        forger.forge(&town, [hour]);
        town.sign(&widget(&format!("drip{hour}.yml"), "push"));
        town.clock.advance(Duration::from_mins(115));
        town.minutes_pass(5).await;
        if hour % 24 == 22 {
            town = town.restarted();
        }
    }
    let alerts = town.alerts();
    assert_eq!(of(&alerts, "forged-certificate").len(), 1);
    let told = of(&alerts, "new-workflow-in-log").len();
    assert!((20..=40).contains(&told), "{told} alerts about new workflows");
    let messages = messages(town.store(), &alerts);
    assert!(messages <= 60, "{messages} messages");
}

/// Everything that signs is looked for.
async fn watching_everything() -> Follower {
    let receiver = "[[subscriptions]]\nname = \"everything\"\ntype = \"webhook\"\nurl = \"https://hooks.example/x\"\nmin_severity = \"low\"\n";
    let any = CONFIG.replace(
        "name = \"acme\"\nsan = \"https://github\\\\.com/acme/.*\"",
        "name = \"any\"\nsan = \".*\"\nseverity = \"low\"",
    );
    let follower =
        Follower::configured(Ledger::new("log.example", Api::Tiles), World::new(), &format!("{receiver}{any}"));
    follower.ledger.grow(3);
    follower.honest_poll().await;
    follower
}

fn all(follower: &Follower) -> Vec<Alert> {
    follower.store().alerts(&AlertFilter { limit: 10_000, ..AlertFilter::default() }).unwrap()
}

#[tokio::test]
async fn what_one_owner_signs_hides_no_other_owner_from_a_match() {
    let mut follower = watching_everything().await;
    for number in 0..MATCHED {
        let evil = Workflow::github("evil/flood", &format!("w{number}.yml"), "refs/heads/main");
        follower.ledger.append(follower.signed(&evil));
        if number % 150 == 149 {
            follower.ledger.publish();
            follower.honest_poll().await;
            follower = follower.restarted();
        }
    }
    assert_eq!(all(&follower).len(), 11);
    let real = Workflow::github("acme/tool", "release.yml", "refs/heads/main");
    follower.ledger.append(follower.signed(&real));
    follower.ledger.publish();
    follower.honest_poll().await;
    let alerts = all(&follower);
    own(follower.store(), &alerts, "acme/tool release.yml");
    let common =
        alerts.iter().find(|alert| alert.title == "match any: many entries of https://github.com/evil").unwrap();
    let listing = "`provwatch logs matches --match any` lists the entries.";
    assert!(common.argument.ends_with(listing), "{}", common.argument);
    assert_eq!((common.entries.as_ref().unwrap().count, common.matched.as_deref()), (MATCHED as u64 - 10, Some("any")));
    assert!(messages(follower.store(), &alerts) <= 16);
}

#[tokio::test]
async fn a_match_that_finds_thousands_of_owners_stays_within_its_budget() {
    let follower = watching_everything().await;
    for number in 0..MATCHED {
        let evil = Workflow::github(&format!("evil{number}/flood"), "w.yml", "refs/heads/main");
        follower.ledger.append(follower.signed(&evil));
    }
    follower.ledger.publish();
    follower.honest_poll().await;
    let alerts = all(&follower);
    assert_eq!(alerts.len(), 51);
    let common = alerts.iter().find(|alert| alert.title == "match any: many entries of many owners").unwrap();
    assert_eq!(common.entries.as_ref().unwrap().count, MATCHED as u64 - 50);
    assert!(messages(follower.store(), &alerts) <= 50 + 4);
}

#[tokio::test]
async fn strangers_do_not_hide_those_that_a_match_knew_before() {
    let follower = watching_everything().await;
    let sign = |repository: &str, file: &str| {
        follower.ledger.append(follower.signed(&Workflow::github(repository, file, "refs/heads/main")));
        follower.ledger.publish();
    };
    sign("acme/tool", "release.yml");
    follower.honest_poll().await;
    follower.clock.advance(Duration::from_hours(25));
    (0..60).for_each(|number| sign(&format!("evil{number}/flood"), "w.yml"));
    sign("acme/tool", "reached.yml");
    follower.honest_poll().await;
    own(follower.store(), &all(&follower), "acme/tool reached.yml");
}
