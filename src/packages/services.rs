//! Assembles the services that check packages.

use std::sync::Arc;

use super::{
    examine::{
        Examiner, described::Described, dist_tags::DistTags, document::Documents, namesake::Namesakes,
        unreadable::Unreadables, unseen::Unseen, withdrawal::Withdrawals,
    },
    feeds::{
        comparisons::Comparisons, observe::FeedReader, reconcile::Reconciler, silence::Silences, watched::Watched,
    },
    inspection::Inspector,
    judge::{
        audience::Campaigns, company::Company, history::Historian, record::Judge, reported::Reported,
        tag_history::TagHistory,
    },
    on_request::Appraiser,
    queue::{
        Workforce,
        outage::{Failures, Outages, Reads},
        slots::QueueParts,
        turns::TurnTaker,
    },
    registries::Registries,
    settings::Settings,
    verify::{Verification, email_domains::EmailDomains, facts::Enricher, own_runs::OwnRunFinder, unchecked::Doubts},
};
use crate::{
    clock::Clock,
    deliver::Subscriptions,
    enrich::Forges,
    http::Client,
    progress::Progress,
    rdap::Rdap,
    store::Store,
    upkeep::{Mender, OperationalIssues, TrustKeeper, WallClock},
    watchlist::InUse,
};

/// The parts of the services.
#[derive(Clone, Debug)]
pub struct PackageParts {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub http: Client,
    pub progress: Arc<dyn Progress>,
    pub registries: Arc<Registries>,
    pub settings: Arc<Settings>,
    pub watchlist: Arc<InUse>,
    pub subscriptions: Arc<Subscriptions>,
    /// The forges that may be queried, unless that is switched off.
    pub forges: Option<Arc<Forges>>,
    /// Asks whether domains are registered, if that is switched on.
    pub rdap: Option<Arc<Rdap>>,
    pub trust: Arc<TrustKeeper>,
    pub wall_clock: Arc<WallClock>,
    pub issues: Arc<OperationalIssues>,
    pub mender: Arc<Mender>,
}

/// The services that check packages.
#[derive(Debug)]
pub struct Packages {
    /// The watched packages.
    pub watched: Arc<Watched>,
    /// Reads the feeds into the queue.
    pub feeds: FeedReader,
    /// Makes packages due that no feed announced.
    pub reconciler: Reconciler,
    /// Processes the queue.
    pub queue: Workforce,
    /// Tells of releases that others report as malicious.
    pub reported: Reported,
    /// Checks releases on request.
    pub appraiser: Appraiser,
    /// Looks inside releases on request.
    pub inspector: Inspector,
}

impl Packages {
    /// Assembles the services.
    pub fn over(parts: &PackageParts) -> Self {
        let watched = Arc::new(parts.watched());
        let verification = Arc::new(parts.verification());
        let enricher = Arc::new(parts.enricher());
        Self {
            feeds: parts.feeds(Arc::clone(&watched)),
            watched,
            reconciler: parts.reconciler(),
            queue: parts.workforce(&verification, &enricher),
            reported: parts.reported(),
            appraiser: parts.appraiser(verification, enricher),
            inspector: parts.inspector(),
        }
    }
}

/// Each method builds one service from its parts.
impl PackageParts {
    pub fn watched(&self) -> Watched {
        let Self { store, registries, watchlist, .. } = self.clone();
        Watched { store, registries, watchlist }
    }

    pub fn feeds(&self, watched: Arc<Watched>) -> FeedReader {
        let Self { store, clock, http, progress, watchlist, issues, mender, .. } = self.clone();
        let (comparisons, silences) = (Comparisons::default(), Silences::default());
        FeedReader { store, clock, http, progress, watchlist, watched, issues, mender, comparisons, silences }
    }

    pub fn reconciler(&self) -> Reconciler {
        let Self { store, clock, registries, watchlist, settings, .. } = self.clone();
        Reconciler { store, clock, registries, watchlist, usual: settings.reconcile_after }
    }

    pub fn workforce(&self, verification: &Arc<Verification>, enricher: &Arc<Enricher>) -> Workforce {
        let Self { store, clock, progress, wall_clock, registries, settings, mender, .. } = self.clone();
        let turns = self.turns(self.examiner(verification, enricher));
        let concurrency = settings.concurrency;
        let parts = QueueParts { store, clock, progress, wall_clock, registries, concurrency, turns };
        Workforce { parts, mender, longest_recheck: settings.longest_recheck() }
    }

    pub fn turns(&self, examiner: Examiner) -> TurnTaker {
        let Self { store, clock, http, progress, issues, .. } = self.clone();
        TurnTaker { store, clock, http, progress, examiner, outages: self.outages(), issues }
    }

    pub fn outages(&self) -> Outages {
        let Self { store, clock, registries, .. } = self.clone();
        Outages { store, clock, registries, failures: Failures::default(), reads: Reads::default() }
    }

    pub fn examiner(&self, verification: &Arc<Verification>, enricher: &Arc<Enricher>) -> Examiner {
        let Self { store, clock, progress, registries, settings, wall_clock, .. } = self.clone();
        let unseen = Arc::new(self.unseen());
        let documents = self.documents(Arc::clone(&unseen), self.described(verification, enricher));
        let namesakes = self.namesakes();
        Examiner { store, clock, progress, registries, settings, wall_clock, documents, unseen, namesakes }
    }

    pub fn documents(&self, unseen: Arc<Unseen>, described: Described) -> Documents {
        let Self { store, issues, .. } = self.clone();
        Documents { store, issues, described, dist_tags: self.dist_tags(), unseen }
    }

    pub fn dist_tags(&self) -> DistTags {
        let Self { store, settings, watchlist, subscriptions, progress, .. } = self.clone();
        DistTags { store, settings, watchlist, subscriptions, progress }
    }

    pub fn described(&self, verification: &Arc<Verification>, enricher: &Arc<Enricher>) -> Described {
        let Self { store, settings, .. } = self.clone();
        let doubts = Arc::new(self.doubts());
        let unreadables = self.unreadables(Arc::clone(&doubts));
        let historian = self.historian(Arc::clone(verification));
        let judge = self.judge(Arc::clone(verification), Arc::clone(enricher), doubts);
        Described { store, settings, unreadables, historian, judge }
    }

    pub fn judge(&self, verification: Arc<Verification>, enricher: Arc<Enricher>, doubts: Arc<Doubts>) -> Judge {
        let Self { store, progress, settings, watchlist, .. } = self.clone();
        let campaigns = self.campaigns();
        let company =
            Company { store: Arc::clone(&store), settings: Arc::clone(&settings), watchlist: Arc::clone(&watchlist) };
        let tag_history = TagHistory { store: Arc::clone(&store), forges: self.forges.clone() };
        Judge { store, progress, settings, watchlist, verification, enricher, tag_history, company, doubts, campaigns }
    }

    pub fn reported(&self) -> Reported {
        let Self { store, clock, progress, registries, settings, watchlist, .. } = self.clone();
        Reported { store, clock, progress, registries, settings, watchlist, campaigns: self.campaigns() }
    }

    pub fn historian(&self, verification: Arc<Verification>) -> Historian {
        let Self { store, progress, settings, .. } = self.clone();
        Historian { store, progress, settings, verification }
    }

    pub fn campaigns(&self) -> Campaigns {
        let Self { store, clock, subscriptions, .. } = self.clone();
        Campaigns { store, clock, subscriptions }
    }

    pub fn unreadables(&self, doubts: Arc<Doubts>) -> Unreadables {
        let Self { store, progress, settings, watchlist, subscriptions, .. } = self.clone();
        Unreadables { store, progress, settings, watchlist, subscriptions, doubts }
    }

    pub fn doubts(&self) -> Doubts {
        let Self { store, settings, issues, .. } = self.clone();
        Doubts { store, settings, issues }
    }

    pub fn unseen(&self) -> Unseen {
        let Self { store, progress, issues, .. } = self.clone();
        Unseen { store: Arc::clone(&store), withdrawals: Withdrawals { store, progress, issues } }
    }

    pub fn namesakes(&self) -> Namesakes {
        let Self { store, clock, registries, settings, watchlist, subscriptions, progress, .. } = self.clone();
        Namesakes { store, clock, registries, settings, watchlist, subscriptions, progress }
    }

    pub fn verification(&self) -> Verification {
        let Self { store, trust, .. } = self.clone();
        Verification { store, trust }
    }

    pub fn enricher(&self) -> Enricher {
        let Self { store, registries, forges, rdap, settings, .. } = self.clone();
        let (email_domains, own_runs) = (EmailDomains { rdap }, OwnRunFinder { forges: forges.clone() });
        Enricher { store, registries, forges, email_domains, own_runs, concurrency: settings.concurrency }
    }

    pub fn inspector(&self) -> Inspector {
        let Self { store, clock, http, registries, trust, .. } = self.clone();
        Inspector { store, clock, http, registries, trust }
    }

    pub fn appraiser(&self, verification: Arc<Verification>, enricher: Arc<Enricher>) -> Appraiser {
        let Self { store, clock, http, registries, settings, watchlist, wall_clock, .. } = self.clone();
        Appraiser { store, clock, http, registries, settings, watchlist, wall_clock, verification, enricher }
    }
}
