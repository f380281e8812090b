//! The interface of the log services for the daemon and the command line.

use super::{
    entries::{self, Correlator, EntryLookup, FoundEntry, Matcher, Matching, Wanted},
    error::FollowError,
    left::Departures,
    log_list::{FollowedLog, LogList, NotFollowed, Recognizer, TrustedLogs},
    poll::{Poll, Poller},
    scan::{self, ScanError, ScanSummary, Scanned},
    settings::LogSettings,
    stale_logs::Standing,
    start::{StartError, Starter},
    wiring::{Listing, LogParts},
};
use crate::{
    clock::Clock,
    health::Facts,
    store::{LogRow, StoreError},
    tlog::{Head, ReadError, Tree, Watch},
    upkeep::TrustKeeper,
};
use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Watches logs.
#[derive(Debug)]
pub struct LogMonitor {
    clock: Arc<dyn Clock>,
    trust: Arc<TrustKeeper>,
    settings: Arc<LogSettings>,
    list: Arc<LogList>,
    trusted: Arc<TrustedLogs>,
    recognizer: Arc<Recognizer>,
    matching: Arc<Matching>,
    poller: Poller,
    starter: Starter,
    correlator: Correlator,
    lookup: EntryLookup,
    standing: Standing,
    departures: Departures,
}

impl LogMonitor {
    /// Watches logs with these parts.
    pub fn new(parts: &LogParts) -> Self {
        let (listing, telling, matching) = (parts.listing(), parts.telling(), parts.matching());
        let (poller, starter) = parts.polling(&listing, &telling, &matching);
        let LogParts { store, clock, progress, trust, wall_clock, settings, .. } = parts;
        let correlator = Correlator {
            store: Arc::clone(store),
            clock: Arc::clone(clock),
            settings: Arc::clone(settings),
            wall_clock: Arc::clone(wall_clock),
            alerts: Arc::clone(&telling.alerts),
            own: parts.own_entries(),
        };
        let lookup = EntryLookup {
            store: Arc::clone(store),
            clock: Arc::clone(clock),
            progress: Arc::clone(progress),
            trust: Arc::clone(trust),
            list: Arc::clone(&listing.list),
            recognizer: Arc::clone(&listing.recognizer),
            alerts: telling.alerts,
        };
        let Listing { list, trusted, recognizer } = listing;
        Self {
            clock: Arc::clone(clock),
            trust: Arc::clone(trust),
            settings: Arc::clone(settings),
            standing: Standing { settings: Arc::clone(settings), list: Arc::clone(&list), reporter: telling.reporter },
            departures: parts.departures(&list),
            list,
            trusted,
            recognizer,
            matching,
            poller,
            starter,
            correlator,
            lookup,
        }
    }

    /// The settings of log following.
    pub fn settings(&self) -> &LogSettings {
        &self.settings
    }

    /// The logs to follow now.
    pub fn followed_logs(&self) -> Vec<Arc<FollowedLog>> {
        self.list.followed()
    }

    /// The log of that name, or the one that a tree of that name belongs to, as far as names are known.
    /// [`Self::log_named`] sends requests.
    pub fn followed_log(&self, name: &str) -> Option<Arc<FollowedLog>> {
        self.list.of_tree(name)
    }

    /// The stored rows of the logs that are followed and still read.
    ///
    /// # Errors
    /// The store failed.
    pub fn followed_rows(&self) -> Result<Vec<LogRow>, StoreError> {
        self.departures.followed_rows()
    }

    /// The health facts about logs, given the facts `before`.
    ///
    /// # Errors
    /// The store failed.
    pub fn facts(&self, followed: &[LogRow], before: Facts, now: DateTime<Utc>) -> Result<Facts, StoreError> {
        self.departures.facts(followed, before, now)
    }

    /// Logs of the trust root that are not followed.
    pub fn logs_not_followed(&self) -> Vec<NotFollowed> {
        self.trusted.not_followed()
    }

    /// The log of that name in the configuration or an attestation. It is recognised before it is returned.
    pub async fn log_named(&self, name: &str) -> Option<Arc<FollowedLog>> {
        self.recognizer.named(name).await
    }

    /// The current answer of a log about its trees; before it the log itself, if its answer shows another protocol or
    /// name than expected.
    pub async fn ask(&self, followed: &FollowedLog) -> (Option<Arc<FollowedLog>>, Result<Vec<Head>, ReadError>) {
        self.recognizer.ask(followed).await
    }

    /// Polls every log once, and again the logs that are recognised as another kind.
    ///
    /// # Errors
    /// The store failed.
    pub async fn poll_logs(&self) -> Result<Vec<(String, Poll)>, FollowError> {
        self.poller.poll_logs().await
    }

    /// Polls a log once.
    ///
    /// # Errors
    /// The store failed.
    pub async fn poll_log(&self, followed: &FollowedLog) -> Result<Poll, FollowError> {
        self.poller.poll_log(followed).await
    }

    /// Reads a tree from an index on, whatever was read before.
    ///
    /// # Errors
    /// No such tree or index, a gap that is not allowed, a log that cannot be read or that violates its history, a
    /// failure of the store.
    pub async fn start_log_at(
        &self,
        followed: &FollowedLog,
        tree: &str,
        index: u64,
        allow_gap: bool,
    ) -> Result<Tree, StartError> {
        self.starter.start_at(followed, tree, index, allow_gap).await
    }

    /// Reads the entries `from..to` of a tree once, and proves them; the store is not changed.
    ///
    /// # Errors
    /// No such range, or the log cannot be read, or the served entries are not the signed ones.
    pub async fn scan_log(
        &self,
        followed: &FollowedLog,
        tree: &str,
        range: (u64, Option<u64>),
        matcher: &Matcher,
        tell: impl FnMut(&Scanned<'_>),
    ) -> Result<ScanSummary, ScanError> {
        scan::scan(followed, tree, range, matcher, self.clock.now(), tell).await
    }

    /// A matcher of the identities that the baselines have now, with the current trust root.
    ///
    /// # Errors
    /// The store failed.
    pub fn matcher(&self) -> Result<Matcher, StoreError> {
        self.matching.matcher()
    }

    /// A matcher of other identities.
    pub fn matcher_of(&self, watch: Watch) -> Matcher {
        Matcher::new(Arc::new(watch), self.trust.verifier())
    }

    /// Looks for entries. `None`: this kind of log has no search index.
    ///
    /// # Errors
    /// The log cannot be read, does not have the entry, or does not prove it.
    pub async fn find_entries(
        &self,
        followed: &FollowedLog,
        wanted: &Wanted,
    ) -> Result<Option<Vec<FoundEntry>>, ReadError> {
        entries::find(&Matcher::of_nobody(self.trust.verifier()), followed, wanted).await
    }

    /// Asks the forges for the runs behind open entries of one's own repositories, before [`Self::judge_entries`].
    ///
    /// # Errors
    /// The store failed.
    pub async fn look_up_own_runs(&self) -> Result<(), StoreError> {
        self.correlator.look_up_own_runs().await
    }

    /// Checks every open entry.
    ///
    /// # Errors
    /// The store failed.
    pub fn judge_entries(&self) -> Result<(), StoreError> {
        self.correlator.judge_entries()
    }

    /// Looks up the entries that new releases name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn check_named_entries(&self) -> Result<(), StoreError> {
        self.lookup.check_named_entries().await
    }

    /// Reports a log that does not grow although it should, and clears the violation when the log grows again.
    ///
    /// # Errors
    /// The store failed.
    pub fn check_standing(&self, row: &LogRow, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.standing.check(row, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logwatch::lab::{LOG, Lab};

    #[tokio::test]
    async fn the_watch_is_put_together_from_its_parts_and_follows_a_log() {
        let lab = Lab::new();
        let monitor = LogMonitor::new(&lab.parts);
        lab.log.grow(3, "one");
        let polls = async || monitor.poll_logs().await.unwrap();
        assert_eq!(polls().await, [(LOG.to_owned(), Poll::default())], "it begins at the end");
        lab.log.grow(5, "one");
        assert_eq!(polls().await, [(LOG.to_owned(), Poll { verified: 2, ..Poll::default() })]);
        assert_eq!(monitor.followed_rows().unwrap().len(), 1);
        assert_eq!(monitor.log_named("small").await.unwrap().name(), LOG);
        assert!(monitor.log_named("nobody.example").await.is_none());
    }
}
