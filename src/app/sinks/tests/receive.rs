//! Delivers messages through the sink as the configuration builds it, and catches what its receiver gets of each.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs, io,
    net::UdpSocket,
    rc::Rc,
    sync::{Arc, Mutex},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, BufReader},
    net::TcpListener,
    sync::mpsc,
};

use super::{
    mailbox::Mailbox,
    rows::{AUTHORITY, Place, Receiver, Row},
};
use crate::{
    clock::ManualClock,
    config::Sink as SinkConfig,
    deliver::{
        Journal, Message, Receipt, Sink, StdoutSink,
        lab_tls::authority,
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
    let order = Order { row, messages };
    match row.receiver {
        Receiver::Web(service) => {
            let asked: Rc<RefCell<Vec<Asked>>> = Rc::default();
            let mut service = Recorder { service: service(), asked: Rc::clone(&asked) };
            Box::pin(against(&mut service, async |http, url| {
                let built = Built::of(row, &Place::new(url.as_str(), &folder), http);
                let caught = async || asked.take().into_iter().map(Caught::Request).collect();
                order.carry_out(built, caught, &mut look).await;
            }))
            .await;
        }
        Receiver::Datagrams | Receiver::Connection | Receiver::Secured | Receiver::Mail => {
            over_network(order, &folder, &mut look).await;
        }
        _ => on_this_machine(order, &folder, &mut look).await,
    }
}

/// The messages for the receiver of a row.
#[derive(Clone, Copy)]
struct Order<'a> {
    row: &'a Row,
    messages: &'a [Message],
}

impl Order<'_> {
    /// The sink for a receiver at an address without web requests.
    fn built(self, address: &str, folder: &TempDir) -> Built {
        let clock = Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z"));
        let http = Client::new(Arc::new(ScriptedTransport::new()), clock);
        Built::of(self.row, &Place::new(address, folder), &http)
    }

    async fn carry_out(
        self,
        mut built: Built,
        mut caught: impl AsyncFnMut() -> Vec<Caught>,
        look: &mut impl FnMut(&SinkConfig, Delivered<'_>),
    ) {
        for message in self.messages {
            let receipt = built.deliver(self.row, message).await;
            let caught = caught().await;
            look(&built.section, Delivered { message, receipt, caught });
        }
    }
}

async fn over_network(order: Order<'_>, folder: &TempDir, look: &mut impl FnMut(&SinkConfig, Delivered<'_>)) {
    match order.row.receiver {
        Receiver::Mail => {
            let (mailbox, mut seen) = (Mailbox::open(), (0, 0));
            let built = order.built(&format!("127.0.0.1:{}", mailbox.port), folder);
            order.carry_out(built, async || mails(&mailbox, &mut seen), look).await;
        }
        Receiver::Datagrams => {
            let server = UdpSocket::bind("127.0.0.1:0").unwrap();
            let built = order.built(&server.local_addr().unwrap().to_string(), folder);
            order.carry_out(built, async || datagrams(&server), look).await;
        }
        Receiver::Secured => over_tls(order, folder, look).await,
        _ => {
            let (server, mut stream) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), None);
            let built = order.built(&server.local_addr().unwrap().to_string(), folder);
            let caught = async || {
                if stream.is_none() {
                    stream = Some(BufReader::new(server.accept().await.unwrap().0));
                }
                frames(stream.as_mut().unwrap()).await
            };
            order.carry_out(built, caught, look).await;
        }
    }
}

/// The server answers while a message is on its way, and goes on with the same connection.
async fn over_tls(order: Order<'_>, folder: &TempDir, look: &mut impl FnMut(&SinkConfig, Delivered<'_>)) {
    let (ca, acceptor) = authority("127.0.0.1");
    fs::write(folder.path().join(AUTHORITY), ca).unwrap();
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let built = order.built(&server.local_addr().unwrap().to_string(), folder);
    let (send, mut received) = mpsc::unbounded_channel();
    let serve = async {
        let stream = acceptor.accept(server.accept().await.unwrap().0).await.unwrap();
        let mut stream = BufReader::new(stream);
        loop {
            send.send(frames(&mut stream).await).unwrap();
        }
    };
    tokio::select! {
        () = order.carry_out(built, async || received.recv().await.unwrap(), look) => {}
        () = serve => {}
    }
}

async fn on_this_machine(order: Order<'_>, folder: &TempDir, look: &mut impl FnMut(&SinkConfig, Delivered<'_>)) {
    let place = Place::new("", folder);
    match order.row.receiver {
        Receiver::Command => {
            fs::write(place.file("script"), script(&place)).unwrap();
            order.carry_out(order.built("", folder), async || vec![ran(&place)], look).await;
        }
        Receiver::File => {
            let lines = place.file("alerts.jsonl");
            order.carry_out(order.built("", folder), async || vec![Caught::Written(taken(&lines))], look).await;
        }
        Receiver::Journal => {
            let journal = Journal::new();
            let caught = async || vec![Caught::Datagram(journal.receive().0)];
            order.carry_out(order.built("", journal.folder()), caught, look).await;
        }
        _ => {
            let (written, built) = (Stream::default(), order.built("", folder));
            assert!(format!("{:?}", built.sink).starts_with("StdoutSink"), "{:?}", built.sink);
            // The real one would write among the results of the tests.
            let built = Built { sink: Arc::new(StdoutSink::new(Box::new(written.clone()))), ..built };
            order.carry_out(built, async || vec![Caught::Written(written.take())], look).await;
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
async fn frames(stream: &mut BufReader<impl AsyncRead + Unpin>) -> Vec<Caught> {
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
