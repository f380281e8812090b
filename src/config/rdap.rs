//! The section `[rdap]`: questions whether the domains of maintainers' e-mail addresses are registered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::WebUrl;

/// `[rdap]`: whether provwatch asks the registries of top-level domains about the domains of maintainers' e-mail
/// addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RdapSection {
    /// Whether provwatch asks, for each new release, whether the domains of the publisher's and the maintainers' e-mail
    /// addresses are registered. provwatch sends the domains, not the addresses, and asks about each at most weekly while
    /// it is registered.
    pub enabled: bool,
    /// The URL of the list of RDAP servers (RFC 9224). Default: IANA's, `https://data.iana.org/rdap/dns.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<WebUrl>,
}
