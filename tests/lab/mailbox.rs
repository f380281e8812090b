//! An SMTP server on the loopback that accepts every message and keeps it.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// An SMTP server that accepts every message.
pub struct Mailbox {
    pub port: u16,
    messages: Arc<Mutex<Vec<String>>>,
}

impl Mailbox {
    /// Opens one on a port of its own. It ends with the process.
    #[allow(clippy::disallowed_methods, reason = "the program under test is another process")]
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let messages: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&messages);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                kept.lock().unwrap().extend(converse(stream));
            }
        });
        Self { port, messages }
    }

    /// The messages so far, headers and body as they were sent.
    pub fn messages(&self) -> Vec<String> {
        self.messages.lock().unwrap().clone()
    }
}

/// One connection; returns its messages.
fn converse(stream: TcpStream) -> Vec<String> {
    let mut out = stream.try_clone().unwrap();
    let mut messages = Vec::new();
    let mut current: Option<String> = None;
    let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes()).unwrap();
    say("220 mail.example");
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        match &mut current {
            Some(message) if line == "." => {
                messages.push(std::mem::take(message));
                current = None;
                say("250 kept");
            }
            Some(message) => {
                message.push_str(line.strip_prefix('.').unwrap_or(&line));
                message.push('\n');
            }
            None if line == "DATA" => {
                current = Some(String::new());
                say("354 go on");
            }
            None if line == "QUIT" => {
                say("221 bye");
                return messages;
            }
            None => say("250 ok"),
        }
    }
    messages
}
