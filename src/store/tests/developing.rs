//! Tests of what becomes of a release after its alert.

use super::{
    lab::{Lab, alerted, minutes_later, noon, release, subscriptions},
    life_cycle::{BAD, it, lab, send, stored},
};
use crate::{
    model::{Alert, AlertKind, AlertStatus, Confidence, Development, DevelopmentKind, ReleaseStatus, Severity},
    store::{Delivery, Turn},
};

fn developments(lab: &Lab) -> Vec<DevelopmentKind> {
    stored(lab).developments.iter().map(|development| development.kind).collect()
}

fn set(lab: &Lab, status: ReleaseStatus, minutes: i64) {
    lab.store.set_status(&release(BAD), status, minutes_later(minutes)).unwrap();
}

/// What happens to a release, and all developments of its alert afterwards.
type Step<'a> = (&'a dyn Fn(&Lab, i64), &'a [DevelopmentKind]);

#[test]
fn what_becomes_of_a_release_is_added_and_told_once() {
    use DevelopmentKind::{LateAttestation, LateTag, Quarantined, Restored, Withdrawn};
    let lab = lab();
    send(&lab, noon());
    lab.store.acknowledge(&it(), "ada", "on it", noon()).unwrap();
    let explain = |lab: &Lab, development: Development| {
        let mut record = alerted(BAD, Severity::High);
        record.alert = None;
        record.developments = vec![development];
        lab.store.record(&record).unwrap();
    };
    let steps: [Step<'_>; 6] = [
        (&|lab, at| set(lab, ReleaseStatus::Yanked, at), &[Withdrawn]),
        (&|lab, at| set(lab, ReleaseStatus::Quarantined, at), &[Withdrawn, Quarantined]),
        (&|lab, at| set(lab, ReleaseStatus::Published, at), &[Withdrawn, Quarantined, Restored]),
        (&|lab, at| set(lab, ReleaseStatus::Unpublished, at), &[Withdrawn, Quarantined, Restored, Withdrawn]),
        (
            &|lab, at| explain(lab, Development::late_tag(Some("v1"), minutes_later(at))),
            &[Withdrawn, Quarantined, Restored, Withdrawn, LateTag],
        ),
        (
            &|lab, at| explain(lab, Development::late_attestation("x", minutes_later(at))),
            &[Withdrawn, Quarantined, Restored, Withdrawn, LateTag, LateAttestation],
        ),
    ];
    for (place, (step, expected)) in (1..).zip(steps) {
        step(&lab, place);
        step(&lab, place);
        assert_eq!(developments(&lab), expected);
        let due = lab.store.outbox(minutes_later(place)).unwrap();
        let sequence: Vec<u32> = due.iter().map(|delivery| delivery.sequence).collect();
        let nth = u32::try_from(place).unwrap();
        assert_eq!(sequence, [nth, nth], "a follow-up of the first message, to both");
        assert!(due.iter().all(|delivery| delivery.alert.developments.len() == expected.len()));
        send(&lab, minutes_later(place));
        assert!(send(&lab, minutes_later(place)).is_empty());
        let alert = stored(&lab);
        assert_eq!((alert.status, alert.severity), (AlertStatus::Acknowledged, Severity::High), "both stay");
    }
    lab.store.record(&alerted(BAD, Severity::High)).unwrap();
    assert_eq!(developments(&lab).len(), 6, "another check keeps them");
}

#[test]
fn a_development_is_told_to_whoever_was_told_and_to_nobody_else() {
    let lab = Lab::new();
    let mut record = alerted(BAD, Severity::High);
    record.subscriptions = Vec::new();
    lab.store.record(&record).unwrap();
    set(&lab, ReleaseStatus::Yanked, 1);
    assert!(lab.store.outbox(minutes_later(1)).unwrap().is_empty(), "nobody was told");
    let lab = super::life_cycle::lab();
    set(&lab, ReleaseStatus::Yanked, 1);
    let due = lab.store.outbox(minutes_later(1)).unwrap();
    assert_eq!(due.len(), 2, "the first message was not sent yet, and has it");
    assert!(due.iter().all(|delivery| delivery.alert.developments.len() == 1));
    let [first, second] = <[Delivery; 2]>::try_from(due).unwrap();
    lab.store.give_up(&first, minutes_later(2), "gone").unwrap();
    lab.store.delivered(&second, minutes_later(2), "ok").unwrap();
    set(&lab, ReleaseStatus::Published, 3);
    assert_eq!(send(&lab, minutes_later(3)), [second.subscription], "the other was given up");
    let nobody = release("pkg:npm/other@1.0.0");
    assert!(!lab.store.set_status(&nobody, ReleaseStatus::Yanked, noon()).unwrap());
}

#[test]
fn what_happens_while_a_message_is_being_sent_follows() {
    let lab = lab();
    let due = lab.store.outbox(noon()).unwrap();
    set(&lab, ReleaseStatus::Yanked, 1);
    for delivery in &due {
        lab.store.delivered(delivery, minutes_later(2), "ok").unwrap();
    }
    let next = lab.store.outbox(minutes_later(2)).unwrap();
    assert_eq!(next.len(), 2, "the messages under way did not have it");
    assert!(next.iter().all(|delivery| delivery.sequence == 1));
    send(&lab, minutes_later(3));
    assert!(lab.store.outbox(minutes_later(9)).unwrap().is_empty());
}

#[test]
fn whoever_was_told_of_a_campaign_is_told_what_becomes_of_its_members() {
    let lab = Lab::new();
    let members = ["pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0", "pkg:npm/c@1.0.0"];
    for (place, member) in members.into_iter().enumerate() {
        let mut record = alerted(member, Severity::High);
        record.subscriptions = subscriptions(if place == 0 { &["mail"] } else { &[] });
        lab.store.record(&record).unwrap();
    }
    let campaign = Alert {
        members: members.map(release).to_vec(),
        ..Alert::about(AlertKind::Campaign, "c", Severity::High, Confidence::High, "c".to_owned(), noon())
    };
    lab.store.record_alert(&campaign, &subscriptions(&["mail", "slack"]), noon()).unwrap();
    assert_eq!(send(&lab, noon()), ["mail", "mail", "slack"]);
    for (minutes, member) in (1..).zip(members) {
        lab.store.set_status(&release(member), ReleaseStatus::Unpublished, minutes_later(minutes)).unwrap();
    }
    let stored = lab.store.alert(&campaign.fingerprint).unwrap().unwrap();
    let whose: Vec<_> = stored.developments.iter().filter_map(|development| development.purl.clone()).collect();
    assert_eq!(whose, members.map(release));
    let due = lab.store.outbox(minutes_later(9)).unwrap();
    let mut told: Vec<_> = due.iter().map(|delivery| (&*delivery.subscription, delivery.alert.kind)).collect();
    told.sort_by_key(|(subscription, kind)| ((*subscription).to_owned(), kind.as_str()));
    assert_eq!(
        told,
        [("mail", AlertKind::Campaign), ("mail", AlertKind::Release), ("slack", AlertKind::Campaign)],
        "one message about all members, and one about the member that was told by itself"
    );
}

#[test]
fn a_turn_of_the_outbox_has_the_follow_up_after_the_first_message() {
    let lab = lab();
    let turn = Turn {
        now: noon(),
        due_by: noon(),
        least: Severity::Info,
        fresh_first: false,
        served: Vec::new(),
        digests_only: false,
    };
    let first = lab.store.next_delivery("mail", &turn).unwrap().unwrap();
    lab.store.retry_delivery(&first, noon(), minutes_later(1), "503").unwrap();
    set(&lab, ReleaseStatus::Yanked, 2);
    let turn = Turn { now: minutes_later(3), due_by: minutes_later(3), ..turn };
    let next = lab.store.next_delivery("mail", &turn).unwrap().unwrap();
    assert_eq!(next.id, first.id, "the messages of one alert keep their order");
}
