//! Tests of refused messages and their short form.

use super::*;

#[tokio::test]
async fn a_refused_message_does_not_hold_up_the_next() {
    let mut lab = Lab::new(&[Act::Refuse]);
    lab.raise("odd", Severity::Critical);
    lab.raise("even", Severity::Low);
    assert_eq!(lab.drain().await, Summary { delivered: 1, retried: 1, ..Summary::default() });
}

/// The result of an alert's only delivery: its state, and the answer to the last attempt.
fn fate(lab: &Lab, title: &str) -> (crate::store::DeliveryStatus, String) {
    let alerts = lab.store.alerts(&crate::store::AlertFilter::default()).unwrap();
    let alert = alerts.into_iter().find(|alert| alert.title == title).unwrap();
    let delivery = lab.store.deliveries_of(&alert, 1).unwrap().remove(0);
    (delivery.state, delivery.detail.unwrap())
}

#[tokio::test]
async fn what_is_refused_twice_is_sent_without_what_a_publisher_wrote() {
    use crate::store::DeliveryStatus::{Delivered, Failed};
    for act in [Act::Refuse, Act::Forbid] {
        let mut lab = Lab::new(&[]);
        lab.spoil("<script>", act);
        lab.raise("<script>", Severity::Critical);
        lab.run_for(Duration::from_mins(1)).await;
        assert_eq!(lab.attempted(), ["<script>", "<script>", "an alert about provwatch itself"], "{act:?}");
        assert!(lab.first_attempt("an alert about provwatch itself") <= 20, "{act:?}");
        let (state, said) = fate(&lab, "<script>");
        assert_eq!(state, Delivered);
        assert_eq!(said, format!("taken; {}", crate::deliver::short_form::SAID));
    }
    // The text was not the cause: a permanently refused message is given up, and another one is tried for days.
    for (act, given_up) in [(Act::Refuse, true), (Act::Forbid, false)] {
        let mut lab = Lab::new(&[]);
        lab.spoil("odd", act);
        lab.spoil("an alert about provwatch itself", act);
        lab.raise("odd", Severity::Critical);
        lab.run_for(Duration::from_mins(4)).await;
        assert_ne!(fate(&lab, "odd").0, Failed, "{act:?}: a receiver that is broken for a few minutes");
        lab.run_for(Duration::from_mins(10)).await;
        assert_eq!(fate(&lab, "odd").0 == Failed, given_up, "{act:?}");
        lab.sink.of_title.lock().unwrap().remove("odd");
        lab.run_for(Duration::from_mins(20)).await;
        assert_eq!(fate(&lab, "odd").0 == Failed, given_up, "{act:?}");
        assert!(given_up || fate(&lab, "odd").1 == "taken", "the whole one takes turns: {:?}", fate(&lab, "odd"));
    }
}

/// A firewall that drops the connection, and a receiver that fails because of a text.
#[tokio::test]
async fn what_fails_again_and_again_is_sent_in_short_form_whatever_the_failure() {
    for act in [Act::Fail, Act::Hang, Act::Panic, Act::Busy(20)] {
        let mut lab = Lab::new(&[]);
        lab.spoil("<script>", act);
        lab.raise("<script>", Severity::Critical);
        lab.run_for(Duration::from_mins(5)).await;
        let (state, said) = fate(&lab, "<script>");
        assert_eq!(state, crate::store::DeliveryStatus::Delivered, "{act:?}: {said}");
        assert!(said.contains("short form"), "{act:?}: {said}");
        assert!(lab.attempted().len() <= 6, "{act:?}: {:?}", lab.attempted());
    }
}

/// An expired token, or an outage, is not caused by a text: waiting messages are sent with their evidence.
#[tokio::test]
async fn after_an_outage_the_whole_message_is_sent_first() {
    for act in [Act::Fail, Act::Hang, Act::Forbid] {
        let titles = ["one", "two", "three", "four"];
        let mut lab = Lab::new(&[]);
        for title in titles {
            lab.raise(title, Severity::Critical);
            lab.spoil(title, act);
        }
        lab.spoil("an alert about provwatch itself", act);
        lab.run_for(Duration::from_mins(10)).await;
        assert!(lab.attempted().iter().any(|title| title.contains("itself")), "{act:?}: both forms were tried");
        lab.sink.of_title.lock().unwrap().clear();
        lab.run_for(Duration::from_mins(10)).await;
        for title in titles {
            let whole = (crate::store::DeliveryStatus::Delivered, "taken".to_owned());
            assert_eq!(fate(&lab, title), whole, "{act:?}: {title}");
        }
    }
}

#[tokio::test]
async fn a_campaign_in_short_form_names_its_packages_and_tells_of_no_others() {
    let mut lab = Lab::new(&[]);
    let members: Vec<crate::model::ReleaseId> = (0..60)
        .map(|number| format!("pkg:npm/watched-package-{number:02}@1.0.{number}").parse().unwrap())
        .chain(["pkg:npm/it's@1.0.0".parse().unwrap()])
        .collect();
    let now = lab.clock.now();
    let about =
        Alert::about(AlertKind::Campaign, "qix", Severity::Critical, Confidence::High, "<script>".to_owned(), now);
    let alert = Alert { members, ..about };
    lab.spoil("<script>", Act::Forbid);
    lab.store.record_alert(&alert, &["mail".to_owned()], now).unwrap();
    lab.run_for(Duration::from_secs(30)).await;
    let told = lab.store.told_members(&alert.fingerprint, "mail").unwrap();
    let said = lab.sink.said.lock().unwrap().last().cloned().unwrap();
    assert!((10..60).contains(&told.len()), "{told:?}");
    for member in &alert.members {
        let named = said.contains(&member.package().to_string());
        assert_eq!(named, told.contains(&member.to_string()), "{member} in {said}");
    }
    lab.run_for(Duration::from_mins(10)).await;
    assert_eq!(lab.store.told_members(&alert.fingerprint, "mail").unwrap().len(), 60, "other messages name the rest");
    let sent = lab.attempted().len();
    lab.run_for(Duration::from_mins(30)).await;
    assert_eq!(lab.attempted().len(), sent, "a name that is never said is no reason for yet another message");
}
