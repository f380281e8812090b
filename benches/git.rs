//! Benchmark of listing a repository with 100,000 references over loopback, from a server that is a process of its own.
//!
//! Ends with an error when a promise of `docs/PERFORMANCE.md` is not kept. Does nothing unless `cargo bench` runs it.

#![allow(clippy::unwrap_used, reason = "a bench may fail where it stands")]
#![allow(clippy::print_stdout, reason = "figures are its output")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, ExitCode, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use provwatch::{
    clock::SystemClock,
    git::{GitRemote, References, RepositoryUrl},
    http::{Client, Policy, RealTransport},
};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const REFERENCES: usize = 100_000;
/// How often the repository is listed.
const TIMES: u32 = 9;
const MOST_TIME: Duration = Duration::from_secs(5);
/// In MiB.
const MOST_MEMORY: u64 = 32;

/// The server, in a process of its own so that its memory does not count.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let mut program = Command::new(std::env::current_exe().unwrap());
        let mut process = program.arg("--serve").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, port: line.trim().parse().unwrap() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Answers every request with all references, whose length is not announced, like that of a compressed answer.
fn serve() {
    let body = listing();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    for stream in listener.incoming() {
        let _ = answer(stream.unwrap(), &body);
    }
}

fn answer(mut stream: TcpStream, body: &[u8]) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"0000") {
        let mut part = [0; 4096];
        match stream.read(&mut part)? {
            0 => break,
            length => request.extend_from_slice(&part[..length]),
        }
    }
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/x-git-upload-pack-result\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

/// Nine tags in ten, half of them with an object of their own, and branches.
fn listing() -> Vec<u8> {
    let id = |number: usize| format!("{number:040x}");
    let mut lines: Vec<String> = (0..REFERENCES - 1)
        .map(|number| match number % 10 {
            0 => format!("{} refs/heads/renovate/widget-{number}", id(number)),
            even if even % 2 == 0 => format!("{} refs/tags/@acme/widget-{number}@1.0.{number}", id(number)),
            _ => format!("{} refs/tags/@acme/widget-{number}@1.0.{number} peeled:{}", id(number), id(number + 1)),
        })
        .collect();
    lines.sort_by(|one, other| one[41..].cmp(&other[41..]));
    lines.insert(0, format!("{} HEAD symref-target:refs/heads/main", id(0)));
    let mut body = Vec::new();
    for line in lines {
        writeln!(body, "{:04x}{line}", line.len() + 5).unwrap();
    }
    body.extend_from_slice(b"0000");
    body
}

/// Whether `cargo bench` runs this, or the bench itself.
fn has(wanted: &str) -> bool {
    std::env::args().any(|argument| argument == wanted)
}

/// The most memory that this process had so far, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

fn client(port: u16) -> Client {
    let policy = Policy {
        allow_private: vec![format!("127.0.0.1:{port}").parse().unwrap()],
        proxy_from_environment: false,
        ..Policy::default()
    };
    Client::with_policy(Arc::new(RealTransport::new(&policy).unwrap()), Arc::new(SystemClock), policy)
}

async fn list(remote: &GitRemote, repository: &RepositoryUrl) -> (References, Duration) {
    let began = Instant::now();
    let found = remote.list(repository).await.unwrap();
    assert_eq!(found.tags.len() + found.heads.len() + 1, REFERENCES);
    (found, began.elapsed())
}

fn main() -> ExitCode {
    if has("--serve") {
        serve();
        return ExitCode::SUCCESS;
    }
    if !has("--bench") {
        return ExitCode::SUCCESS;
    }
    let server = Server::start();
    let remote = GitRemote::new(&client(server.port));
    let repository = format!("http://127.0.0.1:{}/acme/widget", server.port).parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let before = peak();
    let (mut found, mut slowest) = runtime.block_on(list(&remote, &repository));
    let first = peak() - before;
    for _ in 1..TIMES {
        let (again, took) = runtime.block_on(list(&remote, &repository));
        (found, slowest) = (again, slowest.max(took));
    }
    let grown = (peak() - before) >> 10;
    println!("{REFERENCES} references, {} of them tags: at most {slowest:.2?}", found.tags.len());
    println!("memory: {} MiB more for the first listing, {grown} MiB at most", first >> 10);
    println!("to keep as JSON: {} KiB", serde_json::to_vec(&found).unwrap().len() >> 10);
    if slowest > MOST_TIME || grown >= MOST_MEMORY {
        println!("a promise is not kept: at most {MOST_TIME:?} and {MOST_MEMORY} MiB");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
