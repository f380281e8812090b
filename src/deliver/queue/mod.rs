//! The delivery queue of one sink. Sinks are independent: each has a worker of its own, which selects the next message
//! again after every attempt. So a slow or dead sink does not delay the others, a backlog of mild alerts does not delay
//! a severe one, and one message that its receiver cannot accept does not delay the rest.

mod outbox;
mod schedule;

use std::{
    collections::{BTreeSet, VecDeque},
    panic::AssertUnwindSafe,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;

use schedule::{Attempt, LONGEST_ASKED, LONGEST_URGENT, Next, URGENT};

use super::{
    Message, Receipt, SinkError, Subscription,
    short_form::{self, Short},
};
use crate::{
    clock::{Clock, is_due},
    model::Severity,
    store::Turn,
};

pub use outbox::{Due, Ending, Limits, Outbox, OutboxError, Summary};

/// The longest rest of a sink that fails repeatedly. Together with the longest attempt it is the longest wait of a new
/// alert when such a sink works again.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// The number of recently served packages that are remembered, so that they take turns.
const SERVED: usize = 64;

/// The minimum part of an attempt's time for the short form, after a whole message that used all of it.
const SHORT_SHARE: u32 = 3;

/// After so many consecutive failures a pass leaves the rest of a sink's queue for the next one.
const ENOUGH: u32 = 4;

/// The state of a sink between two attempts. It is not kept over a restart: the first message is then simply tried.
#[derive(Debug, Default)]
pub struct Queue {
    /// Failed attempts since the last message that was accepted or refused.
    failures: u32,
    hold: Option<Hold>,
    /// An attempt whose result could not be recorded yet. It is recorded before anything else is sent: while the disk
    /// is full, no receiver gets the same message repeatedly.
    unrecorded: Option<(Due, DateTime<Utc>, Ending)>,
    /// The packages or kinds that were served last, the latest last.
    served: VecDeque<String>,
    /// The deliveries whose next attempt is the short form: the whole message failed too often, and a pause was
    /// requested.
    short_next: BTreeSet<i64>,
    /// When an operator last asked to try the endpoint again, as far as this queue knows.
    woken_at: Option<DateTime<Utc>>,
}

/// A pause of a sink.
#[derive(Clone, Copy, Debug)]
struct Hold {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    /// The time until which even urgent alerts wait.
    urgent_until: DateTime<Utc>,
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
        let least = match queue.least(now) {
            Ok(least) => least.max(self.subscription.timing.least(now)),
            Err(until) => return Ok(Step::Held(until)),
        };
        let served = queue.served.iter().cloned().collect();
        let turn = Turn {
            now,
            due_by: due_by.unwrap_or(now),
            least,
            digests_only: self.subscription.timing.digest.is_some(),
            fresh_first: queue.failures > 0,
            served,
        };
        let Some(due) = self.outbox.next(&self.subscription.name, &turn)? else {
            return Ok(queue.hold.filter(|_| least > Severity::Info).map_or(Step::Idle, |hold| Step::Held(hold.until)));
        };
        queue.serve(due.message.alert.whose());
        let (outcome, short) = self.send(queue, &due).await;
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
                Step::Held(until) if queue.is_resting() && queue.failures < ENOUGH => {
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
    async fn send(&self, queue: &mut Queue, due: &Due) -> (Result<Receipt, SinkError>, Option<Short>) {
        let began = self.clock.now();
        let whole = if queue.short_next.remove(&due.id) {
            None
        } else {
            match self.attempt(&due.message, self.limits.attempt).await {
                // Nothing is sent before a requested pause is over; the text may be its cause.
                Err(error) if short_form::is_due(&due.message, &error) && retry_after(&error).is_some() => {
                    queue.short_next.insert(due.id);
                    return (Err(error), None);
                }
                Err(error) if short_form::is_due(&due.message, &error) => Some(error),
                outcome => return (outcome, None),
            }
        };
        let spent = (self.clock.now() - began).to_std().unwrap_or_default();
        let time = self.limits.attempt.saturating_sub(spent).max(self.limits.attempt / SHORT_SHARE);
        let short = Short::of(&due.message);
        match (self.attempt(&short.message, time).await, whole) {
            (Err(also), Some(error)) => (Err(of_both(error, also)), None),
            (outcome, _) => (outcome, Some(short)),
        }
    }

    /// One attempt within the time limit, panics included.
    async fn attempt(&self, message: &Message, time: Duration) -> Result<Receipt, SinkError> {
        let sink = self.subscription.sink.as_ref();
        let delivery = AssertUnwindSafe(async { sink.deliver(message).await }).catch_unwind();
        match tokio::time::timeout(time, delivery).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => Err(SinkError::temporary(format!("the {} sink panicked", sink.kind()))),
            Err(_elapsed) => {
                let seconds = time.as_secs_f64();
                Err(SinkError::temporary(format!("delivering by {}: no answer within {seconds} s", sink.kind())))
            }
        }
    }

    /// Updates the queue after an attempt.
    fn end(
        &self,
        queue: &mut Queue,
        due: Due,
        outcome: Result<Receipt, SinkError>,
        short: Option<Short>,
    ) -> Result<Step, OutboxError> {
        let now = self.clock.now();
        let (step, ending) = match outcome {
            Ok(receipt) => {
                queue.works();
                tracing::info!(
                    subscription = due.subscription,
                    alert = due.message.alert.id.to_string(),
                    "alert delivered"
                );
                (Step::Delivered, delivered(&due.message, receipt, short))
            }
            Err(error @ SinkError::Gone { .. }) => {
                queue.works();
                let error = error.report();
                tracing::error!(subscription = due.subscription, error, "its endpoint is disabled; its alerts wait");
                (Step::Gone, Ending::Gone(error))
            }
            Err(error @ SinkError::Permanent { .. }) => {
                queue.works();
                // Without the publisher's text it may be accepted.
                if due.message.refusals < short_form::REFUSALS {
                    self.after_failure(&due, &error, now)
                } else {
                    (Step::GivenUp, Ending::GivenUp(error.report()))
                }
            }
            Err(error) => {
                queue.failed(now, retry_after(&error));
                self.after_failure(&due, &error, now)
            }
        };
        if let Ending::GivenUp(why) = &ending {
            tracing::error!(
                subscription = due.subscription,
                alert = due.message.alert.id.to_string(),
                why,
                "delivery given up"
            );
        }
        queue.unrecorded = Some((due, now, ending));
        self.record_what_is_not(queue)?;
        Ok(step)
    }

    fn after_failure(&self, due: &Due, error: &SinkError, now: DateTime<Utc>) -> (Step, Ending) {
        let refused = matches!(error, SinkError::Refused { .. } | SinkError::Permanent { .. });
        let (message, error, asked) = (&due.message, error.report(), retry_after(error));
        let attempt = Attempt {
            key: &message.idempotency_key,
            created_at: message.created_at,
            number: message.attempt,
            urgent: message.alert.severity >= URGENT,
        };
        match self.limits.schedule.after_failure(&attempt, now, asked) {
            Next::At(next) => {
                let attempt = message.attempt;
                tracing::warn!(subscription = due.subscription, attempt, error, %next, "alert not delivered yet");
                (Step::Retried, Ending::Retry { error, next, refused })
            }
            Next::GiveUp => {
                let why = format!("given up after {} attempts; the last: {error}", message.attempt);
                (Step::GivenUp, Ending::GivenUp(why))
            }
        }
    }

    fn record_what_is_not(&self, queue: &mut Queue) -> Result<(), OutboxError> {
        if let Some((due, at, ending)) = &queue.unrecorded {
            self.outbox.end(due, *at, ending)?;
            queue.unrecorded = None;
        }
        Ok(())
    }
}

impl Queue {
    /// The lowest severity that may be sent now; an error is the time until which nothing is sent.
    fn least(&mut self, now: DateTime<Utc>) -> Result<Severity, DateTime<Utc>> {
        // A clock that was set back must not prolong a hold.
        self.hold = self.hold.filter(|hold| !is_due(hold.until, now, hold.until - hold.since));
        match self.hold {
            None => Ok(Severity::Info),
            Some(hold) if now < hold.urgent_until => Err(hold.urgent_until),
            Some(_) => Ok(URGENT),
        }
    }

    /// Whether it rests because of failures, and not because of a requested pause that urgent alerts may break.
    fn is_resting(&self) -> bool {
        self.hold.is_some_and(|hold| hold.until - hold.since <= TimeDelta::from_std(LONGEST_REST).unwrap_or_default())
    }

    /// Passes the turn to others.
    fn serve(&mut self, whose: String) {
        self.served.retain(|other| *other != whose);
        self.served.push_back(whose);
        if self.served.len() > SERVED {
            self.served.pop_front();
        }
    }

    /// Records an answer.
    fn works(&mut self) {
        (self.failures, self.hold) = (0, None);
    }

    /// An operator asked to try the endpoint again: pauses are over.
    fn wake(&mut self, at: Option<DateTime<Utc>>) {
        if at != self.woken_at {
            self.woken_at = at;
            self.works();
        }
    }

    /// One failure may be the message's fault. From the second consecutive one on the sink rests, longer each time.
    fn failed(&mut self, now: DateTime<Utc>, asked: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        let rest = match self.failures.checked_sub(2) {
            Some(doublings) => Duration::from_secs(1 << doublings.min(5)).min(LONGEST_REST),
            None => Duration::ZERO,
        };
        let wait = rest.max(asked.unwrap_or_default().min(LONGEST_ASKED));
        let after = |wait: Duration| now + TimeDelta::from_std(wait).unwrap_or_default();
        self.hold = Some(Hold { since: now, until: after(wait), urgent_until: after(wait.min(LONGEST_URGENT)) });
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
    let is_of_receiver = matches!(short, SinkError::Gone { .. }) || retry_after(&short).is_some();
    if is_of_receiver || matches!(whole, SinkError::Permanent { .. }) { short } else { whole }
}

fn retry_after(error: &SinkError) -> Option<Duration> {
    match error {
        SinkError::Temporary { retry_after, .. } => *retry_after,
        SinkError::Refused { .. } | SinkError::Permanent { .. } | SinkError::Gone { .. } => None,
    }
}

#[cfg(test)]
mod tests;
