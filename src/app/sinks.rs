//! Builds the subscriptions and their sinks from `[[subscriptions]]`.

use std::{path::Path, sync::Arc, time::Duration};

use url::Url;

use super::{AssemblyError, error::Anything};
use crate::{
    bounded,
    clock::Clock,
    config::{
        Config, Digest, EmailSection, Period, QuietHours, Security, Sink as SinkConfig,
        Subscription as SubscriptionConfig,
    },
    deliver::{
        EmailSettings, EmailSink, Endpoint, Escalation, SigningSecret, Sink, SlackSink, SmtpSecurity, StdoutSink,
        Subscription, Subscriptions, Timing, WebhookSink,
    },
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
        sink: sink(config, subscription, http, clock).map_err(AssemblyError::of(what))?,
    })
}

/// When a subscription receives its messages.
pub fn timing(subscription: &SubscriptionConfig) -> Timing {
    let escalate = subscription.escalate.as_ref();
    Timing {
        quiet_hours: subscription.quiet_hours.as_ref().map(QuietHours::hours),
        repeat: subscription.repeat.map(Period::delta),
        escalate: escalate.map(|one| Escalation { after: one.after.delta(), to: one.to.clone() }),
        notices: subscription.notify_resolution,
        digest: subscription.digest.as_ref().map(Digest::times),
    }
}

fn sink(
    config: &Config,
    subscription: &SubscriptionConfig,
    http: &Client,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Sink>, Anything> {
    let endpoint = |url: Url| Endpoint::new(http, url);
    Ok(match &subscription.sink {
        SinkConfig::Stdout => Arc::new(StdoutSink::new(Box::new(std::io::stdout()))),
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

/// `ca_file`: the operator's additional authorities, for mail as for the web.
fn email_settings(email: &EmailSection, ca_file: Option<&Path>) -> Result<EmailSettings, Anything> {
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
