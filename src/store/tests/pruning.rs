//! Tests of the deletion of old rows: in small steps, and never of anything that must stay.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    faults::Point,
    lab::{Lab, alert, alerted, dump, event, learned, minutes_later, noon, package, stale_source, subscriptions},
};
use crate::{
    model::{AlertAction, AlertKind, AlertStatus, ReleaseId, Severity},
    store::{Acceptance, Against, Record, Store, Turn},
};

/// Everything from before this time is old.
fn cutoff() -> DateTime<Utc> {
    noon() + TimeDelta::days(1)
}

fn later() -> DateTime<Utc> {
    noon() + TimeDelta::days(2)
}

fn count(store: &Store, table: &str) -> i64 {
    store.connection().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

/// A store with so many old events and settled deliveries, each with two attempts, and a few new ones.
fn old(rows: usize) -> Lab {
    let lab = Lab::new();
    let store = &lab.store;
    let axios = package("axios");
    let events = |keys: std::ops::Range<usize>| keys.map(|key| event(&axios, &key.to_string())).collect::<Vec<_>>();
    store.take_page("npm-changes", "1", &events(0..rows), noon()).unwrap();
    for number in 0..rows.div_ceil(2) {
        store.record(&alerted(&format!("pkg:npm/axios@1.0.{number}"), Severity::High)).unwrap();
    }
    for (number, delivery) in store.outbox(noon()).unwrap().into_iter().enumerate() {
        store.retry_delivery(&delivery, noon(), minutes_later(1), "451").unwrap();
        let delivery = crate::store::Delivery { attempts: 1, ..delivery };
        if number % 2 == 0 {
            store.delivered(&delivery, minutes_later(2), "250").unwrap();
        } else {
            store.give_up(&delivery, minutes_later(2), "404").unwrap();
        }
    }
    for number in 0..rows.div_ceil(2) {
        let alert = alert(&format!("pkg:npm/axios@1.0.{number}"), Severity::High).fingerprint;
        store.resolve(&alert, "olga", "ours", minutes_later(2)).unwrap();
    }
    store.take_page("npm-changes", "2", &events(rows..rows + 3), later()).unwrap();
    store.record_alert(&stale_source(), &subscriptions(&["mail", "slack"]), noon()).unwrap();
    let stale = |store: &Store| store.outbox(minutes_later(60)).unwrap();
    store.delivered(&stale(store)[0], later(), "250").unwrap();
    assert_eq!(stale(store).len(), 1, "one waits");
    lab
}

#[test]
fn old_rows_go_in_steps_and_new_ones_stay() {
    let lab = old(10);
    let steps: Vec<_> = std::iter::from_fn(|| {
        let pruned = lab.store.prune(cutoff(), 4).unwrap();
        (pruned.rows() > 0).then_some((pruned.deliveries, pruned.events, pruned.more))
    })
    .collect();
    assert_eq!(steps, [(4, 4, true), (4, 4, true), (2, 2, false)]);
    assert_eq!(
        (count(&lab.store, "events"), count(&lab.store, "deliveries"), count(&lab.store, "attempts")),
        (3, 2, 1)
    );
    let before = dump(&lab.store);
    assert_eq!(lab.store.prune(cutoff(), 4).unwrap().rows(), 0);
    assert_eq!(dump(&lab.store), before);
}

#[test]
fn what_must_stay_stays() {
    let lab = old(6);
    lab.store.record(&learned("pkg:npm/vite@1.0.0", 0)).unwrap();
    let bad = alert("pkg:npm/axios@1.0.0", Severity::High);
    lab.store.acknowledge(&bad.fingerprint, "olga", "known", noon()).unwrap();
    let kept = ["releases", "baselines", "baseline_versions", "alerts", "alert_actions", "history", "log_evidence"];
    let before = kept.map(|table| count(&lab.store, table));
    // A clock that is far ahead: everything is old.
    while lab.store.prune(noon() + TimeDelta::days(9999), 100).unwrap().rows() > 0 {}
    assert_eq!(kept.map(|table| count(&lab.store, table)), before);
    assert_eq!(lab.store.check_history(&Against::default()).unwrap().fault_count, 0);
    assert_eq!(lab.store.outbox(minutes_later(60)).unwrap().len(), 1, "what waits is sent");
}

/// The next message about an alert is not taken for one that was sent before.
#[test]
fn a_later_message_keeps_its_number() {
    let lab = old(2);
    let bad = alert("pkg:npm/axios@1.0.0", Severity::High);
    let sequence = |store: &Store| {
        let (now, least) = (minutes_later(60), Severity::Info);
        let turn = Turn { now, due_by: now, least, fresh_first: false, served: Vec::new(), digests_only: false };
        let next = store.next_delivery("mail", &turn).unwrap()?;
        assert_eq!(next.alert.fingerprint, bad.fingerprint, "the severest");
        Some(next.sequence)
    };
    lab.store.prune(cutoff(), 100).unwrap();
    let worse = Record { now: minutes_later(3), ..alerted("pkg:npm/axios@1.0.0", Severity::Critical) };
    lab.store.record(&worse).unwrap();
    assert_eq!(sequence(&lab.store), Some(1));
}

/// A subscription is not told again of the members of a campaign.
#[test]
fn a_message_that_named_members_stays() {
    let lab = Lab::new();
    let members: Vec<ReleaseId> = ["pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0"].map(|purl| purl.parse().unwrap()).to_vec();
    let mut campaign = alert("publisher mallory", Severity::High);
    (campaign.kind, campaign.members) = (AlertKind::Campaign, members.clone());
    lab.store.record_alert(&campaign, &subscriptions(&["mail"]), noon()).unwrap();
    let delivery = lab.store.outbox(noon()).unwrap().remove(0);
    let accepted = Acceptance { detail: "250", thread: None, named: &members, left: &[] };
    lab.store.delivered_as(&delivery, noon(), &accepted).unwrap();
    assert_eq!(lab.store.prune(cutoff(), 100).unwrap().rows(), 0);
    assert_eq!(lab.store.told_members(&campaign.fingerprint, "mail").unwrap().len(), 2);
}

/// Some events with the time of a clock that was ahead do not stop the others from going.
#[test]
fn a_wrong_time_in_front_hides_nothing() {
    let lab = Lab::new();
    let page =
        |keys: std::ops::Range<i32>| keys.map(|key| event(&package("axios"), &key.to_string())).collect::<Vec<_>>();
    lab.store.take_page("npm-changes", "1", &page(0..3), noon() + TimeDelta::days(9999)).unwrap();
    lab.store.take_page("npm-changes", "2", &page(3..9), noon()).unwrap();
    while lab.store.prune(cutoff(), 4).unwrap().rows() > 0 {}
    assert_eq!(count(&lab.store, "events"), 3);
}

#[test]
fn a_step_is_done_or_not_done() {
    let done = old(6);
    done.store.prune(cutoff(), 4).unwrap();
    for (point, expected) in [(Point::BeforeCommit, dump(&old(6).store)), (Point::AfterCommit, dump(&done.store))] {
        let lab = old(6);
        lab.store.faults.order(point);
        lab.store.prune(cutoff(), 4).unwrap_err();
        assert_eq!(dump(&lab.store), expected, "{point:?}");
        assert_eq!(dump(&lab.after_kill().store), expected, "{point:?}, killed");
    }
}

/// Whoever was told of an alert is told what becomes of it, however late.
#[test]
fn whoever_was_told_of_an_alert_stays_known_until_it_is_resolved() {
    let lab = Lab::new();
    let bad = "pkg:npm/axios@1.0.0";
    lab.store.record(&alerted(bad, Severity::High)).unwrap();
    let send = |minutes| {
        for (number, delivery) in lab.store.outbox(minutes_later(minutes)).unwrap().into_iter().enumerate() {
            if delivery.subscription == "slack" && minutes == 2 && number > 0 {
                lab.store.give_up(&delivery, minutes_later(minutes), "404").unwrap();
            } else {
                lab.store.delivered(&delivery, minutes_later(minutes), "250").unwrap();
            }
        }
    };
    send(1);
    let worse = Record { now: minutes_later(2), ..alerted(bad, Severity::Critical) };
    lab.store.record(&worse).unwrap();
    send(2);
    let bad = alert(bad, Severity::High).fingerprint;
    let until = Some(later());
    let snooze = AlertAction { until, ..AlertAction::new(AlertStatus::Snoozed, "ada", "later", minutes_later(3)) };
    lab.store.act_on(&[bad], &snooze).unwrap();
    while lab.store.prune(cutoff(), 4).unwrap().rows() > 0 {}
    assert_eq!(count(&lab.store, "deliveries"), 2, "the last one that got through, for each");
    lab.store.open_what_ended(later()).unwrap();
    let told: Vec<_> = lab.store.outbox(later()).unwrap().into_iter().map(|delivery| delivery.subscription).collect();
    assert_eq!(told, ["mail", "slack"]);
    lab.store.resolve(&bad, "ada", "ours", later()).unwrap();
    while lab.store.prune(cutoff(), 4).unwrap().rows() > 0 {}
    assert_eq!(count(&lab.store, "deliveries"), 2, "those that wait");
}
