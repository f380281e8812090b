//! A mail server that goes by a script, on the loopback interface.

use std::io;

use provwatch::deliver::{EmailSettings, SmtpLimits, SmtpSecurity};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// How one connection goes: the answers to lines that start so. `.` is the end of the message, `.ops@example.org` that of one
/// with such a recipient; an empty answer hangs up, and `silence` is none. What is not named is answered like an ordinary
/// server would.
pub type Script = &'static [(&'static str, &'static str)];

pub const ORDINARY: Script = &[];

/// What came over one connection.
#[derive(Debug, Default)]
pub struct Session {
    pub commands: Vec<String>,
    pub message: String,
}

impl Session {
    /// The recipients of each message that was accepted.
    pub fn accepted(&self) -> Vec<Vec<String>> {
        self.message.lines().filter_map(|line| line.strip_prefix("accepted for ")).map(names).collect()
    }
}

fn names(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

pub struct Server {
    pub listener: TcpListener,
    pub tls: Option<TlsAcceptor>,
}

impl Server {
    pub async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap(), tls: None }
    }

    pub fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Serves one connection per script, then refuses further ones.
    pub async fn serve(&self, security: SmtpSecurity, scripts: &[Script]) -> Vec<Session> {
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
    let (mut in_message, mut recipients) = (false, Vec::new());
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
        let answer = answer(&command, offer, script, &recipients);
        if answer.is_empty() {
            return Ok(None);
        }
        if answer == "silence" {
            std::future::pending::<()>().await;
        }
        match command.strip_prefix("RCPT TO:<").and_then(|rest| rest.strip_suffix('>')) {
            Some(recipient) if answer.starts_with('2') => recipients.push(recipient.to_owned()),
            _ if command == "." && answer.starts_with('2') => {
                session.message.extend(["accepted for ", &recipients.join(" "), "\n"]);
            }
            _ if command.starts_with("MAIL") => recipients.clear(),
            _ => {}
        }
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        match command.as_str() {
            "STARTTLS" => return Ok(Some(stream.into_inner())),
            "QUIT" => return Ok(None),
            _ => in_message = answer.starts_with("354"),
        }
    }
}

fn answer(command: &str, offer: &str, script: Script, recipients: &[String]) -> String {
    let is_of_one =
        |start: &str| start.strip_prefix('.').is_some_and(|one| recipients.iter().any(|other| other == one));
    if let Some((_, answer)) = script.iter().find(|(start, _)| command == "." && is_of_one(start)) {
        return (*answer).to_owned();
    }
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

pub fn settings(server: &Server, security: SmtpSecurity) -> EmailSettings {
    EmailSettings {
        server: "127.0.0.1".to_owned(),
        port: server.port(),
        security,
        ca_pem: None,
        credentials: None,
        from: "provwatch <alerts@example.org>".to_owned(),
        to: vec!["ops@example.org".to_owned()],
        subscription: "ops".to_owned(),
        limits: SmtpLimits::default(),
    }
}
