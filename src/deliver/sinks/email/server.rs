//! The mail server: how to connect to it and to log in.

use std::{fmt, io};

use lettre::transport::smtp::{
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::AsyncSmtpConnection,
    extension::ClientId,
};
use tokio::{net::TcpStream, time::Instant};

use super::{conversation::Conversation, failure::Failure, line::Line, settings::SmtpLimits, starttls::ask_for_tls};
use crate::tls::Greeter;

const CONNECTING: &str = "connecting";
const TLS: &str = "beginning TLS";
const GREETING: &str = "greeting the server";
const LOGIN: &str = "logging in";

/// The protection of the connection, with the means for it.
#[derive(Debug)]
pub(super) enum Protection {
    /// TLS from the first byte.
    Tls(Greeter),
    /// TLS after `STARTTLS`.
    StartTls(Greeter),
    /// None.
    None,
}

/// The mail server.
pub(super) struct Server {
    pub host: String,
    pub port: u16,
    pub protection: Protection,
    pub login: Option<Credentials>,
    pub limits: SmtpLimits,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Server {
    /// Connects, greets and logs in.
    pub async fn connect(&self) -> Result<Conversation, Failure> {
        let (began, hello) = (Instant::now(), ClientId::default());
        let line = self.line(&hello).await?;
        let greeted = AsyncSmtpConnection::connect_with_transport(Box::new(line), &hello);
        let mut connection = match tokio::time::timeout(self.limits.connect, greeted).await {
            Ok(greeted) => greeted.map_err(|error| Failure::of(GREETING, error))?,
            Err(_elapsed) => return Err(self.late(GREETING, self.silent())),
        };
        if let Some(login) = &self.login {
            self.log_in(&mut connection, login).await?;
        }
        Ok(Conversation::new(connection, began, self.limits))
    }

    async fn line(&self, hello: &ClientId) -> Result<Line, Failure> {
        let address = (self.host.as_str(), self.port);
        let stream = self.soon(CONNECTING, None, TcpStream::connect(address)).await?;
        stream.set_nodelay(true).map_err(|error| Failure::broken(CONNECTING, error))?;
        match &self.protection {
            Protection::None => Ok(Line::plain(stream)),
            Protection::Tls(tls) => {
                let next = "a server on port 587 or 25 waits for STARTTLS: set `security = \"starttls\"`";
                Ok(Line::over_tls(self.soon(TLS, Some(next), tls.greet(stream)).await?))
            }
            Protection::StartTls(tls) => {
                let stream = ask_for_tls(stream, hello, self.limits.connect).await?;
                Ok(Line::over_tls(self.soon(TLS, None, tls.greet(stream)).await?).greeted())
            }
        }
    }

    async fn log_in(&self, connection: &mut AsyncSmtpConnection, login: &Credentials) -> Result<(), Failure> {
        if connection.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
            return Err(Failure::Lacks(
                "the server offers no login with a password (AUTH PLAIN or LOGIN) on this port: remove `username` and the \
                 password, or use the port for submission (587 or 465)",
            ));
        }
        match tokio::time::timeout(self.limits.connect, connection.auth(DEFAULT_MECHANISMS, login)).await {
            Ok(Ok(_)) => Ok(()),
            // The library's errors of the network have no text of the server or of the password.
            Ok(Err(error)) => Err(Failure::of(LOGIN, error)),
            Err(_elapsed) => Err(self.late(LOGIN, None)),
        }
    }

    async fn soon<T>(
        &self,
        step: &'static str,
        next: Option<&'static str>,
        work: impl Future<Output = io::Result<T>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout(self.limits.connect, work).await {
            Ok(done) => done.map_err(|error| self.broken(step, error)),
            Err(_elapsed) => Err(self.late(step, next)),
        }
    }

    fn broken(&self, step: &'static str, error: io::Error) -> Failure {
        let is_clear = step == TLS && error.to_string().contains("InvalidContentType");
        if is_clear && matches!(self.protection, Protection::Tls(_)) {
            return Failure::Lacks(
                "the server speaks in the clear on this port at first: set `security = \"starttls\"`, or its port for TLS, 465 as \
                 a rule",
            );
        }
        Failure::broken(step, error)
    }

    fn late(&self, step: &'static str, next: Option<&'static str>) -> Failure {
        Failure::Late { step, limit: self.limits.connect, next }
    }

    fn silent(&self) -> Option<&'static str> {
        matches!(self.protection, Protection::None).then_some("a server on port 465 waits for TLS from the first byte")
    }
}
