//! The server process of the log benchmarks.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    response::Response,
};
use base64::{Engine, prelude::BASE64_STANDARD};

use crate::served::{Form, Served};

/// How far away the log below `/far/` is.
pub const FAR: Duration = Duration::from_millis(50);

pub struct Server {
    child: Child,
    port: u16,
    /// Folder, and the public key of its log, PEM.
    pub keys: HashMap<String, String>,
}

impl Server {
    pub fn start(entries: u64) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["serve", &entries.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (port, keys) = line.trim().split_once(' ').unwrap();
        Self { child, port: port.parse().unwrap(), keys: serde_json::from_str(keys).unwrap() }
    }

    pub fn id(&self) -> String {
        self.child.id().to_string()
    }

    pub fn url(&self, path: &str) -> url::Url {
        format!("http://127.0.0.1:{}{path}", self.port).parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Logs {
    rekor: Served,
    certificates: Served,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Logs {
    fn answer(&self, path: &str) -> Option<Bytes> {
        let (folder, rest) = path.strip_prefix('/')?.split_once('/')?;
        match folder {
            "v2" | "far" => self.rekor.answer(rest),
            "ct" => self.certificates.answer(rest),
            "at" => {
                let (size, rest) = rest.split_once("/v2/")?;
                self.rekor.answer_at(size.parse().ok()?, rest)
            }
            _ => None,
        }
    }
}

pub fn serve(entries: usize) {
    let (rekor, certificates) = (Served::new(entries, Form::Rekor), Served::new(entries, Form::Certificates));
    let keys = serde_json::json!({"v2": rekor.pem(), "far": rekor.pem(), "ct": certificates.pem()});
    let logs = Arc::new(Logs { rekor, certificates, now: AtomicUsize::new(0), most: AtomicUsize::new(0) });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{} {keys}", listener.local_addr().unwrap().port());
        axum::serve(listener, Router::new().fallback(handle).with_state(logs)).await.unwrap();
    });
}

#[allow(clippy::disallowed_methods, reason = "the server takes its time in real time")]
async fn handle(State(logs): State<Arc<Logs>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if path == "/v1/most" {
        return Response::new(Body::from(logs.most.load(Ordering::SeqCst).to_string()));
    }
    if path.starts_with("/v1/") {
        return v1(&logs, request).await;
    }
    if path.starts_with("/far/") {
        tokio::time::sleep(FAR).await;
    }
    match logs.answer(&path) {
        Some(body) => Response::new(Body::from(body)),
        None => Response::builder().status(404).body(Body::empty()).unwrap(),
    }
}

#[allow(clippy::disallowed_methods, reason = "the server takes its time in real time")]
async fn v1(logs: &Logs, request: Request) -> Response {
    let now = logs.now.fetch_add(1, Ordering::SeqCst) + 1;
    logs.most.fetch_max(now, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let asked: HashMap<String, Vec<u64>> = serde_json::from_slice(&body).unwrap();
    let entry = |index: &u64| {
        let body = BASE64_STANDARD.encode(logs.rekor.leaf(*index as usize));
        serde_json::json!({format!("{index:080x}"): {"body": body, "integratedTime": 0, "logID": "", "logIndex": index}})
    };
    let answer: Vec<_> = asked["logIndexes"].iter().map(entry).collect();
    logs.now.fetch_sub(1, Ordering::SeqCst);
    Response::new(Body::from(serde_json::Value::from(answer).to_string()))
}
