//! Derives from the configuration the facts that health judgements depend on.

use super::{polled, report_source, sources};
use crate::{
    config::{Config, Subscription, TrustSource},
    health::Forges,
    model::{AlertKind, AlertMatchers, Severity},
    packages::Polled,
    upkeep::{Setup, TrustFrom, WithoutFeed},
};

/// The settings on which health depends.
pub fn setup(config: &Config) -> Setup {
    let subscriptions = config.subscriptions.iter();
    let quiet = config.subscriptions.iter().filter(|one| one.quiet_hours.is_some() || one.digest.is_some());
    let without_feed = |(registry, Polled { source, every })| WithoutFeed { registry, source, every };
    Setup {
        feeds: sources(config).iter().map(|source| source.feed.name()).collect(),
        trust: match config.trust.source {
            TrustSource::Embedded => TrustFrom::Embedded,
            TrustSource::File => TrustFrom::File,
            TrustSource::Tuf => TrustFrom::Tuf,
        },
        trust_interval: config.trust.refresh_interval.delta(),
        logs: config.logs.enabled,
        log_urls: config.logs.instances.iter().map(|instance| instance.url.as_url().to_string()).collect(),
        forges: config.forges.enabled.then(|| forges(config)),
        subscriptions: subscriptions.map(|one| (one.name.clone(), takes(&one.conditions()))).collect(),
        at_once: config.subscriptions.iter().map(|one| (one.name.clone(), at_once(one))).collect(),
        with_quiet_hours: quiet.map(|one| one.name.clone()).collect(),
        registries: config.registries.keys(),
        without_feed: polled(config).into_iter().map(without_feed).collect(),
        reports: report_source(config),
    }
}

/// The kinds whose important alerts a subscription receives: medium ones about provwatch itself, otherwise high ones.
///
/// A subscription with further conditions receives some of them only, and is not relied on.
fn takes(conditions: &AlertMatchers) -> Vec<AlertKind> {
    if !is_plain(conditions) {
        return Vec::new();
    }
    let least = conditions.min_severity.unwrap_or(Severity::Info);
    let matters = |kind: &AlertKind| if *kind == AlertKind::Operation { Severity::Medium } else { Severity::High };
    conditions.kinds.iter().filter(|kind| least <= matters(kind)).copied().collect()
}

/// Whether it selects alerts by nothing but their severity and kind.
fn is_plain(conditions: &AlertMatchers) -> bool {
    let AlertMatchers { min_severity, kinds, .. } = conditions;
    *conditions == AlertMatchers { min_severity: *min_severity, kinds: kinds.clone(), ..AlertMatchers::default() }
}

/// The kinds of which a subscription, or the one that it escalates to, receives every critical alert soon.
fn at_once(subscription: &Subscription) -> Vec<AlertKind> {
    let conditions = subscription.conditions();
    let waits = subscription.digest.is_some() && subscription.escalate.is_none();
    if waits || !is_plain(&conditions) { Vec::new() } else { conditions.kinds }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_takeover_waits_where_only_digests_have_it() {
        let digest = "digest = { every = 'day', at = '08:00', zone = 'UTC' }";
        for (keys, expected) in [
            ("", true),
            ("min_severity = 'critical'", true),
            ("kinds = ['log']", false),
            ("match = { packages = ['pkg:npm/axios'] }", false),
            (digest, false),
            (&*format!("{digest}\nescalate = {{ after = '5m', to = 'boss' }}"), true),
        ] {
            let boss = "[[subscriptions]]\nname = 'boss'\ntype = 'stdout'\nkinds = ['log']";
            let text = format!("[[subscriptions]]\nname = 'desk'\ntype = 'stdout'\n{keys}\n{boss}\n");
            let config = Config::parse(&text, std::path::Path::new("provwatch.toml")).unwrap();
            assert_eq!(setup(&config).at_once["desk"].contains(&AlertKind::Release), expected, "{keys}");
        }
    }
}
