//! Tests of e-mail against a scripted SMTP server on the loopback interface: the messages sent, and the reaction to
//! each answer.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "deliver_real/recipients.rs"]
mod recipients;
#[path = "deliver_real/server.rs"]
mod server;

use std::{sync::Arc, time::Duration};

use provwatch::{
    app,
    clock::{Clock, SystemClock},
    config::Config,
    deliver::{EmailSettings, EmailSink, Message, Receipt, Sink, SinkError, SmtpLimits, SmtpSecurity},
    model::{Alert, AlertKind, Confidence, Secret, Severity, Signal},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use self::server::{ORDINARY, Script, Server, Session, settings};

fn message() -> Message {
    let (subject, raised_at) = ("pkg:npm/axios@1.14.1", "2026-03-31T00:24:10Z".parse().unwrap());
    let title = "published with a token after 14 months of trusted publishing".to_owned();
    let alert = Alert {
        purl: Some(subject.parse().unwrap()),
        published_at: Some("2026-03-31T00:21:00Z".parse().unwrap()),
        argument: "Nothing but the name is as before.".to_owned(),
        signals: vec![Signal {
            detector: "evidence-downgrade".into(),
            severity: Severity::High,
            expected: "verified provenance".to_owned(),
            seen: "published with a token by \"Jasön\"\r\n.\r\nMAIL FROM:<x@evil.example>".to_owned(),
            since: None,
            why: "A stolen token can publish, but cannot make the workflow sign.".to_owned(),
            corroborating: false,
        }],
        ..Alert::about(AlertKind::Release, subject, Severity::High, Confidence::High, title, raised_at)
    };
    Message::first("msg_1", alert, raised_at)
}

/// One attempt against connections that go by the scripts.
async fn attempt(scripts: &[Script], to: &[&str]) -> (Result<Receipt, SinkError>, Vec<Session>) {
    let server = Server::start().await;
    let to = to.iter().map(|to| (*to).to_owned()).collect();
    let sink = EmailSink::new(EmailSettings { to, ..settings(&server, SmtpSecurity::Insecure) }).unwrap();
    let message = message();
    tokio::join!(sink.deliver(&message), server.serve(SmtpSecurity::Insecure, scripts))
}

fn is_temporary(outcome: &Result<Receipt, SinkError>) -> bool {
    matches!(outcome, Err(SinkError::Temporary { .. }))
}

fn is_permanent(outcome: &Result<Receipt, SinkError>) -> bool {
    matches!(outcome, Err(SinkError::Permanent { .. }))
}

#[tokio::test]
async fn an_alert_is_handed_in() {
    let (outcome, sessions) = attempt(&[ORDINARY], &["ops@example.org", "security@example.com"]).await;
    assert_eq!(outcome.unwrap().detail, "250 queued as 4XyZ");
    let [_ehlo, rest @ ..] = sessions[0].commands.as_slice() else { panic!("{sessions:?}") };
    let expected = [
        "MAIL FROM:<alerts@example.org>",
        "RCPT TO:<ops@example.org>",
        "RCPT TO:<security@example.com>",
        "DATA",
        ".",
        "QUIT",
    ];
    assert_eq!(rest, expected, "nothing that the alert says becomes a command");
    let message = &sessions[0].message;
    assert!(message.contains("Subject: [provwatch] HIGH axios 1.14.1: "), "{message}");
    assert!(message.contains("Content-Type: text/plain") && message.contains("Content-Type: text/html"), "{message}");
}

#[tokio::test]
async fn a_busy_server_gets_it_later() {
    for script in [
        &[("MAIL", "451 try again later")][..],
        &[("RCPT", "450 greylisted")],
        &[(".", "452 disk full")],
        &[("EHLO", "421 shutting down")],
    ] {
        let (outcome, _) = attempt(&[script], &["ops@example.org"]).await;
        assert!(is_temporary(&outcome), "{script:?}: {outcome:?}");
    }
    let (outcome, _) = attempt(&[&[("RCPT", "450 greylisted, \u{1b}[2Jsee x")]], &["ops@example.org"]).await;
    let report = outcome.unwrap_err().report();
    assert!(report.starts_with("handing the e-mail in at 127.0.0.1:") && !report.contains('\u{1b}'), "{report}");
    let (outcome, _) = attempt(&[ORDINARY], &["ops@example.org"]).await;
    assert!(outcome.is_ok());
}

#[tokio::test]
async fn a_refused_message_is_not_sent_again() {
    let (outcome, _) = attempt(&[&[(".", "550 looks like spam")]], &["ops@example.org"]).await;
    assert!(is_permanent(&outcome), "{outcome:?}");
}

#[tokio::test]
async fn a_dropped_connection_is_temporary() {
    for script in [&[("EHLO", "")][..], &[("DATA", "")], &[(".", "")]] {
        let (outcome, _) = attempt(&[script], &["ops@example.org"]).await;
        assert!(is_temporary(&outcome), "{script:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_temporary() {
    let server = Server::start().await;
    let sink = EmailSink::new(settings(&server, SmtpSecurity::Insecure)).unwrap();
    drop(server);
    assert!(is_temporary(&sink.deliver(&message()).await));
}

#[tokio::test]
async fn an_answer_that_is_not_smtp_is_temporary() {
    let (outcome, _) = attempt(&[&[("EHLO", "HTTP/1.1 400 Bad Request")]], &["ops@example.org"]).await;
    assert!(is_temporary(&outcome), "{outcome:?}");
}

/// A certificate authority, and a server's acceptor with a certificate of it for 127.0.0.1.
fn authority() -> (Vec<u8>, TlsAcceptor) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    (authority.pem().into_bytes(), TlsAcceptor::from(Arc::new(config)))
}

/// One attempt over TLS with a password; the sink trusts `ca_pem`, or the server's own authority if not given.
async fn secured(
    security: SmtpSecurity,
    script: Script,
    ca_pem: Option<Vec<u8>>,
) -> (Result<Receipt, SinkError>, Vec<Session>) {
    let (own, acceptor) = authority();
    let server = Server { tls: Some(acceptor), ..Server::start().await };
    let sink = EmailSink::new(EmailSettings {
        ca_pem: Some(ca_pem.unwrap_or(own)),
        credentials: Some(("alerts".to_owned(), Secret::new("hunter2"))),
        ..settings(&server, security)
    })
    .unwrap();
    let (message, scripts) = (message(), [script]);
    tokio::join!(sink.deliver(&message), server.serve(security, &scripts))
}

#[tokio::test]
async fn tls_and_authentication() {
    for security in [SmtpSecurity::Tls, SmtpSecurity::StartTls] {
        let (outcome, sessions) = secured(security, ORDINARY, None).await;
        assert!(outcome.is_ok(), "{security:?}: {outcome:?}");
        let commands = &sessions[0].commands;
        // base64 of "\0alerts\0hunter2"
        let login = commands.iter().position(|command| command == "AUTH PLAIN AGFsZXJ0cwBodW50ZXIy");
        let starttls = commands.iter().position(|command| command == "STARTTLS");
        assert!(login.is_some() && starttls < login, "{commands:?}");
        assert_eq!(starttls.is_some(), security == SmtpSecurity::StartTls);
    }
}

#[tokio::test]
async fn a_wrong_password_waits_for_the_operator() {
    let script: Script = &[("AUTH", "535 authentication failed")];
    let (outcome, _) = secured(SmtpSecurity::Tls, script, None).await;
    assert!(is_temporary(&outcome), "{outcome:?}");
    let report = outcome.unwrap_err().report();
    assert!(report.ends_with("logging in: 535 authentication failed; correct `username` and the password"), "{report}");
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing() {
    let script: Script = &[("EHLO", "250-mail.example\r\n250 AUTH PLAIN")];
    let (outcome, sessions) = secured(SmtpSecurity::StartTls, script, None).await;
    assert!(is_temporary(&outcome), "{outcome:?}");
    let report = outcome.unwrap_err().report();
    assert!(report.contains("does not offer STARTTLS: set `security = \"tls\"`"), "{report}");
    assert!(
        sessions[0].commands.iter().all(|command| command.starts_with("EHLO") || command == "QUIT"),
        "{sessions:?}"
    );
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_nothing() {
    let (stranger, _) = authority();
    let (outcome, sessions) = secured(SmtpSecurity::Tls, ORDINARY, Some(stranger)).await;
    assert!(is_temporary(&outcome), "{outcome:?}");
    let report = outcome.unwrap_err().report();
    assert!(report.contains("[http] ca_file"), "{report}");
    assert!(sessions[0].commands.is_empty(), "{sessions:?}");
}

#[tokio::test]
async fn a_port_of_the_other_kind_is_named_with_the_setting_that_fits() {
    let (own, _) = authority();
    let limits = SmtpLimits { connect: Duration::from_millis(300), ..SmtpLimits::default() };
    let with = |server: &Server, security| {
        let settings = EmailSettings { ca_pem: Some(own.clone()), limits, ..settings(server, security) };
        EmailSink::new(settings).unwrap()
    };
    // A server for TLS from the first byte waits for the client.
    let server = Server::start().await;
    let error = with(&server, SmtpSecurity::StartTls).deliver(&message()).await.unwrap_err().report();
    assert!(error.contains("no answer within") && error.contains("set `security = \"tls\"`"), "{error}");
    // A server for STARTTLS greets in the clear.
    let (sink, message) = (with(&server, SmtpSecurity::Tls), message());
    let (outcome, _) =
        tokio::join!(sink.deliver(&message), server.serve(SmtpSecurity::Insecure, &[ORDINARY, ORDINARY]));
    let error = outcome.unwrap_err().report();
    assert!(error.contains("set `security = \"starttls\"`"), "{error}");
    assert!(error.contains(&format!("127.0.0.1:{}", server.port())), "{error}");
}

/// Whom the operator trusts for the web he trusts for mail.
#[tokio::test]
async fn the_authorities_of_the_configuration_hold_for_mail() {
    let (own, acceptor) = authority();
    let server = Server { tls: Some(acceptor), ..Server::start().await };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, own).unwrap();
    let text = format!(
        "[http]\nca_file = {file:?}\n[[subscriptions]]\nname = \"mail\"\ntype = \"email\"\nserver = \"127.0.0.1\"\nport = {}\n\
         security = \"tls\"\nfrom = \"alerts@example.org\"\nto = [\"ops@example.org\"]\n",
        server.port()
    );
    let config = Config::parse(&text, std::path::Path::new("provwatch.toml")).unwrap_or_else(|error| panic!("{error}"));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let http = app::client(&config, Arc::clone(&clock)).unwrap();
    let subscription = app::subscription(&config, &config.subscriptions[0], &http, &clock).unwrap();
    let (message, scripts) = (message(), [ORDINARY]);
    let (outcome, _) = tokio::join!(subscription.sink.deliver(&message), server.serve(SmtpSecurity::Tls, &scripts));
    assert!(outcome.is_ok(), "{outcome:?}");
}
