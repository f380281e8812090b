//! The running program: every service, over the parts that the services share.

use std::sync::Arc;

use super::LastReload;
use crate::{
    clock::Clock,
    deliver::Subscriptions,
    dispatch::Dispatcher,
    enrich::Forges,
    http::Client,
    logwatch::LogMonitor,
    packages::{Packages, Registries, Settings, Source},
    store::Store,
    upkeep::{Caretaker, Mender, TrustKeeper, WallClock},
    watchlist::InUse,
};

/// The services, shared by the daemon's loops and the passes of the command line.
#[derive(Debug)]
pub struct App {
    /// What is kept.
    pub store: Arc<Store>,
    /// The client of everything that is asked over HTTP.
    pub http: Client,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The change feeds.
    pub sources: Vec<Source>,
    /// The readers of the registries.
    pub registries: Arc<Registries>,
    /// From announced packages to recorded releases.
    pub packages: Packages,
    /// Transparency logs.
    pub logs: LogMonitor,
    /// What signatures are verified with.
    pub trust: Arc<TrustKeeper>,
    /// The forges that may be asked, unless that is switched off.
    pub forges: Option<Arc<Forges>>,
    /// What is watched now.
    pub watchlist: Arc<InUse>,
    /// Where alerts go.
    pub subscriptions: Arc<Subscriptions>,
    /// Deliveries.
    pub dispatcher: Dispatcher,
    /// Damaged rows.
    pub mender: Arc<Mender>,
    /// How packages are looked at.
    pub settings: Arc<Settings>,
    /// The system's clock beside those of others.
    pub wall_clock: Arc<WallClock>,
    /// provwatch's own health.
    pub caretaker: Caretaker,
    /// How the last reading of the configuration ended.
    pub reload: LastReload,
}
