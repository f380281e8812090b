//! Assembles the log services from their parts.

use std::sync::Arc;

use super::{
    announce::Announcer,
    audit::Auditor,
    entries::{EntryAlerts, MatchReporters, Matching, OwnEntries},
    left::Departures,
    log_list::{LogList, LogMaker, Recognition, Recognizer, TrustedLogs},
    poll::{Follower, Mirrors, Poller, Trees},
    report::ViolationReporter,
    settings::LogSettings,
    start::Starter,
    tail::Tailer,
};
use crate::{
    clock::Clock,
    deliver::Subscriptions,
    detect::Tuning,
    enrich::Forges,
    http::Client,
    progress::Progress,
    store::Store,
    upkeep::{Mender, TrustKeeper, WallClock},
    watchlist::InUse,
};

/// The parts of the log services.
#[derive(Debug)]
pub struct LogParts {
    /// The store.
    pub store: Arc<Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The client.
    pub http: Client,
    /// Receives progress.
    pub progress: Arc<dyn Progress>,
    /// The receivers of alerts.
    pub subscriptions: Arc<Subscriptions>,
    /// The watchlist in use.
    pub watchlist: Arc<InUse>,
    /// Keeps the trust root.
    pub trust: Arc<TrustKeeper>,
    /// The start time of this process.
    pub wall_clock: Arc<WallClock>,
    /// Sets damaged rows aside.
    pub mender: Arc<Mender>,
    /// The settings of log following.
    pub settings: Arc<LogSettings>,
    /// The operator's changes to detectors.
    pub tuning: Tuning,
    /// The forges that may be queried, unless that is switched off.
    pub forges: Option<Arc<Forges>>,
}

/// The list of logs.
pub struct Listing {
    pub list: Arc<LogList>,
    pub trusted: Arc<TrustedLogs>,
    pub recognizer: Arc<Recognizer>,
}

/// The services that report about logs.
pub struct Telling {
    pub announcer: Arc<Announcer>,
    pub reporter: Arc<ViolationReporter>,
    pub alerts: Arc<EntryAlerts>,
}

impl LogParts {
    pub fn listing(&self) -> Listing {
        let recognition = Arc::new(Recognition::new(Arc::clone(&self.store)));
        let maker = Arc::new(LogMaker {
            clock: Arc::clone(&self.clock),
            http: self.http.clone(),
            settings: Arc::clone(&self.settings),
        });
        let trusted = Arc::new(TrustedLogs {
            clock: Arc::clone(&self.clock),
            settings: Arc::clone(&self.settings),
            trust: Arc::clone(&self.trust),
            recognition: Arc::clone(&recognition),
        });
        let list = Arc::new(LogList {
            settings: Arc::clone(&self.settings),
            maker: Arc::clone(&maker),
            trusted: Arc::clone(&trusted),
        });
        let asking = Recognizer { list: Arc::clone(&list), maker, trusted: Arc::clone(&trusted), recognition };
        Listing { list, trusted, recognizer: Arc::new(asking) }
    }

    pub fn telling(&self) -> Telling {
        let announcer = Arc::new(Announcer {
            store: Arc::clone(&self.store),
            subscriptions: Arc::clone(&self.subscriptions),
            progress: Arc::clone(&self.progress),
        });
        let reporter = Arc::new(ViolationReporter {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            announcer: Arc::clone(&announcer),
        });
        let alerts = Arc::new(EntryAlerts {
            store: Arc::clone(&self.store),
            tuning: self.tuning.clone(),
            settings: Arc::clone(&self.settings),
            subscriptions: Arc::clone(&self.subscriptions),
            announcer: Arc::clone(&announcer),
        });
        Telling { announcer, reporter, alerts }
    }

    pub fn matching(&self) -> Arc<Matching> {
        Arc::new(Matching::new(
            Arc::clone(&self.store),
            Arc::clone(&self.clock),
            Arc::clone(&self.settings),
            Arc::clone(&self.watchlist),
            Arc::clone(&self.trust),
        ))
    }

    pub fn own_entries(&self) -> OwnEntries {
        let (store, settings) = (Arc::clone(&self.store), Arc::clone(&self.settings));
        OwnEntries::new(store, settings, Arc::clone(&self.watchlist), self.forges.clone())
    }

    pub fn departures(&self, list: &Arc<LogList>) -> Departures {
        Departures {
            store: Arc::clone(&self.store),
            trust: Arc::clone(&self.trust),
            settings: Arc::clone(&self.settings),
            list: Arc::clone(list),
        }
    }

    fn tailer(&self, listing: &Listing, telling: &Telling, matching: &Arc<Matching>) -> Arc<Tailer> {
        let match_reporters = MatchReporters {
            store: Arc::clone(&self.store),
            settings: Arc::clone(&self.settings),
            subscriptions: Arc::clone(&self.subscriptions),
        };
        Arc::new(Tailer {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            progress: Arc::clone(&self.progress),
            list: Arc::clone(&listing.list),
            matching: Arc::clone(matching),
            match_reporters,
            reporter: Arc::clone(&telling.reporter),
            announcer: Arc::clone(&telling.announcer),
        })
    }

    /// The services that poll logs and move tails.
    pub fn polling(&self, listing: &Listing, telling: &Telling, matching: &Arc<Matching>) -> (Poller, Starter) {
        let (store, clock, reporter) = (&self.store, &self.clock, &telling.reporter);
        let auditor = Arc::new(Auditor { store: Arc::clone(store), reporter: Arc::clone(reporter) });
        let trees = Trees { store: Arc::clone(store), clock: Arc::clone(clock), reporter: Arc::clone(reporter) };
        let trees = Arc::new(trees);
        let tailer = self.tailer(listing, telling, matching);
        let follower = Arc::new(Follower {
            store: Arc::clone(store),
            clock: Arc::clone(clock),
            progress: Arc::clone(&self.progress),
            mender: Arc::clone(&self.mender),
            trees: Arc::clone(&trees),
            auditor: Arc::clone(&auditor),
            tailer: Arc::clone(&tailer),
            reporter: Arc::clone(reporter),
        });
        let mirrors = Mirrors {
            store: Arc::clone(store),
            clock: Arc::clone(clock),
            follower: Arc::clone(&follower),
            auditor: Arc::clone(&auditor),
            tailer,
            reporter: Arc::clone(reporter),
        };
        let poller = Poller {
            store: Arc::clone(store),
            trust: Arc::clone(&self.trust),
            list: Arc::clone(&listing.list),
            recognizer: Arc::clone(&listing.recognizer),
            follower,
            mirrors,
        };
        (poller, Starter { store: Arc::clone(store), clock: Arc::clone(clock), trees, auditor })
    }
}
