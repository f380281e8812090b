//! Builds the sinks of services that keep an alert open, and of phones.

use std::sync::Arc;

use super::{Built, Site, optional, required};
use crate::{
    app::error::Anything,
    config::{AlertmanagerSection, NtfySection, PagerDutySection},
    deliver::{AlertmanagerLogin, AlertmanagerSink, Endpoint, NtfySink, PagerDutySink},
    model::Secret,
};

pub(super) fn pagerduty(site: Site<'_>, pager: &PagerDutySection) -> Built {
    let endpoint = Endpoint::new(site.http, pager.url.as_url().clone());
    Ok(Arc::new(PagerDutySink::new(endpoint, required(pager.routing_key(), "routing_key")?)))
}

pub(super) fn alertmanager(site: Site<'_>, alertmanager: &AlertmanagerSection) -> Built {
    let url = alertmanager.url.as_base().join("api/v2/alerts").map_err(|error| format!("url: {error}"))?;
    let (labels, resend) = (alertmanager.labels.clone(), alertmanager.resend.duration());
    let sink = AlertmanagerSink::new(Endpoint::new(site.http, url), labels, resend, Arc::clone(site.clock));
    Ok(Arc::new(sink.with_login(login(alertmanager)?.as_ref())))
}

fn login(alertmanager: &AlertmanagerSection) -> Result<Option<AlertmanagerLogin>, Anything> {
    let (username, password) = (alertmanager.username.clone(), optional(alertmanager.password())?);
    match (username, password, optional(alertmanager.token())?) {
        (Some(username), Some(password), None) => Ok(Some(AlertmanagerLogin::Basic { username, password })),
        (None, None, token) => Ok(token.map(AlertmanagerLogin::Bearer)),
        _ => Err("a username and a password belong together, without a token".into()),
    }
}

pub(super) fn ntfy(site: Site<'_>, ntfy: &NtfySection) -> Built {
    let topic = topic(required(ntfy.topic(), "topic")?)?;
    let endpoint = Endpoint::new(site.http, ntfy.server.as_base());
    Ok(Arc::new(NtfySink::new(endpoint, topic, optional(ntfy.token())?)))
}

/// A topic has 1 to 64 letters, digits, `-` and `_`.
fn topic(topic: Secret) -> Result<Secret, Anything> {
    let text = topic.expose();
    let fits = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if fits && (1..=64).contains(&text.len()) {
        Ok(topic)
    } else {
        Err("the secret is not the name of a topic: expected 1 to 64 letters, digits, - and _".into())
    }
}
