//! What the configuration says that health depends on.

use crate::{
    config::{Config, TrustSource},
    health::Forges,
    model::{AlertKind, Ecosystem, Severity},
    pipeline::sources,
};

/// What the configuration says that health depends on.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The feeds that are read.
    pub feeds: Vec<&'static str>,
    /// Where the trust root comes from.
    pub trust: TrustSource,
    /// Whether transparency logs are followed.
    pub logs: bool,
    /// The forges that are asked; `None`: none is.
    pub forges: Option<Forges>,
    /// The subscriptions, and whether each takes alerts about provwatch itself.
    pub subscriptions: Vec<(String, bool)>,
    /// The registries that are switched on.
    pub registries: Vec<Ecosystem>,
}

/// What this configuration says that health depends on.
pub fn setup(config: &Config) -> Setup {
    let takes =
        |kinds: &[AlertKind], least: Severity| kinds.contains(&AlertKind::Operation) && least <= Severity::Medium;
    let subscriptions = config.subscriptions.iter();
    Setup {
        feeds: sources(config).iter().map(|source| source.feed.name()).collect(),
        trust: config.trust.source,
        logs: config.logs.enabled,
        forges: config.forges.enabled.then(|| forges(config)),
        subscriptions: subscriptions.map(|one| (one.name.clone(), takes(&one.kinds, one.min_severity))).collect(),
        registries: Ecosystem::ALL.into_iter().filter(|one| config.registries.is_enabled(*one)).collect(),
    }
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
