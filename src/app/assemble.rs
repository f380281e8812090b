//! Builds the running program from the configuration, and knows how its parts fit together.

use std::sync::Arc;

use super::{
    App, AssemblyError, LastReload, Parts, allow_folder, forge_list, forges, freshness, heartbeat, inventory_folder,
    keeping, log_settings, polled, rdap, registries, report_source, settings, setup, sources, subscriptions,
};
use crate::{
    clock::Clock,
    config::Config,
    deliver::Subscriptions,
    dispatch::{Dispatcher, FollowUps, Queues, Refreshes},
    figures::Counter,
    http::Client,
    logwatch::{LogMonitor, LogParts, LogSettings},
    packages::{PackageParts, Packages, Registries},
    upkeep::{
        AllowReader, Caretaker, InventoryReader, Keeper, Keeping, Memory, Mender, Moving, OperationalIssues,
        ReportReader, Setup, TrustKeeper, WallClock,
    },
    watchlist::InUse,
};

/// Builds the services.
///
/// # Errors
/// A subscription that cannot be set up.
pub fn assemble(config: &Config, parts: Parts) -> Result<App, AssemblyError> {
    let subscriptions = subscriptions(config, &parts.http, &parts.clock)?;
    assemble_for(config, parts, subscriptions)
}

/// Builds the services, with these receivers of alerts instead of those of the configuration.
///
/// # Errors
/// A setting that cannot be used.
pub(crate) fn assemble_for(config: &Config, parts: Parts, subscriptions: Subscriptions) -> Result<App, AssemblyError> {
    let registries = Registries::new(registries(config)?, polled(config));
    let subscriptions = Arc::new(subscriptions);
    let (forges, rdap) = (forges(config, &parts)?, rdap(config, &parts)?);
    let switch = heartbeat(config, &parts.http, &parts.clock)?.map(Arc::new);
    let Parts { store, watchlist, http, verifier, clock, progress } = parts;
    let trust = TrustKeeper::new(Arc::clone(&store), Arc::clone(&clock), http.clone(), freshness(config)?, verifier);
    let wall_clock = WallClock::starting(Arc::clone(&store), Arc::clone(&clock), http.clone());
    let issues = Arc::new(OperationalIssues::new(Arc::clone(&store), Arc::clone(&subscriptions)));
    let mender = Mender::new(Arc::clone(&store), Arc::clone(&clock), Arc::clone(&issues));
    let progress = Moving::over(progress, Arc::clone(&clock));
    let memory = Memory::of(&progress);
    let shared = PackageParts {
        store,
        clock,
        http,
        progress: Arc::new(progress),
        registries: Arc::new(registries),
        settings: Arc::new(settings(config)),
        watchlist: Arc::new(InUse::new(watchlist)),
        subscriptions,
        forges: forges.map(Arc::new),
        rdap: rdap.map(Arc::new),
        trust: Arc::new(trust),
        wall_clock: Arc::new(wall_clock),
        issues,
        mender: Arc::new(mender),
    };
    let allow_reader = allow_folder(config)?
        .map(|folder| Arc::new(AllowReader::new(Arc::clone(&shared.store), Arc::clone(&shared.clock), folder)));
    let report_reader = report_source(config)
        .map(|source| Arc::new(ReportReader::new(Arc::clone(&shared.store), Arc::clone(&shared.clock), source)));
    let inventory_reader = inventory_folder(config).map(|folder| {
        let (store, clock, issues) = (&shared.store, &shared.clock, &shared.issues);
        Arc::new(InventoryReader::new(Arc::clone(store), Arc::clone(clock), Arc::clone(issues), folder))
    });
    Ok(App {
        switch,
        allow_reader,
        report_reader,
        inventory_reader,
        ..app(config, shared, memory, log_settings(config)?, keeping(config)?)
    })
}

/// The services over their shared parts.
fn app(config: &Config, shared: PackageParts, memory: Memory, logs: LogSettings, keeping: Keeping) -> App {
    let packages = Packages::over(&shared);
    let caretaker = caretaker(setup(config), memory, &shared);
    let dispatcher = dispatcher(&shared);
    let logs = LogMonitor::new(&log_parts(logs, &shared));
    let PackageParts { store, clock, http, registries, settings, watchlist, subscriptions, .. } = shared;
    let PackageParts { forges, rdap, trust, wall_clock, mender, .. } = shared;
    let keeper = Keeper::new(Arc::clone(&store), Arc::clone(&clock), Arc::clone(&wall_clock), keeping);
    let counter = Counter::new(Arc::clone(&store), Arc::clone(&clock), Arc::clone(&watchlist));
    App {
        packages,
        keeper,
        caretaker,
        dispatcher,
        logs,
        wall_clock,
        store,
        http,
        clock,
        sources: sources(config),
        registries,
        trust,
        forges,
        rdap,
        watchlist,
        subscriptions,
        mender,
        settings,
        switch: None,
        allow_reader: None,
        report_reader: None,
        inventory_reader: None,
        counter: Arc::new(counter),
        reload: LastReload::default(),
    }
}

fn caretaker(setup: Setup, memory: Memory, shared: &PackageParts) -> Caretaker {
    Caretaker {
        store: Arc::clone(&shared.store),
        clock: Arc::clone(&shared.clock),
        watchlist: Arc::clone(&shared.watchlist),
        setup,
        memory,
        issues: Arc::clone(&shared.issues),
        wall_clock: Arc::clone(&shared.wall_clock),
    }
}

fn dispatcher(shared: &PackageParts) -> Dispatcher {
    Dispatcher {
        store: Arc::clone(&shared.store),
        clock: Arc::clone(&shared.clock),
        subscriptions: Arc::clone(&shared.subscriptions),
        queues: Queues::default(),
        follow_ups: FollowUps::default(),
        refreshes: Refreshes::default(),
        issues: Arc::clone(&shared.issues),
        mender: Arc::clone(&shared.mender),
        wall_clock: Arc::clone(&shared.wall_clock),
    }
}

fn log_parts(settings: LogSettings, shared: &PackageParts) -> LogParts {
    LogParts {
        settings: Arc::new(settings),
        tuning: shared.settings.tuning.clone(),
        store: Arc::clone(&shared.store),
        clock: Arc::clone(&shared.clock),
        http: shared.http.clone(),
        progress: Arc::clone(&shared.progress),
        subscriptions: Arc::clone(&shared.subscriptions),
        watchlist: Arc::clone(&shared.watchlist),
        trust: Arc::clone(&shared.trust),
        wall_clock: Arc::clone(&shared.wall_clock),
        mender: Arc::clone(&shared.mender),
        forges: shared.forges.clone(),
    }
}

/// Makes the fallible steps of [`assemble`] and discards the result: reads the secrets and keys, before a store is made
/// or migrated.
///
/// # Errors
/// As [`assemble`].
pub fn rehearse(config: &Config, http: &Client, clock: &Arc<dyn Clock>) -> Result<(), AssemblyError> {
    subscriptions(config, http, clock)?;
    heartbeat(config, http, clock)?;
    allow_folder(config)?;
    forge_list(config)?;
    registries(config)?;
    keeping(config)?;
    log_settings(config).map(drop)
}
