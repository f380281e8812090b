//! From the configuration to a pipeline: the one place that knows how the parts fit together.

use std::sync::Arc;

use super::{
    Pipeline,
    damage::Mender,
    dispatcher::{Dispatcher, Queues},
    health::{Caretaker, Memory, Moving, Setup},
    operation::Troubles,
    registries::Registries,
    trust::TrustKeeper,
    wall_clock::WallClock,
};
use crate::{
    app::{
        AssemblyError, LastReload, Parts, forge_list, forges, freshness, log_settings, polled, registries, settings,
        setup, sources, subscriptions,
    },
    clock::Clock,
    config::Config,
    deliver::Subscriptions,
    http::Client,
    store::Store,
    watchlist::InUse,
};

/// Puts a pipeline together.
///
/// # Errors
/// A subscription that cannot be set up.
pub fn assemble(config: &Config, parts: Parts) -> Result<Pipeline, AssemblyError> {
    assemble_with(config, parts, Registries::new(registries(config)?, polled(config)))
}

/// The same over these registries.
pub(super) fn assemble_with(config: &Config, parts: Parts, registries: Registries) -> Result<Pipeline, AssemblyError> {
    let subscriptions = Arc::new(subscriptions(config, &parts.http, &parts.clock)?);
    let forges = forges(config, &parts)?;
    let Parts { store, watchlist, http, verifier, clock, progress } = parts;
    let trust = TrustKeeper::new(Arc::clone(&store), Arc::clone(&clock), http.clone(), freshness(config)?, verifier);
    let wall_clock = Arc::new(WallClock::starting(Arc::clone(&store), Arc::clone(&clock), http.clone()));
    let troubles = Arc::new(Troubles::new(Arc::clone(&store), Arc::clone(&subscriptions)));
    let mender = Arc::new(Mender::new(Arc::clone(&store), Arc::clone(&clock), Arc::clone(&troubles)));
    let watchlist = Arc::new(InUse::new(watchlist));
    let progress = Moving::over(progress, Arc::clone(&clock));
    let shared = Shared { store, clock, subscriptions, watchlist, troubles, mender, wall_clock };
    Ok(Pipeline {
        caretaker: caretaker(setup(config), Memory::of(&progress), &shared),
        dispatcher: dispatcher(&shared),
        comparisons: super::observe::Comparisons::default(),
        failures: super::outage::Failures::default(),
        reads: super::outage::Reads::default(),
        silences: super::silence::Silences::default(),
        store: shared.store,
        http,
        clock: shared.clock,
        sources: sources(config),
        registries: Arc::new(registries),
        trust: Arc::new(trust),
        forges: forges.map(Arc::new),
        watchlist: shared.watchlist,
        subscriptions: shared.subscriptions,
        troubles: shared.troubles,
        mender: shared.mender,
        settings: Arc::new(settings(config)),
        progress: Arc::new(progress),
        wall_clock: shared.wall_clock,
        logs: Arc::new(log_settings(config)?),
        log_memory: super::logs::LogMemory::default(),
        reload: LastReload::default(),
    })
}

/// What many services work with.
struct Shared {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    subscriptions: Arc<Subscriptions>,
    watchlist: Arc<InUse>,
    troubles: Arc<Troubles>,
    mender: Arc<Mender>,
    wall_clock: Arc<WallClock>,
}

fn caretaker(setup: Setup, memory: Memory, shared: &Shared) -> Caretaker {
    Caretaker {
        store: Arc::clone(&shared.store),
        clock: Arc::clone(&shared.clock),
        watchlist: Arc::clone(&shared.watchlist),
        setup,
        memory,
        troubles: Arc::clone(&shared.troubles),
        wall_clock: Arc::clone(&shared.wall_clock),
    }
}

fn dispatcher(shared: &Shared) -> Dispatcher {
    Dispatcher {
        store: Arc::clone(&shared.store),
        clock: Arc::clone(&shared.clock),
        subscriptions: Arc::clone(&shared.subscriptions),
        queues: Queues::default(),
        troubles: Arc::clone(&shared.troubles),
        mender: Arc::clone(&shared.mender),
        wall_clock: Arc::clone(&shared.wall_clock),
    }
}

/// Does what of [`assemble`] may fail, and keeps nothing: reads the secrets and keys, before a store is made or migrated.
///
/// # Errors
/// As [`assemble`].
pub fn rehearse(config: &Config, http: &Client, clock: &Arc<dyn Clock>) -> Result<(), AssemblyError> {
    subscriptions(config, http, clock)?;
    forge_list(config)?;
    registries(config)?;
    log_settings(config).map(drop)
}
