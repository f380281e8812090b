//! What the daemon and the command line ask of logs: it is the log monitor that answers.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    Pipeline, PipelineError,
    logs::{FollowedLog, FoundEntry, Matcher, NotFollowed, Poll, ScanError, ScanSummary, Scanned, StartError, Wanted},
};
use crate::{
    health::Facts,
    store::LogRow,
    tlog::{Head, ReadError, Tree, Watch},
};

impl Pipeline {
    /// See `LogMonitor::followed_logs`.
    pub fn followed_logs(&self) -> Vec<Arc<FollowedLog>> {
        self.logs.followed_logs()
    }

    /// See `LogMonitor::followed_log`.
    pub fn followed_log(&self, name: &str) -> Option<Arc<FollowedLog>> {
        self.logs.followed_log(name)
    }

    pub(super) fn followed_rows(&self) -> Result<Vec<LogRow>, PipelineError> {
        Ok(self.logs.followed_rows()?)
    }

    /// See `LogMonitor::logs_not_followed`.
    pub fn logs_not_followed(&self) -> Vec<NotFollowed> {
        self.logs.logs_not_followed()
    }

    /// See `LogMonitor::log_named`.
    pub async fn log_named(&self, name: &str) -> Option<Arc<FollowedLog>> {
        self.logs.log_named(name).await
    }

    /// See `LogMonitor::ask`.
    pub async fn ask(&self, followed: &FollowedLog) -> (Option<Arc<FollowedLog>>, Result<Vec<Head>, ReadError>) {
        self.logs.ask(followed).await
    }

    /// See `LogMonitor::poll_logs`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn poll_logs(&self) -> Result<Vec<(String, Poll)>, PipelineError> {
        self.logs.poll_logs().await
    }

    /// See `LogMonitor::poll_log`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn poll_log(&self, followed: &FollowedLog) -> Result<Poll, PipelineError> {
        self.logs.poll_log(followed).await
    }

    /// See `LogMonitor::start_log_at`.
    ///
    /// # Errors
    /// No such tree or index, a gap that is not allowed, a log that cannot be read or is accused, a failure of the store.
    pub async fn start_log_at(
        &self,
        followed: &FollowedLog,
        tree: &str,
        index: u64,
        allow_gap: bool,
    ) -> Result<Tree, StartError> {
        self.logs.start_log_at(followed, tree, index, allow_gap).await
    }

    /// See `LogMonitor::scan_log`.
    ///
    /// # Errors
    /// No such range, or the log cannot be read, or what it serves is not what it signed.
    pub async fn scan_log(
        &self,
        followed: &FollowedLog,
        tree: &str,
        range: (u64, Option<u64>),
        matcher: &Matcher,
        tell: impl FnMut(&Scanned<'_>),
    ) -> Result<ScanSummary, ScanError> {
        self.logs.scan_log(followed, tree, range, matcher, tell).await
    }

    /// See `LogMonitor::matcher`.
    ///
    /// # Errors
    /// The store failed.
    pub fn matcher(&self) -> Result<Matcher, PipelineError> {
        Ok(self.logs.matcher()?)
    }

    /// See `LogMonitor::matcher_of`.
    pub fn matcher_of(&self, watch: Watch) -> Matcher {
        self.logs.matcher_of(watch)
    }

    /// See `LogMonitor::find_entries`.
    ///
    /// # Errors
    /// The log cannot be read, does not have the entry, or does not prove it.
    pub async fn find_entries(
        &self,
        followed: &FollowedLog,
        wanted: &Wanted,
    ) -> Result<Option<Vec<FoundEntry>>, ReadError> {
        self.logs.find_entries(followed, wanted).await
    }

    /// See `LogMonitor::judge_entries`.
    ///
    /// # Errors
    /// The store failed.
    pub fn judge_entries(&self) -> Result<(), PipelineError> {
        Ok(self.logs.judge_entries()?)
    }

    /// See `LogMonitor::check_named_entries`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn check_named_entries(&self) -> Result<(), PipelineError> {
        Ok(self.logs.check_named_entries().await?)
    }

    pub(super) fn check_standing(&self, row: &LogRow, now: DateTime<Utc>) -> Result<(), PipelineError> {
        Ok(self.logs.check_standing(row, now)?)
    }
}

pub(super) fn logs_of(
    pipeline: &Pipeline,
    followed: &[LogRow],
    before: Facts,
    now: DateTime<Utc>,
) -> Result<Facts, PipelineError> {
    Ok(pipeline.logs.facts(followed, before, now)?)
}
