//! Tests of repetitions: one open alert tells of all releases that show its deviation.

use super::lab::{Lab, alert, alerted, dump, learned, learning, minutes_later, noon, package, release, repeating};
use crate::{
    model::{Alert, AlertStatus, Repeated, Severity, Signal},
    store::{AlertFilter, Record, record::Recorded},
};

const FIRST: &str = "pkg:npm/axios@1.14.1";
const SECOND: &str = "pkg:npm/axios@1.14.2";
const THIRD: &str = "pkg:npm/axios@1.14.3";

fn stored(lab: &Lab, purl: &str) -> Alert {
    lab.store.alert(&alert(purl, Severity::High).fingerprint).unwrap().unwrap()
}

/// A store in which the first release raised an alert that the second repeats.
fn repeated() -> Lab {
    let lab = Lab::new();
    lab.store.record(&alerted(FIRST, Severity::High)).unwrap();
    assert_eq!(lab.store.record(&repeating(SECOND, FIRST, Severity::High)).unwrap(), Recorded::default());
    lab
}

fn count(lab: &Lab, purl: &str) -> u64 {
    stored(lab, purl).repeated.map_or(0, |repeated| repeated.count)
}

/// One more look at the second release, by which it repeats nothing.
fn more(severity: Severity, change: impl FnOnce(&mut Signal)) -> Record {
    let mut record = alerted(SECOND, severity);
    change(&mut record.alert.as_mut().unwrap().signals[0]);
    record
}

#[test]
fn a_repetition_updates_the_open_alert_and_is_not_announced() {
    let lab = repeated();
    let mut third = repeating(THIRD, FIRST, Severity::Medium);
    third.alert.as_mut().unwrap().published_at = Some(minutes_later(9));
    lab.store.record(&third).unwrap();
    let expected = Repeated { count: 2, last_at: minutes_later(9), newest: release(THIRD) };
    let first = stored(&lab, FIRST);
    assert_eq!(
        (first.repeated.clone(), first.status, first.severity),
        (Some(expected), AlertStatus::Open, Severity::High)
    );
    assert_eq!(lab.store.outbox(noon()).unwrap().len(), 2, "of the first, for two subscriptions");
    assert_eq!(lab.store.outbox(noon()).unwrap()[0].alert, first, "a message that waits tells of all");
    assert_eq!(stored(&lab, THIRD).repeats, Some(first.id));
    let listed = |repetitions| lab.store.alerts(&AlertFilter { repetitions, ..AlertFilter::default() }).unwrap().len();
    assert_eq!((listed(true), listed(false)), (3, 1));
    let counted: u64 = lab.store.stats().unwrap().alerts.iter().map(|(.., count)| count).sum();
    assert_eq!(counted, 1);
    assert_eq!(lab.store.repeatable_alerts(&package("axios"), 9).unwrap(), [first]);
    let before = dump(&lab.store);
    assert_eq!(lab.store.record(&third).unwrap(), Recorded::default());
    assert_eq!(dump(&lab.store), before, "the same look again");
}

#[test]
fn another_look_at_the_first_release_keeps_the_count() {
    let lab = repeated();
    assert_eq!(lab.store.record(&alerted(FIRST, Severity::Critical)).unwrap().deliveries, 2, "it is worse");
    assert_eq!((count(&lab, FIRST), stored(&lab, FIRST).severity), (1, Severity::Critical));
}

#[test]
fn what_is_done_with_an_alert_is_done_with_its_repetitions() {
    let lab = repeated();
    let first = alert(FIRST, Severity::High).fingerprint;
    lab.store.record(&alerted("pkg:npm/vite@1.0.0", Severity::High)).unwrap();
    lab.store.acknowledge(&first, "alice", "on it", noon()).unwrap();
    lab.store.record(&repeating(THIRD, FIRST, Severity::High)).unwrap();
    let statuses = || [FIRST, SECOND, THIRD].map(|purl| stored(&lab, purl).status);
    assert_eq!((statuses(), count(&lab, FIRST)), ([AlertStatus::Acknowledged; 3], 2));
    lab.store.resolve(&first, "bob", "fixed", minutes_later(1)).unwrap();
    assert_eq!(statuses(), [AlertStatus::Resolved; 3]);
    let history = |purl| {
        let actions = lab.store.alert_actions(&stored(&lab, purl), 9).unwrap();
        actions.into_iter().map(|action| format!("{}: {}", action.by, action.reason)).collect::<Vec<_>>()
    };
    assert_eq!(history(SECOND), ["bob: fixed", "alice: on it"]);
    assert_eq!(history(THIRD)[0], "bob: fixed");
    assert!(history(THIRD)[1].starts_with("provwatch: it repeats"), "{:?}", history(THIRD));
    assert_eq!(stored(&lab, "pkg:npm/vite@1.0.0").status, AlertStatus::Open);
}

#[test]
fn what_repeats_no_open_alert_is_announced() {
    for (of, why) in [
        (THIRD, "not stored"),
        (SECOND, "itself a repetition"),
        ("pkg:npm/axios@1.14.4", "itself"),
        ("pkg:npm/vite@1.0.0", "of another package"),
        (FIRST, "resolved"),
    ] {
        let lab = repeated();
        lab.store.record(&alerted("pkg:npm/vite@1.0.0", Severity::High)).unwrap();
        if why == "resolved" {
            lab.store.resolve(&stored(&lab, FIRST).fingerprint, "bob", "fixed", noon()).unwrap();
        }
        let recorded = lab.store.record(&repeating("pkg:npm/axios@1.14.4", of, Severity::High)).unwrap();
        assert_eq!((recorded.new_alert, recorded.announced, recorded.deliveries), (true, true, 2), "{why}");
        assert_eq!((stored(&lab, "pkg:npm/axios@1.14.4").repeats, count(&lab, FIRST)), (None, 1), "{why}");
    }
}

#[test]
fn a_repetition_that_shows_more_is_announced_by_itself() {
    let changes: [(Record, bool); 4] = [
        (more(Severity::Critical, |_| {}), true),
        (more(Severity::High, |signal| signal.detector = "owner-changed".into()), true),
        (more(Severity::Medium, |signal| "no evidence".clone_into(&mut signal.seen)), false),
        (repeating(SECOND, FIRST, Severity::High), false),
    ];
    for (record, is_told) in changes {
        let lab = repeated();
        let recorded = lab.store.record(&record).unwrap();
        assert_eq!((recorded.announced, recorded.deliveries), (is_told, if is_told { 2 } else { 0 }));
        let second = stored(&lab, SECOND);
        assert_eq!((second.repeats.is_none(), count(&lab, FIRST)), (is_told, u64::from(!is_told)));
        assert_eq!(lab.store.record(&record).unwrap(), Recorded::default(), "told once");
        let again = lab.store.record(&repeating(SECOND, FIRST, Severity::High)).unwrap();
        assert_eq!((again, stored(&lab, SECOND).repeats.is_none()), (Recorded::default(), is_told), "as it is");
    }
}

#[test]
fn what_comes_after_a_repetition_was_resolved_opens_that_one() {
    let lab = repeated();
    lab.store.resolve(&stored(&lab, FIRST).fingerprint, "bob", "fixed", noon()).unwrap();
    assert_eq!(lab.store.record(&more(Severity::High, |_| {})).unwrap(), Recorded::default(), "the same again");
    let other = more(Severity::High, |signal| signal.detector = "owner-changed".into());
    assert_eq!(lab.store.record(&other).unwrap().deliveries, 2);
    let second = stored(&lab, SECOND);
    assert_eq!((second.status, second.repeats, second.signals.len()), (AlertStatus::Open, None, 2));
    assert_eq!((stored(&lab, FIRST).status, count(&lab, FIRST)), (AlertStatus::Resolved, 0));
}

#[test]
fn an_acceptance_that_is_taken_back_leaves_an_alert_of_its_own() {
    let lab = repeated();
    lab.store.record(&learned("pkg:npm/axios@1.14.0", 0)).unwrap();
    let (first, second) = (stored(&lab, FIRST).fingerprint, stored(&lab, SECOND).fingerprint);
    lab.store.acknowledge(&first, "alice", "on it", noon()).unwrap();
    lab.store.take_back(&learning(1, &[SECOND]), &second, "alice", "it was not", minutes_later(1)).unwrap();
    assert_eq!((stored(&lab, SECOND).status, stored(&lab, SECOND).repeats), (AlertStatus::Open, None));
    assert_eq!((stored(&lab, FIRST).status, count(&lab, FIRST)), (AlertStatus::Acknowledged, 0));
}
