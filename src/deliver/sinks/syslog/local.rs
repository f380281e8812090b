//! Messages to a syslog server on the same machine.

use std::{io, path::Path};

use rustix::io::Errno;
use tokio::{
    io::AsyncWriteExt,
    net::{UnixDatagram, UnixStream},
};

use super::format::{DATAGRAM, WHOLE};

/// Sends a message, which `compose` makes within a number of bytes, as a datagram, or over a connection if the socket is of
/// that type.
pub(super) async fn send_local(path: &Path, compose: impl Fn(usize) -> String) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    match socket.connect(path) {
        Err(error) if is(&error, Errno::PROTOTYPE) => return send_line(path, &compose(WHOLE)).await,
        connected => connected?,
    }
    match socket.send(compose(WHOLE).as_bytes()).await {
        Err(error) if is(&error, Errno::MSGSIZE) => socket.send(compose(DATAGRAM).as_bytes()).await?,
        sent => sent?,
    };
    Ok(())
}

/// A message ends with a line end (RFC 6587, 3.4.2), as servers on the same machine expect; it has no other.
async fn send_line(path: &Path, message: &str) -> io::Result<()> {
    let mut stream = UnixStream::connect(path).await?;
    stream.write_all(format!("{message}\n").as_bytes()).await?;
    stream.shutdown().await
}

fn is(error: &io::Error, code: Errno) -> bool {
    error.raw_os_error() == Some(code.raw_os_error())
}
