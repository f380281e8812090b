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
    kept: Arc<Mutex<Kept>>,
}

/// What came over all connections.
#[derive(Default)]
struct Kept {
    messages: Vec<String>,
    commands: Vec<String>,
}

impl Mailbox {
    /// Opens one on a port of its own. It ends with the process.
    #[allow(clippy::disallowed_methods, reason = "the program under test is another process")]
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let keeps = Arc::clone(&kept);
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| converse(stream, &keeps)));
        Self { port, kept }
    }

    /// The messages so far, headers and body as they were sent. A line that does not end as SMTP says has `<bare>` there.
    pub fn messages(&self) -> Vec<String> {
        self.kept.lock().unwrap().messages.clone()
    }

    /// The commands so far.
    #[allow(dead_code, reason = "not every program of tests looks at them")]
    pub fn commands(&self) -> Vec<String> {
        self.kept.lock().unwrap().commands.clone()
    }
}

/// One connection. A message is kept before the server says so.
fn converse(stream: TcpStream, kept: &Mutex<Kept>) {
    let mut out = stream.try_clone().unwrap();
    let mut current: Option<String> = None;
    let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes()).unwrap();
    say("220 mail.example");
    for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8(line).unwrap();
        let line = line.strip_suffix('\r').map_or_else(|| format!("{line}<bare>"), |line| line.replace('\r', "<bare>"));
        match &mut current {
            Some(message) if line == "." => {
                kept.lock().unwrap().messages.push(std::mem::take(message));
                current = None;
                say("250 kept");
            }
            Some(message) => {
                message.push_str(line.strip_prefix('.').unwrap_or(&line));
                message.push('\n');
            }
            None => {
                kept.lock().unwrap().commands.push(line.clone());
                match line.as_str() {
                    "DATA" => {
                        current = Some(String::new());
                        say("354 go on");
                    }
                    "QUIT" => return say("221 bye"),
                    _ => say("250 ok"),
                }
            }
        }
    }
}
