//! Tests of `[heartbeat]`: the real daemon, with receivers on the loopback that answer, fail, hang and reset.

use std::{
    fs,
    io::Read,
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use chrono::{DateTime, Utc};
use provwatch::http::Response;
use serde_json::Value;

use super::{Machine, eventually};
use crate::lab::server::{Respond, serve};

/// The requests that came, by path, each with its body.
type Got = Vec<(String, Vec<u8>)>;

/// A receiver of heartbeats, which answers with a status after a while.
#[derive(Clone)]
struct Receiver {
    status: u16,
    after: Duration,
    got: Arc<Mutex<Got>>,
}

impl Receiver {
    fn new(status: u16, after: Duration) -> Self {
        Self { status, after, got: Arc::default() }
    }

    /// The bodies that came to a path.
    fn got(&self, path: &str) -> Vec<Vec<u8>> {
        let got = self.got.lock().unwrap();
        got.iter().filter(|(to, _)| to == path).map(|(_, body)| body.clone()).collect()
    }
}

impl Respond for Receiver {
    fn respond(&self, _: &str, path: &str, _: &[(String, String)], body: &[u8]) -> Option<Response> {
        self.got.lock().unwrap().push((path.to_owned(), body.to_owned()));
        thread::sleep(self.after);
        Some(Response { status: self.status, headers: Vec::new(), body: Vec::new().into() })
    }
}

/// A server that resets every connection: it closes them while the request is unread.
fn resetting() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.unwrap().read(&mut [0; 1]);
        }
    });
    url
}

impl Machine {
    fn beats(&self, url: &str, alertmanager: &str) {
        let heartbeat = format!(
            "\n[heartbeat]\nurl = \"{url}\"\nalertmanager = \"{alertmanager}\"\nevery = \"1s\"\nlabels.instance = \"one\"\n"
        );
        let config = fs::read_to_string(self.path("provwatch.toml")).unwrap();
        fs::write(self.path("provwatch.toml"), config + &heartbeat).unwrap();
    }
}

#[test]
fn a_healthy_daemon_beats_and_an_unhealthy_one_is_silent() {
    let machine = Machine::new();
    let receiver = Receiver::new(200, Duration::ZERO);
    let server = serve(receiver.clone());
    machine.beats(&server.base("switch"), &server.base("alerts"));
    assert!(machine.doctor("heartbeat")["detail"].as_str().unwrap().contains("none was sent yet"));
    assert!(receiver.got("/").is_empty(), "the doctor is not a sign of health");
    // The pulse of the watchdog is also the interval of the health check.
    let daemon = machine.launch(&[("WATCHDOG_USEC", "400000")]);
    daemon.hears("READY=1");
    // The service manager takes every notice; if nobody did, the health check would wait.
    let notices = daemon.notices.try_clone().unwrap();
    thread::spawn(move || while notices.recv(&mut [0; 4096]).is_ok() {});
    let alerts = || receiver.got("/api/v2/alerts");
    eventually("both get heartbeats", || receiver.got("/").len() >= 2 && alerts().len() >= 2);
    let alert: Value = serde_json::from_slice(&alerts()[1]).unwrap();
    let time = |key: &str| alert[0][key].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    assert_eq!(alert[0]["labels"]["alertname"], "Watchdog");
    assert_eq!(alert[0]["labels"]["instance"], "one");
    assert!((time("endsAt") - Utc::now()).num_seconds() <= 4 && time("startsAt") < time("endsAt"), "{alert}");
    eventually("the daemon's heartbeat tells of it", || {
        machine.doctor("heartbeat")["detail"].as_str().unwrap().contains("url at 127.0.0.1: accepted")
    });

    let config = fs::read_to_string(machine.path("provwatch.toml")).unwrap();
    fs::write(machine.path("provwatch.toml"), "[broken").unwrap();
    daemon.says("no heartbeat is sent while the daemon is not healthy");
    let (pings, posts) = (receiver.got("/").len(), alerts().len());
    thread::sleep(Duration::from_secs(3));
    assert_eq!((receiver.got("/").len(), alerts().len()), (pings, posts), "silence");
    assert_eq!(daemon.log().matches("no heartbeat is sent").count(), 1, "{}", daemon.log());
    fs::write(machine.path("provwatch.toml"), config).unwrap();
    daemon.says("heartbeats are sent again");
    eventually("the receivers hear it", || receiver.got("/").len() > pings && alerts().len() > posts);
}

#[test]
fn receivers_that_fail_delay_nothing_and_are_told_once() {
    let machine = Machine::new();
    let slow = Receiver::new(500, Duration::from_secs(5));
    let server = serve(slow.clone());
    machine.beats(&resetting(), &server.base("alerts"));
    let daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    daemon.says("a heartbeat is not accepted: url at 127.0.0.1");
    daemon.says("alertmanager at 127.0.0.1: no answer for 1 seconds");
    machine.publish_badly("widget", "1.1.0");
    machine.is_told(&["pkg:npm/widget@1.1.0"]);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(daemon.log().matches("a heartbeat is not accepted").count(), 2, "{}", daemon.log());
    assert!(daemon.log().contains("healthy") && !daemon.log().contains("NOT healthy"), "{}", daemon.log());
}
