//! Tests of alerts: announcements, repetitions, and reopening.

use super::lab::{Lab, alert, alerted, dump, minutes_later, noon, package, stale_source, subscriptions};
use crate::{
    model::{Alert, AlertKind, AlertStatus, Confidence, Severity, Signal},
    store::{AlertFilter, Delivery, DeliveryStatus, Record, StoreError, Turn, record::Recorded},
};

const BAD: &str = "pkg:npm/axios@1.14.1";

fn due(lab: &Lab, minutes: i64) -> Vec<Delivery> {
    lab.store.outbox(minutes_later(minutes)).unwrap()
}

#[test]
fn one_delivery_for_each_subscription() {
    let lab = Lab::new();
    lab.store.record(&alerted(BAD, Severity::High)).unwrap();
    let due = due(&lab, 0);
    assert_eq!(due.iter().map(|delivery| &*delivery.subscription).collect::<Vec<_>>(), ["mail", "slack"]);
    assert_eq!(due[0].alert, alert(BAD, Severity::High));
    assert_ne!(due[0].idempotency_key, due[1].idempotency_key);
    assert_eq!(due[0].idempotency_key.len(), 32);
}

#[test]
fn an_alert_is_announced_again_only_when_it_gets_worse_than_ever() {
    let lab = Lab::new();
    let mut worst = Severity::Info;
    for (severity, deliveries) in [
        (Severity::Medium, 2),
        (Severity::High, 2),
        (Severity::Low, 0),
        (Severity::High, 0),
        (Severity::Critical, 2),
        (Severity::Critical, 0),
    ] {
        let recorded = lab.store.record(&alerted(BAD, severity)).unwrap();
        assert_eq!(recorded.deliveries, deliveries, "{severity}");
        worst = worst.max(severity);
        let stored = lab.store.alerts(&AlertFilter::default()).unwrap().remove(0);
        assert_eq!(stored.severity, worst, "another look takes nothing back");
    }
    assert_eq!(due(&lab, 0).len(), 6);
}

#[test]
fn new_signals_update_an_alert_but_not_what_was_done_with_it() {
    let lab = Lab::new();
    lab.store.record(&alerted(BAD, Severity::High)).unwrap();
    let it = alert(BAD, Severity::High).fingerprint;
    lab.store.acknowledge(&it, "alice", "on it", noon()).unwrap();
    let mut more = alerted(BAD, Severity::High);
    let changed = more.alert.as_mut().unwrap();
    changed.raised_at = minutes_later(9);
    changed.signals.push(changed.signals[0].clone());
    assert_eq!(lab.store.record(&more).unwrap(), Recorded::default());
    let stored = lab.store.alert(&it).unwrap().unwrap();
    assert_eq!((stored.status, stored.raised_at, stored.signals.len()), (AlertStatus::Acknowledged, noon(), 2));
}

#[test]
fn another_look_loses_no_signal() {
    let lab = Lab::new();
    lab.store.record(&alerted(BAD, Severity::High)).unwrap();
    let mut other = alerted(BAD, Severity::High);
    other.alert.as_mut().unwrap().signals[0].detector = "repository-changed".into();
    lab.store.record(&other).unwrap();
    let stored = lab.store.alerts(&AlertFilter::default()).unwrap().remove(0);
    let said: Vec<_> = stored.signals.iter().map(|signal| signal.detector.as_ref()).collect();
    assert_eq!(said, ["repository-changed", &*alert(BAD, Severity::High).signals[0].detector]);
}

#[test]
fn what_nobody_knew_when_an_alert_was_resolved_opens_it_again() {
    let lab = Lab::new();
    lab.store.record(&alerted(BAD, Severity::High)).unwrap();
    let it = alert(BAD, Severity::High).fingerprint;
    lab.store.resolve(&it, "alice", "it was honest", noon()).unwrap();
    assert_eq!(lab.store.record(&alerted(BAD, Severity::Medium)).unwrap().deliveries, 0);
    assert_eq!(lab.store.alert(&it).unwrap().unwrap().status, AlertStatus::Resolved);
    let mut more = alerted(BAD, Severity::Medium);
    let file = Signal { detector: "file-late".into(), ..more.alert.as_ref().unwrap().signals[0].clone() };
    more.alert.as_mut().unwrap().signals = vec![Signal { severity: Severity::Medium, ..file }];
    assert_eq!(lab.store.record(&more).unwrap().deliveries, 2);
    let stored = lab.store.alert(&it).unwrap().unwrap();
    assert_eq!((stored.status, stored.severity, stored.signals.len()), (AlertStatus::Open, Severity::High, 2));
}

/// The record of a release with one signal.
fn saying(detector: &'static str, severity: Severity, seen: &str) -> Record {
    let mut record = alerted(BAD, severity);
    let signal = &mut record.alert.as_mut().unwrap().signals[0];
    (signal.detector, signal.seen) = (detector.into(), seen.to_owned());
    record
}

#[test]
fn whoever_dealt_with_one_thing_is_told_of_the_next() {
    for (detector, severity, next, told) in [
        ("publisher-changed", Severity::High, "eve", true),
        ("publisher-changed", Severity::High, "bob with b@x.example", false),
        ("publisher-changed", Severity::Low, "eve", false),
        ("package-burst", Severity::High, "9 packages", false),
        ("file-late", Severity::Low, "b.whl", true),
        ("file-replaced", Severity::Critical, "a.tgz with SHA-512 22", true),
    ] {
        for status in [AlertStatus::Acknowledged, AlertStatus::Resolved] {
            let lab = Lab::new();
            let it = alert(BAD, severity).fingerprint;
            lab.store.record(&saying(detector, severity, "bob")).unwrap();
            match status {
                AlertStatus::Resolved => lab.store.resolve(&it, "alice", "ours", noon()).unwrap(),
                _ => lab.store.acknowledge(&it, "alice", "ours", noon()).unwrap(),
            };
            let again = lab.store.record(&saying(detector, severity, "bob")).unwrap();
            assert_eq!(again.deliveries, 0, "{detector}: the same again");
            let more = saying(detector, severity, next);
            let deliveries = lab.store.record(&more).unwrap().deliveries;
            assert_eq!(deliveries, if told { 2 } else { 0 }, "{detector} {severity} {next}");
            assert_eq!(lab.store.record(&more).unwrap().deliveries, 0, "{detector}: told once");
            let stored = lab.store.alert(&it).unwrap().unwrap();
            assert_eq!(stored.status, if told { AlertStatus::Open } else { status }, "{detector} {next}");
        }
    }
}

#[test]
fn a_second_incident_is_told_though_the_first_is_open() {
    let lab = Lab::new();
    for (seen, deliveries) in [("a 11", 2), ("a 22", 2), ("a 22", 0), ("a 33", 2), ("a 11", 0)] {
        let recorded = lab.store.record(&saying("file-replaced", Severity::Critical, seen)).unwrap();
        assert_eq!(recorded.deliveries, deliveries, "{seen}");
    }
    let stored = lab.store.alerts(&AlertFilter::default()).unwrap().remove(0);
    assert_eq!(stored.signals.len(), 3, "every one is kept");
}

#[test]
fn alerts_are_filtered() {
    let lab = Lab::new();
    lab.store.record(&alerted(BAD, Severity::High)).unwrap();
    lab.store.record(&alerted("pkg:npm/vite@1.0.0", Severity::Low)).unwrap();
    lab.store.record_alert(&stale_source(), &[], noon()).unwrap();
    let count = |filter: AlertFilter| lab.store.alerts(&filter).unwrap().len();
    let all = AlertFilter::default;
    assert_eq!(count(all()), 3);
    assert_eq!(count(AlertFilter { limit: 2, ..all() }), 2);
    assert_eq!(count(AlertFilter { min_severity: Some(Severity::Medium), ..all() }), 2);
    assert_eq!(count(AlertFilter { package: Some(package("vite")), ..all() }), 1);
    assert_eq!(count(AlertFilter { status: Some(AlertStatus::Resolved), ..all() }), 0);
    let stats = lab.store.stats().unwrap();
    assert_eq!(
        stats.alerts.iter().map(|(_, severity, n)| (*severity, *n)).collect::<Vec<_>>(),
        [(Severity::High, 1), (Severity::Medium, 1), (Severity::Low, 1)]
    );
}

#[test]
fn an_acknowledgement_is_kept_once() {
    let lab = Lab::new();
    lab.store.record(&alerted(BAD, Severity::High)).unwrap();
    let it = alert(BAD, Severity::High).fingerprint;
    assert!(lab.store.acknowledge(&stale_source().fingerprint, "alice", "", noon()).unwrap().is_none());
    for _ in 0..2 {
        let acknowledged = lab.store.acknowledge(&it, "alice", "planned", noon()).unwrap().unwrap();
        assert_eq!(acknowledged.status, AlertStatus::Acknowledged);
    }
    lab.store.resolve(&it, "bob", "fixed", minutes_later(1)).unwrap();
    let actions = lab.store.alert_actions(&alert(BAD, Severity::High), 10).unwrap();
    assert_eq!(actions.iter().map(|action| &*action.by).collect::<Vec<_>>(), ["bob", "alice"]);
}

#[test]
fn a_condition_that_comes_back_is_announced_again() {
    let lab = Lab::new();
    let mail = subscriptions(&["mail"]);
    let raise = |minutes| {
        let stale = Alert { raised_at: minutes_later(minutes), ..stale_source() };
        lab.store.record_alert(&stale, &mail, minutes_later(minutes)).unwrap().deliveries
    };
    assert_eq!((raise(0), raise(1)), (1, 0));
    lab.store.resolve(&stale_source().fingerprint, "provwatch", "it answers again", minutes_later(2)).unwrap();
    assert_eq!((raise(3), raise(4)), (1, 0));
    let alert = lab.store.alert(&stale_source().fingerprint).unwrap().unwrap();
    assert_eq!(
        (alert.status, alert.raised_at, alert.kind),
        (AlertStatus::Open, minutes_later(3), AlertKind::Operation)
    );
    assert_eq!(due(&lab, 9).len(), 2);
}

#[test]
fn a_resolved_release_does_not_come_back_by_itself() {
    let lab = Lab::new();
    lab.store.record(&alerted(BAD, Severity::High)).unwrap();
    lab.store.resolve(&alert(BAD, Severity::High).fingerprint, "bob", "revoked", noon()).unwrap();
    assert_eq!(lab.store.record(&alerted(BAD, Severity::High)).unwrap(), Recorded::default());
    assert_eq!(lab.store.alerts(&AlertFilter::default()).unwrap()[0].status, AlertStatus::Resolved);
}

#[test]
fn attempts_are_rows() {
    let lab = Lab::new();
    lab.store.record(&alerted(BAD, Severity::High)).unwrap();
    let mail = due(&lab, 0).remove(0);
    assert!(lab.store.retry_delivery(&mail, noon(), minutes_later(5), "451 try later").unwrap());
    assert!(!lab.store.retry_delivery(&mail, noon(), minutes_later(5), "451 try later").unwrap(), "reported before");
    assert_eq!(due(&lab, 4).len(), 1, "only slack");
    let lab = lab.restarted();
    let mail = due(&lab, 5).into_iter().find(|delivery| delivery.subscription == "mail").unwrap();
    assert_eq!(mail.attempts, 1);
    assert!(lab.store.delivered(&mail, minutes_later(5), "250 ok").unwrap());
    assert!(!lab.store.give_up(&mail, minutes_later(5), "late").unwrap(), "it is delivered");
    let slack = due(&lab, 5).remove(0);
    assert!(lab.store.give_up(&slack, minutes_later(6), "404").unwrap());
    let rows: Vec<_> = dump(&lab.store).lines().filter(|row| row.starts_with("attempts:")).map(str::to_owned).collect();
    assert_eq!(rows.len(), 3, "{rows:#?}");
    let states = lab.store.deliveries_of(&alert(BAD, Severity::High), 10).unwrap();
    let states: Vec<_> = states.iter().map(|state| (state.state, state.attempts, state.detail.as_deref())).collect();
    assert_eq!(states, [(DeliveryStatus::Failed, 1, Some("404")), (DeliveryStatus::Delivered, 2, Some("250 ok"))]);
    let summary = lab.store.delivery_summary().unwrap();
    assert_eq!((summary[0].pending, summary[0].failed, summary[0].last_success), (0, 0, Some(minutes_later(5))));
    assert_eq!((summary[1].pending, summary[1].failed, summary[1].last_success), (0, 1, None));
    assert_eq!((summary[0].last_failure, summary[1].last_failure), (None, Some(minutes_later(6))));
}

#[test]
fn an_alert_that_could_not_be_read_back_does_not_get_into_the_outbox() {
    let lab = Lab::new();
    let members = vec![package("axios").at("9".repeat(5000))];
    let odd = Alert { members, ..alert(BAD, Severity::High) };
    let error = lab.store.record_alert(&odd, &subscriptions(&["mail"]), noon()).unwrap_err();
    assert!(matches!(error, StoreError::Unstorable { .. }), "{error:?}");
    assert!(due(&lab, 9).is_empty());
}

/// A campaign with this many of the first releases of a package.
fn campaign_of(members: usize, severity: Severity) -> Alert {
    let members = (0..members).map(|number| package("axios").at(format!("1.0.{number}"))).collect();
    let (kind, title) = (AlertKind::Campaign, "many releases".to_owned());
    Alert { members, ..Alert::about(kind, "a campaign", severity, Confidence::High, title, noon()) }
}

#[test]
fn a_campaign_loses_no_member_and_knows_whom_it_told_of_which() {
    let lab = Lab::new();
    let mail = subscriptions(&["mail"]);
    lab.store.record_alert(&campaign_of(3, Severity::High), &mail, noon()).unwrap();
    let mut later = campaign_of(5, Severity::High);
    later.members.drain(..2);
    let fingerprint = &later.fingerprint;
    let turn = |minutes| {
        let now = minutes_later(minutes);
        Turn { now, due_by: now, least: Severity::Info, digests_only: false, fresh_first: false, served: Vec::new() }
    };
    let first = lab.store.next_delivery("mail", &turn(0)).unwrap().unwrap();
    lab.store.delivered(&first, noon(), "ok").unwrap();
    assert_eq!(lab.store.told_members(fingerprint, "mail").unwrap().len(), 3);
    lab.store.record_alert(&later, &mail, noon()).unwrap();
    assert!(lab.store.next_delivery("mail", &turn(0)).unwrap().is_none(), "what joins soon stands in it too");
    let second = lab.store.next_delivery("mail", &turn(1)).unwrap().unwrap();
    assert_eq!(second.alert.members.len(), 5);
    assert_eq!(lab.store.campaign_members(fingerprint).unwrap().len(), 5);
    let newest = package("axios").at("1.0.4");
    let tellings = |member| lab.store.tellings_of(member, 10).unwrap();
    assert_eq!(tellings(&newest)[0].state, DeliveryStatus::Pending);
    lab.store.delivered(&second, minutes_later(1), "ok").unwrap();
    assert_eq!(tellings(&newest)[0].settled_at, Some(minutes_later(1)));
    assert_eq!(tellings(&package("axios").at("1.0.0"))[0].settled_at, Some(noon()), "it was told by the first");
    assert_eq!(lab.store.campaigns_of(&newest).unwrap(), std::slice::from_ref(fingerprint));
    assert_eq!(lab.store.members_of_full_campaigns(5).unwrap().len(), 5);
    assert!(lab.store.members_of_full_campaigns(6).unwrap().is_empty());
}

#[test]
fn a_campaign_that_becomes_worse_before_it_is_sent_is_one_message() {
    let lab = Lab::new();
    let mail = subscriptions(&["mail"]);
    lab.store.record_alert(&campaign_of(2, Severity::High), &mail, noon()).unwrap();
    let on_its_way = due(&lab, 0).remove(0);
    lab.store.record_alert(&campaign_of(3, Severity::Critical), &mail, noon()).unwrap();
    assert_eq!(due(&lab, 0).len(), 1);
    lab.store.delivered(&on_its_way, noon(), "ok").unwrap();
    assert_eq!(due(&lab, 1)[0].alert.severity, Severity::Critical, "what was said of it was milder");
}
