//! The HTTP client: rate limits, retries, redirects and host rules for every request.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::{
    Allowance, Credentials, DEFAULT_MAX_BODY, Fetched, HostLimits, HttpError, Method, Policy, Request, Response,
    Transport, TransportError,
    allowance::Purse,
    date::Dates,
    error::hint,
    host::{HostRules, host_and_port},
    message::Takes,
    rate_limiter::{HostRateLimiter, HostRateLimiters, Paused, Permit},
    redirect::{MAX_REDIRECTS, next_hop},
    retry::{Backoff, Budget, is_transient, parse_retry_after},
    room::{BodyAllowance, Crowded, Desk, Reservation, Rooms, SHARE},
};
use crate::{clock::Clock, text::quoted};

/// The polite client: keeps each host's request limits, tries transient failures again, and sends requests only where
/// the rules allow. Clones share their limits, so one process has one client.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
    purse: Option<Arc<Purse>>,
    desk: Option<Arc<Desk>>,
    limits: Option<HostLimits>,
    credentials: Option<Arc<Credentials>>,
}

/// A request that takes longer than this no longer counts as running at its host, so that one missing answer does not
/// block all other requests to a host that takes one at a time.
const SLOW: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Shared {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    policy: Policy,
    rules: HostRules,
    rate_limiters: HostRateLimiters,
    dates: Arc<Dates>,
    /// Whether a host's requested pause holds all requests to it, or is the caller's responsibility.
    pauses: bool,
    rooms: Arc<Rooms>,
    backoff: Backoff,
}

/// The reason why one attempt failed.
enum AttemptFailure {
    /// An unsuccessful answer.
    Status { status: u16, retry_after: Option<Duration>, said: String },
    /// No answer.
    Transport(TransportError),
    /// Forbidden by the host rules.
    Refused(String),
    /// The host requests a longer pause than one call waits.
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
            rate_limiters: HostRateLimiters::new(Arc::clone(&clock)),
            dates: Arc::default(),
            pauses: true,
            rooms: Arc::default(),
            backoff: Backoff::new(&policy.retry),
            transport,
            clock,
            policy,
        };
        Self { shared: Arc::new(shared), purse: None, desk: None, limits: None, credentials: None }
    }

    /// This client for one piece of work, with a limited time budget. Limits, pauses and rules stay shared.
    #[must_use]
    pub fn within(&self, allowance: Allowance) -> Self {
        Self { purse: Some(Arc::new(Purse::new(allowance))), ..self.clone() }
    }

    /// This client with limits that apply where the operator has set none, for a service that needs other limits than
    /// the default. Its requests on a port are counted apart from others, and neither wait for them nor delay them;
    /// clients with the same limits count together.
    #[must_use]
    pub fn limited(&self, limits: HostLimits) -> Self {
        Self { limits: Some(limits), ..self.clone() }
    }

    /// This client with credentials for one URL. Requests to others go without them.
    #[must_use]
    pub(crate) fn with_credentials(&self, credentials: Arc<Credentials>) -> Self {
        Self { credentials: Some(credentials), ..self.clone() }
    }

    /// A client over the same transport and policy whose limits are its own, for a receiver that shares its host with
    /// others: its load or pauses must not delay them. The caller must observe its pauses.
    #[must_use]
    pub fn apart(&self) -> Self {
        let Shared { transport, clock, policy, rooms, dates, .. } = self.shared.as_ref();
        let shared = Shared {
            rules: policy.host_rules(),
            rate_limiters: HostRateLimiters::new(Arc::clone(clock)),
            dates: Arc::clone(dates),
            pauses: false,
            rooms: Arc::clone(rooms),
            backoff: Backoff::new(&policy.retry),
            transport: Arc::clone(transport),
            clock: Arc::clone(clock),
            policy: policy.clone(),
        };
        Self { shared: Arc::new(shared), purse: None, desk: None, limits: None, credentials: None }
    }

    /// A client for reading one document whose content stays in memory, such as the releases of a package. A large one
    /// counts among the large documents until this client and its clones are dropped, or [`Client::keep`] reduces it to
    /// the part that stays.
    #[must_use]
    pub(crate) fn for_document(&self) -> Self {
        Self { desk: Some(Arc::default()), ..self.clone() }
    }

    /// The client without a desk: for data that is read beside a document, and freed before the next request.
    #[must_use]
    pub(crate) fn beside_document(&self) -> Self {
        Self { desk: None, ..self.clone() }
    }

    /// Records that the document was read, and that so many bytes of it stay in memory.
    pub(crate) fn keep(&self, bytes: u64) {
        if let Some(desk) = &self.desk {
            desk.shrink(bytes);
        }
    }

    /// One exchange.
    ///
    /// # Errors
    /// No 2xx (or, if the request is conditional, 304) after all retries, a host that requested a longer pause than one
    /// call waits ([`HttpError::retry_after`] has its length), or a forbidden host.
    pub async fn fetch(&self, request: Request) -> Result<Fetched, HttpError> {
        let shared = &self.shared;
        let request = match &self.credentials {
            Some(credentials) => credentials.on(shared.dressed(request)),
            None => shared.dressed(request),
        };
        let (purse, desk) = (self.purse.as_deref(), self.desk.as_deref());
        let exchanges = Exchanges { shared, purse, desk, limits: self.limits };
        let mut budget = Budget::new(&shared.policy.retry, request.max_attempts).with_patience(exchanges.patience());
        loop {
            let failure = match exchanges.attempt(&request).await {
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

    /// The wait before the next request that an answer requests.
    pub(crate) fn retry_after(&self, response: &Response) -> Option<Duration> {
        self.shared.retry_after(response)
    }

    /// The time by the local clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.shared.clock.now()
    }

    /// The local clock's lead over each host that answered within the last hour, by its newest `Date`; negative:
    /// behind.
    pub(crate) fn clock_differences(&self) -> Vec<TimeDelta> {
        self.shared.dates.differences(self.now())
    }
}

impl Shared {
    fn rate_limiter(&self, url: &Url, own: Option<HostLimits>) -> Arc<HostRateLimiter> {
        self.rate_limiters.of(self.policy.limits(url, own))
    }

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

    fn retry_after(&self, response: &Response) -> Option<Duration> {
        parse_retry_after(response.header("retry-after")?, self.clock.now(), self.policy.retry.retry_after_cap)
    }

    fn report(&self, failure: AttemptFailure, request: &Request, attempts: u32) -> HttpError {
        let url = request.shown_url();
        match failure {
            AttemptFailure::Status { status, retry_after, said } => {
                let hint = hint(status, retry_after, self.policy.contact.is_some());
                HttpError::Status { url, status, attempts, hint, retry_after, said }
            }
            AttemptFailure::Transport(TransportError::Forbidden(why)) | AttemptFailure::Refused(why) => {
                HttpError::Refused { url, why }
            }
            AttemptFailure::Transport(source) => HttpError::Transport { url, attempts, source },
            AttemptFailure::Paused(wait) => HttpError::Paused { url, wait },
        }
    }
}

/// Most characters of a refusal's first line. Its user hides secrets in it, and shortens it after that.
const MAX_SAID: usize = 4_096;

/// The first line of a refusal that is not empty.
fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    quoted(line, MAX_SAID)
}

/// The exchanges of one call.
struct Exchanges<'a> {
    shared: &'a Shared,
    purse: Option<&'a Purse>,
    desk: Option<&'a Desk>,
    limits: Option<HostLimits>,
}

impl Exchanges<'_> {
    /// One attempt with its redirects. A 304 to a request without a condition comes from a broken cache: the server has
    /// one more chance to answer properly, past the cache.
    async fn attempt(&self, request: &Request) -> Result<Fetched, AttemptFailure> {
        let mut response = self.follow(request.clone()).await?;
        if response.status == 304 {
            if request.is_conditional() {
                return Ok(Fetched::NotModified);
            }
            response = self.follow(request.clone().header("cache-control", "no-cache")).await?;
        }
        match response.status {
            200..=299 => Ok(Fetched::Fresh(response)),
            301 | 302 | 307 | 308 if request.takes >= Takes::Redirects => Ok(Fetched::Fresh(response)),
            400.. if request.takes == Takes::Refusals => Ok(Fetched::Fresh(response)),
            status => {
                // Of a receiver of messages the caller shows the reason; a registry's page would be of no use.
                let shows = request.discards_body || request.confidential;
                let said = if shows { first_line(&response.body) } else { String::new() };
                Err(AttemptFailure::Status { status, retry_after: self.shared.retry_after(&response), said })
            }
        }
    }

    async fn follow(&self, mut request: Request) -> Result<Response, AttemptFailure> {
        for _ in 0..=MAX_REDIRECTS {
            let response = self.hop_with_room(&mut request).await?;
            if request.takes >= Takes::Redirects {
                return Ok(response);
            }
            match next_hop(&request, &response, &self.shared.rules).map_err(AttemptFailure::Refused)? {
                Some(next) => request = next,
                None => return Ok(response),
            }
        }
        Err(AttemptFailure::Refused(format!("the server redirects more than {MAX_REDIRECTS} times")))
    }

    /// Sends one request, and again when there is room if its answer turns out to be large. A call that waits for room
    /// holds neither a place nor a slot of the host.
    async fn hop_with_room(&self, request: &mut Request) -> Result<Response, AttemptFailure> {
        let Shared { rooms, clock, .. } = self.shared;
        request.allowance = free(request.method);
        let mut place = None;
        loop {
            let announced = match self.hop(request).await {
                Ok(response) => return Ok(placed(response, place)),
                Err(AttemptFailure::Transport(TransportError::Large { announced })) => announced,
                Err(failure) => return Err(failure),
            };
            drop(place.take());
            let size = Rooms::next_size(request.allowance.bytes, announced, request.max_body);
            let taken = rooms.take(size, self.desk, clock.as_ref()).await;
            place = Some(taken.map_err(|Crowded| AttemptFailure::Transport(TransportError::Crowded))?);
            request.allowance = BodyAllowance { bytes: size, rooms: Some(Arc::clone(rooms)) };
        }
    }

    /// Sends one request through its host's rate limiter.
    async fn hop(&self, request: &Request) -> Result<Response, AttemptFailure> {
        self.shared.rules.check(&request.url).map_err(AttemptFailure::Refused)?;
        let rate_limiter = self.shared.rate_limiter(&request.url, self.limits);
        let permit = rate_limiter.permit(self.patience()).await.map_err(|Paused(wait)| AttemptFailure::Paused(wait))?;
        let sent = permit.since();
        let response = self.exchange(request, permit).await.map_err(AttemptFailure::Transport)?;
        let host = host_and_port(&request.url);
        self.shared.dates.note(&host, &response, self.shared.clock.now());
        let is_refused = matches!(response.status, 429 | 503);
        rate_limiter.answered(sent, is_refused);
        if let (true, Some(wait)) = (is_refused && self.shared.pauses, self.shared.retry_after(&response)) {
            tracing::warn!(host, ?wait, status = response.status, "the host asks for a pause");
            rate_limiter.pause_for(wait);
        }
        Ok(response)
    }

    /// One exchange within the remaining time. The permit is returned when the answer is there or is slow.
    async fn exchange(&self, request: &Request, permit: Permit) -> Result<Response, TransportError> {
        let clock = &self.shared.clock;
        let Some(purse) = self.purse else { return self.patient_exchange(request, permit).await };
        let (limit, began) = (purse.next(), clock.now());
        let outcome = tokio::select! {
            biased;
            outcome = self.patient_exchange(request, permit) => outcome,
            () = clock.timer(limit) => Err(TransportError::Slow { limit }),
        };
        // Setting the wall clock meanwhile neither fills nor empties the purse.
        purse.spend((clock.now() - began).to_std().unwrap_or_default().min(limit));
        outcome
    }

    async fn patient_exchange(&self, request: &Request, permit: Permit) -> Result<Response, TransportError> {
        let mut exchange = self.shared.transport.exchange(request);
        tokio::select! {
            biased;
            outcome = &mut exchange => return outcome,
            () = self.shared.clock.timer(SLOW) => drop(permit),
        }
        exchange.await
    }

    /// The longest pause that a call waits for.
    fn patience(&self) -> Duration {
        let usual = self.shared.policy.retry.patience;
        self.purse.map_or(usual, |purse| purse.patience().min(usual))
    }
}

/// The free size of an answer without a place. An answer to a POST has more, so that nothing is posted twice because of
/// it.
fn free(method: Method) -> BodyAllowance {
    let bytes = match method {
        Method::Get => SHARE,
        Method::Post | Method::Put | Method::Patch => SHARE.max(DEFAULT_MAX_BODY),
    };
    BodyAllowance { bytes, rooms: None }
}

fn placed(response: Response, place: Option<Reservation>) -> Response {
    let body = match place {
        Some(place) => place.with(response.body),
        None => response.body,
    };
    Response { body, ..response }
}

impl AttemptFailure {
    fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => is_transient(*status),
            // The wait for room, as for the end of a pause, was long enough: the caller comes back later.
            Self::Transport(TransportError::Crowded) | Self::Refused(_) | Self::Paused(_) => false,
            Self::Transport(error) => error.is_transient(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Transport(_) | Self::Refused(_) | Self::Paused(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
