//! Tests of silences: what they hold back, what they record, and what follows when they end.

use chrono::{DateTime, TimeDelta, Utc};

use super::lab::{Lab, minutes_later, noon};
use crate::{
    model::{Alert, AlertAction, AlertKind, AlertMatchers, AlertStatus, Confidence, Severity, Silence, SilenceEnd},
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

#[test]
fn what_was_put_off_when_a_silence_ended_is_sent_when_it_is_open_again() {
    for status in [AlertStatus::Snoozed, AlertStatus::Acknowledged] {
        let lab = Lab::new();
        silence(&lab, "kinds = ['release']", 60);
        let axios = alert("axios", Severity::High);
        raise(&lab.store, &axios, noon());
        let until = Some(minutes_later(120));
        let action = AlertAction { until, ..AlertAction::new(status, "ada", "later", minutes_later(5)) };
        lab.store.act_on(&[axios.fingerprint], &action).unwrap();
        assert_eq!(lab.store.release_held(minutes_later(60)).unwrap(), 0, "{status:?}");
        assert_eq!(lab.store.open_what_ended(minutes_later(120)).unwrap(), 1);
        assert_eq!(lab.store.release_held(minutes_later(121)).unwrap(), 2, "{status:?}");
        assert_eq!(titles(&lab.store, minutes_later(121)).len(), 2, "{status:?}");
        assert_eq!(lab.store.release_held(minutes_later(122)).unwrap(), 0, "once");
    }
}

#[test]
fn what_is_resolved_when_a_silence_ends_needs_no_message() {
    let lab = Lab::new();
    silence(&lab, "kinds = ['release']", 60);
    let axios = alert("axios", Severity::High);
    raise(&lab.store, &axios, noon());
    lab.store.resolve(&axios.fingerprint, "ada", "ours", minutes_later(5)).unwrap();
    assert_eq!(lab.store.release_held(minutes_later(60)).unwrap(), 0);
    assert!(lab.store.held_back(&axios.fingerprint).unwrap().iter().all(|held| held.released_at.is_some()));
}

#[test]
fn a_silence_holds_follow_ups_back_until_it_ends() {
    let lab = Lab::new();
    let axios = alert("axios", Severity::High);
    raise(&lab.store, &axios, noon());
    for delivery in lab.store.outbox(noon()).unwrap() {
        lab.store.delivered(&delivery, minutes_later(1), "taken").unwrap();
    }
    let until = Some(minutes_later(30));
    let snooze = AlertAction { until, ..AlertAction::new(AlertStatus::Snoozed, "ada", "later", minutes_later(2)) };
    lab.store.act_on(&[axios.fingerprint], &snooze).unwrap();
    silence(&lab, "kinds = ['release']", 60);
    assert_eq!(lab.store.open_what_ended(minutes_later(30)).unwrap(), 1);
    assert!(titles(&lab.store, minutes_later(31)).is_empty(), "the snooze ended under the silence");
    assert_eq!(only(&lab.store).held.alerts, 1, "and counts as held back");
    assert_eq!(lab.store.release_held(minutes_later(60)).unwrap(), 2);
    assert_eq!(titles(&lab.store, minutes_later(60)).len(), 2, "though the alert was announced before");
}

#[test]
fn whether_a_silence_holds_an_alert_back_is_told_to_whoever_raises_it() {
    let lab = Lab::new();
    let subscriptions = ["desk".to_owned()];
    let silenced = |alert: &Alert, now| lab.store.record_alert(alert, &subscriptions, now).unwrap().silenced;
    let axios = alert("axios", Severity::High);
    assert!(!silenced(&axios, noon()));
    silence(&lab, "kinds = ['release']", 60);
    assert!(silenced(&axios, noon()), "also if nothing changed");
    assert!(!silenced(&axios, minutes_later(60)));
    assert!(!silenced(&Alert { kind: AlertKind::Log, ..alert("other", Severity::High) }, noon()));
}

#[test]
fn an_end_that_lies_ahead_because_the_clock_did_keeps_nobody_from_ending_the_silence() {
    let lab = Lab::new();
    let id = silence(&lab, "kinds = ['release']", 6000);
    let axios = alert("axios", Severity::High);
    raise(&lab.store, &axios, noon());
    let end = |by: &str, minutes| SilenceEnd { at: minutes_later(minutes), by: by.to_owned(), reason: "x".to_owned() };
    lab.store.expire_silence(id, &end("ahead", 5000)).unwrap();
    assert!(only(&lab.store).is_active(minutes_later(10)));
    lab.store.expire_silence(id, &end("ada", 10)).unwrap();
    lab.store.expire_silence(id, &end("late", 20)).unwrap();
    assert_eq!(only(&lab.store).expired, Some(end("ada", 10)));
    assert_eq!(lab.store.release_held(minutes_later(10)).unwrap(), 2, "each message once");
    assert_eq!(lab.store.check_history(&crate::store::Against::default()).unwrap().fault_count, 0);
}
