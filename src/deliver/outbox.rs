use std::{collections::BTreeMap, error::Error, panic::AssertUnwindSafe, time::Duration};

use chrono::{DateTime, Utc};
use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};

use super::{Message, Next, Receipt, Schedule, Sink, SinkError, Subscriptions};
use crate::clock::Clock;

/// A delivery whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The delivery row.
    pub id: i64,
    /// The subscription's name when the alert was recorded; the configuration may have changed since.
    pub subscription: String,
    /// What is to be delivered; its `attempt` counts the one that is about to be made.
    pub message: Message,
}

/// The delivery rows, wherever they are kept. Every change is durable when its future is done.
pub trait Outbox: Send + Sync {
    /// The deliveries that are due at `now`, oldest first, at most `limit` of each subscription, so that the backlog of one
    /// never hides the others.
    fn due(&self, now: DateTime<Utc>, limit: usize) -> BoxFuture<'_, Result<Vec<Due>, OutboxError>>;

    /// Records that the attempt made at `at` succeeded.
    fn delivered<'a>(&'a self, id: i64, at: DateTime<Utc>, detail: &'a str) -> BoxFuture<'a, Result<(), OutboxError>>;

    /// Records that the attempt made at `at` failed, and that `next` is the time of the next one.
    fn retry<'a>(
        &'a self,
        id: i64,
        at: DateTime<Utc>,
        error: &'a str,
        next: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<(), OutboxError>>;

    /// Records that no further attempt will be made.
    fn give_up<'a>(&'a self, id: i64, at: DateTime<Utc>, why: &'a str) -> BoxFuture<'a, Result<(), OutboxError>>;
}

/// The outbox could not be read or written. What was delivered but not recorded will be delivered again, under the same
/// idempotency key.
#[derive(Debug, thiserror::Error)]
#[error("{operation} in the outbox")]
pub struct OutboxError {
    /// What was attempted: `reading what is due`.
    pub operation: &'static str,
    /// The cause below.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

/// How a pass is made.
#[derive(Clone, Debug)]
pub struct Limits {
    /// When to try again.
    pub schedule: Schedule,
    /// Longest time for one attempt. Standard Webhooks recommends 15 to 30 seconds.
    pub attempt: Duration,
    /// Most deliveries of one subscription in one pass.
    pub batch: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { schedule: Schedule::default(), attempt: Duration::from_secs(30), batch: 50 }
    }
}

/// What came of a pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Deliveries that were taken.
    pub delivered: usize,
    /// Deliveries that failed and will be tried again.
    pub retried: usize,
    /// Deliveries that will not be tried again, for whatever reason.
    pub given_up: usize,
    /// Due deliveries that were left for the next pass, because an earlier one of the same subscription failed.
    pub left: usize,
    /// Subscriptions whose endpoint said that it is gone for good: an operator must mend the configuration.
    pub gone: Vec<String>,
}

impl Summary {
    fn add(&mut self, other: Self) {
        self.delivered += other.delivered;
        self.retried += other.retried;
        self.given_up += other.given_up;
        self.left += other.left;
        self.gone.extend(other.gone);
    }
}

/// Makes one pass over the due deliveries: subscriptions beside each other, the deliveries of each one after the other. A
/// subscription's turn ends at its first temporary failure, so that a pass never takes longer than one time-out more than
/// its successes do.
///
/// # Errors
/// The outbox could not be read or written. The other subscriptions' turns are finished first.
pub async fn deliver_due(
    outbox: &dyn Outbox,
    subscriptions: &Subscriptions,
    clock: &dyn Clock,
    limits: &Limits,
) -> Result<Summary, OutboxError> {
    let due = outbox.due(clock.now(), limits.batch).await?;
    let pass = Pass { outbox, subscriptions, clock, limits };
    let turns = by_subscription(due).into_iter().map(|(name, due)| pass.turn(name, due));
    let mut total = Summary::default();
    for summary in join_all(turns).await {
        total.add(summary?);
    }
    Ok(total)
}

fn by_subscription(due: Vec<Due>) -> BTreeMap<String, Vec<Due>> {
    let mut turns = BTreeMap::<_, Vec<_>>::new();
    for delivery in due {
        turns.entry(delivery.subscription.clone()).or_default().push(delivery);
    }
    turns
}

struct Pass<'a> {
    outbox: &'a dyn Outbox,
    subscriptions: &'a Subscriptions,
    clock: &'a dyn Clock,
    limits: &'a Limits,
}

impl Pass<'_> {
    /// One subscription's turn.
    async fn turn(&self, name: String, due: Vec<Due>) -> Result<Summary, OutboxError> {
        let Some(subscription) = self.subscriptions.get(&name) else {
            let why = format!("the configuration has no subscription {name:?} any more");
            return self.give_up_all(&due, &why).await;
        };
        self.deliver_all(&name, subscription.sink.as_ref(), due).await
    }

    async fn deliver_all(&self, name: &str, sink: &dyn Sink, due: Vec<Due>) -> Result<Summary, OutboxError> {
        let mut summary = Summary::default();
        for (place, delivery) in due.iter().enumerate() {
            match self.attempt(sink, &delivery.message).await {
                Ok(receipt) => self.record_delivered(delivery, &receipt, &mut summary).await?,
                Err(error @ SinkError::Permanent { .. }) => {
                    summary.add(self.give_up_all(std::slice::from_ref(delivery), &error.report()).await?);
                }
                Err(error @ SinkError::Gone { .. }) => {
                    summary.add(self.give_up_all(&due[place..], &error.report()).await?);
                    summary.gone.push(name.to_owned());
                    break;
                }
                Err(error @ SinkError::Temporary { .. }) => {
                    self.record_failed(delivery, &error, &mut summary).await?;
                    summary.left = due.len() - place - 1;
                    break;
                }
            }
        }
        Ok(summary)
    }

    /// One attempt that ends in time, panics included.
    async fn attempt(&self, sink: &dyn Sink, message: &Message) -> Result<Receipt, SinkError> {
        let delivery = AssertUnwindSafe(async { sink.deliver(message).await }).catch_unwind();
        match tokio::time::timeout(self.limits.attempt, delivery).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => Err(SinkError::temporary(format!("the {} sink panicked", sink.kind()))),
            Err(_elapsed) => {
                let seconds = self.limits.attempt.as_secs_f64();
                Err(SinkError::temporary(format!("delivering by {}: no answer within {seconds} s", sink.kind())))
            }
        }
    }

    async fn record_delivered(
        &self,
        delivery: &Due,
        receipt: &Receipt,
        summary: &mut Summary,
    ) -> Result<(), OutboxError> {
        tracing::info!(subscription = delivery.subscription, alert = delivery.message.alert.id, "alert delivered");
        summary.delivered += 1;
        self.outbox.delivered(delivery.id, self.clock.now(), &receipt.detail).await
    }

    async fn record_failed(&self, delivery: &Due, error: &SinkError, summary: &mut Summary) -> Result<(), OutboxError> {
        let (now, message) = (self.clock.now(), &delivery.message);
        let next = self.limits.schedule.after_failure(
            &message.idempotency_key,
            message.created_at,
            now,
            message.attempt,
            retry_after(error),
        );
        match next {
            Next::At(next) => {
                let (error, attempt) = (error.report(), message.attempt);
                tracing::warn!(subscription = delivery.subscription, attempt, error, %next, "alert not delivered yet");
                summary.retried += 1;
                self.outbox.retry(delivery.id, now, &error, next).await
            }
            Next::GiveUp => {
                let why = format!("given up after {} attempts; the last: {}", message.attempt, error.report());
                summary.add(self.give_up_all(std::slice::from_ref(delivery), &why).await?);
                Ok(())
            }
        }
    }

    async fn give_up_all(&self, deliveries: &[Due], why: &str) -> Result<Summary, OutboxError> {
        for delivery in deliveries {
            tracing::error!(subscription = delivery.subscription, alert = delivery.message.alert.id, why, "alert lost");
            self.outbox.give_up(delivery.id, self.clock.now(), why).await?;
        }
        Ok(Summary { given_up: deliveries.len(), ..Summary::default() })
    }
}

fn retry_after(error: &SinkError) -> Option<Duration> {
    match error {
        SinkError::Temporary { retry_after, .. } => *retry_after,
        SinkError::Permanent { .. } | SinkError::Gone { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        sync::{Arc, Mutex},
    };

    use super::*;
    use crate::{
        clock::ManualClock,
        deliver::{Subscription, samples},
        model::Severity,
    };

    /// What a scripted sink does at one attempt.
    #[derive(Debug)]
    enum Act {
        Take,
        Fail(Option<Duration>),
        Refuse,
        Vanish,
        Hang,
        Panic,
    }

    /// A sink that follows its script, then takes everything.
    #[derive(Debug)]
    struct Scripted(Mutex<VecDeque<Act>>);

    impl Sink for Scripted {
        fn kind(&self) -> &'static str {
            "scripted"
        }

        fn deliver<'a>(&'a self, _message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
            let act = self.0.lock().unwrap().pop_front().unwrap_or(Act::Take);
            Box::pin(async move {
                match act {
                    Act::Take => Ok(Receipt { detail: "taken".to_owned() }),
                    Act::Fail(retry_after) => {
                        Err(SinkError::Temporary { what: "busy".to_owned(), retry_after, source: None })
                    }
                    Act::Refuse => Err(SinkError::permanent("too odd")),
                    Act::Vanish => Err(SinkError::Gone { what: "no more".to_owned() }),
                    Act::Hang => std::future::pending().await,
                    Act::Panic => panic!("a bug"),
                }
            })
        }
    }

    /// An outbox in memory; its record is what happened, one line each.
    #[derive(Default)]
    struct Memory {
        due: Mutex<Vec<Due>>,
        record: Mutex<Vec<String>>,
    }

    impl Memory {
        fn note(&self, line: String) -> BoxFuture<'_, Result<(), OutboxError>> {
            self.record.lock().unwrap().push(line);
            Box::pin(async { Ok(()) })
        }

        fn record(&self) -> Vec<String> {
            self.record.lock().unwrap().clone()
        }
    }

    impl Outbox for Memory {
        fn due(&self, _now: DateTime<Utc>, _limit: usize) -> BoxFuture<'_, Result<Vec<Due>, OutboxError>> {
            Box::pin(async { Ok(self.due.lock().unwrap().clone()) })
        }

        fn delivered<'a>(
            &'a self,
            id: i64,
            _: DateTime<Utc>,
            detail: &'a str,
        ) -> BoxFuture<'a, Result<(), OutboxError>> {
            self.note(format!("{id} delivered: {detail}"))
        }

        fn retry<'a>(
            &'a self,
            id: i64,
            at: DateTime<Utc>,
            error: &'a str,
            next: DateTime<Utc>,
        ) -> BoxFuture<'a, Result<(), OutboxError>> {
            self.note(format!("{id} again in {} s: {error}", (next - at).num_seconds()))
        }

        fn give_up<'a>(&'a self, id: i64, _: DateTime<Utc>, why: &'a str) -> BoxFuture<'a, Result<(), OutboxError>> {
            self.note(format!("{id} given up: {why}"))
        }
    }

    fn outbox(subscriptions: &[&str]) -> Memory {
        let due = (1..).zip(subscriptions).map(|(id, name)| Due {
            id,
            subscription: (*name).to_owned(),
            message: samples::message(samples::takeover()),
        });
        Memory { due: Mutex::new(due.collect()), ..Memory::default() }
    }

    fn subscriptions(scripts: Vec<(&str, Vec<Act>)>) -> Subscriptions {
        let subscriptions = scripts.into_iter().map(|(name, acts)| Subscription {
            name: name.to_owned(),
            min_severity: Severity::Info,
            kinds: None,
            sink: Arc::new(Scripted(Mutex::new(acts.into()))),
        });
        Subscriptions::new(subscriptions.collect()).unwrap()
    }

    async fn pass(outbox: &Memory, subscriptions: &Subscriptions, now: &str) -> Summary {
        let limits = Limits { attempt: Duration::from_millis(20), ..Limits::default() };
        deliver_due(outbox, subscriptions, &ManualClock::at_text(now), &limits).await.unwrap()
    }

    const NOW: &str = "2026-03-31T00:25:00Z";

    #[tokio::test]
    async fn a_dead_sink_delays_only_itself() {
        let outbox = outbox(&["dead", "dead", "alive", "alive"]);
        let summary = pass(&outbox, &subscriptions(vec![("dead", vec![Act::Hang]), ("alive", vec![])]), NOW).await;
        assert_eq!(summary, Summary { delivered: 2, retried: 1, left: 1, ..Summary::default() });
        let record = outbox.record();
        assert_eq!(record[..2], ["3 delivered: taken", "4 delivered: taken"]);
        assert!(record[2].starts_with("1 again in ") && record[2].ends_with("no answer within 0.02 s"), "{record:?}");
    }

    #[tokio::test]
    async fn a_refused_message_does_not_hold_up_the_next() {
        let outbox = outbox(&["mail", "mail"]);
        let summary = pass(&outbox, &subscriptions(vec![("mail", vec![Act::Refuse])]), NOW).await;
        assert_eq!(summary, Summary { delivered: 1, given_up: 1, ..Summary::default() });
        assert_eq!(outbox.record(), ["1 given up: too odd", "2 delivered: taken"]);
    }

    #[tokio::test]
    async fn an_endpoint_that_is_gone_gets_nothing_more() {
        let outbox = outbox(&["hook", "hook", "hook"]);
        let summary = pass(&outbox, &subscriptions(vec![("hook", vec![Act::Take, Act::Vanish])]), NOW).await;
        let expected = Summary { delivered: 1, given_up: 2, gone: vec!["hook".to_owned()], ..Summary::default() };
        assert_eq!(summary, expected);
        assert_eq!(outbox.record(), ["1 delivered: taken", "2 given up: no more", "3 given up: no more"]);
    }

    #[tokio::test]
    async fn the_wait_that_the_sink_asks_for_is_kept() {
        let outbox = outbox(&["slack"]);
        let busy = Act::Fail(Some(Duration::from_secs(90)));
        pass(&outbox, &subscriptions(vec![("slack", vec![busy])]), NOW).await;
        assert_eq!(outbox.record(), ["1 again in 90 s: busy"]);
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_of_that_sink() {
        let outbox = outbox(&["buggy", "fine"]);
        let summary = pass(&outbox, &subscriptions(vec![("buggy", vec![Act::Panic]), ("fine", vec![])]), NOW).await;
        assert_eq!((summary.retried, summary.delivered), (1, 1));
        assert!(outbox.record()[0].ends_with("the scripted sink panicked"), "{:?}", outbox.record());
    }

    #[tokio::test]
    async fn after_three_days_it_is_given_up() {
        let outbox = outbox(&["slack"]);
        outbox.due.lock().unwrap()[0].message.attempt = 12;
        let subscriptions = subscriptions(vec![("slack", vec![Act::Fail(None)])]);
        let summary = pass(&outbox, &subscriptions, "2026-04-03T00:24:11Z").await;
        assert_eq!(summary, Summary { given_up: 1, ..Summary::default() });
        assert_eq!(outbox.record(), ["1 given up: given up after 12 attempts; the last: busy"]);
    }

    #[tokio::test]
    async fn a_subscription_that_was_removed_is_given_up() {
        let outbox = outbox(&["old", "mail"]);
        let summary = pass(&outbox, &subscriptions(vec![("mail", vec![])]), NOW).await;
        assert_eq!(summary, Summary { delivered: 1, given_up: 1, ..Summary::default() });
        let gone = r#"1 given up: the configuration has no subscription "old" any more"#;
        assert!(outbox.record().contains(&gone.to_owned()), "{:?}", outbox.record());
    }
}
