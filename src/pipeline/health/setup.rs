//! What the configuration says that health depends on.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::{
    config::{Config, TrustSource},
    health::Forges,
    model::{AlertKind, RegistryKey, Severity},
    pipeline::{Polled, assembly::polled, sources},
};

/// What the configuration says that health depends on.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The feeds that are read.
    pub feeds: Vec<&'static str>,
    /// Where the trust root comes from.
    pub trust: TrustSource,
    /// How often it is refreshed.
    pub trust_interval: TimeDelta,
    /// Whether transparency logs are followed.
    pub logs: bool,
    /// Where the logs are read that the configuration names.
    pub log_urls: Vec<String>,
    /// The forges that are asked; `None`: none is.
    pub forges: Option<Forges>,
    /// The subscriptions, and the kinds of alerts that each takes at the severities that matter.
    pub subscriptions: Vec<(String, Vec<AlertKind>)>,
    /// The registries that are switched on.
    pub registries: Vec<RegistryKey>,
    /// Those without a feed.
    pub polled: BTreeMap<RegistryKey, Polled>,
}

/// What this configuration says that health depends on.
pub fn setup(config: &Config) -> Setup {
    let subscriptions = config.subscriptions.iter();
    Setup {
        feeds: sources(config).iter().map(|source| source.feed.name()).collect(),
        trust: config.trust.source,
        trust_interval: TimeDelta::from_std(config.trust.refresh_interval.duration()).unwrap_or(TimeDelta::MAX),
        logs: config.logs.enabled,
        log_urls: config.logs.instances.iter().map(|instance| instance.url.as_url().to_string()).collect(),
        forges: config.forges.enabled.then(|| forges(config)),
        subscriptions: subscriptions.map(|one| (one.name.clone(), takes(&one.kinds, one.min_severity))).collect(),
        registries: config.registries.keys(),
        polled: polled(config),
    }
}

/// Those of the kinds of which a subscription takes what matters: medium ones about provwatch itself, high ones else.
fn takes(kinds: &[AlertKind], least: Severity) -> Vec<AlertKind> {
    let matters = |kind: &AlertKind| if *kind == AlertKind::Operation { Severity::Medium } else { Severity::High };
    kinds.iter().filter(|kind| least <= matters(kind)).copied().collect()
}

fn forges(config: &Config) -> Forges {
    let section = &config.forges;
    let instances = section.instances.iter().map(|one| (one.host.to_lowercase(), one.token().is_some()));
    let public = [("github.com", section.github_token().is_some()), ("gitlab.com", section.gitlab_token().is_some())];
    let all = instances.chain(public.map(|(host, has_token)| (host.to_owned(), has_token)));
    let (with, without): (Vec<_>, Vec<_>) = all.partition(|(_, has_token)| *has_token);
    let hosts = |forges: Vec<(String, bool)>| forges.into_iter().map(|(host, _)| host).collect();
    Forges { with_token: hosts(with), without_token: hosts(without) }
}
