//! Builds the subscriptions and their sinks from `[[subscriptions]]`.

mod chats;
mod issues;
mod logs;
mod mail;
mod pagers;
mod programs;
mod site;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::site::{Built, Site, optional, required, secret_url};
use super::AssemblyError;
use crate::{
    clock::Clock,
    config::{Config, Digest, Period, QuietHours, Sink as SinkConfig, Subscription as SubscriptionConfig},
    deliver::{Escalation, StdoutSink, Subscription, Subscriptions, Timing},
    http::Client,
};

/// Sets up all subscriptions.
///
/// # Errors
/// As [`subscription`], and two of one name.
pub(crate) fn subscriptions(
    config: &Config,
    http: &Client,
    clock: &Arc<dyn Clock>,
) -> Result<Subscriptions, AssemblyError> {
    let subscriptions = config.subscriptions.iter().map(|one| subscription(config, one, http, clock));
    Subscriptions::new(subscriptions.collect::<Result<_, AssemblyError>>()?)
        .map_err(AssemblyError::of("the subscriptions"))
}

/// Sets up one subscription: reads its secrets, sends nothing.
///
/// # Errors
/// A secret that cannot be read, an invalid address.
pub fn subscription(
    config: &Config,
    subscription: &SubscriptionConfig,
    http: &Client,
    clock: &Arc<dyn Clock>,
) -> Result<Subscription, AssemblyError> {
    let what = format!("the subscription {:?}", subscription.name);
    Ok(Subscription {
        name: subscription.name.clone(),
        matchers: subscription.conditions(),
        timing: timing(subscription),
        sink: sink(Site { config, http, clock, subscription: &subscription.name }, &subscription.sink)
            .map_err(AssemblyError::of(what))?,
    })
}

/// When a subscription receives its messages.
pub fn timing(subscription: &SubscriptionConfig) -> Timing {
    let escalate = subscription.escalate.as_ref();
    Timing {
        quiet_hours: subscription.quiet_hours.as_ref().map(QuietHours::hours),
        repeat: subscription.repeat.map(Period::delta),
        escalate: escalate.map(|one| Escalation { after: one.after.delta(), to: one.to.clone() }),
        notices: subscription.notifies(),
        digest: subscription.digest.as_ref().map(Digest::times),
    }
}

fn sink(site: Site<'_>, sink: &SinkConfig) -> Built {
    match sink {
        SinkConfig::Email(email) => mail::email(site, email),
        SinkConfig::Slack(slack) => chats::slack(site, slack),
        SinkConfig::Teams(teams) => chats::teams(site, teams),
        SinkConfig::PagerDuty(pager) => pagers::pagerduty(site, pager),
        SinkConfig::Alertmanager(alertmanager) => pagers::alertmanager(site, alertmanager),
        SinkConfig::Ntfy(ntfy) => pagers::ntfy(site, ntfy),
        SinkConfig::GitHub(github) => issues::github(site, github),
        SinkConfig::GitLab(gitlab) => issues::gitlab(site, gitlab),
        SinkConfig::Webhook(webhook) => programs::webhook(site, webhook),
        SinkConfig::Command(command) => programs::command(command),
        SinkConfig::Journald(journald) => Ok(logs::journald(journald)),
        SinkConfig::Syslog(syslog) => logs::syslog(site, syslog),
        SinkConfig::File(file) => Ok(programs::file(site, file)),
        SinkConfig::Stdout => Ok(Arc::new(StdoutSink::new(Box::new(std::io::stdout())))),
    }
}
