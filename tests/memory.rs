//! Tests that large answers that arrive at once share one memory budget. They run in a process of their own, so that
//! they measure their own peak.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use provwatch::{
    clock::SystemClock,
    http::{Client, Fetched, HostLimits, Policy, RealTransport, Request},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Bytes of a body.
const BODY: usize = 48 << 20;
/// Bodies at once: 576 MiB without a budget.
const BODIES: usize = 12;

/// The most memory that this process ever had, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() / 1024
}

#[expect(clippy::disallowed_methods, reason = "the server of a test has no supervisor")]
async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream));
    }
}

/// A body whose length is not announced, like that of every compressed one.
async fn answer(mut stream: TcpStream) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
    let part = vec![b'x'; 1 << 16];
    for _ in 0..BODY / part.len() {
        if stream.write_all(&part).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "the server of a test has no supervisor")]
async fn large_answers_at_once_stay_within_one_budget() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(serve(listener));
    let policy = Policy {
        allow_private: vec!["127.0.0.1".parse().unwrap()],
        proxy_from_environment: false,
        default_limits: HostLimits { requests: 1000, burst: 1000, concurrency: 12, ..HostLimits::default() },
        ..Policy::default()
    };
    let client = Client::with_policy(Arc::new(RealTransport::new(&policy).unwrap()), Arc::new(SystemClock), policy);
    let before = peak();
    let fetched = join_all((0..BODIES).map(|_| async {
        let request = Request::get(base.parse().unwrap()).max_body(64 << 20);
        let Fetched::Fresh(response) = client.fetch(request).await.unwrap() else { panic!("unasked 304") };
        response.body.len()
    }));
    let lengths = tokio::time::timeout(Duration::from_mins(2), fetched).await.unwrap();
    server.abort();
    assert_eq!(lengths, [BODY; BODIES]);
    let grown = peak() - before;
    assert!(grown < 256, "the peak grew by {grown} MiB");
}
