//! Tests of the life cycle of alerts: who does what with them, and what provwatch does itself.

use std::thread;

use chrono::{DateTime, TimeDelta, Utc};

use super::lab::{Lab, alert, alerted, minutes_later, noon, package, release, stale_source, subscriptions};
use crate::{
    model::{
        Alert, AlertAction, AlertKind, AlertStatus, Confidence, Fingerprint, InvalidAction, Resolution, Severity,
        Signal,
    },
    store::{ActionOutcome, AlertFilter, Record, Store, StoreError},
};
use AlertStatus::{Acknowledged, Open, Resolved, Snoozed};

pub const BAD: &str = "pkg:npm/axios@1.14.1";

pub fn it() -> Fingerprint {
    Fingerprint::of_release(&release(BAD))
}

/// A lab with one alert about a release.
pub fn lab() -> Lab {
    let lab = Lab::new();
    lab.store.record(&alerted(BAD, Severity::High)).unwrap();
    lab
}

pub fn action(status: AlertStatus, by: &str, minutes: i64) -> AlertAction {
    let until = (status == Snoozed).then(|| minutes_later(minutes + 60));
    AlertAction { until, ..AlertAction::new(status, by, "because", minutes_later(minutes)) }
}

pub fn stored(lab: &Lab) -> Alert {
    lab.store.alert(&it()).unwrap().unwrap()
}

fn history(lab: &Lab) -> Vec<(AlertStatus, String)> {
    let actions = lab.store.alert_actions(&stored(lab), 99).unwrap();
    actions.into_iter().rev().map(|action| (action.status, action.by)).collect()
}

/// Sends everything that is due. Returns the subscriptions, in order.
pub fn send(lab: &Lab, at: DateTime<Utc>) -> Vec<String> {
    let mut sent = Vec::new();
    for delivery in lab.store.outbox(at).unwrap() {
        assert!(lab.store.delivered(&delivery, at, "ok").unwrap());
        sent.push(delivery.subscription);
    }
    sent
}

#[test]
fn every_action_on_every_status() {
    use ActionOutcome::{Added, Changed, Refused, Unchanged};
    for (before, then, outcome, after) in [
        (Open, Acknowledged, Changed, Acknowledged),
        (Open, Snoozed, Changed, Snoozed),
        (Open, Resolved, Changed, Resolved),
        (Open, Open, Unchanged, Open),
        (Acknowledged, Acknowledged, Added, Acknowledged),
        (Acknowledged, Snoozed, Changed, Snoozed),
        (Acknowledged, Resolved, Changed, Resolved),
        (Acknowledged, Open, Changed, Open),
        (Snoozed, Acknowledged, Changed, Acknowledged),
        (Snoozed, Snoozed, Added, Snoozed),
        (Snoozed, Resolved, Changed, Resolved),
        (Snoozed, Open, Changed, Open),
        (Resolved, Acknowledged, Refused, Resolved),
        (Resolved, Snoozed, Refused, Resolved),
        (Resolved, Resolved, Added, Resolved),
        (Resolved, Open, Changed, Open),
    ] {
        let lab = lab();
        lab.store.act_on(&[it()], &action(before, "ada", 0)).unwrap();
        let acted = lab.store.act_on(&[it()], &action(then, "bob", 1)).unwrap().remove(0);
        assert_eq!((acted.before, acted.outcome, acted.alert.status), (before, outcome, after), "{before:?} {then:?}");
        assert_eq!(stored(&lab), acted.alert, "{before:?} {then:?}");
        let mut expected = Vec::new();
        expected.extend((before != Open).then(|| (before, "ada".to_owned())));
        expected.extend(matches!(outcome, Added | Changed).then(|| (then, "bob".to_owned())));
        assert_eq!(history(&lab), expected, "{before:?} {then:?}");
        let again = lab.store.act_on(&[it()], &action(then, "bob", 1)).unwrap().remove(0);
        assert!(matches!(again.outcome, Unchanged | Refused), "a command that is repeated does nothing: {again:?}");
    }
}

#[test]
fn of_two_people_at_once_both_are_in_the_history() {
    let lab = lab();
    let path = lab.path();
    let acknowledge = &|by: &str| {
        let store = Store::open(&path).unwrap();
        store.act_on(&[it()], &action(Acknowledged, by, 0)).unwrap().remove(0).outcome
    };
    let people = ["ada", "bob", "eve", "joe"];
    let outcomes: Vec<ActionOutcome> = thread::scope(|scope| {
        let threads = people.map(|by| scope.spawn(move || acknowledge(by)));
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let changed = outcomes.iter().filter(|outcome| **outcome == ActionOutcome::Changed).count();
    assert_eq!((changed, outcomes.len()), (1, 4), "one was first: {outcomes:?}");
    let mut by: Vec<String> = history(&lab).into_iter().map(|(_, by)| by).collect();
    let last = by.last().cloned().unwrap();
    by.sort();
    assert_eq!(by, people);
    assert_eq!(stored(&lab).handling.unwrap().by, last, "the last one handles it");
}

#[test]
fn an_action_that_cannot_be_changes_nothing() {
    let lab = lab();
    lab.store.record(&alerted("pkg:npm/vite@1.0.0", Severity::High)).unwrap();
    let other = Fingerprint::of_release(&release("pkg:npm/vite@1.0.0"));
    let resolve = |category, duplicate_of| AlertAction { category, duplicate_of, ..action(Resolved, "ada", 0) };
    let until = |days| AlertAction { until: Some(noon() + TimeDelta::days(days)), ..action(Snoozed, "ada", 0) };
    let duplicate = Some(Resolution::Duplicate);
    for (action, said) in [
        (until(-1), InvalidAction::Past),
        (until(0), InvalidAction::Past),
        (until(367), InvalidAction::TooFar),
        (AlertAction { until: None, ..until(1) }, InvalidAction::End),
        (resolve(duplicate, None), InvalidAction::Other),
        (resolve(Some(Resolution::Expected), Some(other)), InvalidAction::Other),
        (resolve(duplicate, Some(it())), InvalidAction::Itself),
        (resolve(duplicate, Some(stale_source().fingerprint)), InvalidAction::NoOther),
    ] {
        // The other alert comes first, so that it would be changed.
        let error = lab.store.act_on(&[it()], &action).unwrap_err();
        assert!(matches!(&error, StoreError::Action(invalid) if *invalid == said), "{action:?}: {error}");
        assert_eq!((stored(&lab).status, history(&lab).len()), (Open, 0), "{action:?}");
    }
    let both = lab.store.act_on(&[other, it()], &resolve(duplicate, Some(it())));
    assert!(both.is_err() && lab.store.alert(&other).unwrap().unwrap().status == Open, "all of them or none");
    lab.store.act_on(&[it()], &resolve(duplicate, Some(other))).unwrap();
    let error = lab.store.act_on(&[other], &resolve(duplicate, Some(it()))).unwrap_err();
    assert!(matches!(error, StoreError::Action(InvalidAction::OfDuplicate)), "not in a circle: {error}");
    assert!(lab.store.act_on(&[stale_source().fingerprint], &action(Resolved, "ada", 0)).unwrap().is_empty());
}

#[test]
fn what_was_put_off_is_open_again_in_lists_and_by_the_daemon() {
    for status in [Acknowledged, Snoozed] {
        let lab = lab();
        send(&lab, noon());
        let until = Some(minutes_later(60));
        lab.store.act_on(&[it()], &AlertAction { until, ..action(status, "ada", 0) }).unwrap();
        let count = |status, minutes| {
            let by_clock = Some(minutes_later(minutes));
            lab.store.alerts(&AlertFilter { status: Some(status), by_clock, ..AlertFilter::default() }).unwrap().len()
        };
        assert_eq!([59, 60].map(|minutes| (count(status, minutes), count(Open, minutes))), [(1, 0), (0, 1)]);
        assert_eq!(lab.store.open_what_ended(minutes_later(59)).unwrap(), 0);
        assert_eq!(lab.store.open_what_ended(minutes_later(61)).unwrap(), 1);
        assert_eq!(lab.store.open_what_ended(minutes_later(62)).unwrap(), 0, "once");
        let alert = stored(&lab);
        let reason = alert.handling.as_ref().unwrap().reason.clone();
        let ended =
            if status == Snoozed { "the snooze by ada has ended" } else { "the acknowledgement by ada has lapsed" };
        assert_eq!((alert.status, &*reason), (Open, ended));
        assert_eq!(history(&lab).last().unwrap(), &(Open, "provwatch".to_owned()));
        assert_eq!(send(&lab, minutes_later(61)), ["mail", "slack"], "whoever was told is told");
    }
}

#[test]
fn the_latest_end_counts() {
    let lab = lab();
    let until = |minutes| AlertAction { until: Some(minutes_later(minutes)), ..action(Snoozed, "ada", 0) };
    for minutes in [10, 90] {
        lab.store.act_on(&[it()], &until(minutes)).unwrap();
    }
    assert_eq!(lab.store.open_what_ended(minutes_later(20)).unwrap(), 0);
    lab.store.act_on(&[it()], &action(Resolved, "ada", 21)).unwrap();
    assert_eq!(lab.store.open_what_ended(minutes_later(100)).unwrap(), 0, "a resolved alert has no end");
}

/// A record of the release with one signal.
fn showing(detector: &'static str, severity: Severity, alert_severity: Severity) -> Record {
    let mut record = alerted(BAD, alert_severity);
    let signal: &mut Signal = &mut record.alert.as_mut().unwrap().signals[0];
    (signal.detector, signal.severity) = (detector.into(), severity);
    record
}

#[test]
fn new_evidence_opens_an_alert_again() {
    use Severity::{Critical, High, Low};
    for (status, detector, severity, of_alert, opens) in [
        (Acknowledged, "evidence-downgrade", High, High, false),
        (Acknowledged, "evidence-downgrade", High, Critical, true),
        (Acknowledged, "odd-hours", Low, High, false),
        (Acknowledged, "workflow-changed", High, High, true),
        (Snoozed, "evidence-downgrade", High, High, false),
        (Snoozed, "evidence-downgrade", High, Critical, true),
        (Snoozed, "odd-hours", Low, High, true),
        (Snoozed, "workflow-changed", High, High, true),
        (Resolved, "evidence-downgrade", High, High, false),
        (Resolved, "evidence-downgrade", High, Critical, true),
        (Resolved, "odd-hours", Low, High, true),
    ] {
        let lab = lab();
        lab.store.act_on(&[it()], &action(status, "ada", 0)).unwrap();
        let recorded = lab.store.record(&showing(detector, severity, of_alert)).unwrap();
        let expected = if opens { Open } else { status };
        assert_eq!((stored(&lab).status, recorded.announced), (expected, opens), "{status:?} {detector} {of_alert}");
        let by = stored(&lab).handling.unwrap().by;
        assert_eq!(by, if opens { "provwatch" } else { "ada" }, "{status:?} {detector}");
        assert_eq!(lab.store.open_what_ended(minutes_later(99)).unwrap(), usize::from(!opens && status == Snoozed));
    }
}

#[test]
fn a_snoozed_condition_stays_snoozed_until_it_gets_worse() {
    let lab = Lab::new();
    let raise = |severity| {
        let alert = Alert { severity, ..stale_source() };
        lab.store.record_alert(&alert, &subscriptions(&["mail"]), noon()).unwrap();
        lab.store.alert(&alert.fingerprint).unwrap().unwrap().status
    };
    raise(Severity::Medium);
    lab.store.act_on(&[stale_source().fingerprint], &action(Snoozed, "ada", 0)).unwrap();
    assert_eq!([Severity::Medium, Severity::Low, Severity::High].map(raise), [Snoozed, Snoozed, Open]);
}

#[test]
fn a_condition_that_ended_is_resolved_and_an_alert_about_releases_is_not() {
    let lab = lab();
    let campaign = Alert::about(AlertKind::Campaign, "c", Severity::High, Confidence::High, "c".to_owned(), noon());
    let log = Alert::about(AlertKind::Log, "l", Severity::High, Confidence::High, "l".to_owned(), noon());
    let mail = subscriptions(&["mail"]);
    for alert in [&campaign, &log, &stale_source()] {
        lab.store.record_alert(alert, &mail, noon()).unwrap();
    }
    assert_eq!(send(&lab, noon()).len(), 5);
    for (fingerprint, ends) in
        [(it(), false), (campaign.fingerprint, false), (log.fingerprint, true), (stale_source().fingerprint, true)]
    {
        assert_eq!(lab.store.condition_ended(&fingerprint, "it is over", minutes_later(5)).unwrap(), ends);
        let alert = lab.store.alert(&fingerprint).unwrap().unwrap();
        assert_eq!(alert.status, if ends { Resolved } else { Open });
        let told = send(&lab, minutes_later(5));
        assert_eq!(told, if ends { vec!["mail".to_owned()] } else { Vec::new() }, "whoever was told is told");
        assert!(!lab.store.condition_ended(&fingerprint, "it is over", minutes_later(6)).unwrap(), "once");
        assert!(send(&lab, minutes_later(6)).is_empty());
    }
    let handling = lab.store.alert(&log.fingerprint).unwrap().unwrap().handling.unwrap();
    assert_eq!((&*handling.by, &*handling.reason, handling.category), ("provwatch", "it is over", None));
    assert!(!lab.store.condition_ended(&Fingerprint::of(AlertKind::Log, "none"), "x", noon()).unwrap());
}

#[test]
fn what_was_not_told_yet_is_told_with_its_end_in_one_message() {
    let lab = Lab::new();
    lab.store.record_alert(&stale_source(), &subscriptions(&["mail"]), noon()).unwrap();
    lab.store.condition_ended(&stale_source().fingerprint, "it is over", minutes_later(1)).unwrap();
    let due = lab.store.outbox(minutes_later(2)).unwrap();
    assert_eq!(due.iter().map(|delivery| delivery.alert.status).collect::<Vec<_>>(), [Resolved]);
}

#[test]
fn a_campaign_that_grows_is_open_again_as_its_status_says() {
    for (status, opens) in [(Acknowledged, false), (Snoozed, true), (Resolved, true)] {
        let lab = Lab::new();
        let of = |members: &[&str]| Alert {
            members: members.iter().map(|member| release(member)).collect(),
            ..Alert::about(AlertKind::Campaign, "c", Severity::High, Confidence::High, "c".to_owned(), noon())
        };
        let campaign = of(&["pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0"]);
        lab.store.record_alert(&campaign, &subscriptions(&["mail"]), noon()).unwrap();
        lab.store.act_on(&[campaign.fingerprint], &action(status, "ada", 0)).unwrap();
        let grown = of(&["pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0", "pkg:npm/c@1.0.0"]);
        assert!(lab.store.record_alert(&grown, &subscriptions(&["mail"]), noon()).unwrap().announced);
        let after = lab.store.alert(&campaign.fingerprint).unwrap().unwrap().status;
        assert_eq!(after, if opens { Open } else { status });
    }
}

#[test]
fn repetitions_follow_and_end_with_their_alert() {
    let lab = lab();
    let repeat = "pkg:npm/axios@1.14.2";
    lab.store.record(&super::lab::repeating(repeat, BAD, Severity::High)).unwrap();
    let status = |lab: &Lab| {
        let repetition = lab.store.alert(&Fingerprint::of_release(&release(repeat))).unwrap().unwrap();
        (repetition.status, repetition.repeats.is_some())
    };
    for (then, minutes) in [(Snoozed, 1), (Resolved, 2), (Open, 3), (Snoozed, 4)] {
        lab.store.act_on(&[it()], &action(then, "ada", minutes)).unwrap();
        assert_eq!(status(&lab), (then, true));
    }
    send(&lab, minutes_later(5));
    assert!(lab.store.open_what_ended(minutes_later(100)).unwrap() >= 1);
    assert_eq!((status(&lab), stored(&lab).status), ((Open, true), Open));
    assert_eq!(send(&lab, minutes_later(100)), ["mail", "slack"], "a repetition is not told");
}

#[test]
fn alerts_are_listed_by_every_filter() {
    let lab = lab();
    let mut low = showing("odd-hours", Severity::Low, Severity::Low);
    let purl = "pkg:npm/vite@1.0.0";
    low.subject = super::lab::alerted(purl, Severity::Low).subject;
    let other = alert(purl, Severity::Low);
    let signals = low.alert.take().unwrap().signals;
    low.alert = Some(Alert { signals, raised_at: minutes_later(30), ..other });
    lab.store.record(&low).unwrap();
    lab.store.record_alert(&Alert { raised_at: minutes_later(60), ..stale_source() }, &[], noon()).unwrap();
    let titles = |filter: AlertFilter| -> Vec<String> {
        lab.store.alerts(&filter).unwrap().into_iter().map(|alert| alert.title).collect()
    };
    let all = AlertFilter::default;
    let [axios, vite, source] = [BAD, purl, "npm-changes"].map(|subject| format!("{subject} is unusual"));
    let detector = |name: &str| Some(name.to_owned());
    for (filter, expected) in [
        (all(), vec![&source, &vite, &axios]),
        (AlertFilter { limit: 2, ..all() }, vec![&source, &vite]),
        (AlertFilter { kind: Some(AlertKind::Release), ..all() }, vec![&vite, &axios]),
        (AlertFilter { kind: Some(AlertKind::Log), ..all() }, vec![]),
        (AlertFilter { detector: detector("odd-hours"), ..all() }, vec![&vite]),
        (AlertFilter { detector: detector("odd"), ..all() }, vec![]),
        (AlertFilter { detector: detector("odd%"), ..all() }, vec![]),
        (AlertFilter { detector: detector("odd_hours"), ..all() }, vec![]),
        (AlertFilter { detector: detector("' OR 1=1 --"), ..all() }, vec![]),
        (AlertFilter { detector: detector("\\"), ..all() }, vec![]),
        (AlertFilter { raised_before: Some(minutes_later(30)), ..all() }, vec![&axios]),
        (AlertFilter { package: Some(package("axios")), min_severity: Some(Severity::Low), ..all() }, vec![&axios]),
        (AlertFilter { stale_by: Some(minutes_later(9_999_999)), ..all() }, vec![]),
    ] {
        assert_eq!(titles(filter.clone()).iter().collect::<Vec<_>>(), expected, "{filter:?}");
    }
    lab.store.acknowledge(&it(), "ada", "on it", noon()).unwrap();
    let stale = |days| titles(AlertFilter { stale_by: Some(noon() + TimeDelta::days(days)), ..all() }).len();
    assert_eq!([6, 7, 8].map(stale), [0, 0, 1]);
}

#[test]
fn alerts_are_counted_with_the_time_that_people_took() {
    let lab = lab();
    lab.store.record(&super::lab::repeating("pkg:npm/axios@1.14.2", BAD, Severity::High)).unwrap();
    lab.store.record_alert(&stale_source(), &[], noon()).unwrap();
    lab.store.acknowledge(&it(), "ada", "on it", minutes_later(4)).unwrap();
    lab.store.acknowledge(&it(), "bob", "me too", minutes_later(5)).unwrap();
    let resolved = AlertAction { category: Some(Resolution::FalsePositive), ..action(Resolved, "ada", 30) };
    lab.store.act_on(&[it()], &resolved).unwrap();
    lab.store.condition_ended(&stale_source().fingerprint, "over", minutes_later(10)).unwrap();
    let stats = lab.store.alert_stats(None, minutes_later(60)).unwrap();
    assert_eq!(stats.raised, 2, "a repetition does not count");
    assert_eq!(stats.categories, [(None, 1), (Some(Resolution::FalsePositive), 1)]);
    let high = &stats.severities[0];
    assert_eq!((high.severity, high.raised, high.resolved, high.open), (Severity::High, 1, 1, 0));
    assert_eq!((high.to_acknowledge.median_seconds, high.to_resolve.median_seconds), (Some(240), Some(1_800)));
    let [counted] = &stats.detectors[..] else { panic!("{stats:?}") };
    assert_eq!((&*counted.detector, counted.raised, counted.false_positive), ("evidence-downgrade", 2, 1));
    assert_eq!(lab.store.alert_stats(Some(minutes_later(1)), minutes_later(60)).unwrap().raised, 0);
}
