//! Tests of digests: what they tell, and that each is sent once.

use std::time::{Duration, Instant};

use super::lab::{Lab, minutes_later, noon};
use crate::{
    model::{Alert, AlertKind, AlertMatchers, Confidence, Digest, Severity},
    store::{Store, Turn},
};

fn alert(name: &str, severity: Severity) -> Alert {
    Alert::about(AlertKind::Release, name, severity, Confidence::High, name.to_owned(), noon())
}

fn raise(store: &Store, alert: &Alert, minutes: i64) {
    let alert = Alert { raised_at: minutes_later(minutes), ..alert.clone() };
    store.record_alert(&alert, &["desk".to_owned()], minutes_later(minutes)).unwrap();
}

fn turn(minutes: i64) -> Turn {
    let now = minutes_later(minutes);
    let (least, served) = (Severity::Info, Vec::new());
    Turn { now, due_by: now, least, digests_only: true, fresh_first: false, served }
}

/// Makes the digest that is due then, and delivers it.
fn sent(store: &Store, minutes: i64) -> Digest {
    assert!(store.make_digest("desk", minutes_later(minutes), minutes_later(minutes)).unwrap());
    let delivery = store.next_delivery("desk", &turn(minutes)).unwrap().unwrap();
    store.delivered(&delivery, minutes_later(minutes), "taken").unwrap();
    assert!(store.next_delivery("desk", &turn(minutes)).unwrap().is_none());
    delivery.alert.digest.unwrap()
}

fn told(digest: &Digest) -> Vec<String> {
    let told = digest.sections.iter().filter(|section| section.count > 0);
    told.map(|section| {
        let items: Vec<&str> = section.items.iter().map(|item| &*item.text).collect();
        format!("{} {}: {}", section.count, section.name, items.join(", "))
    })
    .collect()
}

fn begun() -> Lab {
    let lab = Lab::new();
    assert!(!lab.store.make_digest("desk", noon(), noon()).unwrap(), "the first period begins");
    lab
}

#[test]
fn a_digest_tells_what_happened_in_its_period_and_what_goes_on() {
    let lab = begun();
    raise(&lab.store, &alert("axios", Severity::High), 10);
    raise(&lab.store, &alert("chalk", Severity::Critical), 20);
    assert!(lab.store.next_delivery("desk", &turn(30)).unwrap().is_none(), "single messages wait");
    assert_eq!(told(&sent(&lab.store, 60)), ["2 new: chalk, axios"]);
    lab.store.resolve(&alert("chalk", Severity::Low).fingerprint, "ada", "it was us", minutes_later(70)).unwrap();
    raise(&lab.store, &alert("axios", Severity::Critical), 80);
    raise(&lab.store, &alert("left-pad", Severity::Low), 90);
    assert_eq!(told(&sent(&lab.store, 120)), ["1 new: left-pad", "1 changed: axios", "1 resolved: chalk"]);
    assert_eq!(told(&sent(&lab.store, 180)), ["2 still open: axios, left-pad"]);
}

#[test]
fn an_empty_digest_is_sent_too_and_tells_what_ends_soon_and_what_is_wrong() {
    let lab = begun();
    let empty = sent(&lab.store, 60);
    assert_eq!((told(&empty), empty.summary()), (Vec::new(), "nothing happened".to_owned()));
    let all = AlertMatchers { kinds: vec![AlertKind::Log], ..AlertMatchers::default() };
    let weeks_ago = noon() - chrono::TimeDelta::days(20);
    lab.store.add_silence(&all, "x", "ada", (weeks_ago, minutes_later(24 * 60))).unwrap();
    let trouble =
        Alert::about(AlertKind::Operation, "f", Severity::High, Confidence::High, "no feed".to_owned(), noon());
    lab.store.record_alert(&trouble, &[], minutes_later(70)).unwrap();
    assert_eq!(told(&sent(&lab.store, 120)), ["1 expiring: silence 1 ends within 23 h", "1 health: no feed"]);
}

#[test]
fn each_digest_is_sent_once_whenever_the_process_ends() {
    let lab = begun();
    raise(&lab.store, &alert("axios", Severity::High), 10);
    let make = |lab: &Lab| lab.store.make_digest("desk", minutes_later(60), minutes_later(61)).unwrap();
    assert!(make(&lab));
    let lab = lab.after_kill();
    assert!(!make(&lab), "it is in the outbox");
    let delivery = lab.store.next_delivery("desk", &turn(61)).unwrap().unwrap();
    lab.store.delivered(&delivery, minutes_later(61), "taken").unwrap();
    let lab = lab.after_kill();
    assert!(!make(&lab));
    assert!(lab.store.next_delivery("desk", &turn(62)).unwrap().is_none());
    assert!(!lab.store.make_digest("desk", noon(), minutes_later(62)).unwrap(), "a clock that goes back repeats none");
}

#[test]
fn a_digest_of_ten_thousand_alerts_is_bounded_and_fast() {
    let store = Store::in_memory().unwrap();
    store.make_digest("desk", noon(), noon()).unwrap();
    for number in 0..10_000 {
        raise(&store, &alert(&format!("package {number}"), Severity::High), 10);
    }
    let began = Instant::now();
    let digest = sent(&store, 60);
    let took = began.elapsed();
    let new = digest.sections.iter().find(|section| section.name == "new").unwrap();
    assert_eq!((new.count, new.items.len()), (10_000, Digest::LISTED));
    assert!(serde_json::to_string(&digest).unwrap().len() < 20_000);
    // The limit is one second; tests run unoptimised beside others.
    assert!(took < Duration::from_secs(10), "{took:?}");
}
