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
mod audience;
mod behind;
pub mod campaign;
mod chronicle;
mod claimed_time;
mod company;
mod comparisons;
mod damage;
mod described;
mod dispatcher;
mod error;
mod event;
mod examine;
mod facts;
mod health;
mod history;
mod left_out;
mod lesson;
mod listed;
mod log_door;
pub mod logs;
mod members;
mod namesake;
mod observe;
mod on_request;
mod operation;
mod outage;
mod outbox;
mod packages;
mod panic;
mod pass;
mod past;
mod progress;
mod queue;
mod reasons;
mod recheck;
mod reconcile;
mod record;
mod registries;
pub mod relearn;
mod replaced;
pub mod replay;
mod row;
mod settings;
mod silence;
mod silent;
mod slots;
mod statuses;
mod subject;
#[cfg(test)]
mod tests;
mod told;
mod took;
mod trust;
mod turn;
mod turns;
mod unchecked;
mod undated;
mod unlearn;
mod unreached;
mod unreadable;
mod unseen;
mod verify;
mod waits;
mod wall_clock;
mod watched;
mod withdrawal;
mod worked;

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::Arc,
};

pub use accusation::{accusation, raised};
pub use assembly::{assemble, rehearse};
pub use company::company;
pub use error::PipelineError;
pub use health::{OnDisk, Setup, TrustFrom, WithoutFeed, runner, snapshot};
pub use members::member_details;
pub use on_request::{Appraisal, Comparison, LookedAt};
pub use operation::Trouble;
pub use panic::panic_text;
pub use pass::PassSummary;
pub use progress::{NoProgress, Progress, Step};
pub use registries::{Polled, Source};
pub use settings::Settings;
pub use subject::Examined;
pub(crate) use trust::{Freshness, RootFrom};
pub use trust::{NPM_KEYS, TRUST_ROOT};
pub use worked::WorkPass;

pub use crate::app::{
    AssemblyError, Parts, ReloadError, client, client_over, log_keys, setup, sources, subscription, tuf_cache, tuning,
    verifier,
};
use crate::{
    app::LastReload,
    attest::{TrustError, Verifier},
    clock::Clock,
    deliver::{self, Subscriptions, Summary},
    enrich::Forges,
    health::ComparedClock,
    http::Client,
    model::{Alert, Package, RegistryKey, ReleaseId},
    registry::{Feed, RegistryError},
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
    packages: packages::Packages,
    trust: Arc<trust::TrustKeeper>,
    forges: Option<Arc<Forges>>,
    watchlist: Arc<InUse>,
    subscriptions: Arc<Subscriptions>,
    mender: Arc<damage::Mender>,
    dispatcher: dispatcher::Dispatcher,
    settings: Arc<Settings>,
    wall_clock: Arc<wall_clock::WallClock>,
    logs: logs::LogMonitor,
    caretaker: health::Caretaker,
    reload: LastReload,
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

    /// Delivers everything that is due, by all sinks at the same time, and gives up what nobody is configured for.
    ///
    /// # Errors
    /// The store failed; the other sinks end their turns first. A sink's failure is part of the summary.
    pub async fn deliver(&self) -> Result<Summary, PipelineError> {
        self.dispatcher.deliver().await
    }

    /// Makes the next attempt of one subscription's sink. `None`: the configuration no longer has it.
    ///
    /// # Errors
    /// The store failed. A sink's failure is a step like others.
    pub async fn deliver_next(&self, name: &str) -> Result<Option<deliver::Step>, PipelineError> {
        self.dispatcher.deliver_next(name).await
    }

    /// Gives up what waits for subscriptions that the configuration does not have any more. How many deliveries.
    ///
    /// # Errors
    /// The store failed.
    pub fn give_up_unclaimed(&self) -> Result<usize, PipelineError> {
        Ok(self.dispatcher.give_up_unclaimed()?)
    }

    /// Says by which configuration this process goes, as a digest that can be compared with that of the file.
    pub fn goes_by(&self, configuration: String) {
        self.caretaker.goes_by(configuration);
    }

    /// What was read again was taken, or was not, and why.
    pub fn note_reload(&self, outcome: Result<(), String>) {
        self.reload.note(outcome, self.clock.now());
    }

    /// Why the configuration or watchlist on the disk is not the one in use; `None` where the last reading went well.
    pub fn reload_error(&self) -> Option<ReloadError> {
        self.reload.error()
    }

    /// Our clock beside those of the hosts that answered lately; `None`: none did.
    pub fn compared_clock(&self) -> Option<ComparedClock> {
        self.wall_clock.compared()
    }

    /// The registries without a feed.
    pub fn polled(&self) -> &BTreeMap<RegistryKey, Polled> {
        self.registries.polled()
    }

    /// Reads a feed until there is nothing more to read. The number of new events.
    ///
    /// # Errors
    /// The feed cannot be read, or the store cannot be written; the cursor then stands where it stood.
    pub async fn observe(&self, feed: &dyn Feed) -> Result<usize, PipelineError> {
        self.packages.feeds.observe(feed).await
    }

    /// The packages of enabled registries that are watched and known by name: those the watchlist names, and those that
    /// its globs matched before.
    ///
    /// # Errors
    /// The store failed.
    pub fn watched(&self) -> Result<BTreeSet<Package>, PipelineError> {
        Ok(self.packages.watched.packages()?)
    }

    /// Queues every package that the watchlist names and the store does not know yet.
    ///
    /// # Errors
    /// The store failed.
    pub fn enqueue_unknown(&self) -> Result<usize, PipelineError> {
        Ok(self.packages.reconciler.enqueue_unknown()?)
    }

    /// Queues every watched package that was not compared with its registry for long: a net below the feeds.
    ///
    /// # Errors
    /// The store failed.
    pub fn enqueue_overdue(&self) -> Result<usize, PipelineError> {
        Ok(self.packages.reconciler.enqueue_overdue()?)
    }

    /// How often to look for what is overdue: several times in the shortest interval of a registry without a feed.
    pub fn reconcile_interval(&self) -> std::time::Duration {
        self.packages.reconciler.interval()
    }

    /// Looks at every package that is due until none is.
    ///
    /// # Errors
    /// The store failed.
    pub async fn work(&self) -> Result<WorkPass, PipelineError> {
        Ok(self.packages.queue.work().await?)
    }

    /// Looks at packages as they become due, without end.
    ///
    /// # Errors
    /// The store failed.
    pub async fn keep_working(&self) -> Result<Infallible, PipelineError> {
        Ok(self.packages.queue.keep_working().await?)
    }

    /// Looks at these packages now, whatever else is queued: each until it is looked at or put off.
    ///
    /// # Errors
    /// The store failed.
    pub async fn work_on(&self, packages: &BTreeSet<Package>, reason: &str) -> Result<WorkPass, PipelineError> {
        Ok(self.packages.queue.work_on(packages, reason).await?)
    }

    /// Fetches, verifies and judges a release.
    ///
    /// # Errors
    /// The registry cannot be asked, or the store cannot be read.
    pub async fn appraise(&self, release: &ReleaseId) -> Result<LookedAt, PipelineError> {
        self.packages.appraiser.appraise(release).await
    }

    /// The alert that a release raised, while nobody has settled it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn accusation(&self, release: &ReleaseId) -> Result<Option<Alert>, PipelineError> {
        Ok(accusation(&self.store, release)?)
    }

    /// Asks a registry for the first package of it that is watched. Whether it has that; `None`: none is watched.
    ///
    /// # Errors
    /// It does not answer, or with something else than a document.
    pub async fn ask_registry(&self, key: &RegistryKey) -> Option<(Package, Result<bool, RegistryError>)> {
        self.registries.ask(&self.http, key, &self.watchlist.now()).await
    }
}
