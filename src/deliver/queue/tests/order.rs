//! Tests of the order of deliveries, and of fairness between packages.

use super::*;

#[tokio::test]
async fn the_severest_comes_first_and_of_equals_the_longest_waiting() {
    let mut lab = Lab::new(&[]);
    for (title, severity) in [
        ("low 1", Severity::Low),
        ("high 1", Severity::High),
        ("low 2", Severity::Low),
        ("critical", Severity::Critical),
        ("high 2", Severity::High),
    ] {
        lab.raise(title, severity);
    }
    assert_eq!(lab.drain().await.delivered, 5);
    assert_eq!(lab.attempted(), ["critical", "high 1", "high 2", "low 1", "low 2"]);
}

#[tokio::test]
async fn a_new_critical_alert_waits_for_one_attempt_and_not_for_500() {
    let mut lab = Lab::slow(&[], Duration::from_secs(25));
    for number in 0..500 {
        lab.raise(&format!("low {number}"), Severity::Low);
    }
    lab.step().await;
    lab.step().await;
    lab.raise("critical", Severity::Critical);
    lab.step().await;
    assert_eq!(lab.attempted(), ["low 0", "low 1", "critical"]);
}

#[tokio::test]
async fn a_message_that_its_receiver_cannot_take_keeps_nobody_waiting() {
    for act in [Act::Fail, Act::Hang, Act::Panic, Act::Refuse] {
        let mut lab = Lab::slow(&[], Duration::from_secs(1));
        lab.spoil("poison", act);
        lab.raise("poison", Severity::Critical);
        for number in 0..20 {
            lab.raise(&format!("low {number}"), Severity::Low);
        }
        lab.run_for(Duration::from_mins(2)).await;
        assert!(lab.store.due_count("mail", lab.clock.now() + TimeDelta::days(1)).unwrap() <= 1, "{act:?}");
        assert!(lab.first_attempt("low 19") < 45, "{act:?}: {}", lab.first_attempt("low 19"));
    }
}

#[tokio::test]
async fn many_messages_that_cannot_be_taken_let_a_new_alert_through() {
    let mut lab = Lab::slow(&[], Duration::from_secs(30));
    for number in 0..8 {
        let title = format!("poison {number}");
        lab.spoil(&title, Act::Hang);
        lab.raise(&title, Severity::Critical);
    }
    lab.run_for(Duration::from_mins(20)).await;
    let raised = (lab.clock.now() - START.parse::<DateTime<Utc>>().unwrap()).num_seconds();
    lab.raise("takeover", Severity::Critical);
    lab.run_for(Duration::from_mins(5)).await;
    let waited = lab.first_attempt("takeover") - raised;
    assert!(waited <= 60, "{waited} s");
}

#[tokio::test]
async fn a_later_message_never_overtakes_an_earlier_one_of_its_alert() {
    let mut lab = Lab::new(&[Act::Fail]);
    lab.raise("a", Severity::Low);
    assert_eq!(lab.step().await, Step::Retried);
    lab.raise("a", Severity::Critical);
    lab.raise("b", Severity::Low);
    assert_eq!(lab.step().await, Step::Delivered);
    assert_eq!(lab.step().await, Step::Idle, "the second message about a waits for the first");
    lab.run_for(Duration::from_secs(20)).await;
    assert_eq!(lab.attempted(), ["a", "b", "a", "a"]);
    let alert = lab.store.alerts(&crate::store::AlertFilter::default()).unwrap().into_iter().find(|a| a.title == "a");
    let deliveries = lab.store.deliveries_of(&alert.unwrap(), 10).unwrap();
    assert_eq!(deliveries.iter().map(|one| one.attempts).collect::<Vec<_>>(), [1, 2], "the latest first");
}

/// An attacker who can raise very many alerts about one package does not delay the alert about another.
#[tokio::test]
async fn packages_take_turns() {
    let mut lab = Lab::slow(&[], Duration::from_secs(10));
    let of = |lab: &Lab, package: &str, number: usize| {
        let (title, now) = (format!("{package} {number}"), lab.clock.now());
        let about = Alert::about(AlertKind::Release, &title, Severity::High, Confidence::High, title.clone(), now);
        let alert = Alert { package: Some(format!("pkg:npm/{package}").parse().unwrap()), ..about };
        lab.store.record_alert(&alert, &["mail".to_owned()], now).unwrap();
    };
    (0..500).for_each(|number| of(&lab, "many", number));
    lab.step().await;
    lab.step().await;
    (0..3).for_each(|number| of(&lab, "few", number));
    of(&lab, "one", 0);
    lab.raise("campaign", Severity::High);
    for _ in 0..8 {
        lab.step().await;
    }
    let expected = ["many 0", "many 1", "few 0", "one 0", "campaign", "many 2", "few 1", "many 3", "few 2", "many 4"];
    assert_eq!(lab.attempted(), expected);
}

#[tokio::test]
async fn a_pass_tries_nothing_twice_and_leaves_a_dead_sink() {
    let mut lab = Lab::new(&[Act::Fail; 100]);
    for number in 0..50 {
        lab.raise(&format!("alert {number}"), Severity::Low);
    }
    let summary = lab.drain().await;
    assert_eq!((summary.delivered, summary.retried, summary.left), (0, 4, 46));
    let mut distinct = lab.attempted();
    distinct.dedup();
    assert_eq!(distinct.len(), 4);
}

#[tokio::test]
async fn a_delivery_that_a_wrong_clock_put_off_is_due() {
    let mut lab = Lab::new(&[Act::Fail]);
    lab.clock.advance(Duration::from_hours(24 * 365));
    lab.raise("late", Severity::High);
    lab.step().await;
    lab.clock.set(START.parse().unwrap());
    lab.run_for(Duration::from_secs(5)).await;
    assert_eq!(lab.attempted(), ["late", "late"]);
}

#[test]
fn the_store_knows_the_longest_step_of_the_schedule() {
    let lab = Lab::new(&[]);
    lab.raise("alert", Severity::Low);
    let now = lab.clock.now();
    let turn =
        Turn { now, due_by: now, least: Severity::Info, digests_only: false, fresh_first: false, served: Vec::new() };
    let delivery = lab.store.next_delivery("mail", &turn).unwrap().unwrap();
    let longest = TimeDelta::from_std(LONGEST_STEP).unwrap();
    lab.store.retry_delivery(&delivery, now, now + longest, "later").unwrap();
    assert!(lab.store.next_delivery("mail", &turn).unwrap().is_none(), "it may wait so long");
    let earlier = Turn { now: now - TimeDelta::seconds(1), ..turn.clone() };
    assert!(lab.store.next_delivery("mail", &earlier).unwrap().is_some(), "and no longer");
}
