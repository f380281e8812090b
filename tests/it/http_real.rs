//! Tests of the real transport against a misbehaving server on the loopback interface, with real sockets and real time.

#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use provwatch::{
    clock::SystemClock,
    http::{Client, Fetched, HttpError, Policy, RealTransport, Request, Response, RetryPolicy, Transport},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

mod certificates;

/// What the server does with one connection, after it has read the request.
enum Act {
    /// Sends these bytes and closes in order.
    Send(Vec<u8>),
    /// Sends these bytes and resets the connection.
    Reset(Vec<u8>),
    /// Sends the head at once, and then for ever a byte of the body after each pause.
    Drip(Vec<u8>, Duration),
    /// Sends these bytes and then nothing more.
    Hang(Vec<u8>),
}

struct Server {
    base: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Serves one act per connection, in order, and then no more.
    #[expect(clippy::disallowed_methods, reason = "the server of a test has no supervisor")]
    async fn playing(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let acts: Vec<_> = acts.into_iter().collect();
        let task = tokio::spawn(serve(listener, acts, Arc::clone(&requests)));
        Self { base, requests, task }
    }

    fn get(&self, path: &str) -> Request {
        Request::get(format!("{}{path}", self.base).parse().unwrap())
    }

    /// A client that may reach this server.
    fn client(&self) -> Client {
        self.client_with(|_| {})
    }

    fn client_with(&self, change: impl FnOnce(&mut Policy)) -> Client {
        let mut policy = Policy { allow_private: vec![self.base["http://".len()..].parse().unwrap()], ..policy() };
        change(&mut policy);
        client(policy)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(listener: TcpListener, acts: Vec<Act>, requests: Arc<Mutex<Vec<String>>>) {
    for act in acts {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        requests.lock().unwrap().push(request);
        perform(act, stream).await;
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        let mut chunk = [0; 1024];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(length) => request.extend_from_slice(&chunk[..length]),
        }
    }
    String::from_utf8_lossy(&request).into_owned()
}

/// The client may hang up before everything is sent: failed writes are part of the play.
async fn perform(act: Act, mut stream: TcpStream) {
    match act {
        Act::Send(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Act::Reset(bytes) => {
            let _ = stream.write_all(&bytes).await;
            pause(Duration::from_millis(20)).await;
            stream.set_zero_linger().unwrap();
        }
        Act::Drip(head, interval) => {
            let _ = stream.write_all(&head).await;
            while stream.write_all(b"x").await.is_ok() {
                pause(interval).await;
            }
        }
        Act::Hang(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.read(&mut [0]).await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the sockets of these tests are real, and so is their time")]
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

fn client(policy: Policy) -> Client {
    Client::with_policy(Arc::new(RealTransport::new(&policy).unwrap()), Arc::new(SystemClock), policy)
}

fn policy() -> Policy {
    let brief = Duration::from_millis(5);
    Policy {
        retry: RetryPolicy { max_attempts: 3, backoff_base: brief, backoff_cap: brief, ..RetryPolicy::default() },
        read_timeout: Duration::from_secs(2),
        total_timeout: Duration::from_secs(5),
        proxy_from_environment: false,
        ..Policy::default()
    }
}

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn whole(body: &str) -> Vec<u8> {
    answer(&format!("content-length: {}\r\n", body.len()), body.as_bytes())
}

fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into_bytes()
}

fn fresh(fetched: Result<Fetched, HttpError>) -> Response {
    match fetched {
        Ok(Fetched::Fresh(response)) => response,
        other => panic!("{other:?}"),
    }
}

fn told(fetched: Result<Fetched, HttpError>) -> String {
    let error = fetched.unwrap_err();
    match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A gzip stream that unfolds 159-fold: one block with fixed Huffman codes (RFC 1951, 3.2.6), in it a zero and then over
/// and over "the last byte, 258 times", which takes 13 bits.
fn gzip_bomb(unfolded: usize) -> Vec<u8> {
    const LAST_BLOCK_FIXED_CODES: &str = "110";
    const ZERO: &str = "00110000";
    const LENGTH_258_DISTANCE_1: &str = "1100010100000";
    let bits = [LAST_BLOCK_FIXED_CODES, ZERO].into_iter();
    let bits: Vec<u8> =
        bits.chain(std::iter::repeat_n(LENGTH_258_DISTANCE_1, unfolded / 258)).flat_map(str::bytes).collect();
    let pack = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | (bit - b'0'));
    GZIP_HEADER.into_iter().chain(bits.chunks(8).map(pack)).collect()
}

#[tokio::test]
async fn a_compressed_body_arrives_unfolded_and_headers_may_be_malformed() {
    const AXIOS: [u8; 37] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0xab, 0x56, 0xca, 0x4b, 0xcc, 0x4d, 0x55, 0xb2,
        0x52, 0x50, 0x4a, 0xac, 0xc8, 0xcc, 0x2f, 0x56, 0xaa, 0x05, 0x00, 0x68, 0x83, 0x1a, 0xb5, 0x11, 0x00, 0x00,
        0x00,
    ];
    let mut bytes = b"HTTP/1.1 200 OK\r\nconnection: close\r\nX-Note: caf\xe9\r\n".to_vec();
    bytes.extend_from_slice(b"content-encoding: gzip\r\ncontent-length: 37\r\n\r\n");
    bytes.extend_from_slice(&AXIOS);
    let server = Server::playing([Act::Send(bytes)]).await;
    let response = fresh(server.client().fetch(server.get("/axios")).await);
    assert_eq!(response.body, r#"{"name": "axios"}"#);
    assert_eq!(response.header("x-note"), Some("caf\u{fffd}"));
    let request = server.requests()[0].to_lowercase();
    assert!(request.contains("accept-encoding: ") && request.contains("user-agent: provwatch/"), "{request}");
}

/// The digest of a `.tgz` is over its bytes, and some servers name its compression as an encoding of the answer.
#[tokio::test]
async fn a_file_arrives_as_it_is_stored() {
    let file = gzip_bomb(1000);
    let answers = [(); 3].map(|()| Act::Send(answer("content-encoding: gzip\r\n", &file)));
    let server = Server::playing(answers).await;
    let client = server.client();
    for _ in 0..2 {
        assert_eq!(fresh(client.fetch(server.get("/axios.tgz").verbatim()).await).body, file);
    }
    let error = told(client.fetch(server.get("/axios.tgz").verbatim().max_body(10)).await);
    assert!(error.ends_with("the body is larger than 10 bytes"), "{error}");
    let request = server.requests()[0].to_lowercase();
    assert!(!request.contains("accept-encoding"), "{request}");
    let server = Server::playing([Act::Send(answer("content-length: 5\r\n", b"whole and more"))]).await;
    assert_eq!(fresh(server.client().fetch(server.get("/axios.tgz").verbatim()).await).body, "whole");
}

#[tokio::test]
async fn a_bomb_is_stopped_at_the_limit() {
    let bomb = gzip_bomb(64 * 1024 * 1024);
    assert!(bomb.len() < 512 * 1024, "the bomb itself is small: {}", bomb.len());
    let server = Server::playing([Act::Send(answer("content-encoding: gzip\r\n", &bomb))]).await;
    let error = told(server.client().fetch(server.get("/axios").max_body(1024 * 1024)).await);
    assert!(error.ends_with("no usable answer after 1 attempt: the body is larger than 1048576 bytes"), "{error}");
}

#[tokio::test]
async fn an_announced_length_above_the_limit_is_refused_at_once() {
    let server = Server::playing([Act::Hang(answer("content-length: 1000000000000\r\n", b"x"))]).await;
    let started = Instant::now();
    let error = told(server.client().fetch(server.get("/axios")).await);
    assert!(error.ends_with("the body is larger than 8388608 bytes"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_body_without_end_is_stopped_at_the_limit() {
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let endless = answer("transfer-encoding: chunked\r\n", chunk.repeat(8).as_bytes());
    let server = Server::playing([Act::Send(endless)]).await;
    let error = told(server.client().fetch(server.get("/axios").max_body(0x20000)).await);
    assert!(error.ends_with("the body is larger than 131072 bytes"), "{error}");
}

#[tokio::test]
async fn broken_bodies_are_fetched_again_whole() {
    let gzip = "content-encoding: gzip\r\n";
    let broken = [
        Act::Reset(answer("content-length: 100\r\n", b"half of")),
        Act::Send(answer("content-length: 100\r\n", b"half of")),
        Act::Send(answer("transfer-encoding: chunked\r\n", b"10\r\nhalf of")),
        Act::Send(answer("transfer-encoding: chunked\r\n", b"zz\r\nnonsense")),
        Act::Send(answer(gzip, &gzip_bomb(1000))),
        Act::Send(answer(gzip, b"this is not gzip")),
        Act::Send(b"nonsense\r\n\r\n".to_vec()),
        Act::Send(Vec::new()),
        Act::Reset(Vec::new()),
    ];
    for (number, act) in broken.into_iter().enumerate() {
        let server = Server::playing([act, Act::Send(whole("whole"))]).await;
        assert_eq!(fresh(server.client().fetch(server.get("/axios")).await).body, "whole", "case {number}");
        assert_eq!(server.requests().len(), 2, "case {number}");
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let silences = [Act::Hang(Vec::new()), Act::Hang(answer("content-length: 100\r\n", b"half of"))];
    let server = Server::playing(silences).await;
    let client = server.client_with(|policy| policy.read_timeout = Duration::from_millis(200));
    let started = Instant::now();
    let error = told(client.fetch(server.get("/axios").max_attempts(2)).await);
    assert!(error.contains("no usable answer after 2 attempts") && error.contains("timed out"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_dripping_body_runs_into_the_total_time() {
    let slow = Act::Drip(answer("content-length: 100000\r\n", b""), Duration::from_millis(20));
    let server = Server::playing([slow]).await;
    let client = server.client_with(|policy| policy.total_timeout = Duration::from_millis(400));
    let started = Instant::now();
    let error = told(client.fetch(server.get("/axios").max_attempts(1)).await);
    assert!(error.contains("timed out"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(4));
}

/// Of a refusal the first line is read, however long the rest is, and nothing is waited for.
#[tokio::test]
async fn the_first_line_of_a_refusal_is_read_if_it_comes_soon() {
    let head = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 100000\r\n\r\n";
    let whole = [head.as_slice(), b"invalid_token\nmore", &b"x".repeat(50_000)].concat();
    for (act, expected) in [(Act::Hang(whole), "invalid_token"), (Act::Hang(head.to_vec()), "")] {
        let server = Server::playing([act]).await;
        let started = Instant::now();
        let request = server.get("/").max_attempts(1).discard_body();
        let error = server.client().fetch(request).await.expect_err("it is refused");
        let HttpError::Status { status: 403, said, .. } = error else { panic!("{error}") };
        assert_eq!(said, expected);
        assert!(started.elapsed() < Duration::from_secs(4));
    }
}

/// A server for TLS, such as a program in Go, answers words in the clear like this, and hangs up.
#[tokio::test]
async fn a_server_for_tls_that_is_asked_in_the_clear_is_told_as_that() {
    let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 48\r\n\r\nClient sent an HTTP".to_vec();
    let server = Server::playing([Act::Reset(answer)]).await;
    let request = server.get("/api/v2/alerts").max_attempts(1);
    let said = told(server.client().fetch(request).await);
    assert!(said.contains("it answered 400, then: ") && said.ends_with("the server may expect https"), "{said}");
}

#[tokio::test]
async fn too_many_or_too_large_headers_are_an_error_and_no_more() {
    let many = "x: y\r\n".repeat(10_000);
    let large = format!("x: {}\r\n", "y".repeat(1_000_000));
    for headers in [many, large] {
        let server = Server::playing([Act::Send(answer(&headers, b""))]).await;
        told(server.client().fetch(server.get("/axios").max_attempts(1)).await);
    }
}

#[tokio::test]
async fn private_addresses_are_refused_unless_they_are_allowed() {
    let server = Server::playing([Act::Send(whole("secret"))]).await;
    let port = server.base.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "127.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "localhost", "2130706433"] {
        for scheme in ["http", "https"] {
            let request = Request::get(format!("{scheme}://{host}:{port}/").parse().unwrap());
            let bare = RealTransport::new(&policy()).unwrap().exchange(&request).await.unwrap_err();
            assert!(!bare.is_transient(), "{bare}");
            let error = client(policy()).fetch(request).await.unwrap_err();
            assert!(matches!(error, HttpError::Refused { .. }), "{error:?}");
        }
    }
    assert!(server.requests().is_empty());
    assert_eq!(fresh(server.client().fetch(server.get("/")).await).body, "secret");
}

#[tokio::test]
async fn redirects_are_followed_but_not_into_the_network_of_the_operator() {
    let server = Server::playing([Act::Send(redirect("/there")), Act::Send(whole("there"))]).await;
    assert_eq!(fresh(server.client().fetch(server.get("/here")).await).body, "there");

    for target in ["http://169.254.169.254/latest/meta-data/", "https://[fe80::1]/", "http://127.0.0.1:1/"] {
        let server = Server::playing([Act::Send(redirect(target))]).await;
        let client = server.client_with(|policy| {
            policy.redirect_hosts = ["169.254.169.254", "[fe80::1]"].map(|host| host.parse().unwrap()).to_vec();
        });
        let error = client.fetch(server.get("/here")).await.unwrap_err();
        assert!(matches!(error, HttpError::Refused { .. }), "{target}: {error:?}");
    }
}
