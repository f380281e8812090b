//! From the configuration to a pipeline: the one place that knows how the parts fit together.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use chrono::TimeDelta;
use url::Url;

use super::{
    Pipeline, Polled, Progress, Settings, Source,
    damage::Mender,
    facts::StoredAnswers,
    health::{Memory, Moving, setup},
    logs::{Instance, LogMonitor, LogParts, LogSettings},
    operation::Troubles,
    registries::Registries,
    trust::{Freshness, TrustKeeper},
    wall_clock::WallClock,
};
use crate::{
    attest::Verifier,
    bounded,
    clock::Clock,
    config::{
        Config, DetectorSection, ForgeKindName, HostLimit, LogInstance, LogKindName, LogMatch, Period,
        RegistryInstance, Security, Sink as SinkConfig, Subscription as SubscriptionConfig, TrustSource,
    },
    deliver::{
        EmailSettings, EmailSink, Endpoint, SigningSecret, Sink, SlackSink, SmtpSecurity, StdoutFormat, StdoutSink,
        Subscription, Subscriptions, WebhookSink,
    },
    detect::{Setting, Tuning},
    enrich::{Forge, ForgeKind, Forges},
    http::{Client, Credentials, HostLimits, HostPattern, Policy, RealTransport, RetryPolicy, Transport},
    model::{Claim, Ecosystem, RegistryId, RegistryKey},
    registry::{
        CargoFeed, CargoRegistry, Feed, NpmFeed, NpmRegistry, PrivateRegistry, PypiFeed, PypiRegistry, Registry,
    },
    store::{LogKind, MatchRule, Store},
    tlog::{CosignerKey, LogKey, Pattern, rekor_v1::Budget, watch::Field},
    watchlist::{InUse, Watchlist},
};

/// Most bytes of a public key.
const MAX_KEY: u64 = 64 * 1024;

/// Why the parts do not fit together. Names what in the configuration to change.
#[derive(Debug, thiserror::Error)]
#[error("setting up {what}")]
pub struct AssemblyError {
    what: String,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl AssemblyError {
    pub(super) fn of<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        what: impl Into<String>,
    ) -> impl FnOnce(E) -> Self {
        let what = what.into();
        move |source| Self { what, source: source.into() }
    }
}

/// The parts that the configuration does not make: where to keep, what to watch, how to reach the world, what time it is.
#[derive(Debug)]
pub struct Parts {
    /// The store.
    pub store: Arc<Store>,
    /// The watchlist.
    pub watchlist: Watchlist,
    /// The client.
    pub http: Client,
    /// What signatures are verified with.
    pub verifier: Verifier,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Who is told.
    pub progress: Arc<dyn Progress>,
}

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
    let troubles = Arc::new(Troubles::new(Arc::clone(&parts.store), Arc::clone(&subscriptions)));
    let forges = forges(config, &parts)?;
    let Parts { store, watchlist, http, verifier, clock, progress } = parts;
    let trust =
        TrustKeeper::new(Arc::clone(&store), Arc::clone(&clock), http.clone(), Freshness::of(config)?, verifier);
    let progress = Moving::over(progress, Arc::clone(&clock));
    let memory = Memory::of(&progress);
    let parts = LogParts {
        mender: Arc::new(Mender::new(Arc::clone(&store), Arc::clone(&clock), Arc::clone(&troubles))),
        trust: Arc::new(trust),
        wall_clock: Arc::new(WallClock::starting(Arc::clone(&store), Arc::clone(&clock), http.clone())),
        watchlist: Arc::new(InUse::new(watchlist)),
        progress: Arc::new(progress),
        settings: Arc::new(log_settings(config)?),
        tuning: tuning(config),
        store,
        clock,
        http,
        subscriptions,
    };
    Ok(pipeline_of(config, parts, registries, forges, troubles, memory))
}

/// The services over their common parts.
fn pipeline_of(
    config: &Config,
    parts: LogParts,
    registries: Registries,
    forges: Option<Forges>,
    troubles: Arc<Troubles>,
    memory: Memory,
) -> Pipeline {
    let logs = LogMonitor::new(&parts);
    let LogParts { store, clock, http, progress, subscriptions, watchlist, trust, wall_clock, mender, .. } = parts;
    Pipeline {
        wall_clock,
        comparisons: super::observe::Comparisons::default(),
        failures: super::outage::Failures::default(),
        reads: super::outage::Reads::default(),
        silences: super::silence::Silences::default(),
        store,
        http,
        clock,
        sources: sources(config),
        registries: Arc::new(registries),
        trust,
        forges: forges.map(Arc::new),
        watchlist,
        subscriptions,
        troubles,
        mender,
        queues: super::outbox::Queues::default(),
        settings: Arc::new(settings(config)),
        memory,
        progress,
        setup: setup(config),
        logs,
        reload: super::reload::LastReload::default(),
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

/// The forges that may be asked, and where their answers are kept.
fn forges(config: &Config, parts: &Parts) -> Result<Option<Forges>, AssemblyError> {
    if !config.forges.enabled {
        return Ok(None);
    }
    let answers = Arc::new(StoredAnswers(Arc::clone(&parts.store)));
    Ok(Some(Forges::new(forge_list(config)?, parts.http.clone(), Arc::clone(&parts.clock), answers)))
}

/// The forges; those of the configuration come before the public ones.
fn forge_list(config: &Config) -> Result<Vec<Forge>, AssemblyError> {
    let section = &config.forges;
    if !section.enabled {
        return Ok(Vec::new());
    }
    let mut forges = Vec::new();
    for instance in &section.instances {
        let kind = match instance.kind {
            ForgeKindName::Github => ForgeKind::Github,
            ForgeKindName::Gitlab => ForgeKind::Gitlab,
        };
        let what = format!("the forge {:?} ([[forges.instance]])", instance.host);
        let token = instance.token().map(|token| token.read()).transpose().map_err(AssemblyError::of(what))?;
        forges.push(Forge::new(kind, &instance.host, with_slash(instance.api.as_url()), token));
    }
    for (kind, host, api, token) in [
        (ForgeKind::Github, "github.com", "https://api.github.com/", section.github_token()),
        (ForgeKind::Gitlab, "gitlab.com", "https://gitlab.com/api/v4/", section.gitlab_token()),
    ] {
        let what = format!("the token for {host} ([forges])");
        let token = token.map(|token| token.read()).transpose().map_err(AssemblyError::of(what.clone()))?;
        let api = api.parse().map_err(AssemblyError::of(what))?;
        forges.push(Forge::new(kind, host, api, token));
    }
    Ok(forges)
}

/// What is asked for is below it, not beside it.
fn with_slash(url: &Url) -> Url {
    let mut url = url.clone();
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}

/// The client over the real network.
///
/// # Errors
/// A host pattern or CA file of `[http]` that cannot be used.
pub fn client(config: &Config, clock: Arc<dyn Clock>) -> Result<Client, AssemblyError> {
    let policy = policy(config)?;
    let transport = RealTransport::new(&policy).map_err(AssemblyError::of("the HTTP client ([http])"))?;
    Ok(Client::with_policy(Arc::new(transport), clock, policy))
}

/// The client over another transport.
///
/// # Errors
/// As [`client`].
pub fn client_over(
    config: &Config,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
) -> Result<Client, AssemblyError> {
    Ok(Client::with_policy(transport, clock, policy(config)?))
}

fn policy(config: &Config) -> Result<Policy, AssemblyError> {
    let http = &config.http;
    Ok(Policy {
        contact: http.contact.clone(),
        default_limits: limits(http.default_limit),
        host_limits: host_limits(config),
        published_limits: published_limits(config),
        redirect_hosts: patterns("[http] allow_redirects", &http.allow_redirects)?,
        allow_private: patterns("[http] allow_private", &http.allow_private)?,
        connect_timeout: http.connect_timeout.duration(),
        total_timeout: http.request_timeout.duration(),
        retry: RetryPolicy { max_attempts: http.max_attempts, ..RetryPolicy::default() },
        ca_file: http.ca_file.clone(),
        proxy_from_environment: http.proxy_from_environment,
        ..Policy::default()
    })
}

/// What the operator says of hosts, each spelt as URLs spell it.
fn host_limits(config: &Config) -> BTreeMap<String, HostLimits> {
    let spelt = |host: &String| host.parse().map_or_else(|_| host.to_lowercase(), |host: HostPattern| host.to_string());
    config.http.hosts.iter().map(|(host, limit)| (spelt(host), limits(*limit))).collect()
}

/// What the registries ask of their clients: the crawler policy and the index documentation of crates.io.
fn published_limits(config: &Config) -> BTreeMap<String, HostLimits> {
    let place = |role: RegistryId| {
        let url = config.registries.base_url(role);
        let host = url.host_str().unwrap_or_default().to_lowercase();
        url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    };
    BTreeMap::from([
        (place(RegistryId::CARGO), HostLimits::strict(1, Duration::from_secs(1))),
        (
            place(RegistryId::CARGO_INDEX),
            HostLimits { requests: 50, burst: 50, concurrency: 8, ..HostLimits::default() },
        ),
    ])
}

fn limits(limit: HostLimit) -> HostLimits {
    HostLimits {
        requests: limit.requests_per_minute,
        per: Duration::from_mins(1),
        burst: limit.requests_per_minute.div_ceil(30).max(1),
        concurrency: limit.concurrency,
    }
}

fn patterns(key: &'static str, texts: &[String]) -> Result<Vec<HostPattern>, AssemblyError> {
    texts.iter().map(|text| text.parse().map_err(AssemblyError::of(key))).collect()
}

/// The feeds of the enabled registries.
pub fn sources(config: &Config) -> Vec<Source> {
    let url = |role| config.registries.base_url(role);
    let source = |ecosystem| {
        let feed: Arc<dyn Feed> = match ecosystem {
            Ecosystem::Npm => Arc::new(NpmFeed::new(url(RegistryId::NPM_REPLICATE))),
            Ecosystem::Pypi => Arc::new(PypiFeed::new(url(RegistryId::PYPI))),
            Ecosystem::Cargo => Arc::new(CargoFeed::new(url(RegistryId::CARGO_STATIC))),
        };
        Source { feed, interval: config.registries.interval(ecosystem).duration() }
    };
    enabled(config).map(source).collect()
}

/// The public registries that are switched on, and those beside them.
fn registries(config: &Config) -> Result<BTreeMap<RegistryKey, Arc<dyn Registry>>, AssemblyError> {
    let mut all = public_registries(config);
    for (key, one) in config.registries.others() {
        all.insert(key.clone(), private_registry(&key, one, config.http.max_document)?);
    }
    Ok(all)
}

fn private_registry(
    key: &RegistryKey,
    one: &RegistryInstance,
    max_document: u64,
) -> Result<Arc<dyn Registry>, AssemblyError> {
    let url = one.url.as_base();
    let reader: Arc<dyn Registry> = match key.ecosystem() {
        Ecosystem::Npm => Arc::new(NpmRegistry::new(url.clone(), max_document)),
        Ecosystem::Pypi => Arc::new(PypiRegistry::index(url.clone(), max_document)),
        Ecosystem::Cargo => Arc::new(CargoRegistry::index(url.clone(), max_document)),
    };
    let what = format!("the token of the registry {:?} ([[registries.{}]])", one.name, key.ecosystem());
    let token = one.token().map(|token| token.read()).transpose().map_err(AssemblyError::of(what))?;
    let credentials = token.map(|token| {
        let token = token.expose();
        match (key.ecosystem(), one.username.as_deref()) {
            (_, Some(user)) => Credentials::basic(url, user, token),
            (Ecosystem::Npm, None) => Credentials::bearer(url, token),
            (Ecosystem::Pypi, None) => Credentials::basic(url, "__token__", token),
            (Ecosystem::Cargo, None) => Credentials::bare(url, token),
        }
    });
    Ok(Arc::new(PrivateRegistry::new(key, reader, credentials)))
}

/// The registries without a feed.
pub(super) fn polled(config: &Config) -> BTreeMap<RegistryKey, Polled> {
    let delta = |period: Period| TimeDelta::from_std(period.duration()).unwrap_or(TimeDelta::MAX);
    let polled = |(key, one): (RegistryKey, &RegistryInstance)| {
        let source = source_name(&key, &one.name);
        (key, Polled { source, every: delta(one.interval) })
    };
    config.registries.others().map(polled).collect()
}

/// Under which name a registry without a feed stands among the sources: `npm/acme`.
fn source_name(key: &RegistryKey, name: &str) -> String {
    format!("{}/{name}", key.ecosystem())
}

fn public_registries(config: &Config) -> BTreeMap<RegistryKey, Arc<dyn Registry>> {
    let url = |role| config.registries.base_url(role);
    let limit = config.http.max_document;
    let registry = |ecosystem: Ecosystem| -> (RegistryKey, Arc<dyn Registry>) {
        let registry: Arc<dyn Registry> = match ecosystem {
            Ecosystem::Npm => Arc::new(NpmRegistry::new(url(RegistryId::NPM), limit)),
            Ecosystem::Pypi => Arc::new(PypiRegistry::new(url(RegistryId::PYPI), limit)),
            Ecosystem::Cargo => {
                Arc::new(CargoRegistry::new(url(RegistryId::CARGO), url(RegistryId::CARGO_INDEX), limit))
            }
        };
        (ecosystem.into(), registry)
    };
    enabled(config).map(registry).collect()
}

fn enabled(config: &Config) -> impl Iterator<Item = Ecosystem> {
    Ecosystem::ALL.into_iter().filter(|ecosystem| config.registries.is_enabled(*ecosystem))
}

/// What the configuration changes about detectors.
pub fn tuning(config: &Config) -> Tuning {
    let setting = |section: &DetectorSection| Setting {
        enabled: section.enabled,
        severity: section.severity,
        days: section.days,
    };
    Tuning::new(config.detectors.iter().map(|(id, section)| (id.clone(), setting(section))))
}

fn settings(config: &Config) -> Settings {
    let delta = |period: Period| TimeDelta::from_std(period.duration()).unwrap_or(TimeDelta::MAX);
    Settings {
        concurrency: config.daemon.concurrency as usize,
        recheck: config.daemon.recheck.iter().copied().map(delta).collect(),
        reconcile_after: delta(config.daemon.reconcile_interval),
        tuning: tuning(config),
        ..Settings::default()
    }
}

/// What the configuration says of logs.
///
/// # Errors
/// A key or pattern that cannot be used.
fn log_settings(config: &Config) -> Result<LogSettings, AssemblyError> {
    let logs = &config.logs;
    let delta = |period: Period| TimeDelta::from_std(period.duration()).unwrap_or(TimeDelta::MAX);
    let patterns = logs.matches.iter().map(log_pattern);
    let witnesses =
        logs.witnesses.iter().map(|one| CosignerKey::parse(&one.key).map_err(AssemblyError::of("[[logs.witness]]")));
    let instances = logs.instances.iter().map(log_instance);
    Ok(LogSettings {
        enabled: logs.enabled,
        trust_root: logs.trust_root,
        own_trust_root: config.trust.source == TrustSource::File || config.trust.tuf_url.is_some(),
        tail: logs.tail.iter().map(|kind| log_kind(*kind)).collect(),
        interval: logs.interval.duration(),
        stale_after: delta(logs.stale_after),
        window: delta(logs.window),
        in_flight: logs.in_flight as usize,
        rekor_v1: Budget {
            in_flight: logs.rekor_v1.in_flight as usize,
            entries_per_second: logs.rekor_v1.entries_per_second,
        },
        patterns: patterns.collect::<Result<_, _>>()?,
        matches: logs.matches.iter().map(match_rule).collect(),
        instances: instances.collect::<Result<_, _>>()?,
        urls: logs.urls.iter().map(|(base, url)| (base.clone(), url.as_url().clone())).collect(),
        witnesses: witnesses.collect::<Result<_, _>>()?,
    })
}

/// The keys (`SubjectPublicKeyInfo`) of the logs that the configuration names.
///
/// # Errors
/// A key that cannot be read or used.
pub fn log_keys(config: &Config) -> Result<Vec<Vec<u8>>, AssemblyError> {
    config.logs.instances.iter().map(|instance| Ok(log_instance(instance)?.spki)).collect()
}

fn log_pattern(one: &LogMatch) -> Result<Pattern, AssemblyError> {
    let claim = |(name, text)| Some((Field::Claim(claim_of(name)?), text));
    let fields = [(Field::Subject, &one.san), (Field::Issuer, &one.issuer)];
    let fields = fields.into_iter().filter_map(|(field, text)| Some((field, text.as_deref()?)));
    let claims = one.claims.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let claims: Option<Vec<_>> = claims.map(claim).collect();
    let claims = claims.ok_or("it names a claim that there is not");
    let what = format!("the pattern {:?} ([[logs.match]])", one.name);
    let claims = claims.map_err(AssemblyError::of(what.clone()))?;
    Pattern::new(&one.name, fields.chain(claims)).map_err(AssemblyError::of(what))
}

fn match_rule(one: &LogMatch) -> MatchRule {
    MatchRule { name: one.name.clone(), severity: one.severity, report: one.report }
}

fn claim_of(name: &str) -> Option<Claim> {
    Claim::ALL.iter().copied().find(|claim| claim.as_str() == name)
}

fn public_key(file: &Path) -> Result<LogKey, Anything> {
    let pem = bounded::read(file, MAX_KEY)?.ok_or("it is larger than 64 KiB, so it holds something else")?;
    let pem = String::from_utf8(pem).map_err(|_| "it is not text; a key begins with `-----BEGIN PUBLIC KEY-----`")?;
    Ok(LogKey::from_pem(&pem)?)
}

fn log_instance(instance: &LogInstance) -> Result<Instance, AssemblyError> {
    let file = instance.public_key.display();
    let what = format!("the log {:?} ([[logs.instance]]), whose public key is in {file}", instance.name);
    let key = public_key(&instance.public_key).map_err(AssemblyError::of(what))?;
    Ok(Instance {
        name: instance.name.clone(),
        kind: log_kind(instance.kind),
        url: instance.url.as_url().clone(),
        origin: instance.origin().to_owned(),
        spki: key.spki().to_vec(),
        tail: instance.tail,
        since: None,
        until: None,
        guess: None,
    })
}

const fn log_kind(kind: LogKindName) -> LogKind {
    match kind {
        LogKindName::Tiles => LogKind::Tiles,
        LogKindName::RekorV1 => LogKind::RekorV1,
        LogKindName::Ct => LogKind::Ct,
        LogKindName::StaticCt => LogKind::StaticCt,
    }
}

fn subscriptions(config: &Config, http: &Client, clock: &Arc<dyn Clock>) -> Result<Subscriptions, AssemblyError> {
    let subscriptions = config.subscriptions.iter().map(|one| subscription(config, one, http, clock));
    Subscriptions::new(subscriptions.collect::<Result<_, AssemblyError>>()?)
        .map_err(AssemblyError::of("the subscriptions"))
}

/// Sets one subscription up: reads its secrets, sends nothing.
///
/// # Errors
/// A secret that cannot be read, an address that is none.
pub fn subscription(
    config: &Config,
    subscription: &SubscriptionConfig,
    http: &Client,
    clock: &Arc<dyn Clock>,
) -> Result<Subscription, AssemblyError> {
    let what = format!("the subscription {:?}", subscription.name);
    Ok(Subscription {
        name: subscription.name.clone(),
        min_severity: subscription.min_severity,
        kinds: Some(subscription.kinds.clone()),
        sink: sink(config, subscription, http, clock).map_err(AssemblyError::of(what))?,
    })
}

type Anything = Box<dyn std::error::Error + Send + Sync>;

fn sink(
    config: &Config,
    subscription: &SubscriptionConfig,
    http: &Client,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Sink>, Anything> {
    let endpoint = |url: Url| Endpoint::new(http, url);
    Ok(match &subscription.sink {
        SinkConfig::Stdout => Arc::new(StdoutSink::new(StdoutFormat::Json, Box::new(std::io::stdout()))),
        SinkConfig::Slack(slack) => {
            let url = slack.url().ok_or("it needs url_file or url_credential")?.read()?;
            Arc::new(SlackSink::new(endpoint(url.expose().parse().map_err(|_| "the secret is not a URL")?)))
        }
        SinkConfig::Webhook(webhook) => {
            let secret = webhook.secret().map(|source| source.read()).transpose()?;
            let secrets = secret.iter().map(|secret| SigningSecret::parse(secret.expose()));
            Arc::new(WebhookSink::new(
                endpoint(webhook.url.as_url().clone()),
                secrets.collect::<Result<_, _>>()?,
                Arc::clone(clock),
            ))
        }
        SinkConfig::Email(email) => Arc::new(EmailSink::new(email_settings(email, config.http.ca_file.as_deref())?)?),
    })
}

/// `ca_file`: whom the operator trusts besides, for mail as for the web.
fn email_settings(email: &crate::config::EmailSection, ca_file: Option<&Path>) -> Result<EmailSettings, Anything> {
    let password = email.password().map(|source| source.read()).transpose()?;
    let credentials = match (&email.username, password) {
        (Some(user), Some(password)) => Some((user.clone(), password)),
        (None, None) => None,
        _ => return Err("a username and a password belong together".into()),
    };
    Ok(EmailSettings {
        server: email.server.clone(),
        port: Some(email.port()),
        security: match email.security {
            Security::Starttls => SmtpSecurity::StartTls,
            Security::Tls => SmtpSecurity::Tls,
            Security::None => SmtpSecurity::Insecure,
        },
        ca_pem: ca_file.map(read_authorities).transpose()?,
        credentials,
        from: email.from.clone(),
        to: email.to.clone(),
        timeout: Duration::from_secs(30),
    })
}

/// Most bytes of a file of certificates.
const MAX_CERTIFICATES: u64 = 4 << 20;

fn read_authorities(path: &Path) -> Result<Vec<u8>, Anything> {
    let unreadable = |why: String| format!("[http] ca_file {}: {why}", path.display());
    let read = bounded::read(path, MAX_CERTIFICATES).map_err(|error| unreadable(error.to_string()))?;
    Ok(read.ok_or_else(|| unreadable(format!("it is larger than {MAX_CERTIFICATES} bytes")))?)
}

/// The folder of the TUF metadata: as configured, or `tuf` beside the database.
pub fn tuf_cache(config: &Config) -> std::path::PathBuf {
    let beside = || config.store_path().parent().unwrap_or(Path::new("")).join("tuf");
    config.trust.cache.clone().unwrap_or_else(beside)
}
