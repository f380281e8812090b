//! The running program: every service, over the parts that the services share.

use std::sync::Arc;

use super::LastReload;
use crate::{
    clock::Clock,
    deliver::Subscriptions,
    dispatch::Dispatcher,
    enrich::Forges,
    figures::Counter,
    http::Client,
    logwatch::LogMonitor,
    packages::{Packages, Registries, Settings, Source},
    rdap::Rdap,
    store::Store,
    upkeep::{
        AllowReader, Caretaker, DeadMansSwitch, InventoryReader, Keeper, Mender, ReportReader, TrustKeeper, WallClock,
    },
    watchlist::InUse,
};

/// The services, shared by the daemon's loops and the passes of the command line.
#[derive(Debug)]
pub struct App {
    /// The store.
    pub store: Arc<Store>,
    /// The client of all HTTP requests.
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
    /// The trust material for signatures.
    pub trust: Arc<TrustKeeper>,
    /// The configured forges, unless disabled.
    pub forges: Option<Arc<Forges>>,
    /// Asks whether domains are registered, unless disabled.
    pub rdap: Option<Arc<Rdap>>,
    /// The current watchlist.
    pub watchlist: Arc<InUse>,
    /// The receivers of alerts.
    pub subscriptions: Arc<Subscriptions>,
    /// Deliveries.
    pub dispatcher: Dispatcher,
    /// Damaged rows.
    pub mender: Arc<Mender>,
    /// The settings of package checks.
    pub settings: Arc<Settings>,
    /// Compares the system's clock with others.
    pub wall_clock: Arc<WallClock>,
    /// Tells others that the daemon is healthy, if that is switched on.
    pub switch: Option<Arc<DeadMansSwitch>>,
    /// Reads signed files about the runs of one's own release workflow, if a folder is configured.
    pub allow_reader: Option<Arc<AllowReader>>,
    /// Reads reports of others that releases are malicious, if a source is configured.
    pub report_reader: Option<Arc<ReportReader>>,
    /// Reads the lock files of projects, if a folder is configured.
    pub inventory_reader: Option<Arc<InventoryReader>>,
    /// Counts what the projects of the inventory use.
    pub counter: Arc<Counter>,
    /// The long life of the store.
    pub keeper: Keeper,
    /// provwatch's own health.
    pub caretaker: Caretaker,
    /// The result of the last reading of the configuration.
    pub reload: LastReload,
}
