//! The client's behaviour towards hosts: contact, limits, timeouts and permissions.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use url::Url;

use super::host::{HostPattern, HostRules, host_and_port, host_of};

/// The client's behaviour towards hosts. The configuration fills it; the caller adds the registries' published limits.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The operator's e-mail address or URL, sent in `User-Agent`; some registries refuse clients without one.
    pub contact: Option<String>,
    /// Limits for hosts that have none of their own.
    pub default_limits: HostLimits,
    /// The operator's limits for a host, or for one port of it. They apply to every client.
    pub host_limits: BTreeMap<String, HostLimits>,
    /// The published limits, by host or `host:port`, in lower case.
    pub published_limits: BTreeMap<String, HostLimits>,
    /// Hosts that any host may redirect to.
    pub redirect_hosts: Vec<HostPattern>,
    /// Hosts that may have private addresses and plain http.
    pub allow_private: Vec<HostPattern>,
    /// Most time for a connection, TLS included.
    pub connect_timeout: Duration,
    /// Most time without a byte from the server.
    pub read_timeout: Duration,
    /// Most time for one attempt, body included.
    pub total_timeout: Duration,
    /// The retry policy.
    pub retry: RetryPolicy,
    /// A PEM file of certificates that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` count.
    pub proxy_from_environment: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            contact: None,
            default_limits: HostLimits::default(),
            host_limits: BTreeMap::new(),
            published_limits: BTreeMap::new(),
            redirect_hosts: Vec::new(),
            allow_private: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_mins(5),
            retry: RetryPolicy::default(),
            ca_file: None,
            proxy_from_environment: true,
        }
    }
}

impl Policy {
    /// The limits for a URL, and their scope: the host or port of the table's key, else the port. A client's own limits
    /// come after those of the operator and before all others.
    pub(super) fn limits(&self, url: &Url, own: Option<HostLimits>) -> Limited {
        let (host, port) = (host_of(url), host_and_port(url));
        let named = |table: &BTreeMap<String, HostLimits>| {
            let one = |place: &String| Some(Limited { place: place.clone(), limits: *table.get(place)? });
            one(&port).or_else(|| one(&host))
        };
        let own = own.map(|limits| Limited { place: port.clone(), limits });
        let usual = || Limited { place: port.clone(), limits: self.default_limits };
        named(&self.host_limits).or(own).or_else(|| named(&self.published_limits)).unwrap_or_else(usual)
    }

    /// `provwatch/<version> (+<contact>)`; of the contact only the characters that a header can carry.
    pub(crate) fn user_agent(&self) -> String {
        let product = concat!("provwatch/", env!("CARGO_PKG_VERSION"));
        let contact = self.contact.as_deref().unwrap_or_default().trim();
        let contact: String = contact.chars().filter(|c| (' '..='~').contains(c) && !"()\\".contains(*c)).collect();
        if contact.is_empty() { product.to_owned() } else { format!("{product} (+{contact})") }
    }

    pub(super) fn host_rules(&self) -> HostRules {
        HostRules { allow_private: self.allow_private.clone(), redirect_hosts: self.redirect_hosts.clone() }
    }
}

/// A host or one port of it, and its limits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Limited {
    pub(super) place: String,
    pub(super) limits: HostLimits,
}

/// The limits of one host: `requests` in `per` on average, `burst` at once after a rest, `concurrency` running at the
/// same time. Zeros count as one; `per` is at most a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HostLimits {
    /// Requests in one period.
    pub requests: u32,
    /// The period.
    pub per: Duration,
    /// Requests at once after a rest.
    pub burst: u32,
    /// Requests under way at the same time.
    pub concurrency: u32,
}

impl HostLimits {
    /// So many requests in a period, evenly spaced and one at a time.
    #[cfg(test)]
    pub(crate) fn strict(requests: u32, per: Duration) -> Self {
        Self { requests, per, burst: 1, concurrency: 1 }
    }

    /// As fast as the host answers, with so many requests running. A host that refuses (429, 503) gets requests more
    /// slowly.
    pub fn as_it_answers(concurrency: u32) -> Self {
        Self { requests: u32::MAX, per: Duration::from_secs(1), burst: u32::MAX, concurrency }
    }

    /// Whether only the host's refusals limit the rate.
    pub(super) fn is_as_it_answers(self) -> bool {
        self == Self::as_it_answers(self.concurrency)
    }
}

impl Default for HostLimits {
    /// Ten requests a second, twenty at once, four under way.
    fn default() -> Self {
        Self { requests: 10, per: Duration::from_secs(1), burst: 20, concurrency: 4 }
    }
}

/// The policy for trying an exchange again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all; at least one is made.
    pub max_attempts: u32,
    /// The longest wait after the first attempt; doubles with each further one.
    pub backoff_base: Duration,
    /// The longest wait without a request of the server.
    pub backoff_cap: Duration,
    /// The most that one call waits between its attempts, all waits together. A server that requests more
    /// (`Retry-After`) ends the call, and the caller comes back later.
    pub patience: Duration,
    /// The longest `Retry-After` that is accepted.
    pub retry_after_cap: Duration,
    /// Makes the jitter repeatable.
    pub jitter_seed: Option<u64>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            backoff_base: Duration::from_millis(500),
            backoff_cap: Duration::from_secs(30),
            patience: Duration::from_mins(1),
            retry_after_cap: Duration::from_hours(1),
            jitter_seed: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_s_word_comes_first_and_a_port_before_its_host() {
        let some = |requests| HostLimits::strict(requests, Duration::from_secs(1));
        let policy = Policy {
            host_limits: BTreeMap::from([
                ("one.example".to_owned(), some(1)),
                ("two.example:8080".to_owned(), some(2)),
            ]),
            published_limits: BTreeMap::from([("two.example".to_owned(), some(3))]),
            default_limits: some(4),
            ..Policy::default()
        };
        let own = Some(some(5));
        for (url, own, place, requests) in [
            ("https://one.example/", None, "one.example", 1),
            ("https://ONE.example.:9000/", own, "one.example", 1),
            ("https://two.example:8080/", own, "two.example:8080", 2),
            ("https://two.example/", None, "two.example", 3),
            ("https://two.example/", own, "two.example:443", 5),
            ("https://three.example:9000/", None, "three.example:9000", 4),
            ("https://three.example:9000/", own, "three.example:9000", 5),
        ] {
            let found = policy.limits(&url.parse().unwrap(), own);
            assert_eq!(found, Limited { place: place.to_owned(), limits: some(requests) }, "{url}");
        }
    }

    #[test]
    fn the_user_agent_carries_the_contact_and_nothing_that_breaks_a_header() {
        let agent =
            |contact: Option<&str>| Policy { contact: contact.map(str::to_owned), ..Policy::default() }.user_agent();
        let product = concat!("provwatch/", env!("CARGO_PKG_VERSION"));
        assert_eq!(agent(None), product);
        assert_eq!(agent(Some("  ")), product);
        assert_eq!(agent(Some("ops@corp.example")), format!("{product} (+ops@corp.example)"));
        assert_eq!(agent(Some("a\r\nx-evil: 1) \u{1F980}")), format!("{product} (+ax-evil: 1 )"));
    }
}
