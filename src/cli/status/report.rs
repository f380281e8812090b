//! The report of `provwatch status`.

use std::{collections::BTreeMap, path::PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::snapshot::snapshot;
use crate::{
    app,
    cli::{context::Context, exit::CliError, renewal::trust_interval, store::check::ShownHead},
    health::{Finding, Heartbeat, Level, LockState, judge},
    model::{AlertStatus, Aspect, Ecosystem, Severity},
    store::{
        self, Disabled, LogRow, ReportFeed, Restore, SourceState, Stats, Store, SubscriptionState, Work, WorkSummary,
    },
    upkeep::{NPM_KEYS, TRUST_ROOT, WithoutFeed},
};

/// Most failing packages that are shown.
const SHOWN: usize = 5;

/// How long a restore is shown.
const RESTORED_LATELY: TimeDelta = TimeDelta::days(30);

/// How provwatch itself is doing.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Report {
    /// Whether there is no reason to worry.
    pub(super) healthy: bool,
    /// The reasons, a sentence each.
    pub(super) reasons: Vec<String>,
    /// What only limits it, a sentence each.
    pub(super) limited: Vec<String>,
    /// All of both, the worst first, each with the next step.
    pub(super) findings: Vec<Finding>,
    /// Whether a process works on the database.
    pub(super) lock: LockState,
    /// Who works on the database, or did last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) runner: Option<Heartbeat>,
    /// When the report was made.
    pub(super) at: DateTime<Utc>,
    /// The feeds of the registries that are switched on, any other that was ever read, and the trust root where it is
    /// refreshed.
    pub(super) sources: Vec<Source>,
    /// The transparency logs, where they are followed.
    pub(super) logs: Vec<LogRow>,
    /// The queue.
    pub(super) work: WorkSummary,
    /// The packages that have failed for longest.
    pub(super) failing: Vec<Work>,
    /// Configured subscriptions, and any other with deliveries.
    pub(super) subscriptions: Vec<Subscription>,
    /// What is stored.
    pub(super) stored: Stored,
    /// The head of the store's history, to note outside of this machine for `store check --head`. `None`: it is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) history: Option<ShownHead>,
    /// The last restore from a backup: for 30 days, and as long as a feed has not been read to its end since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) restored: Option<Restore>,
    /// The reports of others, as they were last read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reports: Option<ReportFeed>,
    /// The database file.
    pub(super) path: PathBuf,
}

/// What is stored.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Stored {
    /// Its `releases` and `alerts` are in pairs and triples, as they were first written.
    #[serde(flatten)]
    pub(super) stats: Stats,
    /// Releases by what came of them; an outcome that never was is left out.
    pub(super) releases_by_outcome: Vec<OfOutcome>,
    /// Alerts by status and severity; what never was is left out.
    pub(super) alerts_by_status: Vec<OfStatus>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OfOutcome {
    outcome: store::Outcome,
    pub(super) count: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OfStatus {
    pub(super) status: AlertStatus,
    pub(super) severity: Severity,
    pub(super) count: u64,
}

impl Stored {
    fn of(stats: Stats) -> Self {
        let releases = stats.releases.iter().map(|(outcome, count)| OfOutcome { outcome: *outcome, count: *count });
        let alerts = stats.alerts.iter();
        let alerts =
            alerts.map(|(status, severity, count)| OfStatus { status: *status, severity: *severity, count: *count });
        Self { releases_by_outcome: releases.collect(), alerts_by_status: alerts.collect(), stats }
    }
}

/// A feed, or the trust root.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Source {
    pub(super) name: String,
    /// The registry whose feed it is.
    #[serde(skip)]
    pub(super) registry: Option<String>,
    /// The registry's URL, where it is one beside the public ones. Such a registry has no feed: its packages are looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    /// Whether it is read: its registry is switched on.
    pub(super) enabled: bool,
    /// Where it stands; `None`: it was never tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<SourceState>,
    /// What the documents of its registry never tell. What a mirror leaves out beyond that is a finding.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) never_told: Vec<Aspect>,
}

/// A subscription.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Subscription {
    pub(super) name: String,
    /// Whether the configuration has it.
    pub(super) configured: bool,
    /// How its deliveries fare; `None`: there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<SubscriptionState>,
    /// Since when its endpoint is disabled, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disabled: Option<Disabled>,
}

impl Report {
    pub(super) fn of(context: &Context, store: &Store, now: DateTime<Utc>) -> Result<Self, CliError> {
        let snapshot = snapshot(context, store, now)?;
        let findings = judge(&snapshot, now);
        let sentences = |wanted: Level| {
            let found = findings.iter().filter(|finding| finding.level == wanted);
            found.map(|finding| finding.sentence.clone()).collect::<Vec<_>>()
        };
        let reasons = sentences(Level::Unhealthy);
        Ok(Self {
            healthy: reasons.is_empty(),
            reasons,
            limited: sentences(Level::Limited),
            lock: snapshot.runner.lock,
            runner: snapshot.runner.heartbeat,
            findings,
            at: now,
            sources: sources(context, store)?,
            logs: if context.config.logs.enabled { store.logs()? } else { Vec::new() },
            work: store.work_summary(now)?,
            failing: store.failing_work(SHOWN)?,
            subscriptions: subscriptions(context, store)?,
            stored: Stored::of(store.stats()?),
            history: store.history_head()?.map(ShownHead::from),
            reports: store.report_feed()?,
            restored: store.restores(1)?.pop().filter(|restore| is_recent(restore, now)),
            path: context.config.store_path(),
        })
    }
}

fn is_recent(restore: &Restore, now: DateTime<Utc>) -> bool {
    now - restore.at < RESTORED_LATELY || restore.gaps.iter().any(|gap| gap.closed_at.is_none())
}

fn sources(context: &Context, store: &Store) -> Result<Vec<Source>, CliError> {
    let mut stored = store.sources()?;
    let mut sources = Vec::new();
    for ecosystem in Ecosystem::all() {
        let name = ecosystem.row().feed.name;
        let enabled = context.config.registries.is_enabled(ecosystem);
        let state = stored.iter().position(|state| state.name == name).map(|index| stored.remove(index));
        if enabled || state.is_some() {
            let never_told = ecosystem.never_told().collect();
            let registry = Some(ecosystem.title().to_owned());
            sources.push(Source { name: name.to_owned(), registry, url: None, enabled, state, never_told });
        }
    }
    for WithoutFeed { registry, source, .. } in app::setup(&context.config).without_feed {
        let state = stored.iter().position(|state| state.name == source).map(|index| stored.remove(index));
        sources.push(Source {
            name: source,
            registry: Some(registry.title()),
            url: registry.url().map(ToString::to_string),
            enabled: true,
            state,
            never_told: Vec::new(),
        });
    }
    let is_refreshed = trust_interval(&context.config).is_some();
    let refreshed = |name: &str| is_refreshed && [TRUST_ROOT, NPM_KEYS].contains(&name);
    let others = stored.into_iter().map(|state| Source {
        name: state.name.clone(),
        enabled: refreshed(&state.name),
        registry: None,
        url: None,
        state: Some(state),
        never_told: Vec::new(),
    });
    sources.extend(others);
    Ok(sources)
}

fn subscriptions(context: &Context, store: &Store) -> Result<Vec<Subscription>, CliError> {
    let (mut stored, mut disabled) = (store.delivery_summary()?, BTreeMap::from_iter(store.disabled_endpoints()?));
    let mut subscriptions = Vec::new();
    for configured in &context.config.subscriptions {
        let state = stored.iter().position(|state| state.subscription == configured.name);
        let state = state.map(|index| stored.remove(index));
        let (name, disabled) = (configured.name.clone(), disabled.remove(&configured.name));
        subscriptions.push(Subscription { name, configured: true, state, disabled });
    }
    let others = stored.into_iter().map(|state| Subscription {
        name: state.subscription.clone(),
        configured: false,
        state: Some(state),
        disabled: None,
    });
    subscriptions.extend(others);
    Ok(subscriptions)
}
