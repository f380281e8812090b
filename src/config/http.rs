//! The section `[http]`: timeouts, limits and permissions on the network.

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Period;

/// `[http]`: timeouts, limits and permissions on the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSection {
    /// An e-mail address or URL of yours, which provwatch sends in the User-Agent. The registries ask for it, and some
    /// refuse clients without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "contact"))]
    pub contact: Option<String>,
    /// How long provwatch waits for a connection.
    pub connect_timeout: Period,
    /// How long one attempt may take, the body included.
    pub request_timeout: Period,
    /// How often provwatch tries a request, the first attempt included.
    #[schemars(range(min = 1, max = 20))]
    pub max_attempts: u32,
    /// Whether provwatch uses the proxy that `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name.
    pub proxy_from_environment: bool,
    /// A PEM file with certificate authorities that provwatch trusts in addition to the system's, for mail servers too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Hosts that provwatch may reach at private, link-local or loopback addresses. For every other host it refuses
    /// such an address, whatever a document or redirect says.
    #[schemars(extend("items" = {"type": "string", "format": "host"}))]
    pub allow_private: Vec<String>,
    /// Hosts that a redirect may lead to, in addition to the host of the request.
    #[schemars(extend("items" = {"type": "string", "format": "host"}))]
    pub allow_redirects: Vec<String>,
    /// The largest package document that provwatch reads, in bytes after decompression.
    #[schemars(range(min = 1_048_576, max = 1_073_741_824))]
    pub max_document: u64,
    /// Limits of hosts without an entry in `hosts`. They apply to each port separately. Transparency logs have limits
    /// of their own.
    pub default_limit: HostLimit,
    /// Limits of one host, or of one port of a host: `[http.hosts."npm.example"]`, `[http.hosts."10.0.0.5:8080"]`. They
    /// apply to all requests to that host or port. The default for a registry is the limit that it publishes, if it
    /// publishes one. The default for Sigstore's public logs is a fixed, low rate. provwatch reads a log of your own as
    /// fast as it answers, and more slowly after a refusal (429, 503).
    pub hosts: BTreeMap<String, HostLimit>,
}

impl Default for HttpSection {
    fn default() -> Self {
        Self {
            contact: None,
            connect_timeout: Period::seconds(10),
            request_timeout: Period::minutes(1),
            max_attempts: 5,
            proxy_from_environment: true,
            ca_file: None,
            allow_private: Vec::new(),
            allow_redirects: Vec::new(),
            max_document: 64 * 1024 * 1024,
            default_limit: HostLimit::default(),
            hosts: BTreeMap::new(),
        }
    }
}

/// Limits of the requests to one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HostLimit {
    /// The largest number of requests in a minute.
    #[schemars(range(min = 1, max = 60_000))]
    pub requests_per_minute: u32,
    /// The largest number of requests at the same time.
    #[schemars(range(min = 1, max = 64))]
    pub concurrency: u32,
}

impl Default for HostLimit {
    fn default() -> Self {
        Self { requests_per_minute: 600, concurrency: 4 }
    }
}
