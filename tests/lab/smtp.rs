//! An SMTP server on the loopback whose answers a test chooses.

use std::io;

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// How one connection goes: the answers to lines that start so. `.` is the end of the message, an empty answer hangs up.
/// What is not named is answered like an ordinary server would.
pub type Script<'a> = &'a [(&'a str, &'a str)];

/// The protection of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    None,
    StartTls,
    Tls,
}

/// What came over one connection.
#[derive(Debug, Default)]
pub struct Session {
    pub commands: Vec<String>,
    pub message: String,
}

/// A server, with TLS if it has a certificate.
pub struct Server {
    pub listener: TcpListener,
    pub tls: Option<TlsAcceptor>,
}

impl Server {
    pub async fn start(tls: Option<TlsAcceptor>) -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap(), tls }
    }

    pub fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Serves one connection per script, then refuses further ones.
    pub async fn serve(&self, protection: Protection, scripts: &[Script<'_>]) -> Vec<Session> {
        let mut sessions = Vec::new();
        for script in scripts {
            let (stream, _) = self.listener.accept().await.unwrap();
            let mut session = Session::default();
            // A client that hangs up in the middle is part of some scripts.
            let _ = self.converse(stream, protection, script, &mut session).await;
            sessions.push(session);
        }
        sessions
    }

    async fn converse(
        &self,
        stream: TcpStream,
        protection: Protection,
        script: Script<'_>,
        session: &mut Session,
    ) -> io::Result<()> {
        if protection == Protection::Tls {
            let stream = self.tls.as_ref().unwrap().accept(stream).await?;
            return greet(stream, "AUTH PLAIN", script, session).await.map(drop);
        }
        let offer = if protection == Protection::StartTls { "STARTTLS" } else { "8BITMIME" };
        let Some(stream) = greet(stream, offer, script, session).await? else { return Ok(()) };
        let stream = self.tls.as_ref().unwrap().accept(stream).await?;
        talk(BufReader::new(stream), "AUTH PLAIN", script, session).await.map(drop)
    }
}

async fn greet<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    offer: &str,
    script: Script<'_>,
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
    script: Script<'_>,
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

fn answer(command: &str, offer: &str, script: Script<'_>) -> String {
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
