//! Delivers messages through the sink as the configuration builds it, and catches what its receiver gets of each.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs, io,
    net::UdpSocket,
    rc::Rc,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{
    mailbox::Mailbox,
    rows::{Place, Receiver, Row},
};
use crate::{
    clock::ManualClock,
    config::Sink as SinkConfig,
    deliver::{
        Journal, Message, Receipt, Sink, StdoutSink,
        stand_in::{Asked, Said, Service, against},
    },
    http::{Client, ScriptedTransport},
};

/// What a receiver got.
#[derive(Debug)]
pub(super) enum Caught {
    /// A web request.
    Request(Asked),
    /// An e-mail, and the commands of its delivery.
    Mail(String, Vec<String>),
    /// What a program was started with: its arguments, its environment, and its input.
    Run { arguments: String, environment: String, input: String },
    /// What was appended to a file, or written to standard output.
    Written(String),
    /// One datagram, or one file in its place.
    Datagram(Vec<u8>),
    /// One message of a connection with octet counting.
    Frame(Vec<u8>),
}

/// One message, the receipt for it, and all that the receiver got.
pub(super) struct Delivered<'a> {
    pub message: &'a Message,
    pub receipt: Receipt,
    pub caught: Vec<Caught>,
}

/// A sink as the configuration builds it.
struct Built {
    sink: Arc<dyn Sink>,
    section: SinkConfig,
    /// The receiver keeps where it keeps an alert, as the store does.
    threads: BTreeMap<String, String>,
}

impl Built {
    fn of(row: &Row, place: &Place<'_>, http: &Client) -> Self {
        let (sink, section) = row.build(place, http);
        Self { sink, section, threads: BTreeMap::new() }
    }

    async fn deliver(&mut self, row: &Row, message: &Message) -> Receipt {
        let alert = message.alert.fingerprint.to_string();
        let message = Message { thread: self.threads.get(&alert).cloned(), ..message.clone() };
        let outcome = self.sink.deliver(&message).await;
        let receipt = outcome.unwrap_or_else(|error| panic!("{}: {}", row.name(), error.report()));
        if let Some(thread) = &receipt.thread {
            self.threads.insert(alert, thread.clone());
        }
        if self.sink.refresh_every().is_some() && message.alert.digest.is_none() && message.sequence == 0 {
            self.sink.refresh(std::slice::from_ref(&message.alert)).await.unwrap();
        }
        receipt
    }
}

/// Delivers all messages to the receiver of a row, and looks at what it got of each.
pub(super) async fn each(row: &Row, messages: &[Message], mut look: impl FnMut(&SinkConfig, Delivered<'_>)) {
    let folder = tempfile::tempdir().unwrap();
    let http = Client::new(Arc::new(ScriptedTransport::new()), Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z")));
    macro_rules! run {
        ($built:expr, $catch:expr) => {{
            let mut built = $built;
            for message in messages {
                let receipt = built.deliver(row, message).await;
                let caught = $catch;
                look(&built.section, Delivered { message, receipt, caught });
            }
        }};
    }
    match row.receiver {
        Receiver::Web(service) => {
            let asked: Rc<RefCell<Vec<Asked>>> = Rc::default();
            let mut service = Recorder { service: service(), asked: Rc::clone(&asked) };
            Box::pin(against(&mut service, async |http, url| {
                run!(
                    Built::of(row, &Place::new(url.as_str(), &folder), http),
                    asked.take().into_iter().map(Caught::Request).collect()
                );
            }))
            .await;
        }
        Receiver::Mail => {
            let (mailbox, mut seen) = (Mailbox::open(), (0, 0));
            let address = format!("127.0.0.1:{}", mailbox.port);
            run!(Built::of(row, &Place::new(&address, &folder), &http), mails(&mailbox, &mut seen));
        }
        Receiver::Command => {
            let place = Place::new("", &folder);
            fs::write(place.file("script"), script(&place)).unwrap();
            run!(Built::of(row, &place, &http), vec![ran(&place)]);
        }
        Receiver::File => {
            let place = Place::new("", &folder);
            run!(Built::of(row, &place, &http), vec![Caught::Written(taken(&place.file("alerts.jsonl")))]);
        }
        Receiver::Journal => {
            let journal = Journal::new();
            let place = Place { url: "", folder: journal.folder() };
            run!(Built::of(row, &place, &http), vec![Caught::Datagram(journal.receive().0)]);
        }
        Receiver::Datagrams => {
            let server = UdpSocket::bind("127.0.0.1:0").unwrap();
            let address = server.local_addr().unwrap().to_string();
            run!(Built::of(row, &Place::new(&address, &folder), &http), datagrams(&server));
        }
        Receiver::Connection => {
            let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = server.local_addr().unwrap().to_string();
            let mut stream = None;
            run!(Built::of(row, &Place::new(&address, &folder), &http), frames(&server, &mut stream).await);
        }
        Receiver::Stdout => {
            let written = Stream::default();
            let built = Built::of(row, &Place::new("", &folder), &http);
            assert!(format!("{:?}", built.sink).starts_with("StdoutSink"), "{:?}", built.sink);
            // The real one would write among the results of the tests.
            let sink = Arc::new(StdoutSink::new(Box::new(written.clone())));
            run!(Built { sink: sink.clone(), ..built }, vec![Caught::Written(written.take())]);
        }
    }
}

/// Notes what a service is asked.
struct Recorder {
    service: Box<dyn Service>,
    asked: Rc<RefCell<Vec<Asked>>>,
}

impl Service for Recorder {
    fn answer(&mut self, asked: &Asked) -> Said {
        self.asked.borrow_mut().push(asked.clone());
        self.service.answer(asked)
    }
}

/// What came since the last look.
fn mails(mailbox: &Mailbox, seen: &mut (usize, usize)) -> Vec<Caught> {
    let (mails, commands) = (mailbox.messages(), mailbox.commands());
    let new = commands[seen.1..].to_vec();
    let caught = mails[seen.0..].iter().map(|mail| Caught::Mail(mail.clone(), new.clone())).collect();
    *seen = (mails.len(), commands.len());
    caught
}

fn script(place: &Place<'_>) -> String {
    let (arguments, environment, input) = (place.file("arguments"), place.file("environment"), place.file("input"));
    format!("printf '%s\\n' \"$#\" \"$@\" > {arguments}\nexport -p > {environment}\nexec cat > {input}\n")
}

fn ran(place: &Place<'_>) -> Caught {
    let read = |name: &str| taken(&place.file(name));
    Caught::Run { arguments: read("arguments"), environment: read("environment"), input: read("input") }
}

/// The content of a file, which is empty afterwards.
fn taken(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, "").unwrap();
    text
}

fn datagrams(server: &UdpSocket) -> Vec<Caught> {
    let mut buffer = vec![0; 65_536];
    server.set_nonblocking(true).unwrap();
    let mut next = || {
        let length = server.recv(&mut buffer).ok()?;
        Some(Caught::Datagram(buffer[..length].to_vec()))
    };
    std::iter::from_fn(&mut next).collect()
}

/// What is there of a connection: whole messages with their lengths, and nothing else.
async fn frames(server: &TcpListener, stream: &mut Option<BufReader<TcpStream>>) -> Vec<Caught> {
    if stream.is_none() {
        *stream = Some(BufReader::new(server.accept().await.unwrap().0));
    }
    let stream = stream.as_mut().unwrap();
    let mut caught = Vec::new();
    loop {
        let mut length = String::new();
        loop {
            match stream.read_u8().await.unwrap() {
                b' ' => break,
                digit => length.push(char::from(digit)),
            }
        }
        let mut frame = vec![0; length.parse().unwrap_or_else(|_| panic!("{length:?} is not a length"))];
        stream.read_exact(&mut frame).await.unwrap();
        caught.push(Caught::Frame(frame));
        if stream.buffer().is_empty() {
            return caught;
        }
    }
}

/// A stream whose content can be taken.
#[derive(Clone, Default)]
struct Stream(Arc<Mutex<Vec<u8>>>);

impl Stream {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

impl io::Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
