//! Builds the dead-man's switch from `[heartbeat]`.

use std::sync::Arc;

use url::Url;

use super::{AssemblyError, error::Anything, sinks};
use crate::{
    clock::Clock,
    config::{Config, HeartbeatMethod, HeartbeatSection, WebUrl},
    deliver::{AlertmanagerLogin, Endpoint},
    http::{Client, Method},
    upkeep::{DeadMansSwitch, Ping, Watchdog},
};

/// The dead-man's switch; `None`: no heartbeat is sent.
///
/// # Errors
/// A secret that cannot be read or is not a URL.
pub(crate) fn heartbeat(
    config: &Config,
    http: &Client,
    clock: &Arc<dyn Clock>,
) -> Result<Option<DeadMansSwitch>, AssemblyError> {
    let section = &config.heartbeat;
    let ping = url(config).map_err(AssemblyError::of("[heartbeat]"))?.map(|url| Ping {
        endpoint: Endpoint::new(http, url),
        method: match section.method {
            HeartbeatMethod::Get => Method::Get,
            HeartbeatMethod::Post => Method::Post,
        },
    });
    let watchdog = watchdog(section, http).map_err(AssemblyError::of("[heartbeat]"))?;
    if ping.is_none() && watchdog.is_none() {
        return Ok(None);
    }
    Ok(Some(DeadMansSwitch::new(section.every.duration(), Arc::clone(clock), ping, watchdog)))
}

fn watchdog(section: &HeartbeatSection, http: &Client) -> Result<Option<Watchdog>, Anything> {
    let Some(url) = &section.alertmanager else { return Ok(None) };
    let base = url.as_base();
    let endpoint = Endpoint::new(http, base.join("api/v2/alerts").unwrap_or(base));
    let login = sinks::login(section.username.as_ref(), section.password(), section.token())?;
    let (endpoint, authorization) = AlertmanagerLogin::prove(login.as_ref(), endpoint);
    Ok(Some(Watchdog { endpoint, authorization, labels: section.labels.clone() }))
}

fn url(config: &Config) -> Result<Option<Url>, Anything> {
    let section = &config.heartbeat;
    match section.secret_url() {
        // The error of the URL may quote it, which is a secret.
        Some(source) => match source.read()?.expose().parse::<WebUrl>() {
            Ok(url) => Ok(Some(url.as_url().clone())),
            Err(_) => Err("the secret is not an https URL".into()),
        },
        None => Ok(section.url.as_ref().map(|url| url.as_url().clone())),
    }
}
