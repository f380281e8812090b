//! The sink of issues: finds or makes the issue about an alert, comments on it, and keeps its state.
//!
//! Every text has a hidden marker, and provwatch looks for it before it writes. So a lost answer, a restart or a restored
//! database makes neither a second issue nor a second comment. Only what its own account wrote counts: others can copy markers.

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;

use super::{
    comment::{CLOSED_BY_HAND, comment},
    document,
    markdown::title,
    marker,
    pack::packed,
    tracker::{Issue, State, TITLE, Tracker},
};
use crate::{
    deliver::{Message, Receipt, Sink, SinkError, event::Event, view::View},
    model::{Alert, AlertStatus, Occasion, Resolution},
};

/// Keeps one issue for each alert.
#[derive(Debug)]
pub struct IssueSink {
    tracker: Box<dyn Tracker>,
    /// The name of the subscription: two of them may have one repository.
    subscription: String,
}

/// Most pages of issues or comments that are searched.
const MOST_PAGES: u32 = 10;
/// How long before an alert its issue may have changed last: an alert that is raised again has its issue from before.
const BEFORE: TimeDelta = TimeDelta::days(30);
/// How far the clocks may differ.
const CLOCKS: TimeDelta = TimeDelta::minutes(10);
/// Bytes of the markers of a text.
const MARKERS: usize = 300;

impl IssueSink {
    /// A sink that keeps the issues of a subscription in a tracker.
    pub(crate) fn new(tracker: Box<dyn Tracker>, subscription: &str) -> Self {
        Self { tracker, subscription: subscription.to_owned() }
    }

    async fn tell(&self, message: &Message) -> Result<Receipt, SinkError> {
        let known = self.known(message).await?;
        let (issue, made) = match known {
            Some(issue) => (issue, false),
            None => (self.make(message).await?, true),
        };
        let parts = if is_of(&issue, message) { rest(message) } else { said(message, &issue) };
        let commented = self.comment(message, &issue, &parts, made).await;
        // A locked issue takes no comment, and must not stay open because of that.
        if let Some(state) =
            wanted(message, &issue).filter(|_| commented.as_ref().err().is_none_or(SinkError::is_refusal))
        {
            self.tracker.set(issue.number, state).await?;
        }
        commented?;
        let thread = format!("{}#{}", self.tracker.place(), issue.number);
        let detail = if made { format!("made {thread}") } else { format!("commented on {thread}") };
        // Each digest has an issue of its own.
        Ok(Receipt { detail, thread: message.alert.digest.is_none().then_some(thread) })
    }

    /// The issue about the alert, by the receipt of an earlier message or by its marker.
    async fn known(&self, message: &Message) -> Result<Option<Issue>, SinkError> {
        let marker = marker::of_alert(message, &self.subscription);
        if let Some(number) = self.number(message)
            && let Some(issue) = self.tracker.issue(number).await?
            // Behind another URL of the API, the number is of a stranger's issue.
            && marker::is_in(&issue.body, &marker)
        {
            return Ok(Some(issue));
        }
        let since = message.alert.raised_at - BEFORE;
        for page in 1..=MOST_PAGES {
            let issues = self.tracker.issues(since, page).await?;
            if let Some(found) = issues.items.into_iter().find(|issue| marker::is_in(&issue.body, &marker)) {
                return Ok(Some(found));
            }
            if issues.is_last {
                break;
            }
        }
        Ok(None)
    }

    /// The number of the issue that an earlier message told of, unless that is in another repository.
    fn number(&self, message: &Message) -> Option<u64> {
        let (place, number) = message.thread.as_deref()?.rsplit_once('#')?;
        let is_here = place.eq_ignore_ascii_case(self.tracker.place()) && message.alert.digest.is_none();
        number.parse().ok().filter(|_| is_here)
    }

    async fn make(&self, message: &Message) -> Result<Issue, SinkError> {
        let view = View::of(message);
        let body = format!(
            "{}\n{}\n\n{}",
            marker::of_alert(message, &self.subscription),
            marker::of_part(&message.idempotency_key, 1),
            packed(document::issue(&view), MARKERS).swap_remove(0)
        );
        self.tracker.create(&title(&view.subject(), TITLE), &body).await
    }

    /// Adds the comments that are not there yet.
    async fn comment(
        &self,
        message: &Message,
        issue: &Issue,
        parts: &[(usize, String)],
        is_new: bool,
    ) -> Result<(), SinkError> {
        if parts.is_empty() {
            return Ok(());
        }
        let known = if is_new { Vec::new() } else { self.comments(message, issue).await? };
        for (number, text) in parts {
            let marker = marker::of_part(&message.idempotency_key, *number);
            if !known.iter().any(|comment| marker::is_in(comment, &marker)) {
                self.tracker.comment(issue.number, &format!("{marker}\n\n{text}")).await?;
            }
        }
        Ok(())
    }

    /// The comments since the alert was raised, the only ones that can be the message's own: a message may have been put back
    /// into the outbox.
    async fn comments(&self, message: &Message, issue: &Issue) -> Result<Vec<String>, SinkError> {
        let since = message.alert.raised_at.min(message.created_at) - CLOCKS;
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let comments = self.tracker.comments(issue.number, since, page).await?;
            all.extend(comments.items);
            if comments.is_last {
                break;
            }
        }
        Ok(all)
    }
}

/// Whether a message made the issue.
fn is_of(issue: &Issue, message: &Message) -> bool {
    marker::is_in(&issue.body, &marker::of_part(&message.idempotency_key, 1))
}

/// What the issue itself has no room for.
fn rest(message: &Message) -> Vec<(usize, String)> {
    let texts = packed(document::issue(&View::of(message)), MARKERS);
    texts.into_iter().enumerate().skip(1).map(|(place, text)| (place + 1, text)).collect()
}

/// What a message adds to an issue that exists.
fn said(message: &Message, issue: &Issue) -> Vec<(usize, String)> {
    let mut blocks = comment(View::of(message), Event::of(message));
    let stays_closed = issue.is_closed && wanted(message, issue).is_none();
    if stays_closed && message.alert.status != AlertStatus::Resolved {
        blocks.push(CLOSED_BY_HAND.to_owned());
    }
    packed(blocks, MARKERS).into_iter().enumerate().map(|(place, text)| (place + 1, text)).collect()
}

/// The state that an issue is to have, if that is another one. An issue that a person closed stays closed until the alert is
/// opened again.
fn wanted(message: &Message, issue: &Issue) -> Option<State> {
    let alert = &message.alert;
    let ends = alert.status == AlertStatus::Resolved || alert.digest.is_some();
    match Event::of(message) {
        Event::On(Occasion::Reopened) if !ends => issue.is_closed.then_some(State::Open),
        _ if ends => (!issue.is_closed).then(|| reason(alert)),
        _ => (issue.is_closed && issue.closed_at.is_some_and(|closed| closed < opened(alert))).then_some(State::Open),
    }
}

/// When an alert was opened last.
fn opened(alert: &Alert) -> DateTime<Utc> {
    let again = alert.handling.as_ref().filter(|action| action.status == AlertStatus::Open).map(|action| action.at);
    again.map_or(alert.raised_at, |again| again.max(alert.raised_at))
}

fn reason(alert: &Alert) -> State {
    match alert.handling.as_ref().and_then(|handling| handling.category) {
        Some(Resolution::Expected | Resolution::FalsePositive | Resolution::Duplicate) => State::NotPlanned,
        Some(Resolution::TruePositive) | None => State::Done,
    }
}

impl Sink for IssueSink {
    fn kind(&self) -> &'static str {
        self.tracker.kind()
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.tell(message))
    }

    fn keeps_open(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
