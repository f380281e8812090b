//! TLS to servers: the certificates that provwatch trusts, and the next step when a server has none of them.

mod next_step;
mod pinned;

use std::{fmt, io, sync::Arc};

use rustls_pki_types::{
    CertificateDer, ServerName,
    pem::{Error as PemError, PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{self, ClientConfig, RootCertStore, client::WebPkiServerVerifier, crypto::aws_lc_rs},
};

pub(crate) use next_step::next_step;
use pinned::OrPinned;

/// Most bytes of a file of certificates; the bundle of a whole operating system has a quarter of this.
pub(crate) const MAX_CERTIFICATES: u64 = 1024 * 1024;

/// The reason why no server can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Text without a certificate.
    #[error(
        "the CA file holds no certificate; it must hold one or more certificates in PEM form (`-----BEGIN CERTIFICATE-----`)"
    )]
    NoCertificate,
    /// A certificate that is not PEM.
    #[error(
        "the CA file cannot be read; it must hold one or more certificates in PEM form (`-----BEGIN CERTIFICATE-----`)"
    )]
    Unreadable(#[source] PemError),
    /// A certificate that TLS cannot use.
    #[error("the CA file is refused: one of its certificates cannot be used")]
    Refused(#[source] rustls::Error),
    /// Nothing to trust.
    #[error(
        "the system has no trusted certificates; install them (`ca-certificates`) or name a CA file ([http] ca_file)"
    )]
    NoRoots,
    /// An error of TLS itself.
    #[error("preparing TLS")]
    Tls(#[source] rustls::Error),
}

/// A host that no certificate can name.
#[derive(Debug, thiserror::Error)]
#[error("{host:?} is neither a host name nor an address")]
pub struct BadHost {
    /// The host.
    host: String,
}

/// The certificates that are trusted: the system's, and those of the operator's file.
#[derive(Clone)]
pub(crate) struct Trust(Arc<ClientConfig>);

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}

impl Trust {
    /// Trusts the system's certificates and, if there are any, those of the operator's file.
    ///
    /// # Errors
    /// See [`TrustError`].
    pub fn new(own_pem: Option<&[u8]>) -> Result<Self, TrustError> {
        let own = own_pem.map(certificates).transpose()?.unwrap_or_default();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let roots = Arc::new(roots(&own)?);
        // It fails without roots only.
        let usual = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
            .build()
            .map_err(|_| TrustError::NoRoots)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TrustError::Tls)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(OrPinned::new(usual, own)))
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// The settings for a client of HTTP, which offers these versions of it.
    pub fn for_http(&self, versions: &[&str]) -> ClientConfig {
        let mut config = ClientConfig::clone(&self.0);
        config.alpn_protocols = versions.iter().map(|version| version.as_bytes().to_vec()).collect();
        config
    }

    /// Connections to one server, whose certificate must name the host.
    ///
    /// # Errors
    /// No certificate can name such a host.
    pub fn to(&self, host: &str) -> Result<Greeter, BadHost> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| BadHost { host: host.to_owned() })?;
        Ok(Greeter { connector: TlsConnector::from(Arc::clone(&self.0)), name })
    }
}

/// Begins TLS with one server.
#[derive(Clone)]
pub(crate) struct Greeter {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl fmt::Debug for Greeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Greeter").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Greeter {
    /// Greets the server over a connection.
    ///
    /// # Errors
    /// The connection failed, or the server is not trusted: [`next_step()`] says what to do.
    pub async fn greet(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(none) if none.is_empty() => Err(TrustError::NoCertificate),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(TrustError::Unreadable(error)),
    }
}

fn roots(own: &[CertificateDer<'static>]) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in own {
        roots.add(certificate.clone()).map_err(TrustError::Refused)?;
    }
    if roots.is_empty() { Err(TrustError::NoRoots) } else { Ok(roots) }
}

#[cfg(test)]
pub(crate) mod tests;
