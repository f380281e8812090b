//! TLS to a syslog server (RFC 5425).

use std::{fmt, io, sync::Arc};

use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{self, ClientConfig, RootCertStore, crypto::aws_lc_rs},
};

/// Unusable settings of TLS.
#[derive(Debug, thiserror::Error)]
pub enum SyslogTlsError {
    /// A host that no certificate can name.
    #[error("the syslog server {host:?} is neither a host name nor an address")]
    Host {
        /// The host.
        host: String,
    },
    /// A CA file that is not PEM, or without a certificate.
    #[error("the CA file for the syslog server {host:?} holds no certificate; expected PEM")]
    NoCertificate {
        /// The host.
        host: String,
    },
    /// Nothing to trust.
    #[error(
        "the system has no trusted certificates for the syslog server {host:?}; install them or name [http] ca_file"
    )]
    NoRoots {
        /// The host.
        host: String,
    },
    /// An error of TLS itself.
    #[error("preparing TLS for the syslog server {host:?}")]
    Tls {
        /// The host.
        host: String,
        /// The error.
        #[source]
        source: rustls::Error,
    },
}

/// The trusted certificates, and the name that the server's certificate must have.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Tls {
    /// Trusts the system's certificates and those of the operator.
    pub fn new(host: &str, ca_pem: Option<&[u8]>) -> Result<Self, SyslogTlsError> {
        let host = host.to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|_| SyslogTlsError::Host { host: host.clone() })?;
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|source| SyslogTlsError::Tls { host: host.clone(), source })?
            .with_root_certificates(roots(host, ca_pem)?)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// Greets the server over a connection.
    pub async fn connect(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }
}

fn roots(host: String, ca_pem: Option<&[u8]>) -> Result<RootCertStore, SyslogTlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = ca_pem {
        let own: Vec<_> = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect();
        let (added, _) = roots.add_parsable_certificates(own);
        if added == 0 {
            return Err(SyslogTlsError::NoCertificate { host });
        }
    }
    if roots.is_empty() { Err(SyslogTlsError::NoRoots { host }) } else { Ok(roots) }
}
