//! Tests of digests through the real program: what a mailbox, a channel and a program of one's own receive.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use std::{fs, path::PathBuf};

use chrono::TimeDelta;
use lab::{
    World,
    mailbox::Mailbox,
    program::{self, Said},
    rig::folder,
    server::{Server, serve},
};
use provwatch::{
    clock::{Clock, SystemClock},
    model::{Alert, AlertKind, Confidence, Severity},
    store::Store,
};
use serde_json::Value;
use tempfile::TempDir;

const RECEIVERS: [&str; 3] = ["mail", "channel", "program"];

/// A machine with a digest for each kind of receiver.
struct Machine {
    world: World,
    _server: Server,
    mailbox: Mailbox,
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        let (world, mailbox, folder) = (World::new(), Mailbox::open(), folder());
        let server = serve(world.clone());
        let hooks = server.base("hooks.example");
        fs::write(folder.path().join("slack-url"), format!("{hooks}channel")).unwrap();
        let digest = "min_severity = \"info\"\ndigest = { every = \"day\", at = \"08:00\", zone = \"UTC\" }\n";
        let subscriptions = [
            format!(
                "name = \"mail\"\ntype = \"email\"\nserver = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
                 from = \"provwatch@example.org\"\nto = [\"ops@example.org\"]\n",
                mailbox.port
            ),
            "name = \"channel\"\ntype = \"slack\"\nurl_file = \"slack-url\"\n".to_owned(),
            format!("name = \"program\"\ntype = \"webhook\"\nurl = \"{hooks}program\"\n"),
        ]
        .map(|keys| format!("[[subscriptions]]\n{keys}{digest}"));
        let config = format!(
            "[store]\npath = \"provwatch.db\"\n[http]\nallow_private = [\"127.0.0.1\"]\nproxy_from_environment = false\n\
             [registries]\nnpm.enabled = false\npypi.enabled = false\ncargo.enabled = false\n[forges]\nenabled = false\n\
             [logs]\nenabled = false\n[trust]\nsource = \"embedded\"\n{}",
            subscriptions.concat()
        );
        fs::write(folder.path().join("provwatch.toml"), config).unwrap();
        Self { world, _server: server, mailbox, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The periods begin two days ago, and these alerts come since.
    fn raise(&self, alerts: &[Alert]) {
        let store = Store::open(&self.path("provwatch.db")).unwrap();
        let began = SystemClock.now() - TimeDelta::days(2);
        for name in RECEIVERS {
            store.make_digest(name, began, began, &|_| true).unwrap();
        }
        for alert in alerts {
            store.record_alert(alert, &RECEIVERS.map(str::to_owned), alert.raised_at).unwrap();
        }
    }

    fn once(&self) -> Said {
        Said::by(&mut program::provwatch(self.folder.path(), &["--config", "provwatch.toml", "run", "--once"]))
    }

    /// The documents that a path of the web server received.
    fn received(&self, name: &str) -> Vec<Value> {
        let all = self.world.received().into_iter();
        all.filter(|(path, _)| path.ends_with(name)).map(|(_, body)| body).collect()
    }
}

/// Raised yesterday, so that every digest that is due today tells of it.
fn takeover(name: &str, severity: Severity) -> Alert {
    let release = format!("pkg:npm/{name}@1.1.0");
    let at = SystemClock.now() - TimeDelta::hours(30);
    let title = format!("{name} 1.1.0: Published with a token <b>\u{202e}\r\nBcc: x@evil.example");
    let alert = Alert::about(AlertKind::Release, &release, severity, Confidence::High, title, at);
    Alert { purl: Some(release.parse().unwrap()), ..alert }
}

/// The lines of the text part of a mail, its soft line breaks joined.
fn text_part(mail: &str) -> String {
    let (_, text) = mail.split_once("Content-Type: text/plain").unwrap();
    let (text, _) = text.split_once("Content-Type: text/html").unwrap();
    text.replace("=\n", "")
}

#[test]
fn every_receiver_gets_one_digest_in_place_of_single_messages() {
    let machine = Machine::new();
    machine.raise(&[takeover("widget", Severity::High), takeover("gadget", Severity::Low)]);
    let said = machine.once();
    assert_eq!(said.code, 0, "{said}");

    let mails = machine.mailbox.messages();
    assert_eq!(mails.len(), 1, "{mails:?}");
    let (headers, _) = mails[0].split_once("\n\n").unwrap();
    assert!(headers.contains("Subject: [provwatch] INFO Digest: 2 new\n"), "{headers}");
    assert!(headers.contains("Auto-Submitted: auto-generated") && headers.contains("List-Id: "), "{headers}");
    let text = text_part(&mails[0]);
    for line in ["new: 2", "still open: 0", "resolved: 0", "nothing", "high widget 1.1.0", "low gadget 1.1.0"] {
        assert!(text.to_lowercase().contains(line), "{line} in {text}");
    }
    assert!(!mails[0].lines().any(|line| line.starts_with("Bcc:")), "{}", mails[0]);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "a phone wraps no line twice: {text}");

    let [message] = &machine.received("channel")[..] else { panic!("{:?}", machine.received("channel")) };
    let blocks = message["attachments"][0]["blocks"].to_string();
    assert!(blocks.contains("new: 2\\nhigh widget 1.1.0"), "{blocks}");
    assert!(!blocks.contains("<b>") && !blocks.contains('\u{202e}'), "{blocks}");

    let [event] = &machine.received("program")[..] else { panic!("{:?}", machine.received("program")) };
    assert_eq!(event["type"], "alert.digest");
    let sections = event["data"]["digest"]["sections"].as_array().unwrap();
    let counts: Vec<_> = sections.iter().map(|one| (one["name"].as_str().unwrap(), one["count"].clone())).collect();
    assert_eq!(counts[0], ("new", 2.into()), "{counts:?}");

    machine.once();
    assert_eq!(machine.mailbox.messages().len(), 1, "the next one is due tomorrow");
}

#[test]
fn a_digest_comes_also_when_nothing_happened() {
    let machine = Machine::new();
    machine.raise(&[]);
    let said = machine.once();
    assert_eq!(said.code, 0, "{said}");
    let mails = machine.mailbox.messages();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(text_part(&mails[0]).to_lowercase().contains("new: 0"), "{}", mails[0]);
    assert_eq!((machine.received("channel").len(), machine.received("program").len()), (1, 1));
}
