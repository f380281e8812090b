//! Tests of `provwatch deliveries` through the real program, with receivers that refuse, are gone for good, and work again.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]
#![allow(clippy::disallowed_methods, reason = "the program under test is another process, in real time")]

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use provwatch::{
    clock::{Clock, SystemClock},
    model::{Alert, AlertKind, Confidence, Severity},
    store::Store,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::lab::program::{self, Said};

/// Receivers on one port, told apart by their paths. Each answers with a status that the test sets.
#[derive(Clone)]
struct Receivers {
    port: u16,
    answers: Arc<Mutex<BTreeMap<String, u16>>>,
    received: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Receivers {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let receivers = Self { port, answers: Arc::default(), received: Arc::default() };
        let served = receivers.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A client that hangs up is no failure of the test.
                let _ = served.answer(stream);
            }
        });
        receivers
    }

    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let name = line.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            match header.trim().to_ascii_lowercase().split_once(": ") {
                Some(("content-length", value)) => length = value.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        self.received.lock().unwrap().push((name.clone(), serde_json::from_slice(&body).unwrap()));
        let status = self.answers.lock().unwrap().get(&name).copied().unwrap_or(200);
        write!(stream, "HTTP/1.1 {status} Said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    }

    fn set(&self, name: &str, status: u16) {
        self.answers.lock().unwrap().insert(name.to_owned(), status);
    }

    /// The titles of the alerts that a receiver was told of.
    fn titles(&self, name: &str) -> Vec<String> {
        let received = self.received.lock().unwrap();
        let of_it = received.iter().filter(|(to, _)| to == name);
        of_it.map(|(_, body)| body["data"]["title"].as_str().unwrap().to_owned()).collect()
    }

    fn count(&self, name: &str, title: &str) -> usize {
        self.titles(name).iter().filter(|one| one.contains(title)).count()
    }
}

/// A folder with a configuration and a store.
struct Home {
    folder: TempDir,
    receivers: Receivers,
}

impl Home {
    fn with(subscriptions: &[&str]) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap(), receivers: Receivers::start() };
        home.configure(subscriptions);
        home
    }

    fn configure(&self, subscriptions: &[&str]) {
        let mut config = "[store]\npath = \"provwatch.db\"\n[registries]\nnpm.enabled = false\npypi.enabled = false\n\
            cargo.enabled = false\n[forges]\nenabled = false\n[logs]\nenabled = false\n[trust]\nsource = \"embedded\"\n\
            [http]\ncontact = \"tests@example.org\"\nallow_private = [\"127.0.0.1\"]\nproxy_from_environment = false\n"
            .to_owned();
        for name in subscriptions {
            let url = format!("http://127.0.0.1:{}/{name}", self.receivers.port);
            let table = format!("[[subscriptions]]\nname = \"{name}\"\ntype = \"webhook\"\nurl = \"{url}\"\n");
            config.push_str(&table);
            config.push_str("min_severity = \"low\"\n");
        }
        fs::write(self.folder.path().join("provwatch.toml"), config).unwrap();
    }

    /// Stores an alert as the daemon does, for one subscription.
    fn raise(&self, title: &str, severity: Severity, to: &str) {
        let store = Store::open(&self.folder.path().join("provwatch.db")).unwrap();
        let now = SystemClock.now();
        let alert = Alert::about(AlertKind::Release, title, severity, Confidence::High, title.to_owned(), now);
        store.record_alert(&alert, &[to.to_owned()], now).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let arguments = [&["--config", "provwatch.toml"], arguments].concat();
        Said::by(&mut program::provwatch(self.folder.path(), &arguments))
    }

    fn pass(&self) {
        let said = self.run(&["run", "--once"]);
        assert!([0, 1, 4].contains(&said.code), "{said}");
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let said = self.run(&[arguments, &["--format", "json"]].concat());
        assert_eq!(said.code, 0, "{said}");
        said.json()
    }

    #[track_caller]
    fn one(&self, arguments: &[&str]) -> Value {
        self.json(arguments).pop().unwrap()
    }
}

const TAKEOVER: &str = "widget 1.1.0 was published by another account";

#[test]
fn a_receiver_refuses_is_gone_for_good_and_works_again() {
    let home = Home::with(&["desk", "ops"]);
    home.raise(TAKEOVER, Severity::High, "desk");
    home.receivers.set("desk", 503);
    home.pass();
    let listed = home.one(&["deliveries", "list", "--subscription", "desk"]);
    assert_eq!((&listed["state"], &listed["attempts"]), (&"pending".into(), &1.into()), "{listed}");
    assert!(listed["detail"].as_str().unwrap().contains("503"), "{listed}");

    let due = home.one(&["deliveries", "retry", "--subscription", "desk", "--by", "ada"]);
    assert_eq!((&due["put_back"], &due["woken"]), (&serde_json::json!([]), &serde_json::json!([])), "{due}");
    home.receivers.set("desk", 410);
    home.pass();
    let sent = home.receivers.titles("desk").len();
    for _ in 0..2 {
        home.pass();
    }
    assert_eq!(home.receivers.titles("desk").len(), sent, "nothing is sent to a disabled endpoint");
    assert_eq!(home.receivers.count("ops", "its endpoint is disabled"), 1, "{:?}", home.receivers.titles("ops"));
    assert_eq!(home.receivers.count("desk", "its endpoint is disabled"), 0);

    let said = home.run(&["subscriptions", "list"]);
    assert!(said.out.contains("disabled") && said.out.contains("deliveries retry --subscription desk"), "{said}");
    assert!(home.json(&["subscriptions", "list"])[0]["disabled"]["why"].as_str().unwrap().contains("410"));
    let status = home.run(&["status"]);
    assert!(status.code == 5 && status.out.contains("desk (disabled)"), "{status}");
    assert!(home.run(&["doctor", "--offline"]).out.contains("is disabled"));

    home.receivers.set("desk", 200);
    let would = home.one(&["deliveries", "retry", "--subscription", "desk", "--dry-run"]);
    assert_eq!((&would["woken"], &would["dry_run"]), (&serde_json::json!(["desk"]), &true.into()), "{would}");
    home.pass();
    assert_eq!(home.receivers.titles("desk").len(), sent, "a dry run wakes nothing");
    let woken = home.run(&["deliveries", "retry", "1", "--reason", "the receiver is back"]);
    assert!(woken.code == 0 && woken.out.contains("The disabled endpoint of desk tried again."), "{woken}");
    home.pass();
    let shown = home.one(&["deliveries", "show", "1"]);
    let outcomes: Vec<&str> =
        shown["attempts_made"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["retry", "retry", "delivered"], "{shown}");
    assert_eq!(shown["event"], "raised", "{shown}");
    assert_eq!(home.receivers.titles("desk").last().unwrap(), TAKEOVER);
    let again = home.run(&["deliveries", "retry", "1"]);
    assert!(again.code == 1 && again.err.contains("was delivered"), "{again}");
    assert!(home.run(&["subscriptions", "list"]).out.contains("desk (webhook)"));
    assert!(!home.run(&["subscriptions", "list"]).out.contains("disabled"));
}

#[test]
fn dead_letters_are_told_to_others_and_sent_again() {
    let home = Home::with(&["ops"]);
    home.raise(TAKEOVER, Severity::High, "desk");
    home.raise("a mild change", Severity::Low, "desk");
    for _ in 0..3 {
        home.pass();
    }
    assert_eq!(home.receivers.count("ops", "2 alerts were never delivered to the subscription desk"), 1);
    let failed = home.json(&["deliveries", "list", "--state", "failed"]);
    assert_eq!(failed.len(), 2, "{failed:?}");
    let table = home.run(&["deliveries", "list", "--state", "failed"]);
    assert!(table.out.contains("failed after 1 attempt") && table.out.contains("widget 1.1.0"), "{table}");
    assert!(table.out.lines().all(|line| line.chars().count() <= 110), "{table}");
    let refused = home.run(&["deliveries", "retry", "1"]);
    assert!(refused.code == 2 && refused.err.contains("no subscription \"desk\""), "{refused}");

    home.configure(&["ops", "desk", "new"]);
    let retry = ["deliveries", "retry", "--failed", "--subscription", "desk", "--by", "ada", "--reason", "it is back"];
    let said = home.run(&retry);
    assert!(said.code == 0 && said.out.contains("2 dead letters put back into the outbox."), "{said}");
    let nothing = home.run(&retry);
    assert!(nothing.code == 0 && nothing.out.contains("Nothing to send again."), "{nothing}");
    home.pass();
    assert_eq!(home.receivers.titles("desk")[..2], [TAKEOVER, "a mild change"], "the severest first");
    let shown = home.run(&["deliveries", "show", "1"]);
    assert!(shown.out.contains("by ada: it is back") && shown.out.contains("delivered"), "{shown}");
    assert!(home.run(&["store", "check"]).code == 0, "the history covers the action");

    let to = ["deliveries", "retry", "--to", "new", "--since", "7d", "--by", "ada"];
    let would = home.one(&[&to[..], &["--dry-run"]].concat());
    let sent = home.one(&to);
    assert_eq!(would["sent"], sent["sent"]);
    assert!(sent["sent"].as_u64().unwrap() >= 2, "{sent}");
    home.pass();
    assert_eq!(home.receivers.titles("new").first().unwrap(), TAKEOVER, "the severest first");
    assert_eq!(home.receivers.count("new", "a mild change"), 1);
    assert_eq!(home.one(&to)["sent"], 0, "each alert once");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let home = Home::with(&["ops"]);
    home.raise(TAKEOVER, Severity::High, "ops");
    for (arguments, code, said) in [
        (&["retry"][..], 2, "which deliveries?"),
        (&["retry", "1", "--failed"], 2, "cannot be used with"),
        (&["retry", "abc"], 2, "expected a number"),
        (&["retry", "0"], 2, "expected a number"),
        (&["retry", "99"], 1, "no delivery has the number 99"),
        (&["retry", "--to", "ops"], 2, "--since"),
        (&["retry", "--to", "opps", "--since", "7d"], 2, "did you mean \"ops\""),
        (&["retry", "--to", "ops", "--since", "7d", "--failed"], 2, "cannot be used with"),
        (&["retry", "--subscription", "o'ps;"], 2, "no subscription"),
        (&["retry", "--failed", "--reason", "…"], 2, "in words"),
        (&["retry", "--failed", "--since", "tomorrow"], 2, "expected 2026-12-24"),
        (&["show", "99"], 1, "no delivery has the number 99"),
        (&["list", "--state", "lost"], 2, "possible values"),
        (&["list", "--alert", "zz"], 2, "alerts list"),
        (&["list", "--alert", "ffffffff"], 1, "no alert id begins with"),
        (&["list", "--limit", "0"], 2, "whole number"),
    ] {
        let answer = home.run(&[&["deliveries"], arguments].concat());
        assert!(answer.code == code && answer.err.contains(said), "{arguments:?}: {answer}");
    }
    assert!(home.run(&["deliveries", "list", "--subscription", "nobody"]).out.contains("No delivery fits."));
}
