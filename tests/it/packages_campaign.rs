//! Tests of campaigns: one alert that lists related releases, and one message in place of many.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use lab::{Publication, Rig, due, rig::*};
use provwatch::{
    model::{Alert, AlertKind, AlertStatus, Severity},
    store::AlertFilter,
};

const PACKAGES: [&str; 4] = ["pkg:npm/alpha", "pkg:npm/beta", "pkg:npm/gamma", "pkg:npm/delta"];

/// Four packages that ada has published for half a year.
async fn settled() -> Rig {
    let rig = Rig::watching(&PACKAGES);
    for package in PACKAGES {
        rig.history(package, 6, &by_ada());
    }
    rig.smooth_pass().await;
    assert_eq!(rig.alerts(), []);
    rig
}

fn campaigns(rig: &Rig) -> Vec<Alert> {
    let all = rig.store().alerts(&AlertFilter::default()).unwrap();
    all.into_iter().filter(|alert| alert.kind == AlertKind::Campaign).collect()
}

/// The kinds of what the receiver of everything was sent.
fn sent(rig: &Rig) -> Vec<String> {
    let messages = rig.world.received().into_iter().filter(|(path, _)| path == "/everything");
    messages.map(|(_, body)| body["data"]["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_one_account_does_to_many_packages_is_one_message_after_the_first() {
    let rig = settled().await;
    for (minutes, package) in (0..).zip(PACKAGES) {
        rig.publish(&format!("{package}@1.1.0"), &by_mallory());
        rig.minutes_pass(minutes);
        rig.smooth_pass().await;
    }
    let [campaign] = campaigns(&rig).try_into().expect("one campaign");
    assert_eq!(campaign.members.len(), 4);
    assert_eq!(campaign.severity, Severity::High);
    assert!(campaign.title.starts_with("4 releases of 4 packages by the account mallory"), "{}", campaign.title);
    assert_eq!(rig.alerts().len(), 4, "every release has an alert of its own all the same");
    assert_eq!(sent(&rig), ["release", "campaign", "campaign"], "once more, since the third made it worse");
}

#[tokio::test]
async fn what_is_found_at_once_is_told_at_once() {
    let rig = settled().await;
    for package in PACKAGES {
        rig.publish(&format!("{package}@1.1.0"), &by_mallory());
    }
    rig.smooth_pass().await;
    assert_eq!(campaigns(&rig).len(), 1);
    assert!(sent(&rig).iter().all(|kind| kind == "campaign"), "the first one was not sent yet");
}

#[tokio::test]
async fn honest_bursts_and_alerts_of_different_people_are_no_campaign() {
    let rig = settled().await;
    for package in PACKAGES {
        rig.publish(&format!("{package}@1.0.9"), &by_ada());
    }
    rig.publish("pkg:npm/alpha@1.1.0", &by_mallory());
    rig.smooth_pass().await;
    rig.minutes_pass(300);
    rig.publish("pkg:npm/beta@1.1.0", &by_mallory());
    rig.smooth_pass().await;
    assert_eq!(campaigns(&rig), []);
}

/// The messages to the receiver of everything that name a release.
fn naming(rig: &Rig, release: &str) -> usize {
    let messages = rig.world.received().into_iter().filter(|(path, _)| path == "/everything");
    messages.filter(|(_, body)| body.to_string().contains(release)).count()
}

#[tokio::test]
async fn every_member_is_named_in_a_message_however_late_it_joins() {
    let rig = settled().await;
    for package in PACKAGES {
        rig.publish(&format!("{package}@1.1.0"), &by_mallory().install_script("node steal.js"));
        rig.smooth_pass().await;
        rig.minutes_pass(6);
        rig.smooth_pass().await;
        assert!(naming(&rig, &format!("{package}@1.1.0")) > 0, "{package}: {:?}", sent(&rig));
        rig.minutes_pass(44);
    }
    assert_eq!(campaigns(&rig).len(), 1);
}

#[tokio::test]
async fn a_campaign_that_goes_on_is_open_again() {
    let rig = settled().await;
    for package in &PACKAGES[..2] {
        rig.publish(&format!("{package}@1.1.0"), &by_mallory());
        rig.smooth_pass().await;
    }
    let [campaign] = campaigns(&rig).try_into().unwrap();
    rig.store().resolve(&campaign.fingerprint, "olga", "the token was revoked", rig.now()).unwrap();
    rig.minutes_pass(20);
    rig.publish("pkg:npm/gamma@1.1.0", &by_mallory());
    rig.smooth_pass().await;
    let [campaign] = campaigns(&rig).try_into().unwrap();
    assert_eq!((campaign.status, campaign.members.len()), (AlertStatus::Open, 3));
    assert!(naming(&rig, "gamma@1.1.0") > 0, "{:?}", sent(&rig));
}

/// The last release of alpha is published with other words, and looked at again.
async fn alpha_again(rig: &Rig, publication: &Publication) -> Alert {
    let alpha = "pkg:npm/alpha@1.1.0";
    rig.publish(alpha, publication);
    rig.store().look_again(&alpha.parse().unwrap(), rig.now()).unwrap();
    for _ in 0..4 {
        rig.smooth_pass().await;
        rig.minutes_pass(10);
    }
    rig.alerts().into_iter().find(|alert| alert.purl.as_ref().unwrap().to_string() == alpha).unwrap()
}

#[tokio::test]
async fn what_is_new_of_a_member_is_told_though_its_campaign_is_over() {
    let rig = settled().await;
    rig.publish("pkg:npm/alpha@1.1.0", &by_mallory());
    rig.smooth_pass().await;
    rig.publish("pkg:npm/beta@1.1.0", &by_mallory().install_script("node steal.js"));
    rig.smooth_pass().await;
    rig.minutes_pass(10);
    rig.smooth_pass().await;
    for alert in rig.alerts().iter().chain(&campaigns(&rig)) {
        rig.store().resolve(&alert.fingerprint, "olga", "a false alarm", rig.now()).unwrap();
    }
    let before = sent(&rig).len();
    let alpha = alpha_again(&rig, &by_mallory().install_script("node steal.js")).await;
    assert_eq!((alpha.status, alpha.severity), (AlertStatus::Open, Severity::High));
    assert!(sent(&rig).len() > before, "{:?}", sent(&rig));
}

#[tokio::test]
async fn another_look_makes_no_campaign_milder() {
    let rig = settled().await;
    rig.publish("pkg:npm/alpha@1.1.0", &by_mallory().install_script("node steal.js"));
    rig.smooth_pass().await;
    rig.publish("pkg:npm/beta@1.1.0", &by_mallory());
    rig.smooth_pass().await;
    let severity = campaigns(&rig)[0].severity;
    alpha_again(&rig, &by_mallory()).await;
    assert_eq!(campaigns(&rig)[0].severity, severity);
}

#[tokio::test]
async fn a_member_that_comes_while_a_message_is_on_its_way_is_told_after_it() {
    let rig = settled().await;
    for package in &PACKAGES[..3] {
        rig.publish(&format!("{package}@1.1.0"), &by_mallory());
        rig.smooth_pass().await;
    }
    for _ in 0..3 {
        rig.minutes_pass(6);
        rig.smooth_pass().await;
    }
    let [three] = campaigns(&rig).try_into().unwrap();
    let grown = |campaign: &Alert, package: &str| {
        let mut grown = campaign.clone();
        grown.members.push(format!("pkg:npm/{package}@1.1.0").parse().unwrap());
        rig.store().record_alert(&grown, &["everything".to_owned()], rig.now()).unwrap();
        grown
    };
    let four = grown(&three, "delta");
    rig.minutes_pass(10);
    let on_its_way = due::deliveries(rig.store(), rig.now()).remove(0);
    assert_eq!(on_its_way.alert.members.len(), 4);
    grown(&four, "epsilon");
    rig.store().delivered(&on_its_way, rig.now(), "ok").unwrap();
    rig.minutes_pass(10);
    let next = due::deliveries(rig.store(), rig.now()).remove(0);
    assert_eq!(next.alert.members.len(), 5);
}

#[tokio::test]
async fn a_campaign_that_outlasts_a_day_is_one() {
    let rig = settled().await;
    for number in 0..36 {
        let package = PACKAGES[number % PACKAGES.len()];
        rig.publish(&format!("{package}@1.1.{number}"), &by_mallory());
        rig.smooth_pass().await;
        rig.minutes_pass(50);
    }
    let [campaign] = campaigns(&rig).try_into().expect("one campaign");
    assert_eq!(campaign.members.len(), 36);
}

/// The messages to a receiver about campaigns.
fn campaign_messages(rig: &Rig, receiver: &str) -> Vec<serde_json::Value> {
    let messages = rig.world.received().into_iter().filter(|(path, _)| path == receiver);
    messages.map(|(_, body)| body["data"].clone()).filter(|alert| alert["kind"] == "campaign").collect()
}

/// Each member of a message, as `name severity new`, in its order.
fn named_in(message: &serde_json::Value) -> Vec<String> {
    let details = message["member_details"].as_array().unwrap();
    let word = |value: &serde_json::Value| value.as_str().unwrap().trim_start_matches("pkg:npm/").to_owned();
    details.iter().map(|one| format!("{} {} {}", word(&one["purl"]), word(&one["severity"]), one["new"])).collect()
}

#[tokio::test]
async fn a_message_has_every_members_evidence_and_a_second_one_says_what_is_new() {
    let rig = settled().await;
    for package in &PACKAGES[..2] {
        let mut publication = by_mallory().install_script("node steal.js");
        publication.dependencies.push(("evil-js".to_owned(), "^1.0.0".to_owned()));
        rig.publish(&format!("{package}@1.1.0"), &publication);
    }
    rig.smooth_pass().await;
    rig.minutes_pass(1);
    rig.publish(&format!("{}@1.1.0", PACKAGES[2]), &by_mallory().install_script("node steal.js"));
    rig.smooth_pass().await;
    rig.minutes_pass(1);
    rig.smooth_pass().await;
    let messages = campaign_messages(&rig, "/everything");
    let [first, second] = messages.as_slice() else { panic!("{} messages", messages.len()) };
    assert_eq!(named_in(first), ["alpha@1.1.0 high true", "beta@1.1.0 high true"]);
    assert_eq!(named_in(second), ["gamma@1.1.0 high true", "alpha@1.1.0 high false", "beta@1.1.0 high false"]);
    let alpha = &first["member_details"][0];
    assert_eq!(alpha["publisher"], "mallory");
    assert_eq!(alpha["new_scripts"], serde_json::json!(["postinstall"]));
    assert_eq!(alpha["new_dependencies"], serde_json::json!(["evil-js"]));
    assert!(alpha["links"]["registry"].as_str().unwrap().contains("alpha"), "{alpha}");
    let own = rig.store().alert_named(&alpha["alert"].as_str().unwrap().parse().unwrap()).unwrap().unwrap();
    assert!(own.title.ends_with(alpha["reason"].as_str().unwrap()) && !alpha["seen"].as_str().unwrap().is_empty());
    assert_eq!(second["members"].as_array().unwrap().len(), 3, "the list of purls is as it was");

    let tellings = rig.store().tellings_of(&"pkg:npm/gamma@1.1.0".parse().unwrap(), 10).unwrap();
    let told: Vec<_> =
        tellings.iter().map(|one| (one.campaign.to_string(), &*one.subscription, one.settled_at.is_some())).collect();
    let id = second["id"].as_str().unwrap().to_owned();
    assert_eq!(told, [(id.clone(), "worst", true), (id, "everything", true)]);
}

#[tokio::test]
async fn a_hundred_members_are_all_named_and_at_once() {
    let packages: Vec<String> = (0..100).map(|number| format!("pkg:npm/package-{number}")).collect();
    let watched: Vec<&str> = packages.iter().map(String::as_str).collect();
    let rig = Rig::watching(&watched);
    for package in &packages {
        rig.history(package, 6, &by_ada());
    }
    rig.smooth_pass().await;
    for package in &packages {
        rig.publish(&format!("{package}@1.1.0"), &by_mallory());
    }
    rig.smooth_pass().await;
    let messages = campaign_messages(&rig, "/everything");
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["members"].as_array().unwrap().len(), 100);
    assert_eq!(named_in(&messages[0]).len(), 100);
}

/// Packages whose evidence a stranger's token loses, which is critical with a new script.
async fn with_evidence(count: usize) -> (Rig, Vec<String>) {
    let packages: Vec<String> = (0..count).map(|number| format!("pkg:npm/package-{number}")).collect();
    let watched: Vec<&str> = packages.iter().map(String::as_str).collect();
    let rig = Rig::watching(&watched);
    for package in &packages {
        let name = package.trim_start_matches("pkg:npm/");
        rig.history(package, 6, &by_workflow(&workflow(name)));
    }
    rig.smooth_pass().await;
    (rig, packages)
}

#[tokio::test]
async fn the_first_five_critical_members_are_sent_by_themselves_too() {
    let (rig, packages) = with_evidence(8).await;
    for package in &packages {
        rig.publish(&format!("{package}@1.1.0"), &by_mallory().install_script("node steal.js"));
        rig.smooth_pass().await;
        rig.minutes_pass(1);
        rig.smooth_pass().await;
    }
    rig.minutes_pass(1);
    rig.smooth_pass().await;
    assert!(rig.alerts().iter().all(|alert| alert.severity == Severity::Critical), "{:?}", rig.alerts());
    let singly = sent(&rig).iter().filter(|kind| *kind == "release").count();
    assert_eq!(singly, 5, "{:?}", sent(&rig));
    assert_eq!(campaigns(&rig)[0].members.len(), 8);
    for package in &packages {
        assert!(naming(&rig, &format!("{package}@1.1.0")) > 0, "{package}");
    }
}

#[tokio::test]
async fn of_critical_members_that_are_found_at_once_five_are_sent_by_themselves() {
    let (rig, packages) = with_evidence(8).await;
    for package in &packages {
        rig.publish(&format!("{package}@1.1.0"), &by_mallory().install_script("node steal.js"));
    }
    rig.smooth_pass().await;
    let sent = sent(&rig);
    assert_eq!(sent.iter().filter(|kind| *kind == "release").count(), 5, "{sent:?}");
    assert_eq!(sent.iter().filter(|kind| *kind == "campaign").count(), 1, "{sent:?}");
}

#[tokio::test]
async fn what_joins_a_campaign_is_told_within_a_minute() {
    let rig = settled().await;
    for package in PACKAGES {
        rig.publish(&format!("{package}@1.1.0"), &by_mallory().install_script("node steal.js"));
        rig.smooth_pass().await;
        for _ in 0..60 {
            rig.clock.advance(std::time::Duration::from_secs(1));
            rig.app.dispatcher.deliver().await.unwrap();
        }
        assert!(naming(&rig, &format!("{package}@1.1.0")) > 0, "{package}: {:?}", sent(&rig));
    }
}
