//! Tests of e-mail against a scripted SMTP server on the loopback interface: the messages sent, and the reaction to
//! each answer.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{io, sync::Arc, time::Duration};

use provwatch::{
    app,
    clock::{Clock, SystemClock},
    config::Config,
    deliver::{EmailSettings, EmailSink, Message, Receipt, Sink, SinkError, SmtpSecurity},
    model::{Alert, AlertKind, Confidence, Secret, Severity, Signal},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// How one connection goes: the answers to lines that start so. `.` is the end of the message, an empty answer hangs up.
/// What is not named is answered like an ordinary server would.
type Script = &'static [(&'static str, &'static str)];

const ORDINARY: Script = &[];

/// What came over one connection.
#[derive(Debug, Default)]
struct Session {
    commands: Vec<String>,
    message: String,
}

struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Server {
    async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap(), tls: None }
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Serves one connection per script, then refuses further ones.
    async fn serve(&self, security: SmtpSecurity, scripts: &[Script]) -> Vec<Session> {
        let mut sessions = Vec::new();
        for script in scripts {
            let (stream, _) = self.listener.accept().await.unwrap();
            let mut session = Session::default();
            // A client that hangs up in the middle is part of some scripts.
            let _ = self.converse(stream, security, script, &mut session).await;
            sessions.push(session);
        }
        sessions
    }

    async fn converse(
        &self,
        stream: tokio::net::TcpStream,
        security: SmtpSecurity,
        script: Script,
        session: &mut Session,
    ) -> io::Result<()> {
        if security == SmtpSecurity::Tls {
            let stream = self.tls.as_ref().unwrap().accept(stream).await?;
            return greet(stream, "AUTH PLAIN", script, session).await.map(drop);
        }
        let offer = if security == SmtpSecurity::StartTls { "STARTTLS" } else { "8BITMIME" };
        let Some(stream) = greet(stream, offer, script, session).await? else { return Ok(()) };
        let stream = self.tls.as_ref().unwrap().accept(stream).await?;
        talk(BufReader::new(stream), "AUTH PLAIN", script, session).await.map(drop)
    }
}

async fn greet<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    offer: &str,
    script: Script,
    session: &mut Session,
) -> io::Result<Option<S>> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example ESMTP\r\n").await?;
    talk(stream, offer, script, session).await
}

/// Answers until somebody hangs up; hands the stream back for TLS after `STARTTLS`.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: BufReader<S>,
    offer: &str,
    script: Script,
    session: &mut Session,
) -> io::Result<Option<S>> {
    let mut in_message = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if in_message && line != ".\r\n" {
            session.message.push_str(&line);
            continue;
        }
        let command = line.trim_end().to_owned();
        session.commands.push(command.clone());
        let answer = answer(&command, offer, script);
        if answer.is_empty() {
            return Ok(None);
        }
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        match command.as_str() {
            "STARTTLS" => return Ok(Some(stream.into_inner())),
            "QUIT" => return Ok(None),
            _ => in_message = answer.starts_with("354"),
        }
    }
}

fn answer(command: &str, offer: &str, script: Script) -> String {
    if let Some((_, answer)) = script.iter().find(|(start, _)| command.starts_with(start)) {
        return (*answer).to_owned();
    }
    match command.split(' ').next() {
        Some("EHLO") => format!("250-mail.example\r\n250 {offer}"),
        Some("STARTTLS") => "220 go ahead".to_owned(),
        Some("AUTH") => "235 welcome".to_owned(),
        Some("DATA") => "354 end with a dot".to_owned(),
        Some(".") => "250 queued as 4XyZ".to_owned(),
        Some("QUIT") => "221 bye".to_owned(),
        _ => "250 ok".to_owned(),
    }
}

fn settings(server: &Server, security: SmtpSecurity) -> EmailSettings {
    EmailSettings {
        server: "127.0.0.1".to_owned(),
        port: server.port(),
        security,
        ca_pem: None,
        credentials: None,
        from: "provwatch <alerts@example.org>".to_owned(),
        to: vec!["ops@example.org".to_owned()],
        subscription: "ops".to_owned(),
        timeout: Duration::from_secs(5),
    }
}

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
    assert!(report.starts_with("handing the e-mail in at 127.0.0.1: ") && !report.contains('\u{1b}'), "{report}");
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

#[tokio::test]
async fn one_unknown_recipient_does_not_keep_it_from_the_others() {
    let script: Script = &[("RCPT TO:<gone@example.org>", "550 no such user")];
    let (outcome, sessions) = attempt(&[script; 3], &["gone@example.org", "ops@example.org"]).await;
    let detail = outcome.unwrap().detail;
    assert!(detail.contains("refused: gone@example.org"), "{detail}");
    assert!(sessions[2].message.contains("Subject: "), "the other one has it");

    let nobody: Script = &[("RCPT", "550 no such user")];
    let (outcome, _) = attempt(&[nobody; 3], &["gone@example.org", "left@example.org"]).await;
    assert!(is_permanent(&outcome), "{outcome:?}");
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
    assert!(!outcome.unwrap_err().report().contains("hunter2"));
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing() {
    let script: Script = &[("EHLO", "250-mail.example\r\n250 AUTH PLAIN")];
    let (outcome, sessions) = secured(SmtpSecurity::StartTls, script, None).await;
    assert!(is_temporary(&outcome), "{outcome:?}");
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
    assert!(sessions[0].commands.is_empty(), "{sessions:?}");
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
