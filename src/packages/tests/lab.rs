//! Test fixtures of the package services: their parts without a configuration, and small sample data.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{FutureExt, future::BoxFuture};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    attest::{TrustMaterial, Verifier},
    clock::{Clock, ManualClock},
    config::Config,
    deliver::{Message, Receipt, Sink, SinkError, Subscription, Subscriptions, Timing},
    http::{Client, ScriptedTransport},
    model::{
        Alert, AlertMatchers, Auth, Digests, Ecosystem, Facts, File, Observation, Package, Person, Provenance,
        RegistryKey, ReleaseId, ReleaseStatus, Unread,
    },
    packages::{
        examination::{Examination, history_ends},
        registries::{Polled, Registries},
        services::PackageParts,
        settings::Settings,
        turn::Turn,
    },
    progress::NoProgress,
    registry::{
        AttestationSource, Listing, PackageDocument, PackageState, Question, Registry, RegistryError, RegistryRelease,
    },
    store::{AlertFilter, Lane, Outcome, PackageRow, ReleaseRow, Store, Work},
    upkeep::{Mender, OperationalIssues, TrustKeeper, WallClock},
    watchlist::{InUse, Watchlist},
};

/// A registry's answer about a package.
pub type Answer = fn(&Package) -> PackageState;

/// A registry that gives the test's answer, and has no evidence.
#[derive(Debug)]
struct Told(Answer);

impl Registry for Told {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NPM
    }

    fn package<'a>(
        &'a self,
        _: &'a Client,
        package: &'a Package,
        _: Question<'a>,
    ) -> BoxFuture<'a, Result<PackageState, RegistryError>> {
        async { Ok((self.0)(package)) }.boxed()
    }

    fn evidence<'a>(
        &'a self,
        _: &'a Client,
        _: &'a AttestationSource,
    ) -> BoxFuture<'a, Result<Option<Bytes>, RegistryError>> {
        async { Ok(None) }.boxed()
    }

    fn archives<'a>(
        &'a self,
        _: &'a Client,
        _: &'a Package,
        _: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Vec<Listing>, RegistryError>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn page(&self, _: &ReleaseId) -> Url {
        "https://npm.example/".parse().unwrap()
    }
}

/// A sink that is never used: these tests deliver nothing.
#[derive(Debug)]
struct Nobody;

impl Sink for Nobody {
    fn kind(&self) -> &'static str {
        "nobody"
    }

    fn deliver<'a>(&'a self, _: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        async { Ok(Receipt::default()) }.boxed()
    }
}

pub struct Lab {
    pub clock: Arc<ManualClock>,
    pub parts: PackageParts,
    registry: Told,
    _folder: TempDir,
}

impl Lab {
    /// Watches `widget` and `gadget`; the public registry and a private one give this answer.
    pub fn answering(answer: Answer) -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z"));
        let store = Arc::new(Store::open(&folder.path().join("provwatch.db")).unwrap());
        let parts = parts(store, Arc::clone(&clock) as _, answer);
        Self { clock, parts, registry: Told(answer), _folder: folder }
    }

    /// The registries have no packages.
    pub fn new() -> Self {
        Self::answering(|_| PackageState::Gone)
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn days_ago(&self, days: i64) -> DateTime<Utc> {
        self.now() - TimeDelta::days(days)
    }

    /// A package that was checked a month ago.
    pub fn known(&self, name: &str) -> Package {
        let package = package(name);
        let then = Some(self.days_ago(30));
        let row = PackageRow::new(package.clone(), self.days_ago(30));
        self.parts.store.save_package(&PackageRow { backfilled_at: then, checked_at: then, ..row }).unwrap();
        package
    }

    pub fn turn(&self, package: &Package) -> Turn {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        Turn::new(&self.work(package), &self.parts.http, &clock, CancellationToken::new())
    }

    /// The work item of a package.
    pub fn work(&self, package: &Package) -> Work {
        Work {
            package: package.clone(),
            revision: None,
            reason: "test".to_owned(),
            since: self.now(),
            attempts: 0,
            last_error: None,
            generation: 0,
            lane: Lane::Rest,
            turns: 0,
            portions: None,
            behind: 0,
        }
    }

    /// The stored state of a package.
    pub fn subject<'a>(&'a self, package: &'a Package, turn: &'a Turn) -> Examination<'a> {
        let row = self.parts.store.package(package).unwrap();
        let stored = self.parts.store.version_states(package).unwrap();
        let now = self.now();
        let history_ends = history_ends(row.as_ref(), now, &self.parts.wall_clock, &self.parts.settings);
        Examination { package, registry: &self.registry, row, stored, now, turn, is_announced: false, history_ends }
    }

    pub fn alerts(&self) -> Vec<Alert> {
        self.parts.store.alerts(&AlertFilter::default()).unwrap()
    }

    /// The titles of all alerts, sorted.
    pub fn titles(&self) -> Vec<String> {
        let mut titles: Vec<String> = self.alerts().into_iter().map(|alert| alert.title).collect();
        titles.sort();
        titles
    }

    pub fn row(&self, release: &ReleaseId) -> ReleaseRow {
        self.parts.store.release(release).unwrap().unwrap()
    }

    /// The outcome of each version of a package, by version.
    pub fn outcomes(&self, package: &Package) -> Vec<(String, Outcome)> {
        let stored = self.parts.store.version_states(package).unwrap();
        stored.into_iter().map(|(version, state)| (version, state.outcome)).collect()
    }
}

fn parts(store: Arc<Store>, clock: Arc<dyn Clock>, answer: Answer) -> PackageParts {
    let http = Client::new(Arc::new(ScriptedTransport::new()), Arc::clone(&clock));
    let all = Subscription {
        name: "all".to_owned(),
        matchers: AlertMatchers::default(),
        timing: Timing::default(),
        sink: Arc::new(Nobody),
    };
    let subscriptions = Arc::new(Subscriptions::new(vec![all]).unwrap());
    let issues = Arc::new(OperationalIssues::new(Arc::clone(&store), Arc::clone(&subscriptions)));
    let config = Config::parse("[trust]\nsource = \"embedded\"", Path::new("test.toml")).unwrap();
    let verifier = Verifier::new(&TrustMaterial::embedded());
    let freshness = crate::app::freshness(&config).unwrap();
    let trust = TrustKeeper::new(Arc::clone(&store), Arc::clone(&clock), http.clone(), freshness, verifier);
    let private = Polled { source: "registry npm.example".to_owned(), every: TimeDelta::hours(1) };
    let told = || Arc::new(Told(answer)) as Arc<dyn Registry>;
    let readers = [(Ecosystem::NPM.into(), told()), (private_registry(), told())];
    let watched = r#"packages = ["pkg:npm/gadget", "pkg:npm/widget"]"#;
    let watchlist = Watchlist::parse(watched, Path::new("watchlist.toml")).unwrap();
    PackageParts {
        progress: Arc::new(NoProgress),
        registries: Arc::new(Registries::new(readers.into(), [(private_registry(), private)].into())),
        settings: Arc::new(Settings::default()),
        watchlist: Arc::new(InUse::new(watchlist)),
        forges: None,
        rdap: None,
        trust: Arc::new(trust),
        wall_clock: Arc::new(WallClock::starting(Arc::clone(&store), Arc::clone(&clock), http.clone())),
        mender: Arc::new(Mender::new(Arc::clone(&store), Arc::clone(&clock), Arc::clone(&issues))),
        store,
        clock,
        http,
        subscriptions,
        issues,
    }
}

/// The registry without a feed.
pub fn private_registry() -> RegistryKey {
    RegistryKey::at(Ecosystem::NPM, "https://npm.example/".parse().unwrap())
}

pub fn package(name: &str) -> Package {
    Package::new(Ecosystem::NPM, name).unwrap()
}

/// A release with one file, by an account.
pub fn release(id: &ReleaseId, published_at: DateTime<Utc>, account: &str) -> RegistryRelease {
    let digests = Digests { sha512: Some(format!("{:0128}", id.version().len())), ..Digests::default() };
    let file = File { name: "package.tgz".to_owned(), digests, uploaded_at: None, yanked: false, attestation: None };
    RegistryRelease {
        id: id.clone(),
        published_at,
        claimed_at: None,
        publisher: Some(Person { name: account.to_owned(), email: None }),
        auth: Auth::default(),
        manifest: None,
        facts: Facts::default(),
        files: vec![file],
        maintainers: None,
        addresses: Vec::new(),
        status: ReleaseStatus::Published,
        evidence: Vec::new(),
        signatures: Vec::new(),
        unread: Unread::default(),
        untold: Vec::new(),
    }
}

/// The same release in its stored form.
pub fn observation(id: &ReleaseId, published_at: DateTime<Utc>, account: &str) -> Observation {
    release(id, published_at, account).observed(Provenance::Absent)
}

/// A document that describes these releases and has no others.
pub fn document(releases: Vec<RegistryRelease>) -> PackageDocument {
    let versions = releases.iter().map(|release| (release.id.version().to_owned(), release.status)).collect();
    PackageDocument {
        revision: None,
        validators: None,
        releases,
        versions,
        unreadable: Vec::new(),
        withdrawn: Vec::new(),
        bare: Vec::new(),
        maintainers: None,
        dist_tags: None,
        status: None,
        behind: None,
        unconfirmed: None,
    }
}
