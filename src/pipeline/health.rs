//! Health is data: what ails provwatch itself becomes an alert of kind `operation`, raised once, and resolved when its
//! cause is gone.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Pipeline, PipelineError, Source, TRUST_ROOT, operation, operation::Trouble};
use crate::store::{LogRow, LogStanding, SourceState, SubscriptionState, WorkSummary};

/// For how long the trust root may go without a refresh.
pub const TRUST_PATIENCE: TimeDelta = TimeDelta::days(3);
/// For how long a few packages may fail before their number is an alert. Each has one of its own long before that.
const WORK_PATIENCE: TimeDelta = TimeDelta::hours(24);
/// For how long many packages may fail.
const OUTAGE_PATIENCE: TimeDelta = TimeDelta::hours(1);
/// From so many failing packages on it is an outage, which is one alert and not one for each package.
pub(super) const MANY: u64 = 10;
/// For how long a forge may answer nothing that it is asked.
const FORGE_PATIENCE: TimeDelta = TimeDelta::hours(1);
/// For how long a subscription may refuse what it is sent.
const SINK_PATIENCE: TimeDelta = TimeDelta::hours(1);

impl Pipeline {
    /// Raises an alert for everything that has ailed for too long, and resolves those whose cause is gone.
    ///
    /// # Errors
    /// The store failed.
    pub fn check_health(&self) -> Result<(), PipelineError> {
        let now = self.clock.now();
        self.compare_clock(now)?;
        let states = self.store.sources()?;
        self.check_sources(&states, now)?;
        self.check_trust(&states, now)?;
        self.check_logs(now)?;
        self.check_forges(now)?;
        self.check_work(&self.store.work_summary(now)?, now)?;
        self.check_subscriptions(&self.store.delivery_summary()?, now)
    }

    /// A source that has been silent for long since this process began.
    fn check_sources(&self, states: &[SourceState], now: DateTime<Utc>) -> Result<(), PipelineError> {
        for Source { feed, .. } in &self.sources {
            let (last_success, error) = last_of(states, feed.name());
            let silent = now - last_success.map_or(self.began(), |last| last.max(self.began()));
            let is_back = last_success.is_some_and(|last| now - last <= self.settings.stale_after);
            let trouble = operation::stale(feed.name(), silent.num_minutes(), error);
            self.keep(&trouble, silent > self.settings.stale_after, is_back, "the source is read again", now)?;
        }
        Ok(())
    }

    /// A trust root that goes stale: sooner or later what is signed cannot be verified with it.
    fn check_trust(&self, states: &[SourceState], now: DateTime<Utc>) -> Result<(), PipelineError> {
        if self.freshness.is_none() {
            return Ok(());
        }
        let (last_success, error) = last_of(states, TRUST_ROOT);
        let age = now - last_success.unwrap_or(self.began());
        let trouble = operation::stale_trust(age.num_days(), error);
        let is_back = last_success.is_some() && age <= TRUST_PATIENCE;
        self.keep(&trouble, age > TRUST_PATIENCE, is_back, "the trust root was refreshed", now)
    }

    /// Logs that cannot be read, and logs that stand still though they should grow.
    fn check_logs(&self, now: DateTime<Utc>) -> Result<(), PipelineError> {
        if !self.follows_logs() {
            return Ok(());
        }
        let is_followed = |row: &LogRow| row.standing != LogStanding::Drained && self.followed_log(&row.name).is_some();
        for row in self.store.logs()?.into_iter().filter(is_followed) {
            let since = row.failing_since.map(|since| since.max(self.began()));
            let fails = since.is_some_and(|since| now - since > self.settings.stale_after);
            let minutes = since.map_or(0, |since| (now - since).num_minutes());
            let trouble = operation::unread_log(&row.name, minutes, row.last_error.as_deref());
            self.keep(&trouble, fails, since.is_none(), "the log is read again", now)?;
            self.check_standing(&row, now)?;
        }
        Ok(())
    }

    /// Forges that give no usable answer: what only they know is not compared meanwhile.
    fn check_forges(&self, now: DateTime<Utc>) -> Result<(), PipelineError> {
        let Some(forges) = &self.forges else { return Ok(()) };
        for (host, failing) in forges.failing() {
            let is_over = failing.is_none();
            let lasts = failing.as_ref().is_some_and(|failing| failing.last - failing.since >= FORGE_PATIENCE);
            let minutes = failing.as_ref().map_or(0, |failing| (now - failing.since).num_minutes());
            let trouble = operation::failing_forge(host, minutes, failing.map(|failing| failing.error).as_deref());
            self.keep(&trouble, lasts, is_over, "the forge answers", now)?;
        }
        Ok(())
    }

    fn check_work(&self, work: &WorkSummary, now: DateTime<Utc>) -> Result<(), PipelineError> {
        let patience = if work.failing >= MANY { OUTAGE_PATIENCE } else { WORK_PATIENCE };
        let longer = |since: Option<DateTime<Utc>>| since.is_some_and(|since| now - since > patience);
        let since = work.oldest_failing.unwrap_or(now);
        let trouble = operation::failing_work(work.failing, (now - since).num_hours());
        // A new event gives a failing package a fresh start; that alone is no recovery.
        let is_over = work.failing == 0 && !longer(work.oldest);
        self.keep(&trouble, longer(work.oldest_failing), is_over, "the packages were looked at", now)
    }

    fn check_subscriptions(&self, states: &[SubscriptionState], now: DateTime<Utc>) -> Result<(), PipelineError> {
        for state in states.iter().filter(|state| self.subscriptions.get(&state.subscription).is_some()) {
            let name = &state.subscription;
            let late = state.oldest_pending.is_some_and(|since| now - since > SINK_PATIENCE);
            let refuses = state.last_failure.is_some_and(|failed| state.last_success.is_none_or(|last| last < failed));
            let is_gone = self.stands(&operation::sink_gone(name))?;
            let reason = "the subscription takes alerts again";
            self.keep(&operation::sink_gone(name), false, !refuses, reason, now)?;
            let trouble = operation::failing_sink(name, state.pending, state.failed);
            let fails = (late && state.retrying > 0) || (refuses && !is_gone);
            self.keep(&trouble, fails, !late && !refuses, reason, now)?;
        }
        Ok(())
    }

    /// Raises an alert while its cause holds, resolves it when the cause is known to be gone, and leaves it alone in
    /// between.
    fn keep(
        &self,
        trouble: &Trouble,
        holds: bool,
        is_over: bool,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), PipelineError> {
        match (holds, is_over) {
            (true, _) => self.record_operation(trouble, now),
            (false, true) => self.resolve_operation(trouble, reason, now),
            (false, false) => Ok(()),
        }
    }
}

fn last_of<'a>(states: &'a [SourceState], name: &str) -> (Option<DateTime<Utc>>, Option<&'a str>) {
    let state = states.iter().find(|state| state.name == name);
    (state.and_then(|state| state.last_success), state.and_then(|state| state.last_error.as_deref()))
}
