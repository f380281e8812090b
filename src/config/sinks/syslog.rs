//! `type = "syslog"`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::Section;
use crate::config::{Finding, SyslogAddress, finding::warning};

/// The keys of `type = "syslog"`: messages in the form of RFC 5424, each one line, with the properties of the alert as
/// structured data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyslogSection {
    /// Where the syslog server listens: `unix:/dev/log`, `udp://host:514`, `tcp://host:601` or `tls://host:6514`.
    #[serde(default)]
    pub address: SyslogAddress,
    /// The facility of the messages.
    #[serde(default)]
    pub facility: Facility,
}

/// Facilities of RFC 5424 that fit a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Facility {
    /// System daemons.
    #[default]
    Daemon,
    /// Security messages.
    Auth,
    /// Private security messages.
    Authpriv,
    /// For local use.
    Local0,
    /// For local use.
    Local1,
    /// For local use.
    Local2,
    /// For local use.
    Local3,
    /// For local use.
    Local4,
    /// For local use.
    Local5,
    /// For local use.
    Local6,
    /// For local use.
    Local7,
}

impl Facility {
    /// Its number (RFC 5424, 6.2.1).
    pub const fn code(self) -> u8 {
        match self {
            Self::Daemon => 3,
            Self::Auth => 4,
            Self::Authpriv => 10,
            Self::Local0 => 16,
            Self::Local1 => 17,
            Self::Local2 => 18,
            Self::Local3 => 19,
            Self::Local4 => 20,
            Self::Local5 => 21,
            Self::Local6 => 22,
            Self::Local7 => 23,
        }
    }
}

impl Section for SyslogSection {
    fn findings(&self, key: &dyn Fn(&str) -> String) -> Vec<Finding> {
        let what = match self.address {
            SyslogAddress::Udp(..) => {
                "alerts travel unprotected, and UDP may lose them; use tls:// where the server can"
            }
            _ => "alerts travel unprotected; use tls:// where the server can",
        };
        self.address.is_unprotected().then(|| warning(key("address"), what)).into_iter().collect()
    }
}
