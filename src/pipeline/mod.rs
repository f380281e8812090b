//! The data flow as code: observe → verify → assess → record, and the passes that drive it.
//!
//! ```text
//! Feed ─ observe ─► store (events, cursor, work) ─ examine ─► verify ─► assess ─► record ─► store ─► deliver
//! ```
//! Each arrow into the store is one transaction, and each step may be repeated without harm, so a crash anywhere only
//! repeats work.

mod accusation;
mod assembly;
pub mod assess;
mod behind;
pub mod campaign;
mod chronicle;
mod claimed_time;
mod company;
mod damage;
mod error;
mod examine;
mod facts;
mod health;
mod history;
mod left_out;
mod lesson;
mod log_door;
pub mod logs;
mod members;
mod namesake;
mod observe;
mod on_request;
mod operation;
mod outage;
mod outbox;
mod panic;
mod pass;
mod progress;
mod queue;
mod reasons;
mod reconcile;
mod record;
mod registries;
pub mod relearn;
mod reload;
mod replaced;
pub mod replay;
mod settings;
mod silence;
mod subject;
mod took;
mod trust;
mod turn;
mod unchecked;
mod undated;
mod unlearn;
mod unreadable;
mod unseen;
mod verify;
mod waits;
mod wall_clock;
mod withdrawal;

use std::{collections::BTreeMap, sync::Arc};

pub use accusation::{accusation, raised};
pub use assembly::{
    AssemblyError, Parts, assemble, client, client_over, log_keys, rehearse, sources, subscription, tuf_cache, tuning,
};
pub use company::company;
pub use error::PipelineError;
pub use health::{OnDisk, Setup, runner, setup, snapshot};
pub use members::member_details;
pub use on_request::{Appraisal, Comparison, LookedAt};
pub use operation::Trouble;
pub use panic::panic_text;
pub use pass::PassSummary;
pub use progress::{NoProgress, Progress, Step};
pub use queue::WorkPass;
pub use registries::{Polled, Source};
pub use reload::ReloadError;
pub use settings::Settings;
pub use subject::Examined;
pub use trust::{NPM_KEYS, TRUST_ROOT, verifier};

use crate::{
    attest::{TrustError, Verifier},
    clock::Clock,
    deliver::Subscriptions,
    enrich::Forges,
    health::ComparedClock,
    http::Client,
    model::{Package, RegistryKey},
    registry::RegistryError,
    store::Store,
    watchlist::{InUse, Watchlist},
};

/// Everything the pipeline works with. Shared by the daemon's loops and the command line's passes.
#[derive(Debug)]
pub struct Pipeline {
    store: Arc<Store>,
    http: Client,
    clock: Arc<dyn Clock>,
    sources: Vec<Source>,
    registries: Arc<registries::Registries>,
    trust: Arc<trust::TrustKeeper>,
    forges: Option<Arc<Forges>>,
    watchlist: Arc<InUse>,
    subscriptions: Arc<Subscriptions>,
    troubles: Arc<operation::Troubles>,
    mender: Arc<damage::Mender>,
    queues: outbox::Queues,
    settings: Arc<Settings>,
    progress: Arc<dyn Progress>,
    wall_clock: Arc<wall_clock::WallClock>,
    comparisons: observe::Comparisons,
    failures: outage::Failures,
    reads: outage::Reads,
    silences: silence::Silences,
    logs: logs::LogMonitor,
    setup: Setup,
    memory: health::Memory,
    reload: reload::LastReload,
}

impl Pipeline {
    /// The store.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The HTTP client.
    pub fn http(&self) -> &Client {
        &self.http
    }

    /// The sources.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where alerts go.
    pub fn subscriptions(&self) -> &Subscriptions {
        &self.subscriptions
    }

    /// The forges that may be asked, unless that is switched off.
    pub fn forges(&self) -> Option<&Forges> {
        self.forges.as_deref()
    }

    /// The watchlist as it is now.
    pub fn watchlist(&self) -> Arc<Watchlist> {
        self.watchlist.now()
    }

    /// Watches another list from now on.
    pub fn replace_watchlist(&self, watchlist: Watchlist) {
        self.watchlist.replace(watchlist);
    }

    /// Whether transparency logs are followed.
    pub fn follows_logs(&self) -> bool {
        self.logs.settings().enabled
    }

    /// The wait between polls of a log.
    pub fn log_interval(&self) -> std::time::Duration {
        self.logs.settings().interval
    }

    /// What signatures are verified with now, for a pipeline that takes this one's place.
    pub fn trusted(&self) -> Arc<Verifier> {
        self.trust.verifier()
    }

    /// Reads the trust root and npm's keys anew, where they come from TUF or from files. On a failure those in use stay in
    /// use, and the store says so.
    ///
    /// # Errors
    /// The repository cannot be reached, or what it or a file offers cannot be trusted or used.
    pub async fn refresh_trust(&self) -> Result<(), PipelineError> {
        self.trust.refresh().await
    }

    /// Reads a trust root that no process has read yet, for a command that only looks: nothing of it is stored but the
    /// repository's own metadata.
    ///
    /// # Errors
    /// The repository cannot be reached, or what it offers cannot be trusted or used.
    pub async fn have_trust(&self) -> Result<(), TrustError> {
        self.trust.have().await
    }

    /// Sets damaged rows aside that anybody came across, learns lost baselines anew, and tells of each once. The number of
    /// rows that were told of.
    ///
    /// # Errors
    /// The store failed.
    pub fn mend_damage(&self) -> Result<usize, PipelineError> {
        Ok(self.mender.mend()?)
    }

    /// Our clock beside those of the hosts that answered lately; `None`: none did.
    pub fn compared_clock(&self) -> Option<ComparedClock> {
        self.wall_clock.compared()
    }

    /// The registries without a feed.
    pub fn polled(&self) -> &BTreeMap<RegistryKey, Polled> {
        self.registries.polled()
    }

    /// Asks a registry for the first package of it that is watched. Whether it has that; `None`: none is watched.
    ///
    /// # Errors
    /// It does not answer, or with something else than a document.
    pub async fn ask_registry(&self, key: &RegistryKey) -> Option<(Package, Result<bool, RegistryError>)> {
        self.registries.ask(&self.http, key, &self.watchlist.now()).await
    }
}
