//! The mail server, the sender and the recipients, as the configuration names them.

use std::time::Duration;

use lettre::message::Mailbox;

use crate::{
    deliver::shown,
    model::Secret,
    text::plain,
    tls::{BadHost, TrustError},
};

/// The protection of the connection to the SMTP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS from the first byte (RFC 8314), port 465 as a rule.
    Tls,
    /// `STARTTLS`, required: to a server that does not offer it, nothing is sent. Port 587 as a rule.
    StartTls,
    /// No protection at all; the configuration calls it `insecure`.
    Insecure,
}

/// How long the server may take.
///
/// RFC 5321, 4.5.3.2, asks for 5 minutes for each command, and for 10 minutes for the answer to the content: a client that
/// stops waiting for that sends the message again, although the server may have accepted it. Before the content a
/// repetition does no harm, so that all commands together have less time, and an attempt ends before the daemon takes its
/// loop for a stalled one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmtpLimits {
    /// For each of connection, TLS, greeting and login.
    pub connect: Duration,
    /// For everything before the content.
    pub beginning: Duration,
    /// For the content and the answer to it.
    pub content: Duration,
}

impl Default for SmtpLimits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(30), beginning: Duration::from_mins(3), content: Duration::from_mins(10) }
    }
}

/// The SMTP server, the sender and the recipients.
#[derive(Clone, Debug)]
pub struct EmailSettings {
    /// The SMTP server's host name, which its certificate must name.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// The protection of the connection.
    pub security: SmtpSecurity,
    /// PEM certificates that are trusted besides the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// User name and password.
    pub credentials: Option<(String, Secret)>,
    /// The sender: `provwatch <alerts@example.org>`.
    pub from: String,
    /// The recipients.
    pub to: Vec<String>,
    /// The name of the subscription, which the mail tells its readers.
    pub subscription: String,
    /// How long the server may take.
    pub limits: SmtpLimits,
}

/// Unusable settings.
#[derive(Debug, thiserror::Error)]
pub enum EmailError {
    /// Not an address.
    #[error("{text:?} is not an e-mail address; expected for example `provwatch <alerts@example.org>`")]
    Address {
        text: String,
        /// The error in it.
        #[source]
        source: lettre::address::AddressError,
    },
    /// No recipient.
    #[error("no recipients; name at least one in `to`")]
    NoRecipients,
    /// A password that would travel in the clear.
    #[error("a password is configured for a connection without TLS; use TLS or STARTTLS, or leave the password out")]
    PasswordInTheClear,
    /// Nothing to trust, or an unusable CA file.
    #[error("preparing TLS for the SMTP server {server:?}")]
    Tls {
        server: String,
        #[source]
        source: TrustError,
    },
    /// A host that no certificate can name.
    #[error("the SMTP server")]
    Host(#[from] BadHost),
}

/// A mailbox: `security@example.org` or `Security <security@example.org>`.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, EmailError> {
    let shown = || plain(text, shown::NAME);
    if text.chars().any(char::is_control) {
        let source = lettre::address::AddressError::InvalidInput;
        return Err(EmailError::Address { text: shown(), source });
    }
    text.parse().map_err(|source| EmailError::Address { text: shown(), source })
}
