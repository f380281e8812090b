//! Tests of the trusted certificates, against servers on the loopback interface.

use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

use super::*;

/// How a server came to its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Certified {
    /// An authority issued it.
    Issued,
    /// It signed itself, as an ordinary server.
    Itself,
    /// It signed itself, as an authority, like `openssl req -x509` does.
    AsAuthority,
    /// The same, but long ago.
    AsAuthorityLongAgo,
}

/// A server's certificate for a name; the PEM of its authority or of itself.
fn certified(how: Certified, name: &str) -> (String, TlsAcceptor) {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, format!("number {}", MADE.fetch_add(1, Ordering::Relaxed)));
    let key = KeyPair::generate().unwrap();
    if how != Certified::Itself {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    if how == Certified::AsAuthorityLongAgo {
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(2001, 1, 1), rcgen::date_time_ymd(2002, 1, 1));
    }
    let (pem, shown, key) = if how == Certified::Issued {
        let authority = CertifiedIssuer::self_signed(params, key).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        (authority.pem(), leaf.der().clone(), key)
    } else {
        let own = params.self_signed(&key).unwrap();
        (own.pem(), own.der().clone(), key)
    };
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![shown], key)
        .unwrap();
    (pem, TlsAcceptor::from(Arc::new(config)))
}

/// Greets a server of this acceptor as 127.0.0.1.
async fn greet(acceptor: &TlsAcceptor, trusted: &str) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let greeter = Trust::new(Some(trusted.as_bytes())).unwrap().to("127.0.0.1").unwrap();
    let client = async { greeter.greet(TcpStream::connect(address).await.unwrap()).await.map(drop) };
    let server = async { acceptor.accept(listener.accept().await.unwrap().0).await };
    tokio::join!(client, server).0
}

#[tokio::test]
async fn a_server_is_trusted_by_its_authority_or_by_its_own_certificate() {
    use Certified::{AsAuthority, AsAuthorityLongAgo, Issued, Itself};
    let (stranger, _) = certified(Issued, "127.0.0.1");
    for how in [Issued, Itself, AsAuthority] {
        let (pem, acceptor) = certified(how, "127.0.0.1");
        greet(&acceptor, &pem).await.unwrap_or_else(|error| panic!("{how:?}: {error}"));
        let both = format!("{stranger}{pem}");
        greet(&acceptor, &both).await.unwrap_or_else(|error| panic!("{how:?} among others: {error}"));
    }
    for (how, name, trusts_it, said) in [
        (Issued, "127.0.0.1", false, "the authority of the server's certificate is unknown"),
        (Itself, "127.0.0.1", false, "the authority of the server's certificate is unknown"),
        (AsAuthority, "127.0.0.1", false, "calls itself an authority (CA:TRUE)"),
        (AsAuthorityLongAgo, "127.0.0.1", true, "has expired"),
        (Issued, "127.0.0.2", true, "has other names"),
        (Itself, "127.0.0.2", true, "has other names"),
        (AsAuthority, "127.0.0.2", true, "has other names"),
    ] {
        let (pem, acceptor) = certified(how, name);
        let error = greet(&acceptor, if trusts_it { &pem } else { &stranger }).await.unwrap_err();
        let next = next_step(&error).unwrap_or_default();
        assert!(next.contains(said), "{how:?} {name}: {error}: {next}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_as_that() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (pem, _) = certified(Certified::Issued, "127.0.0.1");
    let greeter = Trust::new(Some(pem.as_bytes())).unwrap().to("127.0.0.1").unwrap();
    let client = async { greeter.greet(TcpStream::connect(address).await.unwrap()).await.unwrap_err() };
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"220 mail.example ESMTP\r\n").await.unwrap();
        stream
    };
    let (error, _stream) = tokio::join!(client, server);
    assert!(next_step(&error).unwrap().contains("does not speak TLS on this port"), "{error}");
    assert_eq!(next_step(&io::Error::other("something else")), None);
}

#[test]
fn a_file_without_usable_certificates_is_refused() {
    let fenced = |inner: &str| format!("-----BEGIN CERTIFICATE-----\n{inner}\n-----END CERTIFICATE-----\n");
    let error = |pem: &str| Trust::new(Some(pem.as_bytes())).unwrap_err();
    assert!(matches!(error("not PEM"), TrustError::NoCertificate));
    assert!(matches!(error(&fenced("*** not base64 ***")), TrustError::Unreadable(_)));
    assert!(matches!(error(&fenced("AAAA")), TrustError::Refused(_)));
    assert!(Trust::new(None).unwrap().to("a b").is_err());
}
