//! The lab's registries and alert receivers on loopback addresses, one for each, with injected faults.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    response::Response,
};
use futures::stream;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::lab::World;

/// How an answer goes wrong.
#[derive(Clone, Copy)]
pub enum How {
    /// It never comes.
    Hang,
    /// It comes byte by byte, and has no end.
    Drip,
    /// It comes so much later.
    Late(Duration),
    /// It has another status.
    Status(u16),
}

/// Changes a document.
type Change = fn(&mut Value);

/// The world with its faults.
pub struct Web {
    pub world: World,
    rules: Mutex<Vec<(String, How)>>,
    changes: Mutex<Vec<(String, Change)>>,
    receipts: Mutex<Vec<(Instant, String, String)>>,
}

/// Where the registries and the receivers are.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    pub npm: SocketAddr,
    pub pypi: SocketAddr,
    pub cargo: SocketAddr,
    pub hooks: SocketAddr,
}

impl Web {
    pub fn new(world: World) -> Arc<Self> {
        Arc::new(Self { world, rules: Mutex::default(), changes: Mutex::default(), receipts: Mutex::default() })
    }

    /// Answers to URLs that contain `part` go wrong.
    pub fn misbehave(&self, part: &str, how: How) {
        self.rules.lock().unwrap().push((part.to_owned(), how));
    }

    /// Documents whose URLs contain `part` are served changed.
    pub fn change(&self, part: &str, change: Change) {
        self.changes.lock().unwrap().push((part.to_owned(), change));
    }

    /// When the healthy receiver first took a message that names this.
    pub fn told(&self, purl: &str) -> Option<Instant> {
        let receipts = self.receipts.lock().unwrap();
        let of = |path: &str, body: &str| path == "hooks.example/healthy" && body.contains(purl);
        receipts.iter().find(|(_, path, body)| of(path, body)).map(|(at, ..)| *at)
    }

    /// Serves until the runtime ends.
    pub async fn serve(self: &Arc<Self>) -> Addresses {
        let listen = |last: u8| self.listen(Ipv4Addr::new(127, 0, 0, last));
        Addresses { npm: listen(1).await, pypi: listen(2).await, cargo: listen(3).await, hooks: listen(4).await }
    }

    async fn listen(self: &Arc<Self>, address: Ipv4Addr) -> SocketAddr {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(Arc::clone(self));
        run(async move { axum::serve(listener, app).await.unwrap() });
        address
    }

    fn rule(&self, url: &str) -> Option<How> {
        self.rules.lock().unwrap().iter().find(|(part, _)| url.contains(part.as_str())).map(|(_, how)| *how)
    }

    /// The world's answer, changed if it is to be.
    fn true_answer(&self, host: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Response {
        let url = format!("{host}{path}#");
        let changes = self.changes.lock().unwrap();
        let change = changes.iter().find(|(part, _)| url.contains(part.as_str())).map(|(_, change)| *change);
        let headers = if change.is_some() { &[] } else { headers };
        let Some(answer) = self.world.respond(host, path, headers, body) else { return status(502) };
        if host == "hooks.example" {
            let receipt = (Instant::now(), format!("{host}{path}"), String::from_utf8_lossy(body).into_owned());
            self.receipts.lock().unwrap().push(receipt);
        }
        let mut bytes = answer.body.to_vec();
        if let (Some(change), Ok(mut document)) = (change, serde_json::from_slice(&bytes)) {
            change(&mut document);
            bytes = document.to_string().into_bytes();
        }
        let mut builder = Response::builder().status(answer.status);
        for (name, value) in answer.headers.iter().filter(|(name, _)| change.is_none() || name != "etag") {
            builder = builder.header(name, value);
        }
        builder.body(Body::from(bytes)).unwrap()
    }
}

async fn answer(State(web): State<Arc<Web>>, request: Request) -> Response {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let (host, path) = target[1..].split_once('/').unwrap_or((&target[1..], ""));
    let path = format!("/{path}");
    let headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let body = to_bytes(request.into_body(), 1 << 22).await.unwrap_or_default();
    match web.rule(&format!("{host}{path}#")) {
        Some(How::Hang) => {
            sleep(Duration::from_hours(1)).await;
            status(500)
        }
        Some(How::Drip) => {
            let bytes = stream::unfold((), |()| async {
                sleep(Duration::from_secs(1)).await;
                Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
            });
            Response::new(Body::from_stream(bytes))
        }
        Some(How::Late(by)) => {
            sleep(by).await;
            web.true_answer(host, &path, &headers, &body)
        }
        Some(How::Status(code)) => status(code),
        None => web.true_answer(host, &path, &headers, &body),
    }
}

pub fn status(code: u16) -> Response {
    Response::builder().status(code).body(Body::from("{}")).unwrap()
}

/// Real time passes.
#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
pub async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Runs beside everything else until the runtime ends.
#[expect(clippy::disallowed_methods, reason = "a bench has no supervisor")]
pub fn run(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
