//! Tests of silences: what they hold back, what they record, and what follows when they end.

use chrono::{DateTime, TimeDelta, Utc};

use super::lab::{Lab, minutes_later, noon};
use crate::{
    model::{Alert, AlertKind, AlertMatchers, Confidence, Severity, Silence, SilenceEnd},
    store::Store,
};

fn matchers(toml: &str) -> AlertMatchers {
    toml::from_str(toml).unwrap()
}

fn alert(name: &str, severity: Severity) -> Alert {
    let (kind, title) = (AlertKind::Release, format!("{name} was released"));
    Alert {
        purl: Some(format!("pkg:npm/{name}@1.0.0").parse().unwrap()),
        ..Alert::about(kind, name, severity, Confidence::High, title, noon())
    }
}

fn raise(store: &Store, alert: &Alert, now: DateTime<Utc>) -> usize {
    let subscriptions = ["desk", "mail"].map(str::to_owned);
    store.record_alert(alert, &subscriptions, now).unwrap().deliveries
}

fn silence(lab: &Lab, toml: &str, minutes: i64) -> i64 {
    lab.store.add_silence(&matchers(toml), "planned", "ada", (noon(), minutes_later(minutes))).unwrap()
}

fn titles(store: &Store, now: DateTime<Utc>) -> Vec<(String, String)> {
    let mut due = store.outbox(now).unwrap();
    due.sort_by_key(|delivery| delivery.id);
    due.into_iter().map(|delivery| (delivery.subscription, delivery.alert.title)).collect()
}

fn only(store: &Store) -> Silence {
    let [silence] = store.silences().unwrap().try_into().unwrap();
    silence
}

#[test]
fn a_silenced_alert_is_stored_and_counted_and_not_sent() {
    let lab = Lab::new();
    let id = silence(&lab, "packages = ['pkg:npm/a*']", 60);
    let (axios, chalk) = (alert("axios", Severity::High), alert("chalk", Severity::High));
    assert_eq!((raise(&lab.store, &axios, noon()), raise(&lab.store, &chalk, noon())), (0, 2));
    assert!(lab.store.alert(&axios.fingerprint).unwrap().is_some(), "detection goes on");
    let held = only(&lab.store).held;
    assert_eq!((held.alerts, held.last_at, held.latest), (1, Some(noon()), vec![axios.id]));
    let back = lab.store.held_back(&axios.fingerprint).unwrap();
    let back: Vec<_> = back.iter().map(|one| (one.silence, &*one.subscription, one.released_at)).collect();
    assert_eq!(back, [(id, "desk", None), (id, "mail", None)]);
    assert!(lab.store.held_back(&chalk.fingerprint).unwrap().is_empty());
}

#[test]
fn a_critical_alert_is_sent_unless_the_silence_says_otherwise() {
    for (toml, sent) in [("packages = ['pkg:npm/a*']", 2), ("packages = ['pkg:npm/a*']\nmax_severity = 'critical'", 0)]
    {
        let lab = Lab::new();
        silence(&lab, toml, 60);
        assert_eq!(raise(&lab.store, &alert("axios", Severity::Critical), noon()), sent, "{toml}");
    }
}

#[test]
fn what_is_still_open_when_a_silence_ends_is_sent_once() {
    let lab = Lab::new();
    silence(&lab, "kinds = ['release']", 60);
    for name in ["axios", "chalk"] {
        raise(&lab.store, &alert(name, Severity::High), noon());
    }
    lab.store.acknowledge(&alert("chalk", Severity::High).fingerprint, "ada", "seen", minutes_later(5)).unwrap();
    assert_eq!(lab.store.release_held(minutes_later(59)).unwrap(), 0);
    assert!(titles(&lab.store, minutes_later(59)).is_empty());
    assert_eq!(lab.store.release_held(minutes_later(60)).unwrap(), 2);
    let expected = ["desk", "mail"].map(|name| (name.to_owned(), "axios was released".to_owned()));
    assert_eq!(titles(&lab.store, minutes_later(60)), expected);
    assert_eq!(lab.store.release_held(minutes_later(61)).unwrap(), 0, "once");
    assert_eq!(lab.after_kill().store.release_held(minutes_later(61)).unwrap(), 0, "also after a kill");
    assert_eq!(only(&lab.store).held.alerts, 2, "the record stays");
}

#[test]
fn a_silence_that_somebody_ends_lets_go_at_once_and_stays_in_the_list() {
    let lab = Lab::new();
    let id = silence(&lab, "kinds = ['release']", 60);
    raise(&lab.store, &alert("axios", Severity::High), noon());
    let end = |reason: &str, minutes| SilenceEnd {
        at: minutes_later(minutes),
        by: "bob".to_owned(),
        reason: reason.to_owned(),
    };
    lab.store.expire_silence(id, &end("done", 10)).unwrap();
    lab.store.expire_silence(id, &end("done again", 20)).unwrap();
    assert_eq!(only(&lab.store).expired, Some(end("done", 10)), "the first end stays");
    assert_eq!(lab.store.release_held(minutes_later(10)).unwrap(), 2);
    assert_eq!(raise(&lab.store, &alert("chalk", Severity::High), minutes_later(11)), 2);
}

#[test]
fn another_silence_takes_over_and_a_worse_alert_is_not_sent_twice() {
    let lab = Lab::new();
    silence(&lab, "kinds = ['release']", 60);
    raise(&lab.store, &alert("axios", Severity::Medium), noon());
    silence(&lab, "packages = ['pkg:npm/axios']", 120);
    assert_eq!(lab.store.release_held(minutes_later(60)).unwrap(), 0, "the second silence holds it back");
    assert_eq!(raise(&lab.store, &alert("axios", Severity::Critical), minutes_later(70)), 2);
    assert_eq!(lab.store.release_held(minutes_later(120)).unwrap(), 0, "it was sent when it became critical");
}

#[test]
fn silences_only_grow() {
    let lab = Lab::new();
    let id = silence(&lab, "kinds = ['release']", 60);
    lab.store.expire_silence(id, &SilenceEnd { at: noon(), by: "ada".to_owned(), reason: "x".to_owned() }).unwrap();
    for sql in [
        "UPDATE silences SET until_at = 0",
        "UPDATE silences SET reason = 'another'",
        "DELETE FROM silences",
        "UPDATE silence_ends SET by = 'mallory'",
        "DELETE FROM silence_ends",
    ] {
        assert!(lab.sql(sql).is_err(), "{sql}");
    }
}

#[test]
fn many_held_messages_are_let_go_in_steps() {
    let lab = Lab::new();
    silence(&lab, "kinds = ['release']", 60);
    for number in 0..600 {
        raise(&lab.store, &alert(&format!("p{number}"), Severity::High), noon());
    }
    let steps: Vec<usize> = (0..4).map(|_| lab.store.release_held(noon() + TimeDelta::hours(2)).unwrap()).collect();
    assert_eq!(steps, [500, 500, 200, 0]);
}
