//! Builds the only HTTP client, with the limits of each host, from `[http]`.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::AssemblyError;
use crate::{
    clock::Clock,
    config::{Config, HostLimit},
    http::{Client, HostLimits, HostPattern, Policy, RealTransport, RetryPolicy, Transport},
    model::{Ecosystem, Rate, RegistryId},
};

/// The client over the real network.
///
/// # Errors
/// A host pattern or CA file of `[http]` that cannot be used.
pub fn client(config: &Config, clock: Arc<dyn Clock>) -> Result<Client, AssemblyError> {
    client_over(config, transport(config)?, clock)
}

/// The real network.
///
/// # Errors
/// As [`client`].
pub(crate) fn transport(config: &Config) -> Result<Arc<dyn Transport>, AssemblyError> {
    let transport = RealTransport::new(&policy(config)?).map_err(AssemblyError::of("the HTTP client ([http])"))?;
    Ok(Arc::new(transport))
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

/// The operator's limits of hosts, each host in the spelling of URLs.
fn host_limits(config: &Config) -> BTreeMap<String, HostLimits> {
    let spelt = |host: &String| host.parse().map_or_else(|_| host.to_lowercase(), |host: HostPattern| host.to_string());
    config.http.hosts.iter().map(|(host, limit)| (spelt(host), limits(*limit))).collect()
}

/// The registries' published limits.
fn published_limits(config: &Config) -> BTreeMap<String, HostLimits> {
    let place = |id: RegistryId| {
        let url = config.registries.base_url(id);
        let host = url.host_str().unwrap_or_default().to_lowercase();
        url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    };
    let limits = |Rate { requests, per, burst, concurrency }| HostLimits { requests, per, burst, concurrency };
    let hosts = Ecosystem::all().flat_map(|ecosystem| ecosystem.row().hosts);
    hosts.filter_map(|host| Some((place(host.id), limits(host.rate?)))).collect()
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
