//! Property test: a process that is killed at any point between an answer and its record loses nothing, and repeats only
//! what was not recorded.

use super::*;

/// Where the process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kill {
    /// After the receiver's answer, before the record.
    BeforeRecord,
    /// After the record, before the process knows of it.
    AfterRecord,
    Never,
}

/// An outbox whose process is killed as ordered.
struct Killing<'a>(InStore<'a>, Mutex<Kill>);

impl Outbox for Killing<'_> {
    fn next(&self, subscription: &str, turn: &Turn) -> Result<Option<Due>, OutboxError> {
        self.0.next(subscription, turn)
    }

    fn note(&self, delivery: i64, at: DateTime<Utc>, recipients: &[Recipient]) -> Result<(), OutboxError> {
        self.0.note(delivery, at, recipients)
    }

    fn end(&self, due: &Due, at: DateTime<Utc>, ending: &Ending) -> Result<(), OutboxError> {
        let kill = *self.1.lock().unwrap();
        if kill != Kill::BeforeRecord {
            self.0.end(due, at, ending)?;
        }
        let killed = || OutboxError { operation: "recording", source: "killed".into() };
        if kill == Kill::Never { Ok(()) } else { Err(killed()) }
    }

    fn endpoint(&self, subscription: &str) -> Result<EndpointState, OutboxError> {
        self.0.endpoint(subscription)
    }

    fn waiting(&self, subscription: &str, due_by: DateTime<Utc>) -> Result<usize, OutboxError> {
        self.0.waiting(subscription, due_by)
    }
}

/// A receiver that keeps each alert in a thread, and notes what it accepted: key, subject, and thread of each message.
#[derive(Debug, Default)]
struct Threads(Mutex<Vec<(String, String, Option<String>)>>);

impl Sink for Threads {
    fn kind(&self) -> &'static str {
        "threads"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        let title = message.alert.title.clone();
        self.0.lock().unwrap().push((message.idempotency_key.clone(), title.clone(), message.thread.clone()));
        Box::pin(async move { Ok(Receipt { thread: Some(format!("thread of {title}")), ..Receipt::of("taken") }) })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_that_was_recorded_is_repeated(
        kills in proptest::collection::vec(prop_oneof![
            Just(Kill::BeforeRecord), Just(Kill::AfterRecord), Just(Kill::Never)
        ], 0..40)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(play(&kills));
    }
}

async fn play(kills: &[Kill]) {
    let lab = Lab::new(&[]);
    let sink = Arc::new(Threads::default());
    let subscription = Subscription { sink: sink.clone(), ..lab.subscription.clone() };
    let severities = [Severity::Low, Severity::Medium, Severity::High];
    let mut recorded: Vec<String> = Vec::new();
    let mut kills = kills.iter().copied();
    for severity in severities {
        (0..3).for_each(|number| lab.raise(&format!("alert {number}"), severity));
        let mut queue = Queue::default();
        loop {
            let kill = kills.next().unwrap_or(Kill::Never);
            let outbox = Killing(InStore(&lab.store), Mutex::new(kill));
            let (clock, limits) = (lab.clock.as_ref(), Limits::default());
            let worker = Worker { outbox: &outbox, subscription: &subscription, clock, limits };
            let before = sink.0.lock().unwrap().len();
            let outcome = worker.step(&mut queue, None).await;
            if let Some((key, title, thread)) = sink.0.lock().unwrap().get(before) {
                assert!(!recorded.contains(key), "{title} is repeated after its record");
                let is_known = lab.store.delivery_summary().unwrap().iter().any(|state| state.last_success.is_some());
                assert!(thread.is_none() || is_known, "a thread without a record");
                if kill != Kill::BeforeRecord {
                    recorded.push(key.clone());
                }
            }
            match outcome {
                Ok(Step::Idle) => break,
                Ok(_) => {}
                // The next process knows only what was recorded.
                Err(_) => queue = Queue::default(),
            }
        }
    }
    assert_eq!(recorded.len(), severities.len() * 3, "every message");
    let accepted = sink.0.lock().unwrap();
    for (key, title, thread) in accepted.iter() {
        let first = accepted.iter().position(|(other, ..)| recorded.contains(other) && *other == *key).unwrap();
        let is_first_message = !accepted[..first].iter().any(|(other, of, _)| of == title && other != key);
        let expected = (!is_first_message).then(|| format!("thread of {title}"));
        assert_eq!(*thread, expected, "{title}: the thread is stored with the record of the first message");
    }
}
