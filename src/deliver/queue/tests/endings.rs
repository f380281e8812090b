//! Tests that every kind of failure ends, after growing waits, as a dead letter, and that an operator can send it again.

use super::*;

/// How long a queue without anything to do is left alone.
const STEP: Duration = Duration::from_mins(5);

/// How the attempts at one message end that always fails in the same way: when it is given up, the number of attempts, and
/// the longest wait between two of them.
async fn play(act: Act, severity: Severity) -> (Lab, TimeDelta, usize, TimeDelta) {
    let mut lab = Lab::new(&[]);
    lab.spoil("alert", act);
    lab.spoil("an alert about provwatch itself", act);
    lab.raise("alert", severity);
    let began = lab.clock.now();
    let (mut at, mut longest) = (began, TimeDelta::zero());
    loop {
        match lab.step().await {
            Step::Idle | Step::Held(_) | Step::Disabled => lab.clock.advance(STEP),
            Step::GivenUp => break,
            _ => {
                longest = longest.max(lab.clock.now() - at);
                at = lab.clock.now();
            }
        }
        assert!(lab.clock.now() - began < TimeDelta::days(5), "{act:?} never ends");
    }
    let (lasts, attempts) = (lab.clock.now() - began, lab.attempted().len());
    (lab, lasts, attempts, longest)
}

#[tokio::test]
async fn every_kind_of_failure_ends_at_the_maximum_age() {
    let absurd = [Act::Busy(1_000_000_000), Act::Busy(u64::MAX), Act::Busy(0)];
    let mild = [Act::Fail, Act::Forbid, Act::Panic].into_iter().chain(absurd).map(|act| (act, Severity::Low));
    for (act, severity) in mild.chain([(Act::Busy(1_000_000_000), Severity::Critical)]) {
        let most = if severity == Severity::Critical { TimeDelta::minutes(5) } else { TimeDelta::hours(6) };
        let (_lab, lasts, attempts, longest) = play(act, severity).await;
        let hours = lasts.num_hours();
        assert!((72..79).contains(&hours), "{act:?} {severity}: given up after {hours} h");
        assert!(attempts >= 10, "{act:?} {severity}: {attempts} attempts");
        assert!(longest <= most + TimeDelta::from_std(2 * STEP).unwrap(), "{act:?} {severity}: a wait of {longest}");
    }
}

#[tokio::test]
async fn a_permanent_refusal_of_both_forms_ends_soon() {
    let (lab, lasts, attempts, _) = play(Act::Refuse, Severity::Critical).await;
    assert!(lasts <= TimeDelta::minutes(10) && attempts < 10, "{lasts} {attempts}");
    assert_eq!(lab.store.dead_letters("mail", DateTime::<Utc>::MIN_UTC).unwrap().count, 1);
}

#[tokio::test]
async fn a_dead_letter_that_is_sent_again_has_its_whole_time_and_its_whole_text() {
    let (mut lab, ..) = play(Act::Fail, Severity::Low).await;
    let key = |lab: &Lab| lab.store.delivery(1).unwrap().unwrap().delivery.unwrap().idempotency_key;
    let before = key(&lab);
    assert_eq!(lab.retry(), 1);
    for _ in 0..12 {
        assert_ne!(lab.step().await, Step::GivenUp, "it is not given up at the first failure");
        lab.clock.advance(Duration::from_hours(1));
    }
    lab.sink.of_title.lock().unwrap().clear();
    lab.retry();
    assert_eq!((lab.step().await, key(&lab)), (Step::Delivered, before));
    assert_eq!(lab.attempted().last().unwrap(), "alert", "in whole");
    assert_eq!(lab.retry(), 0, "what arrived stays");
}
