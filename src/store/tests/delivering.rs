//! Tests of what operators do with deliveries, of disabled endpoints, and of the record of an attempt.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    faults::Point,
    lab::{Lab, alert, minutes_later, noon, subscriptions},
};
use crate::{
    model::{AlertMatchers, Severity},
    store::{
        Acceptance, Acting, Delivery, DeliveryFilter, DeliveryStatus, EndpointState, Reception, Recipient, Retried,
        Store, Untold,
    },
};

fn acting(minutes: i64) -> Acting {
    Acting { by: "ada".to_owned(), at: minutes_later(minutes), reason: Some("a new token".to_owned()) }
}

/// Stores an alert for some subscriptions.
fn raise(lab: &Lab, subject: &str, severity: Severity, to: &[&str]) {
    lab.store.record_alert(&alert(subject, severity), &subscriptions(to), noon()).unwrap();
}

fn due(store: &Store) -> Vec<Delivery> {
    store.outbox(minutes_later(60 * 24 * 30)).unwrap()
}

fn states(store: &Store) -> Vec<(i64, DeliveryStatus)> {
    let all = store.deliveries(&DeliveryFilter::default(), 99).unwrap();
    all.into_iter().rev().map(|one| (one.id, one.state)).collect()
}

const PENDING: DeliveryStatus = DeliveryStatus::Pending;
const FAILED: DeliveryStatus = DeliveryStatus::Failed;

#[test]
fn an_attempt_and_its_thread_are_recorded_together_or_not_at_all() {
    for (point, is_recorded) in [(Point::BeforeCommit, false), (Point::AfterCommit, true)] {
        let lab = Lab::new();
        raise(&lab, "a", Severity::High, &["ops"]);
        let [delivery] = due(&lab.store).try_into().unwrap();
        let members = Vec::new();
        let accepted = Acceptance { detail: "200", thread: Some("issue 7"), named: &members, left: &members };
        lab.store.faults.order(point);
        lab.store.delivered_as(&delivery, noon(), &accepted).unwrap_err();
        let after = lab.after_kill().store;
        let thread = after.delivery(delivery.id).unwrap().unwrap().delivery.unwrap().thread;
        assert_eq!(thread.is_some(), is_recorded, "{point:?}");
        assert_eq!(due(&after).is_empty(), is_recorded, "{point:?}");
        assert_eq!(after.delivered_as(&delivery, noon(), &accepted).unwrap(), !is_recorded, "{point:?}");
        let whole = after.delivery(delivery.id).unwrap().unwrap();
        assert_eq!(whole.attempts.len(), 1, "{point:?}");
        assert_eq!(whole.delivery.unwrap().thread.as_deref(), Some("issue 7"), "{point:?}");
    }
}

fn recipient(address: &str, reception: Reception) -> Recipient {
    Recipient { address: address.to_owned(), reception, answer: format!("about {address}") }
}

#[test]
fn recipients_that_are_done_are_known_after_a_kill_and_noted_once() {
    let (ada, bob) = (recipient("ada", Reception::Accepted), recipient("bob", Reception::Refused));
    for (point, is_recorded) in [(Point::BeforeCommit, false), (Point::AfterCommit, true)] {
        let lab = Lab::new();
        raise(&lab, "a", Severity::High, &["mail"]);
        lab.store.faults.order(point);
        lab.store.note_recipients(1, noon(), std::slice::from_ref(&ada)).unwrap_err();
        let after = lab.after_kill().store;
        assert_eq!(due(&after)[0].recipients.len(), usize::from(is_recorded), "{point:?}");
        after.note_recipients(1, noon(), &[ada.clone(), bob.clone()]).unwrap();
        after.note_recipients(1, noon(), std::slice::from_ref(&bob)).unwrap();
        assert_eq!(due(&after)[0].recipients, [ada.clone(), bob.clone()], "{point:?}");
        after.note_recipients(99, noon(), std::slice::from_ref(&bob)).unwrap();
        // Who has the message does not get it again; who was refused is tried again.
        after.give_up(&due(&after)[0], noon(), "given up").unwrap();
        after.retry_deliveries(&[1], &BTreeSet::new(), &acting(1)).unwrap();
        assert_eq!(due(&after)[0].recipients, std::slice::from_ref(&ada), "{point:?}");
    }
}

#[test]
fn a_recipient_is_refused_until_a_later_message_is_accepted() {
    let lab = Lab::new();
    let deliver = |subject: &str, minutes: i64, refused: &[&str]| {
        raise(&lab, subject, Severity::High, &["mail"]);
        let [delivery] = due(&lab.store).try_into().unwrap();
        let all: Vec<_> = refused.iter().map(|address| recipient(address, Reception::Refused)).collect();
        lab.store.note_recipients(delivery.id, minutes_later(minutes), &all).unwrap();
        lab.store.delivered(&delivery, minutes_later(minutes + 1), "250").unwrap();
    };
    let refused = |after: i64| -> Vec<(String, DateTime<Utc>)> {
        let all = lab.store.refused_recipients(minutes_later(after)).unwrap();
        all.into_iter().map(|one| (one.address, one.at)).collect()
    };
    deliver("first", 0, &["bob", "cy"]);
    assert_eq!(refused(-1).len(), 2);
    assert_eq!(refused(0), [], "only after a time");
    deliver("second", 10, &["cy"]);
    assert_eq!(refused(-1), [("cy".to_owned(), minutes_later(10))], "bob has the second");
    assert_eq!(lab.store.refused_recipients(minutes_later(-1)).unwrap()[0].answer, "about cy");
    deliver("third", 20, &[]);
    assert_eq!(refused(-1), []);
}

#[test]
fn an_endpoint_that_is_gone_is_disabled_until_it_is_woken() {
    let lab = Lab::new();
    raise(&lab, "a", Severity::High, &["ops"]);
    let [delivery] = due(&lab.store).try_into().unwrap();
    assert!(lab.store.endpoint_gone(&delivery, noon(), "it answered 410").unwrap());
    assert!(!lab.store.endpoint_gone(&delivery, minutes_later(1), "again").unwrap(), "it was recorded");
    let lab = lab.restarted();
    let state = lab.store.endpoint("ops").unwrap();
    let disabled = state.disabled.unwrap();
    assert_eq!((disabled.since, disabled.why.as_str()), (noon(), "it answered 410"));
    assert_eq!(lab.store.disabled_endpoints().unwrap().len(), 1);
    assert_eq!(states(&lab.store), [(1, PENDING)]);
    assert!(lab.store.wake_endpoints(|name| name == "door", minutes_later(2)).unwrap().is_empty());
    assert_eq!(lab.store.wake_endpoints(|name| name == "ops", minutes_later(2)).unwrap(), ["ops"]);
    let state = lab.store.endpoint("ops").unwrap();
    assert_eq!((state.disabled, state.woken_at), (None, Some(minutes_later(2))));
    assert!(lab.store.wake_endpoints(|_| true, minutes_later(3)).unwrap().is_empty());
    assert_eq!(lab.store.endpoint("door").unwrap(), EndpointState::default(), "one that never answered");
}

#[test]
fn dead_letters_come_back_and_what_waits_is_due() {
    let lab = Lab::new();
    for subject in ["a", "b", "c"] {
        raise(&lab, subject, Severity::High, &["ops"]);
    }
    let [first, second, third] = due(&lab.store).try_into().unwrap();
    lab.store.give_up(&first, minutes_later(1), "451").unwrap();
    lab.store.retry_delivery(&second, minutes_later(1), minutes_later(300), "503").unwrap();
    lab.store.delivered(&third, minutes_later(1), "ok").unwrap();
    let retried = lab.store.retry_deliveries(&[1, 2, 3, 4], &["ops".to_owned()].into(), &acting(100)).unwrap();
    assert_eq!(retried, Retried { put_back: vec![1], due: vec![2], woken: Vec::new() });
    let again = due(&lab.store).into_iter().find(|one| one.id == 1).unwrap();
    assert_eq!((&again.idempotency_key, again.attempts), (&first.idempotency_key, 1));
    assert_eq!((again.created_at, again.refusals), (minutes_later(100), 0), "its time begins again");
    assert_eq!(lab.store.outbox(minutes_later(100)).unwrap().len(), 2);
    let listed = lab.store.delivery(1).unwrap().unwrap().listed;
    assert_eq!((listed.created_at, listed.retried_at), (noon(), Some(minutes_later(100))));
    let [action] = lab.store.delivery_actions(Some(minutes_later(100)), 9).unwrap().try_into().unwrap();
    assert_eq!((action.by.as_str(), action.deliveries, action.subscription.as_deref()), ("ada", 2, Some("ops")));
    let nothing = lab.store.retry_deliveries(&[3], &BTreeSet::default(), &acting(101)).unwrap();
    assert_eq!((nothing, lab.store.delivery_actions(None, 9).unwrap().len()), (Retried::default(), 1));
    assert_eq!(lab.store.history_faults().unwrap(), [""; 0], "the history covers it");
}

#[test]
fn an_action_is_never_changed() {
    let lab = Lab::new();
    raise(&lab, "a", Severity::High, &["ops"]);
    let [delivery] = due(&lab.store).try_into().unwrap();
    lab.store.give_up(&delivery, noon(), "451").unwrap();
    lab.store.retry_deliveries(&[1], &BTreeSet::default(), &acting(1)).unwrap();
    for sql in ["UPDATE delivery_actions SET by = 'mallory'", "DELETE FROM delivery_actions"] {
        assert!(lab.sql(sql).unwrap_err().to_string().contains("only grows"), "{sql}");
    }
}

#[test]
fn only_what_is_old_enough_is_given_up() {
    let lab = Lab::new();
    raise(&lab, "a", Severity::High, &["ops", "door"]);
    lab.store.record_alert(&alert("b", Severity::High), &subscriptions(&["ops"]), minutes_later(10)).unwrap();
    let gone = (minutes_later(20), "gone");
    assert_eq!(lab.store.give_up_older("ops", noon() - TimeDelta::seconds(1), gone).unwrap(), 0);
    assert_eq!(lab.store.give_up_older("ops", minutes_later(5), gone).unwrap(), 1);
    assert_eq!(states(&lab.store), [(1, FAILED), (2, PENDING), (3, PENDING)]);
    let dead = lab.store.dead_letters("ops", DateTime::<Utc>::MIN_UTC).unwrap();
    assert_eq!((dead.count, dead.latest, dead.last_at), (1, vec![1], Some(minutes_later(20))));
    assert_eq!(dead.why.as_deref(), Some("gone"));
    assert_eq!(lab.store.dead_letters("ops", minutes_later(20)).unwrap().count, 0, "later ones");
    lab.store.retry_deliveries(&[1], &BTreeSet::default(), &acting(30)).unwrap();
    assert_eq!(lab.store.give_up_older("ops", minutes_later(9), (minutes_later(31), "gone")).unwrap(), 0);
    assert_eq!(lab.store.give_up_all("ops", minutes_later(32), "removed").unwrap(), 2);
    assert_eq!(lab.store.delivery(1).unwrap().unwrap().attempts.len(), 2, "each ending is an attempt");
}

#[test]
fn a_subscription_is_told_once_of_what_it_was_never_told() {
    let lab = Lab::new();
    raise(&lab, "mild", Severity::Low, &["ops"]);
    raise(&lab, "worst", Severity::Critical, &["ops"]);
    raise(&lab, "told", Severity::High, &["ops", "pager"]);
    raise(&lab, "given up", Severity::High, &["pager"]);
    raise(&lab, "silenced", Severity::Medium, &["ops"]);
    let lost = due(&lab.store).into_iter().rfind(|one| one.subscription == "pager").unwrap();
    lab.store.give_up(&lost, noon(), "451").unwrap();
    let medium = AlertMatchers {
        min_severity: Some(Severity::Medium),
        max_severity: Some(Severity::Medium),
        ..AlertMatchers::default()
    };
    lab.store.add_silence(&medium, "planned", "ada", (noon(), minutes_later(60))).unwrap();
    let (since, until) = (noon() - TimeDelta::days(999), minutes_later(1_000_000));
    let alerts = lab.store.untold_alerts("pager", since, until).unwrap();
    let severities: Vec<Severity> = alerts.iter().map(|alert| alert.severity).collect();
    assert_eq!(severities, [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]);
    assert_eq!(lab.store.would_send(&alerts, minutes_later(5)).unwrap(), Untold { sent: 3, held: 1 });
    let before = states(&lab.store).len();
    assert_eq!(lab.store.send_untold("pager", &alerts, &acting(5)).unwrap(), Untold { sent: 3, held: 1 });
    assert_eq!(states(&lab.store).len(), before + 2, "what was given up goes on with its own key");
    assert!(due(&lab.store).iter().any(|one| one.idempotency_key == lost.idempotency_key));
    let note = due(&lab.store).into_iter().find(|one| one.id > lost.id + 1).unwrap().alert.note;
    assert_eq!(note.as_deref(), Some("sent later, as ada asked: a new token"));
    let left = lab.store.untold_alerts("pager", since, until).unwrap();
    assert_eq!(left.len(), 1, "only the silenced one is left");
    assert_eq!(lab.store.untold_alerts("pager", since, since).unwrap(), [], "none of another time");
    assert_eq!(lab.store.history_faults().unwrap(), [""; 0]);
}

/// Between the list and the messages the daemon goes on, and another operator does the same.
#[test]
fn nothing_is_sent_twice_though_the_daemon_tells_of_it_meanwhile() {
    let lab = Lab::new();
    for (subject, receivers) in [("new", &["ops"][..]), ("raised again", &["ops"]), ("given up", &["pager"])] {
        raise(&lab, subject, Severity::High, receivers);
    }
    let to_pager = |one: &Delivery| one.subscription == "pager";
    let lost = due(&lab.store).into_iter().find(to_pager).unwrap();
    lab.store.give_up(&lost, noon(), "451").unwrap();
    let alerts = lab.store.untold_alerts("pager", noon() - TimeDelta::days(1), minutes_later(9)).unwrap();
    assert_eq!(alerts.len(), 3);
    // The daemon tells the pager of one that got worse; an operator puts the dead letter back.
    raise(&lab, "raised again", Severity::Critical, &["pager"]);
    lab.store.retry_deliveries(&[lost.id], &BTreeSet::default(), &acting(1)).unwrap();
    for sent in [1, 0] {
        assert_eq!(lab.store.send_untold("pager", &alerts, &acting(5)).unwrap(), Untold { sent, held: 0 });
    }
    let told = due(&lab.store);
    let mut told: Vec<String> = told.iter().filter(|one| to_pager(one)).map(|one| one.alert.title.clone()).collect();
    told.sort_unstable();
    let once = told.clone();
    told.dedup();
    assert_eq!((once.len(), &once), (3, &told), "one message each");
}

#[test]
fn deliveries_are_listed_by_their_filters() {
    let lab = Lab::new();
    raise(&lab, "a", Severity::High, &["ops", "door"]);
    lab.store.record_alert(&alert("b", Severity::Low), &subscriptions(&["ops"]), minutes_later(10)).unwrap();
    let first = due(&lab.store)[0].clone();
    lab.store.give_up(&first, minutes_later(1), "451").unwrap();
    let fingerprint = Some(first.alert.fingerprint);
    let ops = Some("ops".to_owned());
    for (filter, ids) in [
        (DeliveryFilter::default(), &[3, 2, 1][..]),
        (DeliveryFilter { subscription: ops.clone(), ..DeliveryFilter::default() }, &[3, 1]),
        (DeliveryFilter { state: Some(FAILED), ..DeliveryFilter::default() }, &[1]),
        (DeliveryFilter { alert: fingerprint, ..DeliveryFilter::default() }, &[2, 1]),
        (DeliveryFilter { since: Some(minutes_later(10)), ..DeliveryFilter::default() }, &[3]),
        (DeliveryFilter { until: Some(minutes_later(10)), ..DeliveryFilter::default() }, &[2, 1]),
        (DeliveryFilter { subscription: Some("no'body".to_owned()), ..DeliveryFilter::default() }, &[]),
        (DeliveryFilter { subscription: ops, state: Some(PENDING), alert: fingerprint, since: None, until: None }, &[]),
    ] {
        let found: Vec<i64> = lab.store.deliveries(&filter, 99).unwrap().iter().map(|one| one.id).collect();
        assert_eq!(found, ids, "{filter:?}");
    }
    assert_eq!(lab.store.deliveries(&DeliveryFilter::default(), 1).unwrap().len(), 1);
    assert!(lab.store.delivery(99).unwrap().is_none());
}
