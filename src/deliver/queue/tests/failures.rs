//! Tests of sinks that fail, pause or disappear.

use super::*;

#[tokio::test]
async fn a_panic_is_a_failure_of_that_sink() {
    let mut lab = Lab::new(&[Act::Panic]);
    lab.raise("alert", Severity::Low);
    assert_eq!(lab.step().await, Step::Retried);
    lab.run_for(Duration::from_secs(10)).await;
    assert_eq!(lab.attempted(), ["alert", "alert"]);
}

#[tokio::test]
async fn the_pause_that_a_receiver_asks_for_is_kept_and_cannot_silence_it() {
    let mut lab = Lab::new(&[Act::Busy(86_400)]);
    lab.raise("low 1", Severity::Low);
    lab.step().await;
    lab.raise("low 2", Severity::Low);
    lab.raise("critical", Severity::Critical);
    lab.run_for(Duration::from_mins(70)).await;
    assert_eq!(lab.attempted()[..2], ["low 1", "critical"]);
    assert_eq!(lab.first_attempt("critical"), 300, "an urgent alert is tried after five minutes whatever is asked");
    let mut lab = Lab::new(&[Act::Busy(90)]);
    lab.raise("low 1", Severity::Low);
    lab.step().await;
    lab.raise("critical", Severity::Critical);
    lab.run_for(Duration::from_mins(5)).await;
    assert_eq!(lab.first_attempt("critical"), 90, "a pause within reason is kept by all");
}

#[tokio::test]
async fn a_dead_sink_rests_and_is_not_asked_for_every_message() {
    let mut lab = Lab::new(&[]);
    for number in 0..200 {
        let title = format!("alert {number}");
        lab.spoil(&title, Act::Fail);
        lab.raise(&title, Severity::Low);
    }
    lab.run_for(Duration::from_mins(10)).await;
    let attempts = lab.attempted().len();
    assert!((15..40).contains(&attempts), "{attempts} attempts in ten minutes");
    lab.sink.of_title.lock().unwrap().clear();
    lab.raise("critical", Severity::Critical);
    lab.run_for(Duration::from_mins(1)).await;
    assert!(lab.first_attempt("critical") <= 600 + 31, "{}", lab.first_attempt("critical"));
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_until_an_operator_acts_and_nothing_is_lost() {
    let mut lab = Lab::new(&[Act::Take, Act::Vanish, Act::Vanish]);
    for number in 0..4 {
        lab.raise(&format!("alert {number}"), if number == 3 { Severity::Critical } else { Severity::Low });
    }
    let gone = Summary { delivered: 1, gone: vec!["mail".to_owned()], left: 3, ..Summary::default() };
    assert_eq!(lab.drain().await, gone);
    assert_eq!(lab.drain().await, Summary { left: 3, ..Summary::default() }, "the next pass");
    for _ in 0..300 {
        assert_eq!(lab.step().await, Step::Disabled);
        lab.clock.advance(Duration::from_mins(10));
    }
    lab.queue = Queue::default();
    assert_eq!(lab.step().await, Step::Disabled, "also after a restart");
    assert_eq!(lab.attempted().len(), 2, "nothing is sent meanwhile");
    lab.retry();
    lab.run_for(Duration::from_mins(1)).await;
    assert_eq!((lab.attempted().len(), lab.step().await), (3, Step::Disabled), "it is still gone");
    lab.retry();
    lab.run_for(Duration::from_mins(1)).await;
    let told: BTreeSet<String> = lab.attempted().into_iter().collect();
    let summary = lab.store.delivery_summary().unwrap().remove(0);
    assert_eq!((told.len(), summary.pending, summary.failed), (4, 0, 0), "all of them, once it is back");
}

#[tokio::test]
async fn another_endpoint_is_told_at_once_what_the_one_that_is_gone_was_not() {
    let mut lab = Lab::new(&[Act::Vanish]);
    (0..3).for_each(|number| lab.raise(&format!("alert {number}"), Severity::Low));
    lab.drain().await;
    assert_eq!(lab.store.wake_endpoints(|_| true, lab.clock.now()).unwrap(), ["mail"], "as a reload does");
    lab.queue = Queue::default();
    assert_eq!(lab.drain().await, Summary { delivered: 3, ..Summary::default() });
}

#[tokio::test]
async fn an_operator_ends_a_pause() {
    let mut lab = Lab::new(&[Act::Busy(3_600)]);
    lab.raise("low", Severity::Low);
    assert_eq!(lab.step().await, Step::Retried);
    lab.clock.advance(Duration::from_secs(5));
    assert!(matches!(lab.step().await, Step::Held(_)));
    lab.retry();
    assert_eq!(lab.step().await, Step::Delivered);
}

#[tokio::test]
async fn what_could_not_be_recorded_is_not_sent_again() {
    struct Broken<'a>(InStore<'a>, Mutex<u32>);
    impl Outbox for Broken<'_> {
        fn next(&self, subscription: &str, turn: &Turn) -> Result<Option<Due>, OutboxError> {
            self.0.next(subscription, turn)
        }
        fn note(&self, delivery: i64, at: DateTime<Utc>, recipients: &[Recipient]) -> Result<(), OutboxError> {
            self.0.note(delivery, at, recipients)
        }
        fn end(&self, due: &Due, at: DateTime<Utc>, ending: &Ending) -> Result<(), OutboxError> {
            let mut failures = self.1.lock().unwrap();
            if *failures > 0 {
                *failures -= 1;
                return Err(OutboxError { operation: "recording", source: "the disk is full".into() });
            }
            self.0.end(due, at, ending)
        }
        fn endpoint(&self, subscription: &str) -> Result<EndpointState, OutboxError> {
            self.0.endpoint(subscription)
        }
        fn waiting(&self, subscription: &str, due_by: DateTime<Utc>) -> Result<usize, OutboxError> {
            self.0.waiting(subscription, due_by)
        }
    }
    let mut lab = Lab::new(&[]);
    lab.raise("alert", Severity::Critical);
    let outbox = Broken(InStore(&lab.store), Mutex::new(5));
    let worker = Worker {
        outbox: &outbox,
        subscription: &lab.subscription,
        clock: lab.clock.as_ref(),
        limits: Limits::default(),
    };
    for _ in 0..5 {
        worker.step(&mut lab.queue, None).await.unwrap_err();
    }
    assert_eq!(worker.step(&mut lab.queue, None).await.unwrap(), Step::Idle);
    assert_eq!(lab.attempted(), ["alert"], "once");
    assert_eq!(lab.store.delivery_summary().unwrap()[0].pending, 0);
}

#[tokio::test]
async fn a_message_is_given_up_after_three_days_of_attempts() {
    let mut lab = Lab::new(&[]);
    lab.spoil("alert", Act::Fail);
    lab.spoil("an alert about provwatch itself", Act::Fail);
    lab.raise("alert", Severity::Low);
    let mut last = Step::Idle;
    for _ in 0..200 {
        match lab.step().await {
            Step::Idle | Step::Held(_) | Step::Disabled => lab.clock.advance(Duration::from_hours(1)),
            step => last = step,
        }
    }
    assert_eq!(last, Step::GivenUp);
    assert!(lab.attempted().len() >= 10, "{}", lab.attempted().len());
}
