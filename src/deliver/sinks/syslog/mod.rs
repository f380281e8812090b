//! The sink that sends messages to a syslog server (RFC 5424).

mod connection;
mod format;
mod local;

use std::{io, net::SocketAddr, path::PathBuf};

use futures::future::BoxFuture;
use tokio::net::{UdpSocket, lookup_host};

#[cfg(test)]
pub(crate) use self::format::tests::parse as syslog_parsed;
use self::{
    connection::Connections,
    format::{DATAGRAM, Origin, WHOLE, compose},
    local::send_local,
};
use crate::{
    deliver::{Message, Receipt, Sink, SinkError},
    tls::{BadHost, Trust, TrustError},
};

/// Where the server listens.
#[derive(Clone, Debug)]
pub enum SyslogTarget {
    /// A socket on this machine.
    Unix(PathBuf),
    /// One datagram for each message (RFC 5426).
    Udp(String, u16),
    /// A connection, with the length before each message (RFC 6587, 3.4.1).
    Tcp(String, u16),
    /// As `Tcp`, over TLS (RFC 5425).
    Tls(String, u16),
}

/// The server, and how messages look.
#[derive(Clone, Debug)]
pub struct SyslogSettings {
    /// The server.
    pub target: SyslogTarget,
    /// The facility's number (RFC 5424, 6.2.1).
    pub facility: u8,
    /// PEM certificates that are trusted besides the system's.
    pub ca_pem: Option<Vec<u8>>,
}

/// Unusable settings of TLS.
#[derive(Debug, thiserror::Error)]
pub enum SyslogTlsError {
    /// A host that no certificate can name.
    #[error("the syslog server")]
    Host(#[from] BadHost),
    /// Nothing to trust, or an unusable CA file.
    #[error("preparing TLS for the syslog server {host:?}")]
    Trust {
        /// The host.
        host: String,
        /// The error.
        #[source]
        source: TrustError,
    },
}

/// Sends messages to a syslog server, which confirms none of them: a message counts as delivered when the system took it.
#[derive(Debug)]
pub struct SyslogSink {
    origin: Origin,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Unix(PathBuf),
    Udp(String, u16),
    Stream(Connections),
}

impl SyslogSink {
    /// A sink with these settings. It does not connect yet.
    ///
    /// # Errors
    /// See [`SyslogTlsError`].
    pub fn new(settings: SyslogSettings) -> Result<Self, SyslogTlsError> {
        let target = match settings.target {
            SyslogTarget::Unix(path) => Target::Unix(path),
            SyslogTarget::Udp(host, port) => Target::Udp(host, port),
            SyslogTarget::Tcp(host, port) => Target::Stream(Connections::plain(host, port)),
            SyslogTarget::Tls(host, port) => {
                let trust = Trust::new(settings.ca_pem.as_deref());
                let trust = trust.map_err(|source| SyslogTlsError::Trust { host: host.clone(), source })?;
                let tls = trust.to(&host)?;
                Target::Stream(Connections::secure(host, port, tls))
            }
        };
        Ok(Self { origin: Origin::here(settings.facility), target })
    }

    async fn send(&self, message: &Message) -> Result<Receipt, SinkError> {
        let sent = match &self.target {
            Target::Unix(path) => send_local(path, |limit| compose(&self.origin, message, limit)).await,
            Target::Udp(host, port) => {
                send_datagram(host, *port, compose(&self.origin, message, DATAGRAM).as_bytes()).await
            }
            Target::Stream(connections) => connections.send(compose(&self.origin, message, WHOLE).as_bytes()).await,
        };
        sent.map(|()| Receipt::of("sent")).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> SinkError {
        let server = match &self.target {
            Target::Unix(path) => path.display().to_string(),
            Target::Udp(host, port) => format!("{host}, port {port}"),
            Target::Stream(connections) => connections.to_string(),
        };
        SinkError::temporary(format!("sending to the syslog server at {server}")).because(error)
    }
}

impl Sink for SyslogSink {
    fn kind(&self) -> &'static str {
        "syslog"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.send(message))
    }
}

/// Sends one datagram, to the first address of the host that this machine can reach.
async fn send_datagram(host: &str, port: u16, message: &[u8]) -> io::Result<()> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in lookup_host((host, port)).await? {
        match send_to(address, message).await {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn send_to(address: SocketAddr, message: &[u8]) -> io::Result<()> {
    let own = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(own).await?;
    socket.connect(address).await?;
    socket.send(message).await?;
    // On this machine a closed port answers at once.
    socket.take_error()?.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests;
