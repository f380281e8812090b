//! The connection to a syslog server, which is kept between messages.

use std::{
    fmt, io,
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use futures::FutureExt;
use rustix::net::{RecvFlags, recv};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Mutex,
};
use tokio_rustls::client::TlsStream;

use crate::tls::Greeter;

/// Most reads of what a server says, which nobody needs, before the next message.
const MOST_READS: usize = 16;
/// How long the rest of what a server began to say may take.
const PATIENCE: Duration = Duration::from_millis(100);

/// Connects to one server when a message needs it, and keeps the connection.
#[derive(Debug)]
pub(super) struct Connections {
    host: String,
    port: u16,
    tls: Option<Greeter>,
    kept: Mutex<Option<Connection>>,
}

/// How long a new connection is watched for a refusal.
const SETTLING: Duration = Duration::from_millis(500);

impl fmt::Display for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, port {}", self.host, self.port)
    }
}

impl Connections {
    /// Connections without protection.
    pub fn plain(host: String, port: u16) -> Self {
        Self { host, port, tls: None, kept: Mutex::default() }
    }

    /// Connections over TLS.
    pub fn secure(host: String, port: u16, tls: Greeter) -> Self {
        Self { tls: Some(tls), ..Self::plain(host, port) }
    }

    /// Sends a message with its length before it. It is sent again over a new connection if the kept one is closed, before
    /// or right after the message: a write to a server that has left succeeds, and the message is lost.
    pub async fn send(&self, message: &[u8]) -> io::Result<()> {
        let mut frame = format!("{} ", message.len()).into_bytes();
        frame.extend_from_slice(message);
        let mut kept = self.kept.lock().await;
        // Out of its place: an attempt that is cut off leaves half a message on the connection, which then goes too.
        if let Some(mut connection) = kept.take()
            && connection.is_open().await
            && connection.write(&frame).await.is_ok()
            && connection.is_open().await
        {
            *kept = Some(connection);
            return Ok(());
        }
        let mut connection = self.open().await?;
        connection.settle().await?;
        connection.write(&frame).await?;
        *kept = Some(connection);
        Ok(())
    }

    async fn open(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Connection::Plain(stream),
            Some(tls) => Connection::Secure(Box::new(tls.greet(stream).await?)),
        })
    }
}

/// A connection.
#[derive(Debug)]
enum Connection {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

impl Connection {
    fn stream(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Secure(stream) => stream.get_ref().0,
        }
    }

    /// Waits a moment whether the server refuses a new connection. It learns only after the handshake that it wants a
    /// certificate of ours, and a proxy only then that its server is down: a message would be lost in both cases.
    async fn settle(&mut self) -> io::Result<()> {
        let _ = tokio::time::timeout(SETTLING, self.stream().readable()).await;
        if self.is_open().await {
            return Ok(());
        }
        let why = "the server closed the new connection; it may require a client certificate";
        Err(io::Error::new(io::ErrorKind::ConnectionAborted, why))
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Secure(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer).await,
            Self::Secure(stream) => stream.read(buffer).await,
        }
    }

    /// Whether the server is still there, as far as this machine knows. What the server says is read and dropped; over TLS
    /// the end of the connection may be among it.
    async fn is_open(&mut self) -> bool {
        let mut buffer = [0; 1024];
        for _ in 0..MOST_READS {
            match waiting(self.stream().as_fd()) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
            match tokio::time::timeout(PATIENCE, self.stream().readable()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return false,
                Err(_elapsed) => return true,
            }
            if let Some(Ok(0) | Err(_)) = self.read(&mut buffer).now_or_never() {
                return false;
            }
        }
        true
    }
}

/// Asks the system, and not the runtime, which may not have heard of the end yet. 0: the server closed the connection.
fn waiting(stream: BorrowedFd<'_>) -> io::Result<usize> {
    let mut byte = [0_u8];
    let (length, _) = recv(stream, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT)?;
    Ok(length)
}
