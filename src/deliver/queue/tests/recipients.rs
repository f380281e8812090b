//! Tests of messages to several recipients, some of whom are done before the others.

use super::*;
use crate::deliver::Notes;

/// What the receiver does with a recipient at one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Takes,
    Refuses,
    PutsOff,
    /// The attempt never ends, after those before it are noted.
    Hangs,
}

/// A receiver that answers about each recipient in turn, by the attempt.
#[derive(Debug)]
struct Office {
    fates: fn(attempt: u32, recipient: &str) -> Fate,
    /// Who got the message, in this order.
    took: Mutex<Vec<String>>,
    patience: Option<Duration>,
}

const STAFF: [&str; 3] = ["ada", "bob", "cy"];

impl Sink for Office {
    fn kind(&self) -> &'static str {
        "office"
    }

    fn deliver<'a>(&'a self, _message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        unreachable!("the queue lets recipients be noted")
    }

    fn deliver_noting<'a>(
        &'a self,
        message: &'a Message,
        notes: &'a dyn Notes,
    ) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(async move {
            let mut is_put_off = false;
            for name in STAFF {
                if message.recipients.iter().any(|done| done.address == name) {
                    continue;
                }
                let done = |reception| vec![Recipient { address: name.into(), reception, answer: "so".into() }];
                match (self.fates)(message.attempt, name) {
                    Fate::Takes => {
                        self.took.lock().unwrap().push(name.to_owned());
                        notes.note(done(Reception::Accepted));
                    }
                    Fate::Refuses => notes.note(done(Reception::Refused)),
                    Fate::PutsOff => is_put_off = true,
                    Fate::Hangs => std::future::pending().await,
                }
            }
            if is_put_off {
                Err(SinkError::PutOff { what: "one is put off".to_owned() })
            } else {
                Ok(Receipt::of("all"))
            }
        })
    }

    fn patience(&self) -> Option<Duration> {
        self.patience
    }
}

fn office(fates: fn(u32, &str) -> Fate) -> (Lab, Arc<Office>) {
    let mut lab = Lab::new(&[]);
    let office = Arc::new(Office { fates, took: Mutex::default(), patience: None });
    lab.subscription.sink = office.clone();
    (lab, office)
}

#[tokio::test]
async fn each_recipient_gets_the_message_once_whatever_happens_to_the_others() {
    // Bob's server defers three times; Cy has left; the first attempt is cut off after Ada.
    let (mut lab, office) = office(|attempt, name| match (attempt, name) {
        (_, "ada") => Fate::Takes,
        (1, _) => Fate::Hangs,
        (2..=4, "bob") => Fate::PutsOff,
        (_, "cy") => Fate::Refuses,
        _ => Fate::Takes,
    });
    lab.raise("alert", Severity::Critical);
    for _ in 0..5 {
        // A process that is killed knows only what was noted.
        lab.queue = Queue::default();
        lab.step().await;
        lab.clock.advance(Duration::from_mins(10));
    }
    assert_eq!(*office.took.lock().unwrap(), ["ada", "bob"]);
    assert_eq!(lab.step().await, Step::Idle, "it is delivered");
    let refused = lab.store.refused_recipients(DateTime::<Utc>::MIN_UTC).unwrap();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].subscription.as_str(), refused[0].address.as_str()), ("mail", "cy"));
}

#[tokio::test]
async fn a_recipient_that_is_put_off_slows_no_other_alert() {
    let (mut lab, office) = office(|_, name| if name == "bob" { Fate::PutsOff } else { Fate::Takes });
    for number in 0..6 {
        lab.raise(&format!("alert {number}"), Severity::Critical);
    }
    let start = lab.clock.now();
    while office.took.lock().unwrap().len() < 12 {
        assert!(lab.clock.now() - start < TimeDelta::seconds(2), "{:?}", office.took.lock().unwrap());
        if matches!(lab.step().await, Step::Idle | Step::Held(_)) {
            lab.clock.advance(Duration::from_secs(1));
        }
    }
}

#[tokio::test]
async fn what_could_not_be_noted_is_noted_before_anything_else_is_sent() {
    let (mut lab, office) = office(|attempt, name| match (attempt, name) {
        (1, "ada" | "bob") => Fate::PutsOff,
        _ => Fate::Takes,
    });
    lab.raise("alert", Severity::Critical);
    lab.store.fail_next_write();
    assert_eq!(lab.step().await, Step::Retried);
    lab.clock.advance(Duration::from_mins(10));
    lab.queue = Queue::default();
    assert_eq!(lab.step().await, Step::Delivered);
    assert_eq!(*office.took.lock().unwrap(), ["cy", "ada", "bob"]);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_needs_more_time_has_it() {
    for (patience, expected) in [(None, Step::Retried), (Some(Duration::from_secs(20)), Step::Delivered)] {
        let mut lab = Lab::new(&[]);
        lab.subscription.sink = Arc::new(Slow(patience));
        lab.raise("alert", Severity::Critical);
        assert_eq!(lab.step().await, expected, "{patience:?}");
    }
}

/// Takes a message a little later than the usual limit of the tests.
#[derive(Debug)]
struct Slow(Option<Duration>);

impl Sink for Slow {
    fn kind(&self) -> &'static str {
        "slow"
    }

    fn deliver<'a>(&'a self, _message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(async {
            crate::clock::Clock::sleep(&crate::clock::SystemClock, Duration::from_millis(60)).await;
            Ok(Receipt::of("taken"))
        })
    }

    fn patience(&self) -> Option<Duration> {
        self.0
    }
}
