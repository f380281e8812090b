//! The section `[http]`: timeouts, limits and permissions on the network.

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Period;

/// `[http]`: how provwatch behaves on the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSection {
    /// An e-mail address or URL of yours; it is part of the User-Agent. The registries ask for it, and some refuse
    /// clients without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "contact"))]
    pub contact: Option<String>,
    /// How long to wait for a connection.
    pub connect_timeout: Period,
    /// How long one attempt may take, the body included.
    pub request_timeout: Period,
    /// How often an exchange is tried.
    #[schemars(range(min = 1, max = 20))]
    pub max_attempts: u32,
    /// Whether `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` count.
    pub proxy_from_environment: bool,
    /// A PEM file with certificate authorities to trust besides the system's, for mail servers too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Hosts that may have private, link-local or loopback addresses. All others may not, wherever a document points.
    #[schemars(extend("items" = {"type": "string", "format": "host"}))]
    pub allow_private: Vec<String>,
    /// Hosts to which a redirect may lead besides the one that was asked.
    #[schemars(extend("items" = {"type": "string", "format": "host"}))]
    pub allow_redirects: Vec<String>,
    /// Most bytes of a package document, decompressed.
    #[schemars(range(min = 1_048_576, max = 1_073_741_824))]
    pub max_document: u64,
    /// Limits of hosts without an entry in `hosts`, each port by itself. Transparency logs have limits of their own.
    pub default_limit: HostLimit,
    /// Limits of single hosts, or of one port of a host: `[http.hosts."npm.example"]`, `[http.hosts."10.0.0.5:8080"]`. They
    /// hold for all that is asked there. Where there is none, a limit that a registry publishes is the default; a transparency
    /// log is asked politely if it is Sigstore's public one, and a log of your own as fast as it answers, but more slowly once
    /// it refuses (429, 503).
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

/// How hard one host is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HostLimit {
    /// Most requests in a minute.
    #[schemars(range(min = 1, max = 60_000))]
    pub requests_per_minute: u32,
    /// Most requests at once.
    #[schemars(range(min = 1, max = 64))]
    pub concurrency: u32,
}

impl Default for HostLimit {
    fn default() -> Self {
        Self { requests_per_minute: 600, concurrency: 4 }
    }
}
