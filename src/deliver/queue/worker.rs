//! Works on the queue of one sink: selects a message, makes the attempt, and records its result.

use std::{
    collections::{BTreeSet, VecDeque},
    panic::AssertUnwindSafe,
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::FutureExt;

use super::{
    noting::{Noting, Unwritten},
    outbox::{Due, Ending, Outbox, OutboxError},
    pace::Pace,
    schedule::{Attempt, LONGEST_URGENT, Limits, Next, URGENT},
    summary::Summary,
};
use crate::{
    clock::Clock,
    deliver::{
        Message, Receipt, SinkError, Subscription,
        short_form::{self, Short},
    },
    model::Severity,
    store::Turn,
};

/// The number of recently served packages that are remembered, so that they take turns.
const SERVED: usize = 64;

/// The minimum part of an attempt's time for the short form, after a whole message that used all of it.
const SHORT_SHARE: u32 = 3;

/// The shortest wait before the last attempt at a message that is refused permanently: the filter of a mail server that is
/// broken for a minute must not end it.
const BEFORE_THE_LAST: Duration = LONGEST_URGENT;

/// The state of a sink between two attempts. It is not kept over a restart: the first message is then simply tried.
#[derive(Debug, Default)]
pub struct Queue {
    pub(super) pace: Pace,
    /// An attempt whose result could not be recorded yet. It is recorded before anything else is sent: while the disk
    /// is full, no receiver gets the same message repeatedly.
    unrecorded: Option<(Due, DateTime<Utc>, Ending)>,
    /// Recipients that are done, and not recorded yet: as above.
    unnoted: Option<Unwritten>,
    /// The packages or kinds that were served last, the latest last.
    served: VecDeque<String>,
    /// The deliveries whose next attempt is the short form: the whole message failed too often, and a pause was
    /// requested.
    short_next: BTreeSet<i64>,
    /// When an operator last asked to try the endpoint again, as far as this queue knows.
    woken_at: Option<DateTime<Utc>>,
}

/// The result of one step of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is due.
    Idle,
    /// Something may be due, but the sink pauses until then.
    Held(DateTime<Utc>),
    /// A message was accepted.
    Delivered,
    /// A message failed and will be tried again.
    Retried,
    /// A message was given up.
    GivenUp,
    /// The endpoint reports that it is permanently gone, and is disabled.
    Gone,
    /// The endpoint is disabled: nothing is sent to it before an operator acts.
    Disabled,
}

impl Step {
    const fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Delivered { .. } => Self::Delivered,
            Ending::Retry { .. } => Self::Retried,
            Ending::GivenUp(_) => Self::GivenUp,
            Ending::Gone(_) => Self::Gone,
        }
    }
}

/// Works on one subscription's queue.
pub struct Worker<'a> {
    /// The deliveries.
    pub outbox: &'a dyn Outbox,
    /// The subscription.
    pub subscription: &'a Subscription,
    pub clock: &'a dyn Clock,
    /// The limits on attempts.
    pub limits: Limits,
}

impl Worker<'_> {
    /// Makes the next attempt, if there is one to make. With `due_by` only deliveries that were due then are attempted,
    /// so that a pass attempts none twice.
    ///
    /// # Errors
    /// The outbox could not be read or written.
    pub async fn step(&self, queue: &mut Queue, due_by: Option<DateTime<Utc>>) -> Result<Step, OutboxError> {
        self.record_what_is_not(queue)?;
        let endpoint = self.outbox.endpoint(&self.subscription.name)?;
        queue.wake(endpoint.woken_at);
        if endpoint.disabled.is_some() {
            return Ok(Step::Disabled);
        }
        let now = self.clock.now();
        let least = match queue.pace.least(now) {
            Ok(least) => least.max(self.subscription.timing.least(now)),
            Err(until) => return Ok(Step::Held(until)),
        };
        let served = queue.served.iter().cloned().collect();
        let turn = Turn {
            now,
            due_by: due_by.unwrap_or(now),
            least,
            digests_only: self.subscription.timing.digest.is_some(),
            fresh_first: queue.pace.is_failing(),
            served,
        };
        let Some(due) = self.outbox.next(&self.subscription.name, &turn)? else {
            return Ok(queue.pace.paused_until().filter(|_| least > Severity::Info).map_or(Step::Idle, Step::Held));
        };
        queue.serve(due.message.alert.whose());
        let noting = Noting::new(self.outbox, self.clock, &due);
        let (outcome, short) = self.send(queue, &due, &noting).await;
        queue.unnoted = noting.unwritten();
        self.end(queue, due, outcome, short)
    }

    /// Makes attempts until no delivery is due any more, or the sink pauses.
    ///
    /// # Errors
    /// As [`Worker::step`].
    pub async fn drain(&self, queue: &mut Queue) -> Result<Summary, OutboxError> {
        let due_by = self.clock.now();
        let mut summary = Summary::default();
        loop {
            match self.step(queue, Some(due_by)).await? {
                Step::Idle => return Ok(summary),
                Step::Held(until) if queue.pace.is_resting_shortly() => {
                    self.clock.sleep((until - self.clock.now()).to_std().unwrap_or_default()).await;
                }
                Step::Held(_) | Step::Disabled => break,
                Step::Delivered => summary.delivered += 1,
                Step::Retried => summary.retried += 1,
                Step::GivenUp => summary.given_up += 1,
                Step::Gone => summary.gone.push(self.subscription.name.clone()),
            }
        }
        summary.left = self.outbox.waiting(&self.subscription.name, due_by)?;
        Ok(summary)
    }

    /// Sends a message, and if that fails again, its short form directly after it: a receiver that works again receives
    /// the whole one, with its evidence, first. Returns the short form too, if that was sent last.
    async fn send(
        &self,
        queue: &mut Queue,
        due: &Due,
        noting: &Noting<'_>,
    ) -> (Result<Receipt, SinkError>, Option<Short>) {
        let (began, patience) = (self.clock.now(), self.patience());
        let whole = if queue.short_next.remove(&due.id) {
            None
        } else {
            match self.attempt(&due.message, patience, noting).await {
                Err(error) if short_form::is_due(&due.message, &error) => {
                    if error.retry_after().is_some() || self.is_at_an_end(began) {
                        queue.short_next.insert(due.id);
                        return (Err(error), None);
                    }
                    Some(error)
                }
                outcome => return (outcome, None),
            }
        };
        let time = patience.saturating_sub(self.since(began)).max(self.limits.attempt / SHORT_SHARE);
        let mut short = Short::of(&due.message);
        short.message.recipients = noting.all();
        match (self.attempt(&short.message, time, noting).await, whole) {
            (Err(also), Some(error)) => (Err(of_both(error, also)), None),
            (outcome, _) => (outcome, Some(short)),
        }
    }

    /// The longest time of an attempt.
    fn patience(&self) -> Duration {
        self.subscription.sink.patience().unwrap_or(self.limits.attempt)
    }

    fn since(&self, began: DateTime<Utc>) -> Duration {
        (self.clock.now() - began).to_std().unwrap_or_default()
    }

    /// Whether the short form waits for the next attempt, beside a requested pause, before which nothing is sent: a
    /// receiver that may take long, and did, may still take the whole message.
    fn is_at_an_end(&self, began: DateTime<Utc>) -> bool {
        self.patience() > self.limits.attempt && self.since(began) >= self.limits.attempt
    }

    /// One attempt within the time limit, panics included.
    async fn attempt(&self, message: &Message, time: Duration, noting: &Noting<'_>) -> Result<Receipt, SinkError> {
        let sink = self.subscription.sink.as_ref();
        let delivery = AssertUnwindSafe(async { sink.deliver_noting(message, noting).await }).catch_unwind();
        match tokio::time::timeout(time, delivery).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => Err(SinkError::temporary(format!("the {} sink panicked", sink.kind()))),
            Err(_elapsed) => {
                let seconds = time.as_secs_f64();
                Err(SinkError::temporary(format!("delivering by {}: no answer within {seconds} s", sink.kind())))
            }
        }
    }

    /// Updates the queue after an attempt, and records its result.
    fn end(
        &self,
        queue: &mut Queue,
        due: Due,
        outcome: Result<Receipt, SinkError>,
        short: Option<Short>,
    ) -> Result<Step, OutboxError> {
        let now = self.clock.now();
        match &outcome {
            Err(error @ (SinkError::Temporary { .. } | SinkError::Refused { .. })) => {
                queue.pace.failed(now, error.retry_after());
            }
            Ok(_) | Err(SinkError::PutOff { .. } | SinkError::Permanent { .. } | SinkError::Gone { .. }) => {
                queue.pace.works();
            }
        }
        let ending = match outcome {
            Ok(receipt) => delivered(&due.message, receipt, short),
            Err(error) => self.failed(&due.message, &error, now),
        };
        log(&due, &ending);
        let step = Step::of(&ending);
        queue.unrecorded = Some((due, now, ending));
        self.record_what_is_not(queue)?;
        Ok(step)
    }

    /// The result of a failed attempt.
    fn failed(&self, message: &Message, error: &SinkError, now: DateTime<Utc>) -> Ending {
        match error {
            SinkError::Gone { .. } => return Ending::Gone(error.report()),
            // Before that, it may be accepted without the publisher's text.
            SinkError::Permanent { .. } if message.refusals >= short_form::REFUSALS => {
                return Ending::GivenUp(error.report());
            }
            _ => {}
        }
        let attempt = Attempt {
            key: &message.idempotency_key,
            created_at: message.created_at,
            number: message.attempt,
            urgent: message.alert.severity >= URGENT,
        };
        let is_last_next = matches!(error, SinkError::Permanent { .. }) && message.refusals + 1 >= short_form::REFUSALS;
        let asked = error.retry_after().or(is_last_next.then_some(BEFORE_THE_LAST));
        let next = self.limits.schedule.after_failure(&attempt, now, asked);
        let (refused, error) = (error.is_refusal(), error.report());
        match next {
            Next::At(next) => Ending::Retry { error, next, refused },
            Next::GiveUp => Ending::GivenUp(format!("given up after {} attempts; the last: {error}", message.attempt)),
        }
    }

    fn record_what_is_not(&self, queue: &mut Queue) -> Result<(), OutboxError> {
        if let Some(Unwritten { delivery, at, recipients }) = &queue.unnoted {
            self.outbox.note(*delivery, *at, recipients)?;
            queue.unnoted = None;
        }
        if let Some((due, at, ending)) = &queue.unrecorded {
            self.outbox.end(due, *at, ending)?;
            queue.unrecorded = None;
        }
        Ok(())
    }
}

impl Queue {
    /// Passes the turn to others.
    fn serve(&mut self, whose: String) {
        self.served.retain(|other| *other != whose);
        self.served.push_back(whose);
        if self.served.len() > SERVED {
            self.served.pop_front();
        }
    }

    /// An operator asked to try the endpoint again: pauses are over.
    fn wake(&mut self, at: Option<DateTime<Utc>>) {
        if at != self.woken_at {
            self.woken_at = at;
            self.pace.works();
        }
    }
}

fn log(Due { subscription, message, .. }: &Due, ending: &Ending) {
    let (alert, attempt) = (message.alert.id.to_string(), message.attempt);
    match ending {
        Ending::Delivered { .. } => tracing::info!(subscription, alert, "alert delivered"),
        Ending::Retry { error, next, .. } => {
            tracing::warn!(subscription, alert, attempt, error, %next, "alert not delivered yet");
        }
        Ending::GivenUp(why) => tracing::error!(subscription, alert, why, "delivery given up"),
        Ending::Gone(error) => {
            tracing::error!(subscription, error, "its endpoint is disabled; its alerts wait");
        }
    }
}

/// The result of an accepted message, with the members that it named.
fn delivered(message: &Message, receipt: Receipt, short: Option<Short>) -> Ending {
    match short {
        None => {
            let named = message.alert.members.clone();
            Ending::Delivered { detail: receipt.detail, thread: receipt.thread, named, left: Vec::new() }
        }
        Some(Short { named, left, .. }) => {
            let detail = format!("{}; {}", receipt.detail, short_form::SAID);
            Ending::Delivered { detail, thread: receipt.thread, named, left }
        }
    }
}

/// The failure of a message and, directly after it, of its short form. Only if both are refused permanently is the
/// message given up, and the receiver's statements about itself count.
fn of_both(whole: SinkError, short: SinkError) -> SinkError {
    let is_of_receiver = matches!(short, SinkError::Gone { .. }) || short.retry_after().is_some();
    if is_of_receiver || matches!(whole, SinkError::Permanent { .. }) { short } else { whole }
}
