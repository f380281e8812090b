//! Tests of the messages that follow from the time: repetitions, escalations, and notices of actions.

use chrono::TimeDelta;

use super::lab::{Lab, minutes_later, noon, stale_source};
use crate::{
    model::{Alert, AlertAction, AlertKind, AlertMatchers, AlertStatus, Confidence, Severity},
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
    let repeat =
        |minutes| lab.store.repeat_open("desk", TimeDelta::minutes(60), minutes_later(minutes), &|_| true).unwrap();
    assert_eq!(repeat(60), 0);
    assert_eq!((repeat(61), repeat(61)), (1, 0), "one message is in the outbox already");
    let why = Some("repeated: the alert is still open".to_owned());
    assert_eq!(delivered(&lab.store, 62), [("desk".to_owned(), "open".to_owned(), why)]);
    assert_eq!((repeat(121), repeat(122)), (0, 1));
    assert_eq!(lab.store.repeat_open("other", TimeDelta::minutes(60), minutes_later(200), &|_| true).unwrap(), 0);
}

#[test]
fn a_silence_holds_repetitions_back_without_counting_them() {
    let lab = Lab::new();
    let open = alert("open", Severity::High);
    raise(&lab.store, &open, "desk");
    delivered(&lab.store, 1);
    let all = AlertMatchers { kinds: vec![AlertKind::Release], ..AlertMatchers::default() };
    lab.store.add_silence(&all, "night", "ada", (noon(), minutes_later(90))).unwrap();
    let repeat =
        |minutes| lab.store.repeat_open("desk", TimeDelta::minutes(60), minutes_later(minutes), &|_| true).unwrap();
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

#[test]
fn what_is_done_during_an_attempt_is_told_once() {
    let lab = Lab::new();
    let bad = alert("bad", Severity::High);
    raise(&lab.store, &bad, "desk");
    let first = lab.store.outbox(minutes_later(1)).unwrap().remove(0);
    lab.store.resolve(&bad.fingerprint, "ada", "ours", minutes_later(2)).unwrap();
    lab.store.delivered(&first, minutes_later(3), "taken").unwrap();
    assert_eq!(lab.store.notify_of_actions("desk", minutes_later(4)).unwrap(), 0, "it was done before the end");
    let next = lab.store.outbox(minutes_later(5)).unwrap();
    assert_eq!(next.iter().map(|one| one.alert.status).collect::<Vec<_>>(), [AlertStatus::Resolved]);
    lab.store.delivered(&next[0], minutes_later(5), "taken").unwrap();
    assert_eq!(lab.store.notify_of_actions("desk", minutes_later(6)).unwrap(), 0);
    assert!(delivered(&lab.store, 7).is_empty(), "once");

    // An earlier message got through: the notice tells.
    let other = alert("other", Severity::High);
    raise(&lab.store, &other, "desk");
    delivered(&lab.store, 8);
    assert_eq!(lab.store.repeat_open("desk", TimeDelta::minutes(5), minutes_later(20), &|_| true).unwrap(), 1);
    let again = lab.store.outbox(minutes_later(21)).unwrap().remove(0);
    lab.store.acknowledge(&other.fingerprint, "ada", "mine", minutes_later(22)).unwrap();
    lab.store.delivered(&again, minutes_later(23), "taken").unwrap();
    assert!(lab.store.outbox(minutes_later(24)).unwrap().is_empty());
    assert_eq!(lab.store.notify_of_actions("desk", minutes_later(24)).unwrap(), 1);
}

#[test]
fn a_receiver_that_keeps_alerts_open_is_told_of_every_end_once() {
    let lab = Lab::new();
    let (bad, other) = (alert("bad", Severity::High), alert("other", Severity::High));
    for one in [&bad, &other] {
        raise(&lab.store, one, "pager");
    }
    raise(&lab.store, &stale_source(), "pager");
    delivered(&lab.store, 1);
    let all = AlertMatchers { max_severity: Some(Severity::Critical), ..AlertMatchers::default() };
    lab.store.add_silence(&all, "night", "ada", (noon(), minutes_later(60 * 48))).unwrap();
    lab.store.resolve(&bad.fingerprint, "bob", "it was ours", minutes_later(2)).unwrap();
    lab.store.condition_ended(&stale_source().fingerprint, "it is back", minutes_later(2)).unwrap();
    assert_eq!(lab.store.notify_of_actions("pager", minutes_later(3)).unwrap(), 0, "silenced");
    let ends = |name: &str, minutes| lab.store.notify_of_endings(name, minutes_later(minutes)).unwrap();
    assert_eq!((ends("desk", 60 * 30), ends("pager", 60 * 30), ends("pager", 60 * 30 + 1)), (0, 2, 0));
    let told: Vec<_> = delivered(&lab.store, 60 * 31).into_iter().map(|(_, title, why)| (title, why)).collect();
    assert!(told.contains(&("bad".to_owned(), Some("resolved by bob: it was ours".to_owned()))), "{told:?}");
    assert_eq!((told.len(), ends("pager", 60 * 32)), (2, 0));
    lab.store.resolve(&other.fingerprint, "bob", "ours too", minutes_later(60 * 33)).unwrap();
    let again = AlertAction::new(AlertStatus::Open, "bob", "no", minutes_later(60 * 34));
    lab.store.act_on(&[other.fingerprint], &again).unwrap();
    assert_eq!(ends("pager", 60 * 35), 0, "it is open again");
}

#[test]
fn silenced_alerts_delay_no_other() {
    let lab = Lab::new();
    for number in 0..150 {
        raise(&lab.store, &alert(&format!("silenced {number}"), Severity::Critical), "desk");
    }
    raise(&lab.store, &Alert { kind: AlertKind::Log, ..alert("open", Severity::Critical) }, "desk");
    delivered(&lab.store, 1);
    let all = AlertMatchers {
        kinds: vec![AlertKind::Release],
        max_severity: Some(Severity::Critical),
        ..AlertMatchers::default()
    };
    lab.store.add_silence(&all, "night", "ada", (noon(), minutes_later(900))).unwrap();
    let hour = TimeDelta::minutes(60);
    assert_eq!(lab.store.repeat_open("desk", hour, minutes_later(61), &|_| true).unwrap(), 1);
    assert_eq!(lab.store.escalate(("desk", "boss"), hour, minutes_later(62)).unwrap(), 1);
    let sent: Vec<_> = delivered(&lab.store, 63).into_iter().map(|(to, title, _)| (to, title)).collect();
    assert_eq!(sent, ["desk", "boss"].map(|to| (to.to_owned(), "open".to_owned())));
}

#[test]
fn many_open_alerts_are_told_again_in_steps() {
    let lab = Lab::new();
    for number in 0..150 {
        raise(&lab.store, &alert(&format!("{number}"), Severity::High), "desk");
    }
    delivered(&lab.store, 1);
    let repeat = || lab.store.repeat_open("desk", TimeDelta::minutes(60), minutes_later(61), &|_| true).unwrap();
    assert_eq!([repeat(), repeat(), repeat()], [100, 50, 0]);
}

#[test]
fn only_what_a_subscription_still_selects_or_was_escalated_to_it_is_repeated() {
    let lab = Lab::new();
    let (mild, bad) = (alert("mild", Severity::Low), alert("bad", Severity::Critical));
    raise(&lab.store, &mild, "boss");
    raise(&lab.store, &bad, "desk");
    lab.store.escalate(("desk", "boss"), TimeDelta::minutes(30), minutes_later(30)).unwrap();
    delivered(&lab.store, 31);
    let hour = TimeDelta::minutes(60);
    assert_eq!(lab.store.repeat_open("boss", hour, minutes_later(100), &|_| false).unwrap(), 1);
    assert_eq!(delivered(&lab.store, 101)[0].1, "bad");
    let is_mild = |alert: &Alert| alert.severity == Severity::Low;
    assert_eq!(lab.store.repeat_open("boss", hour, minutes_later(102), &is_mild).unwrap(), 1);
    assert_eq!(delivered(&lab.store, 103)[0].1, "mild");
}

#[test]
fn what_provwatch_does_itself_is_told_once() {
    let lab = Lab::new();
    raise(&lab.store, &stale_source(), "desk");
    delivered(&lab.store, 1);
    assert!(lab.store.condition_ended(&stale_source().fingerprint, "it is back", minutes_later(2)).unwrap());
    assert_eq!(lab.store.notify_of_actions("desk", minutes_later(3)).unwrap(), 0);
    assert_eq!(delivered(&lab.store, 4).len(), 1);
    assert_eq!(lab.store.notify_of_actions("desk", minutes_later(5)).unwrap(), 0);
}

#[test]
fn an_alert_that_is_open_again_or_critical_late_has_as_much_time_as_a_new_one() {
    let lab = Lab::new();
    let escalate = |from: &str, to: &str, minutes| {
        lab.store.escalate((from, to), TimeDelta::minutes(30), minutes_later(minutes)).unwrap()
    };
    let late = alert("late", Severity::High);
    raise(&lab.store, &late, "desk");
    delivered(&lab.store, 1);
    let worse = Alert { severity: Severity::Critical, ..late.clone() };
    lab.store.record_alert(&worse, &["desk".to_owned()], minutes_later(100)).unwrap();
    delivered(&lab.store, 101);
    assert_eq!((escalate("desk", "boss", 129), escalate("desk", "boss", 130)), (0, 1));
    assert_eq!((escalate("boss", "chief", 159), escalate("boss", "chief", 160)), (0, 1));
    delivered(&lab.store, 161);
    let until = Some(minutes_later(300));
    let action = AlertAction::new(AlertStatus::Acknowledged, "ada", "mine", minutes_later(170));
    lab.store.act_on(&[late.fingerprint], &AlertAction { until, ..action }).unwrap();
    assert_eq!(escalate("desk", "boss", 299), 0);
    assert_eq!(lab.store.open_what_ended(minutes_later(300)).unwrap(), 1);
    delivered(&lab.store, 301);
    assert_eq!((escalate("desk", "boss", 329), escalate("desk", "boss", 330)), (0, 1), "a second time");
    assert_eq!(escalate("desk", "boss", 331), 0);
    delivered(&lab.store, 332);
    assert_eq!(
        (escalate("boss", "chief", 359), escalate("boss", "chief", 361)),
        (1, 0),
        "it was told of the reopening"
    );
    lab.store.resolve(&late.fingerprint, "ada", "done", minutes_later(400)).unwrap();
    assert_eq!((escalate("desk", "boss", 999), escalate("boss", "chief", 999)), (0, 0));
}

#[test]
fn an_alert_that_people_open_again_escalates_though_nobody_was_told_of_that() {
    let lab = Lab::new();
    let bad = alert("bad", Severity::Critical);
    raise(&lab.store, &bad, "desk");
    delivered(&lab.store, 1);
    lab.store.resolve(&bad.fingerprint, "ada", "done", minutes_later(10)).unwrap();
    let open = AlertAction::new(AlertStatus::Open, "bob", "not done", minutes_later(200));
    lab.store.act_on(&[bad.fingerprint], &open).unwrap();
    let escalate =
        |minutes| lab.store.escalate(("desk", "boss"), TimeDelta::minutes(30), minutes_later(minutes)).unwrap();
    assert_eq!((escalate(229), escalate(230), escalate(231)), (0, 1, 0));
}
