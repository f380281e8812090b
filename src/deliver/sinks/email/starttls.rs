//! Asks a server for TLS over a connection in the clear (RFC 3207).

use std::{io, time::Duration};

use lettre::transport::smtp::extension::ClientId;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::failure::{Answer, Failure};

const GREETING: &str = "waiting for the greeting";
const HELLO: &str = "greeting the server";
const STARTTLS: &str = "asking for TLS";

/// The usual cause if a server says nothing.
const SILENT: &str = "a server on port 465 waits for TLS from the first byte: set `security = \"tls\"`";

/// The server does not offer STARTTLS.
const NOT_OFFERED: &str = "the server does not offer STARTTLS: set `security = \"tls\"` and its port for TLS, 465 as a rule, or \
                           `\"none\"` for a server on the same machine";

/// Most lines of an answer, and most bytes of one (RFC 5321, 4.5.3.1.5, has 512).
const MOST_LINES: usize = 100;
const LONGEST_LINE: u64 = 2_000;

/// Asks for TLS up to the server's consent. Each answer may take that long.
pub(super) async fn ask_for_tls(stream: TcpStream, hello: &ClientId, limit: Duration) -> Result<TcpStream, Failure> {
    let mut stream = BufReader::new(stream);
    answer(&mut stream, GREETING, 220, limit, Some(SILENT)).await?;
    write(&mut stream, HELLO, &format!("EHLO {hello}\r\n")).await?;
    let offers = answer(&mut stream, HELLO, 250, limit, None).await?;
    if !offers.iter().any(|offer| offer.trim().eq_ignore_ascii_case("STARTTLS")) {
        return Err(Failure::Lacks(NOT_OFFERED));
    }
    write(&mut stream, STARTTLS, "STARTTLS\r\n").await?;
    answer(&mut stream, STARTTLS, 220, limit, None).await?;
    // Words in the clear that follow the consent would be taken for words over TLS.
    if !stream.buffer().is_empty() {
        let why = "the server, or another party on the way, went on in the clear after it agreed to TLS";
        return Err(Failure::broken(STARTTLS, io::Error::new(io::ErrorKind::InvalidData, why)));
    }
    Ok(stream.into_inner())
}

async fn write(stream: &mut BufReader<TcpStream>, step: &'static str, line: &str) -> Result<(), Failure> {
    stream.write_all(line.as_bytes()).await.map_err(|error| Failure::broken(step, error))
}

/// The lines of an answer, which must have this code.
async fn answer(
    stream: &mut BufReader<TcpStream>,
    step: &'static str,
    code: u16,
    limit: Duration,
    next: Option<&'static str>,
) -> Result<Vec<String>, Failure> {
    let read = tokio::time::timeout(limit, read_answer(stream)).await;
    let (said, lines) =
        read.map_err(|_| Failure::Late { step, limit, next })?.map_err(|error| Failure::broken(step, error))?;
    if said == code {
        return Ok(lines);
    }
    Err(Failure::Answer { step, answer: Answer::new(said, &lines.join(" ")), next: None })
}

async fn read_answer(stream: &mut BufReader<TcpStream>) -> io::Result<(u16, Vec<String>)> {
    let mut lines = Vec::new();
    while lines.len() < MOST_LINES {
        let mut bytes = Vec::new();
        (&mut *stream).take(LONGEST_LINE).read_until(b'\n', &mut bytes).await?;
        if bytes.last() != Some(&b'\n') {
            let why = if bytes.is_empty() { "the server hung up" } else { "a line without an end" };
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
        }
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        let code = line.get(..3).and_then(|code| code.parse().ok()).ok_or_else(not_smtp)?;
        lines.push(line.get(4..).unwrap_or_default().to_owned());
        if !line[3..].starts_with('-') {
            return Ok((code, lines));
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "an answer of too many lines"))
}

fn not_smtp() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this is not the answer of a mail server")
}
