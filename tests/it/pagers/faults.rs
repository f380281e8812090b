//! What goes wrong at every one of these services, and what the sinks make of it.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use provwatch::{deliver::SinkError, http::Response};

use super::desk::{KINDS, PASSWORD, ROUTING_KEY, TOKEN, TOPIC, message, sink, takeover};
use crate::lab::server::{Respond, serve};

/// Gives the same answer to everything.
#[derive(Clone)]
struct Always(Response);

impl Respond for Always {
    fn respond(&self, _: &str, _: &str, _: &[(String, String)], _: &[u8]) -> Option<Response> {
        Some(self.0.clone())
    }
}

fn verdict(outcome: Result<provwatch::deliver::Receipt, SinkError>) -> (&'static str, String) {
    let Err(error) = outcome else { return ("taken", String::new()) };
    let report = error.report();
    let verdict = match error {
        SinkError::Temporary { retry_after: Some(_), .. } => "waits",
        SinkError::Temporary { .. } => "temporary",
        SinkError::Refused { .. } => "refused",
        SinkError::Permanent { .. } => "permanent",
        SinkError::Gone { .. } => "gone",
        SinkError::PutOff { .. } => "put off",
    };
    (verdict, report)
}

/// The secrets of a type.
fn secrets(kind: &str) -> Vec<&'static str> {
    match kind {
        "pagerduty" => vec![ROUTING_KEY],
        "alertmanager" => vec![PASSWORD],
        "ntfy" => vec![TOPIC, TOKEN],
        _ => vec!["s1gnatur3"],
    }
}

/// No report of a failure has a secret in it.
#[track_caller]
fn hides(kind: &str, report: &str) {
    for secret in secrets(kind) {
        assert!(!report.contains(secret), "{secret} in {report}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_success_is_a_failure_everywhere() {
    for (status, header, expected) in [
        (302, ("location", "https://elsewhere.example/"), "temporary"),
        (401, ("x-none", ""), "temporary"),
        (404, ("x-none", ""), "temporary"),
        (429, ("retry-after", "7"), "waits"),
        (503, ("retry-after", "7"), "waits"),
        (500, ("x-none", ""), "temporary"),
        (400, ("x-none", ""), "permanent"),
        (413, ("x-none", ""), "refused"),
        (410, ("x-none", ""), "gone"),
    ] {
        for kind in KINDS {
            let headers = vec![(header.0.to_owned(), header.1.to_owned())];
            let body = format!("refused: {}", secrets(kind).join(" "));
            let server = serve(Always(Response { status, headers, body: body.into() }));
            let (sink, _folder) = sink(kind, &server.base("x"));
            let (found, report) = verdict(sink.deliver(&message(takeover(""), 0, None)).await);
            assert_eq!(found, expected, "{kind} {status}: {report}");
            hides(kind, &report);
        }
    }
}

#[tokio::test]
async fn a_page_with_status_200_is_not_success_anywhere() {
    let server = serve(Always(Response { status: 200, headers: Vec::new(), body: "<html>error</html>".into() }));
    for kind in KINDS {
        let (sink, _folder) = sink(kind, &server.base("x"));
        let (found, report) = verdict(sink.deliver(&message(takeover(""), 0, None)).await);
        assert!(matches!(found, "refused" | "temporary"), "{kind}: {found} {report}");
    }
}

/// A server that does something with each connection.
#[allow(clippy::disallowed_methods, reason = "the service is another process")]
fn raw(act: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(act));
    format!("http://{address}/x/")
}

fn half(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 8_192]);
    let _ = stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\n{\"status\":\"success\",");
}

fn hang_up(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 8_192]);
}

#[allow(clippy::disallowed_methods, reason = "the service is another process")]
fn hang(stream: TcpStream) {
    thread::spawn(move || {
        thread::sleep(Duration::from_secs(20));
        drop(stream);
    });
}

#[tokio::test]
async fn half_an_answer_none_and_a_closed_port_are_temporary() {
    let refused = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/x/", listener.local_addr().unwrap())
    };
    for base in [raw(half), raw(hang_up), refused] {
        for kind in KINDS {
            let (sink, _folder) = sink(kind, &base);
            let (found, report) = verdict(sink.deliver(&message(takeover(""), 0, None)).await);
            assert_eq!(found, "temporary", "{kind} at {base}: {report}");
            hides(kind, &report);
        }
    }
}

#[tokio::test]
async fn an_attempt_at_a_server_that_hangs_can_be_dropped() {
    let base = raw(hang);
    for kind in KINDS {
        let (sink, _folder) = sink(kind, &base);
        let message = message(takeover(""), 0, None);
        let attempt = tokio::time::timeout(Duration::from_millis(100), sink.deliver(&message));
        assert!(attempt.await.is_err(), "{kind}");
    }
}
