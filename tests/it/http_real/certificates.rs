//! Tests of the certificates of servers: what the system trusts, and what a file of the operator adds.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use provwatch::http::{Fetched, HttpError, Policy, RealTransport, Request};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

use super::{client, fresh, policy, told, whole};

#[test]
fn a_bad_ca_file_is_refused_with_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let fenced = |content: &str| format!("-----BEGIN CERTIFICATE-----\n{content}\n-----END CERTIFICATE-----\n");
    let table = [
        ("empty.pem", String::new(), "holds no certificate"),
        (
            "key.pem",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(),
            "holds no certificate",
        ),
        ("base64.pem", fenced("*** not base64 ***"), "cannot be read"),
        ("der.pem", fenced("AAAA"), "is refused"),
        ("huge.pem", "x".repeat(2_000_000), "is larger than 1048576 bytes"),
    ];
    for (name, content, expected) in table {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let error = setup_with(&path).unwrap_err();
        assert!(error.contains(expected) && error.contains(name), "{name}: {error}");
    }
    assert!(setup_with(&folder.path().join("missing.pem")).unwrap_err().starts_with("reading the certificates in "));
}

/// A server with a certificate of an authority that only the operator knows.
struct TlsServer {
    url: String,
    ca_pem: String,
    task: JoinHandle<()>,
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TlsServer {
    /// Answers every connection alike, with a certificate for this address.
    #[expect(clippy::disallowed_methods, reason = "the server of a test has no supervisor")]
    async fn certified_for(address: &str) -> Self {
        let (ca_pem, config) = tls_config(address);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(&whole("over TLS")).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { url, ca_pem, task }
    }

    async fn fetch_trusting(&self, ca_file: Option<PathBuf>) -> Result<Fetched, HttpError> {
        let policy = Policy { ca_file, allow_private: vec!["127.0.0.1".parse().unwrap()], ..policy() };
        client(policy).fetch(Request::get(self.url.parse().unwrap())).await
    }
}

fn tls_config(address: &str) -> (String, ServerConfig) {
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let ca_pem = authority.self_signed(&authority_key).unwrap().pem();
    let key = rcgen::KeyPair::generate().unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let leaf = rcgen::CertificateParams::new(vec![address.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    (ca_pem, config.with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key).unwrap())
}

#[tokio::test]
async fn a_servers_certificate_is_checked_against_the_system_and_the_ca_file() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");

    let server = TlsServer::certified_for("127.0.0.1").await;
    std::fs::write(&ca_file, &server.ca_pem).unwrap();
    assert_eq!(fresh(server.fetch_trusting(Some(ca_file.clone())).await).body, "over TLS");
    let unknown = told(server.fetch_trusting(None).await);
    assert!(unknown.contains("invalid peer certificate"), "{unknown}");

    let other = TlsServer::certified_for("127.0.0.2").await;
    std::fs::write(&ca_file, &other.ca_pem).unwrap();
    let misnamed = told(other.fetch_trusting(Some(ca_file)).await);
    assert!(misnamed.contains("invalid peer certificate"), "{misnamed}");
}

fn setup_with(ca_file: &Path) -> Result<(), String> {
    let policy = Policy { ca_file: Some(ca_file.to_owned()), ..policy() };
    RealTransport::new(&policy).map(drop).map_err(|error| error.to_string())
}
