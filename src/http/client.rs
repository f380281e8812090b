use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::{
    Fetched, HttpError, Policy, Request, Response, Transport, TransportError,
    date::Dates,
    error::hint,
    gate::{Gates, Paused},
    host::{HostRules, host_of},
    redirect::{MAX_REDIRECTS, next_hop},
    retry::{Backoff, Budget, is_transient, parse_retry_after},
};
use crate::clock::Clock;

/// The polite client: asks a host no more than it wants to be asked, tries again what may pass, and goes only where the
/// rules allow. Clones share their limits, so one process has one client.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    policy: Policy,
    rules: HostRules,
    gates: Gates,
    dates: Dates,
    backoff: Backoff,
}

/// Why one attempt failed.
enum Failure {
    /// An answer that is no success.
    Status { status: u16, retry_after: Option<Duration> },
    /// No answer.
    Transport(TransportError),
    /// The host rules say no.
    Refused(String),
    /// The host wants a longer pause than one call waits.
    Paused(Duration),
}

impl Client {
    /// A client over a transport, with the default policy.
    pub fn new(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self::with_policy(transport, clock, Policy::default())
    }

    /// A client over a transport.
    pub fn with_policy(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>, policy: Policy) -> Self {
        let shared = Shared {
            rules: policy.host_rules(),
            gates: Gates::new(Arc::clone(&clock)),
            dates: Dates::default(),
            backoff: Backoff::new(&policy.retry),
            transport,
            clock,
            policy,
        };
        Self { shared: Arc::new(shared) }
    }

    /// One exchange.
    ///
    /// # Errors
    /// No 2xx (or, if the request is conditional, 304) after all retries, a host that asked for a longer pause than one
    /// call waits ([`HttpError::retry_after`] says how long), or a forbidden host.
    pub async fn fetch(&self, request: Request) -> Result<Fetched, HttpError> {
        let shared = &self.shared;
        let request = shared.dressed(request);
        let mut budget = Budget::new(&shared.policy.retry, request.max_attempts);
        loop {
            let failure = match shared.attempt(&request).await {
                Ok(fetched) => return Ok(fetched),
                Err(failure) => failure,
            };
            let retry = failure.is_transient().then(|| budget.spend(&shared.backoff, failure.retry_after())).flatten();
            let Some(wait) = retry else {
                return Err(shared.report(failure, &request, budget.attempts()));
            };
            tracing::debug!(url = %request.shown_url(), attempt = budget.attempts(), ?wait, "trying again");
            shared.clock.sleep(wait).await;
        }
    }

    /// Keeps everybody from the URL's host for a while, for callers that find in a body that they ask too much. At most
    /// for as long as a `Retry-After` is believed.
    pub fn pause(&self, url: &Url, wait: Duration) {
        let wait = wait.min(self.shared.policy.retry.retry_after_cap);
        self.shared.gates.of(&host_of(url), &self.shared.policy).pause_for(wait);
    }

    /// The time by our clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.shared.clock.now()
    }

    /// How far our clock is ahead of that of each host that answered within the last hour, as its newest `Date` tells;
    /// negative: behind.
    pub fn clock_differences(&self) -> Vec<TimeDelta> {
        self.shared.dates.differences(self.now())
    }
}

impl Shared {
    /// The request with the headers that every request of its kind has.
    fn dressed(&self, mut request: Request) -> Request {
        let validators = request.validators.clone().unwrap_or_default();
        let extra = [
            ("user-agent", Some(self.policy.user_agent())),
            ("if-none-match", validators.etag),
            ("if-modified-since", validators.last_modified),
        ];
        for (name, value) in extra {
            // A server may have sent a validator that no header can carry; then the request is not conditional.
            let sendable = value.filter(|value| value.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            if let Some(value) = sendable.filter(|_| request.header_value(name).is_none()) {
                request = request.header(name, value);
            }
        }
        request
    }

    /// One attempt with its redirects. A 304 to a request that set no condition comes from a broken cache: asked to go
    /// past the cache, the server gets one more chance to answer properly.
    async fn attempt(&self, request: &Request) -> Result<Fetched, Failure> {
        let mut response = self.follow(request.clone()).await?;
        if response.status == 304 {
            if request.is_conditional() {
                return Ok(Fetched::NotModified);
            }
            response = self.follow(request.clone().header("cache-control", "no-cache")).await?;
        }
        match response.status {
            200..=299 => Ok(Fetched::Fresh(response)),
            status => Err(Failure::Status { status, retry_after: self.retry_after(&response) }),
        }
    }

    async fn follow(&self, mut request: Request) -> Result<Response, Failure> {
        for _ in 0..=MAX_REDIRECTS {
            let response = self.hop(&request).await?;
            match next_hop(&request, &response, &self.rules).map_err(Failure::Refused)? {
                Some(next) => request = next,
                None => return Ok(response),
            }
        }
        Err(Failure::Refused(format!("the server redirects more than {MAX_REDIRECTS} times")))
    }

    /// Sends one request through its host's gate.
    async fn hop(&self, request: &Request) -> Result<Response, Failure> {
        self.rules.check(&request.url).map_err(Failure::Refused)?;
        let host = host_of(&request.url);
        let gate = self.gates.of(&host, &self.policy);
        let pass = gate.pass(self.policy.retry.patience).await.map_err(|Paused(wait)| Failure::Paused(wait))?;
        let response = self.transport.exchange(request).await.map_err(Failure::Transport)?;
        drop(pass);
        self.dates.note(&host_and_port(&request.url), &response, self.clock.now());
        if let (429 | 503, Some(wait)) = (response.status, self.retry_after(&response)) {
            tracing::warn!(host, ?wait, status = response.status, "the host asks for a pause");
            gate.pause_for(wait);
        }
        Ok(response)
    }

    fn retry_after(&self, response: &Response) -> Option<Duration> {
        parse_retry_after(response.header("retry-after")?, self.clock.now(), self.policy.retry.retry_after_cap)
    }

    fn report(&self, failure: Failure, request: &Request, attempts: u32) -> HttpError {
        let url = request.shown_url();
        match failure {
            Failure::Status { status, retry_after } => {
                let hint = hint(status, retry_after, self.policy.contact.is_some());
                HttpError::Status { url, status, attempts, hint, retry_after }
            }
            Failure::Transport(TransportError::Forbidden(why)) | Failure::Refused(why) => {
                HttpError::Refused { url, why }
            }
            Failure::Transport(source) => HttpError::Transport { url, attempts, source },
            Failure::Paused(wait) => HttpError::Paused { url, wait },
        }
    }
}

impl Failure {
    fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => is_transient(*status),
            Self::Transport(error) => error.is_transient(),
            Self::Refused(_) | Self::Paused(_) => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Transport(_) | Self::Refused(_) | Self::Paused(_) => None,
        }
    }
}

/// Services on several ports of one machine count as several, as they do on several machines.
fn host_and_port(url: &Url) -> String {
    format!("{}:{}", host_of(url), url.port_or_known_default().unwrap_or_default())
}

#[cfg(test)]
mod tests;
