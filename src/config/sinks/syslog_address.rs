//! Where a syslog server listens, as one text.

use std::{fmt, path::PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::section::LOCAL;

/// Where a syslog server listens: the text of `address`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SyslogAddress {
    /// A Unix socket on this machine.
    Unix(PathBuf),
    /// Host and port, one datagram for each message.
    Udp(String, u16),
    /// Host and port, messages with their length before them (RFC 6587, 3.4.1).
    Tcp(String, u16),
    /// As `Tcp`, over TLS (RFC 5425).
    Tls(String, u16),
}

/// A text that is not such an address.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{0:?} is not the address of a syslog server; expected unix:/dev/log, udp://host:514, tcp://host:601 or tls://host:6514"
)]
pub struct InvalidSyslogAddress(String);

impl Default for SyslogAddress {
    fn default() -> Self {
        Self::Unix(PathBuf::from("/dev/log"))
    }
}

impl SyslogAddress {
    /// Whether others can read messages on their way to another machine.
    pub fn is_unprotected(&self) -> bool {
        matches!(self, Self::Udp(host, _) | Self::Tcp(host, _) if !LOCAL.contains(&host.as_str()))
    }

    /// Reads an address; a port that is left out is the usual one of its protocol.
    ///
    /// # Errors
    /// Another protocol, no host, a relative path, or not a port.
    pub fn parse(text: &str) -> Result<Self, InvalidSyslogAddress> {
        let invalid = || InvalidSyslogAddress(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.starts_with('/') { Ok(Self::Unix(PathBuf::from(path))) } else { Err(invalid()) };
        }
        let (protocol, place) = text.split_once("://").ok_or_else(invalid)?;
        let usual = match protocol {
            "udp" => 514,
            "tcp" => 601,
            "tls" => 6514,
            _ => return Err(invalid()),
        };
        let (host, port) = host_and_port(place, usual).ok_or_else(invalid)?;
        Ok(match protocol {
            "udp" => Self::Udp(host, port),
            "tcp" => Self::Tcp(host, port),
            _ => Self::Tls(host, port),
        })
    }
}

/// `host`, `host:port`, `[::1]:port`.
fn host_and_port(place: &str, usual: u16) -> Option<(String, u16)> {
    let place = place.strip_suffix('/').unwrap_or(place);
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok().filter(|port| *port > 0)?),
        _ => (place, usual),
    };
    let is_v6 = host.starts_with('[') && host.ends_with(']');
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let fits =
        |character: char| character.is_ascii_alphanumeric() || ".-_".contains(character) || (is_v6 && character == ':');
    (!bare.is_empty() && bare.chars().all(fits)).then(|| (bare.to_owned(), port))
}

impl TryFrom<String> for SyslogAddress {
    type Error = InvalidSyslogAddress;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<SyslogAddress> for String {
    fn from(address: SyslogAddress) -> Self {
        address.to_string()
    }
}

impl fmt::Display for SyslogAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |host: &str| if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Udp(host, port) => write!(f, "udp://{}:{port}", shown(host)),
            Self::Tcp(host, port) => write!(f, "tcp://{}:{port}", shown(host)),
            Self::Tls(host, port) => write!(f, "tls://{}:{port}", shown(host)),
        }
    }
}

impl JsonSchema for SyslogAddress {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SyslogAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "syslog-address" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown() {
        for (text, shown) in [
            ("unix:/dev/log", "unix:/dev/log"),
            ("udp://log.example", "udp://log.example:514"),
            ("tcp://log.example:1514", "tcp://log.example:1514"),
            ("tls://[::1]", "tls://[::1]:6514"),
            ("tls://[::1]:99", "tls://[::1]:99"),
        ] {
            assert_eq!(SyslogAddress::parse(text).unwrap().to_string(), shown, "{text}");
        }
        for text in [
            "",
            "unix:dev/log",
            "log.example",
            "udp://",
            "udp://:514",
            "tcp://a:0",
            "tcp://a:70000",
            "tls://a b",
            "http://a",
            "tcp://::1",
        ] {
            assert!(SyslogAddress::parse(text).is_err(), "{text}");
        }
    }
}
