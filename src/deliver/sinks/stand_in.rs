//! A server on the loopback interface that stands in for a service, for tests over real sockets.

use std::{collections::VecDeque, io, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use url::Url;

use crate::{
    clock::ManualClock,
    http::{Client, Policy, RealTransport},
};

/// One request as the service sees it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `POST /api/chat.postMessage`
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// How the service answers.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// A status, headers and a body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Nothing: it hangs up.
    Nothing,
    /// Half of an answer.
    Half,
    /// Nothing for a long time.
    Later,
}

impl Said {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::Answer(status, Vec::new(), body.to_string())
    }
}

/// A service with a state.
pub(crate) trait Service {
    fn answer(&mut self, asked: &Asked) -> Said;
}

/// What goes wrong, in order: with a request whose line contains this, and whether the service does what it is asked before.
#[derive(Debug, Default)]
pub(crate) struct Faults(VecDeque<(&'static str, bool, Said)>);

impl<S: Service + ?Sized> Service for Box<S> {
    fn answer(&mut self, asked: &Asked) -> Said {
        (**self).answer(asked)
    }
}

impl Faults {
    /// The service answers so and does nothing.
    pub fn refuse(&mut self, line: &'static str, said: Said) {
        self.0.push_back((line, false, said));
    }

    /// The service does what it is asked, and answers so.
    pub fn lose(&mut self, line: &'static str, said: Said) {
        self.0.push_back((line, true, said));
    }

    /// The fault of a request: whether it is done anyway, and the answer.
    pub fn of(&mut self, line: &str) -> Option<(bool, Said)> {
        let (part, _, _) = self.0.front()?;
        if !line.contains(part) {
            return None;
        }
        self.0.pop_front().map(|(_, done, said)| (done, said))
    }
}

/// Runs a test against a service: it gets a client for the loopback interface, and the URL.
pub(crate) async fn against<S: Service, T>(service: &mut S, test: impl AsyncFnOnce(&Client, Url) -> T) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let policy = Policy {
        allow_private: vec!["127.0.0.1".parse().unwrap()],
        proxy_from_environment: false,
        total_timeout: Duration::from_secs(2),
        ..Policy::default()
    };
    let clock = Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z"));
    let client = Client::with_policy(Arc::new(RealTransport::new(&policy).unwrap()), clock, policy);
    let serve = async {
        let mut waiting = Vec::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            waiting.extend(converse(stream, service).await.ok().flatten());
        }
    };
    tokio::select! {
        () = serve => unreachable!("a server does not end"),
        outcome = test(&client, url) => outcome,
    }
}

/// One request and its answer. A connection without an answer yet comes back.
async fn converse(stream: TcpStream, service: &mut impl Service) -> io::Result<Option<BufReader<TcpStream>>> {
    let mut stream = BufReader::new(stream);
    let asked = read(&mut stream).await?;
    let (status, headers, body, length) = match service.answer(&asked) {
        Said::Nothing => return Ok(None),
        Said::Later => return Ok(Some(stream)),
        Said::Half => (200, Vec::new(), "{\"ok\":".to_owned(), 500),
        Said::Answer(status, headers, body) => (status, headers, body.clone(), body.len()),
    };
    let mut answer = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        answer = format!("{answer}{name}: {value}\r\n");
    }
    stream.write_all(format!("{answer}\r\n{body}").as_bytes()).await?;
    stream.shutdown().await?;
    Ok(None)
}

async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let line = lines.first().map_or("", |line| line.trim_end_matches(" HTTP/1.1")).to_owned();
    let split = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: Vec<(String, String)> = lines.iter().skip(1).filter_map(split).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, n)| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Asked { line, headers, body: serde_json::from_slice(&body).unwrap_or_default(), bytes: body })
}
