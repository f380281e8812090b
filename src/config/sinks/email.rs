//! `type = "email"`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::{LOCAL, SecretKeys, Section, login};
use crate::config::{Finding, SecretSource, finding::warning};

/// The keys of `type = "email"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmailSection {
    /// The SMTP server.
    #[schemars(extend("format" = "host"))]
    pub server: String,
    /// The server's port. Default: 587 for `starttls`, 465 for `tls`, 25 for `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
    /// The protection of the connection.
    #[serde(default = "starttls")]
    pub security: Security,
    /// The user name, if the server requires one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// A file with the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The systemd credential with the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub password_credential: Option<String>,
    /// The sender.
    #[schemars(extend("format" = "mailbox"))]
    pub from: String,
    /// The receivers.
    #[schemars(length(min = 1), extend("items" = {"type": "string", "format": "mailbox"}))]
    pub to: Vec<String>,
}

impl EmailSection {
    /// The configured port, or the usual one.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            Security::Starttls => 587,
            Security::Tls => 465,
            Security::None => 25,
        })
    }

    /// The source of the password.
    pub fn password(&self) -> Option<SecretSource> {
        SecretSource::of(self.password_file.as_ref(), self.password_credential.as_ref())
    }
}

const fn starttls() -> Security {
    Security::Starttls
}

/// The protection of an SMTP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// STARTTLS. provwatch sends no mail if the server does not offer it.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// No encryption, for a mail server on the same machine.
    None,
}

impl Section for EmailSection {
    fn secrets(&self) -> Vec<SecretKeys<'_>> {
        vec![SecretKeys::optional("password", self.password_file.as_ref(), self.password_credential.as_ref())]
    }

    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        self.password_file.iter_mut().collect()
    }

    fn findings(&self, key: &dyn Fn(&str) -> String) -> Vec<Finding> {
        let mut findings: Vec<_> = login(self.username.as_ref(), self.password().as_ref(), key).into_iter().collect();
        if self.security == Security::None && !LOCAL.contains(&self.server.as_str()) {
            let server = &self.server;
            let what = format!("alerts and the password travel to {server} unprotected; use \"starttls\" or \"tls\"");
            findings.push(warning(key("security"), what));
        }
        findings
    }
}
