//! The receivers: HTTP and SMTP servers on the loopback interface, and a reader of the daemon's standard output.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use super::arrivals::Inbox;

/// A port on which nothing listens.
pub fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Takes every line as a message.
pub fn lines(from: impl Read + Send + 'static, inbox: Inbox) {
    thread::spawn(move || BufReader::new(from).split(b'\n').map_while(Result::ok).for_each(|line| inbox.got(&line)));
}

/// An HTTP server that answers every request with 200 after a pause. Returns its port.
pub fn http(inbox: Inbox, pause: Duration) -> u16 {
    serve(move |stream| converse(stream, &inbox, pause))
}

/// An SMTP server that accepts every message. Returns its port.
pub fn smtp(inbox: Inbox) -> u16 {
    serve(move |stream| take_mail(stream, &inbox))
}

/// Serves each connection in a thread of its own. A client that hangs up ends it.
fn serve(conversation: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let conversation = conversation.clone();
            thread::spawn(move || drop(conversation(stream)));
        }
    });
    port
}

fn converse(mut stream: TcpStream, inbox: &Inbox, pause: Duration) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(length) = head(&mut reader)? {
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        thread::sleep(pause);
        inbox.got(&body);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
    Ok(())
}

/// Reads the head of a request. Returns the length of its body; `None`: the client hung up.
fn head(reader: &mut impl BufRead) -> io::Result<Option<usize>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if line.trim().is_empty() {
            return Ok(Some(length));
        }
    }
}

fn take_mail(mut stream: TcpStream, inbox: &Inbox) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    stream.write_all(b"220 mail.example ESMTP\r\n")?;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let answer = match line.get(..4).unwrap_or_default() {
            "EHLO" => "250-mail.example\r\n250 8BITMIME\r\n",
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                inbox.got(message(&mut reader)?.as_bytes());
                "250 taken\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        stream.write_all(answer.as_bytes())?;
    }
}

/// Reads a message up to the line with only a dot.
fn message(reader: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    while !text.ends_with("\r\n.\r\n") {
        if reader.read_line(&mut text)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(text)
}
