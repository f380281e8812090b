//! Serves the simulated registries over a socket: `http://127.0.0.1:…/npm.example/` answers as `npm.example` does.

use std::{net::SocketAddr, thread};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{StatusCode, response::Builder},
    response::Response as HttpResponse,
};
use tokio::sync::oneshot;

use provwatch::http::Response;

use super::{World, ledger::Hosts};

/// Serves until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    /// The base URL of a registry of the world.
    pub fn base(&self, host: &str) -> String {
        format!("http://{}/{host}/", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().unwrap().join();
    }
}

/// Whatever answers requests.
pub trait Respond: Clone + Send + Sync + 'static {
    fn respond(&self, host: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Option<Response>;
}

impl Respond for World {
    fn respond(&self, host: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Option<Response> {
        Self::respond(self, host, path, headers, body)
    }
}

impl Respond for Hosts {
    fn respond(&self, host: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Option<Response> {
        match self.ledgers.iter().find(|ledger| ledger.served_at() == host) {
            Some(ledger) => Some(ledger.respond(path, body)),
            None => self.world.respond(host, path, headers, body),
        }
    }
}

/// Serves on a port of its own.
#[allow(clippy::disallowed_methods, reason = "the program under test is another process")]
pub fn serve(world: impl Respond) -> Server {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let thread = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let app = Router::new().fallback(move |request: Request| answer(world.clone(), request));
            tokio::select! {
                _ = axum::serve(listener, app) => {}
                _ = stopped => {}
            }
        });
    });
    Server { address, stop: Some(stop), thread: Some(thread) }
}

async fn answer(world: impl Respond, request: Request) -> HttpResponse {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let (host, path) = target[1..].split_once('/').unwrap_or((&target[1..], ""));
    let headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let body = to_bytes(request.into_body(), 1 << 20).await.unwrap_or_default();
    match world.respond(host, &format!("/{path}"), &headers, &body) {
        Some(answer) => {
            let builder = answer.headers.iter().fold(HttpResponse::builder().status(answer.status), header);
            builder.body(Body::from(answer.body)).unwrap()
        }
        None => HttpResponse::builder().status(StatusCode::BAD_GATEWAY).body(Body::empty()).unwrap(),
    }
}

fn header(builder: Builder, (name, value): &(String, String)) -> Builder {
    builder.header(name, value)
}
