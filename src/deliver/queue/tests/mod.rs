//! Tests of one sink's queue, with sinks that answer by script.

mod any_order;
mod endings;
mod failures;
mod kills;
mod order;
mod quiet_hours;
mod recipients;
mod short_form;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use proptest::prelude::*;

use super::{schedule::LONGEST_STEP, *};
use crate::{
    clock::{Clock, ManualClock},
    deliver::{Message, Receipt, Sink, SinkError, Subscription, Timing, samples},
    model::{Alert, AlertKind, AlertMatchers, Confidence, Member, Severity},
    store::{Acceptance, Acting, EndpointState, Reception, Recipient, Store, Turn},
};

/// The behaviour of a scripted sink at one attempt.
#[derive(Clone, Copy, Debug)]
enum Act {
    Take,
    Fail,
    Busy(u64),
    Refuse,
    Forbid,
    Vanish,
    Hang,
    Panic,
}

/// A sink that follows its script, then treats each message as its alert's title tells it to, and accepts everything
/// else.
#[derive(Debug, Default)]
struct Scripted {
    script: Mutex<VecDeque<Act>>,
    of_title: Mutex<BTreeMap<String, Act>>,
    clock: Option<Arc<ManualClock>>,
    /// The duration of an attempt.
    takes: Duration,
    attempts: Mutex<Vec<(String, DateTime<Utc>)>>,
    /// The argument of the alert at each attempt.
    said: Mutex<Vec<String>>,
}

impl Sink for Scripted {
    fn kind(&self) -> &'static str {
        "scripted"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        let title = &message.alert.title;
        self.said.lock().unwrap().push(message.alert.argument.clone());
        if let Some(clock) = &self.clock {
            self.attempts.lock().unwrap().push((title.clone(), clock.now()));
            clock.advance(self.takes);
        }
        let scripted = self.script.lock().unwrap().pop_front();
        let act = scripted.or_else(|| self.of_title.lock().unwrap().get(title).copied()).unwrap_or(Act::Take);
        Box::pin(async move {
            match act {
                Act::Take => Ok(Receipt::of("taken")),
                Act::Fail => Err(SinkError::temporary("it answered 500")),
                Act::Busy(seconds) => Err(SinkError::Temporary {
                    what: "busy".to_owned(),
                    retry_after: Some(Duration::from_secs(seconds)),
                    source: None,
                }),
                Act::Refuse => Err(SinkError::permanent("too odd")),
                Act::Forbid => Err(SinkError::Refused { what: "it answered 403".to_owned() }),
                Act::Vanish => Err(SinkError::Gone { what: "no more".to_owned() }),
                Act::Hang => std::future::pending().await,
                Act::Panic => panic!("a bug"),
            }
        })
    }
}

/// A sink, its queue in a real store, and a stopped clock.
struct Lab {
    clock: Arc<ManualClock>,
    store: Store,
    sink: Arc<Scripted>,
    subscription: Subscription,
    queue: Queue,
    _folder: tempfile::TempDir,
}

const START: &str = "2026-03-31T00:25:00Z";

impl Lab {
    fn new(script: &[Act]) -> Self {
        Self::slow(script, Duration::ZERO)
    }

    fn slow(script: &[Act], takes: Duration) -> Self {
        let clock = Arc::new(ManualClock::at_text(START));
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("provwatch.db")).unwrap();
        let script = Mutex::new(script.iter().copied().collect());
        let sink = Arc::new(Scripted { script, clock: Some(clock.clone()), takes, ..Scripted::default() });
        let subscription = Subscription {
            name: "mail".to_owned(),
            matchers: AlertMatchers::default(),
            timing: Timing::default(),
            sink: sink.clone(),
        };
        Self { clock, store, sink, subscription, queue: Queue::default(), _folder: folder }
    }

    /// Raises an alert; again when it gets worse.
    fn raise(&self, title: &str, severity: Severity) {
        let (subject, now) = (title, self.clock.now());
        let alert = Alert::about(AlertKind::Operation, subject, severity, Confidence::High, title.to_owned(), now);
        assert_eq!(self.store.record_alert(&alert, &["mail".to_owned()], now).unwrap().deliveries, 1, "{title}");
    }

    fn spoil(&self, title: &str, act: Act) {
        self.sink.of_title.lock().unwrap().insert(title.to_owned(), act);
    }

    async fn step(&mut self) -> Step {
        let outbox = InStore(&self.store);
        let limits = Limits { attempt: Duration::from_millis(20), ..Limits::default() };
        let worker = Worker { outbox: &outbox, subscription: &self.subscription, clock: self.clock.as_ref(), limits };
        worker.step(&mut self.queue, None).await.unwrap()
    }

    async fn drain(&mut self) -> Summary {
        let outbox = InStore(&self.store);
        let limits = Limits { attempt: Duration::from_millis(20), ..Limits::default() };
        let worker = Worker { outbox: &outbox, subscription: &self.subscription, clock: self.clock.as_ref(), limits };
        worker.drain(&mut self.queue).await.unwrap()
    }

    /// Works like the daemon: step after step, with a second of waiting when nothing is due.
    async fn run_for(&mut self, time: Duration) {
        let end = self.clock.now() + TimeDelta::from_std(time).unwrap();
        while self.clock.now() < end {
            if matches!(self.step().await, Step::Idle | Step::Held(_) | Step::Disabled) {
                self.clock.advance(Duration::from_secs(1));
            }
        }
    }

    /// What an operator does with `deliveries retry`. Returns how many dead letters came back.
    fn retry(&self) -> usize {
        let all = self.store.deliveries(&crate::store::DeliveryFilter::default(), 99).unwrap();
        let ids: Vec<i64> = all.iter().map(|one| one.id).collect();
        let acting = Acting { by: "ada".to_owned(), at: self.clock.now(), reason: None };
        self.store.retry_deliveries(&ids, &["mail".to_owned()].into(), &acting).unwrap().put_back.len()
    }

    fn attempted(&self) -> Vec<String> {
        self.sink.attempts.lock().unwrap().iter().map(|(title, _)| title.clone()).collect()
    }

    /// Seconds from the beginning to the first attempt at an alert.
    fn first_attempt(&self, title: &str) -> i64 {
        let attempts = self.sink.attempts.lock().unwrap();
        let (_, at) = attempts.iter().find(|(attempted, _)| attempted == title).expect(title);
        (*at - START.parse::<DateTime<Utc>>().unwrap()).num_seconds()
    }
}

/// The store as `dispatch` wraps it.
struct InStore<'a>(&'a Store);

fn failed(error: crate::store::StoreError) -> OutboxError {
    OutboxError { operation: "testing", source: Box::new(error) }
}

fn row(due: &Due) -> crate::store::Delivery {
    let message = &due.message;
    crate::store::Delivery {
        id: due.id,
        idempotency_key: message.idempotency_key.clone(),
        subscription: due.subscription.clone(),
        alert: message.alert.clone(),
        attempts: message.attempt - 1,
        sequence: message.sequence,
        refusals: message.refusals,
        created_at: message.created_at,
        thread: message.thread.clone(),
        recipients: message.recipients.clone(),
    }
}

impl Outbox for InStore<'_> {
    fn next(&self, subscription: &str, turn: &Turn) -> Result<Option<Due>, OutboxError> {
        let mut found = self.0.next_delivery(subscription, turn).map_err(failed)?;
        if let Some(delivery) = &mut found {
            let told = self.0.told_members(&delivery.alert.fingerprint, subscription).map_err(failed)?;
            let is_new = |release: &crate::model::ReleaseId| !told.contains(&release.to_string());
            let members = delivery.alert.members.iter();
            let mut details: Vec<_> = members
                .map(|release| Member { purl: release.clone(), new: is_new(release), ..samples::member(0, false) })
                .collect();
            details.sort_by_key(|member| !member.new);
            delivery.alert.member_details = details;
        }
        Ok(found.map(|delivery| Due {
            id: delivery.id,
            subscription: delivery.subscription,
            message: Message {
                idempotency_key: delivery.idempotency_key,
                alert: delivery.alert,
                sequence: delivery.sequence,
                attempt: delivery.attempts + 1,
                refusals: delivery.refusals,
                created_at: delivery.created_at,
                thread: delivery.thread,
                recipients: delivery.recipients,
                is_short: false,
            },
        }))
    }

    fn note(&self, delivery: i64, at: DateTime<Utc>, recipients: &[Recipient]) -> Result<(), OutboxError> {
        self.0.note_recipients(delivery, at, recipients).map_err(failed)
    }

    fn end(&self, due: &Due, at: DateTime<Utc>, ending: &Ending) -> Result<(), OutboxError> {
        let outcome = match ending {
            Ending::Delivered { detail, thread, named, left } => {
                self.0.delivered_as(&row(due), at, &Acceptance { detail, thread: thread.as_deref(), named, left })
            }
            Ending::Retry { error, next, refused: false } => self.0.retry_delivery(&row(due), at, *next, error),
            Ending::Retry { error, next, refused: true } => self.0.refuse_delivery(&row(due), at, *next, error),
            Ending::GivenUp(why) => self.0.give_up(&row(due), at, why),
            Ending::Gone(why) => self.0.endpoint_gone(&row(due), at, why),
        };
        outcome.map(drop).map_err(failed)
    }

    fn endpoint(&self, subscription: &str) -> Result<EndpointState, OutboxError> {
        self.0.endpoint(subscription).map_err(failed)
    }

    fn waiting(&self, subscription: &str, due_by: DateTime<Utc>) -> Result<usize, OutboxError> {
        self.0.due_count(subscription, due_by).map_err(failed)
    }
}
