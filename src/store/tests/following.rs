//! Tests of the messages that follow from the time: repetitions, escalations, and notices of actions.

use chrono::TimeDelta;

use super::lab::{Lab, minutes_later, noon};
use crate::{
    model::{Alert, AlertKind, AlertMatchers, Confidence, Severity},
    store::Store,
};

fn alert(name: &str, severity: Severity) -> Alert {
    Alert::about(AlertKind::Release, name, severity, Confidence::High, name.to_owned(), noon())
}

fn raise(store: &Store, alert: &Alert, subscription: &str) {
    store.record_alert(alert, &[subscription.to_owned()], noon()).unwrap();
}

/// Delivers everything that is due, and tells what: the subscription, the alert, and why.
fn delivered(store: &Store, minutes: i64) -> Vec<(String, String, Option<String>)> {
    let mut due = store.outbox(minutes_later(minutes)).unwrap();
    due.sort_by_key(|delivery| delivery.id);
    let sent = due.into_iter().map(|delivery| {
        store.delivered(&delivery, minutes_later(minutes), "taken").unwrap();
        (delivery.subscription, delivery.alert.title, delivery.alert.note)
    });
    sent.collect()
}

#[test]
fn an_open_alert_is_told_again_after_each_interval() {
    let lab = Lab::new();
    let (open, seen) = (alert("open", Severity::High), alert("seen", Severity::High));
    for alert in [&open, &seen] {
        raise(&lab.store, alert, "desk");
    }
    assert_eq!(delivered(&lab.store, 1).len(), 2);
    lab.store.acknowledge(&seen.fingerprint, "ada", "mine", minutes_later(2)).unwrap();
    let repeat = |minutes| lab.store.repeat_open("desk", TimeDelta::minutes(60), minutes_later(minutes)).unwrap();
    assert_eq!(repeat(60), 0);
    assert_eq!((repeat(61), repeat(61)), (1, 0), "one message is in the outbox already");
    let why = Some("repeated: the alert is still open".to_owned());
    assert_eq!(delivered(&lab.store, 62), [("desk".to_owned(), "open".to_owned(), why)]);
    assert_eq!((repeat(121), repeat(122)), (0, 1));
    assert_eq!(lab.store.repeat_open("other", TimeDelta::minutes(60), minutes_later(200)).unwrap(), 0);
}

#[test]
fn a_silence_holds_repetitions_back_without_counting_them() {
    let lab = Lab::new();
    let open = alert("open", Severity::High);
    raise(&lab.store, &open, "desk");
    delivered(&lab.store, 1);
    let all = AlertMatchers { kinds: vec![AlertKind::Release], ..AlertMatchers::default() };
    lab.store.add_silence(&all, "night", "ada", (noon(), minutes_later(90))).unwrap();
    let repeat = |minutes| lab.store.repeat_open("desk", TimeDelta::minutes(60), minutes_later(minutes)).unwrap();
    assert_eq!((repeat(61), repeat(62), repeat(90)), (0, 0, 1));
}

#[test]
fn a_critical_alert_that_stays_open_escalates_once_along_the_chain() {
    let lab = Lab::new();
    let (bad, mild) = (alert("bad", Severity::Critical), alert("mild", Severity::High));
    for alert in [&bad, &mild] {
        raise(&lab.store, alert, "desk");
    }
    let escalate = |from: &str, to: &str, minutes| {
        lab.store.escalate((from, to), TimeDelta::minutes(30), minutes_later(minutes)).unwrap()
    };
    assert_eq!(escalate("desk", "boss", 29), 0, "also while the receiver does not answer");
    assert_eq!((escalate("desk", "boss", 30), escalate("desk", "boss", 31)), (1, 0));
    let sent = delivered(&lab.store, 32);
    let why = Some("escalated: desk did not acknowledge it in time".to_owned());
    assert_eq!(sent.last(), Some(&("boss".to_owned(), "bad".to_owned(), why)));
    assert_eq!((escalate("boss", "chief", 59), escalate("boss", "chief", 60)), (0, 1));
    assert_eq!(escalate("desk", "boss", 1000), 0);
}

#[test]
fn an_acknowledged_alert_does_not_escalate() {
    let lab = Lab::new();
    let bad = alert("bad", Severity::Critical);
    raise(&lab.store, &bad, "desk");
    lab.store.acknowledge(&bad.fingerprint, "ada", "mine", minutes_later(5)).unwrap();
    assert_eq!(lab.store.escalate(("desk", "boss"), TimeDelta::minutes(30), minutes_later(60)).unwrap(), 0);
}

#[test]
fn who_was_told_of_an_alert_is_told_of_its_end_and_nobody_else() {
    let lab = Lab::new();
    let bad = alert("bad", Severity::High);
    raise(&lab.store, &bad, "desk");
    delivered(&lab.store, 1);
    lab.store.acknowledge(&bad.fingerprint, "ada", "mine", minutes_later(2)).unwrap();
    let notify = |name: &str, minutes| lab.store.notify_of_actions(name, minutes_later(minutes)).unwrap();
    assert_eq!((notify("desk", 3), notify("desk", 4), notify("mail", 4)), (1, 0, 0));
    let said = |what: &str| ("desk".to_owned(), "bad".to_owned(), Some(what.to_owned()));
    assert_eq!(delivered(&lab.store, 5), [said("acknowledged by ada: mine")]);
    lab.store.resolve(&bad.fingerprint, "bob", "it was ours", minutes_later(6)).unwrap();
    assert_eq!(notify("desk", 7), 1);
    assert_eq!(delivered(&lab.store, 8), [said("resolved by bob: it was ours")]);
    assert_eq!(lab.after_kill().store.notify_of_actions("desk", minutes_later(9)).unwrap(), 0, "once");
    assert_eq!(notify("desk", 60 * 48), 0, "and not of what is long over");
}
