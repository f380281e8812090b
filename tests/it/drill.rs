//! Tests of `provwatch drill`: the real program, with receivers on the loopback, beside a database that stays as it is.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use std::{fs, path::PathBuf};

use lab::{
    Publication, Workflow, World,
    program::{self, Said},
    rig::{folder, write_trust},
    schema,
    server::{Server, serve},
};
use provwatch::daemon::Lock;
use serde_json::Value;
use tempfile::TempDir;

/// A machine whose database has a history, with a receiver.
struct Machine {
    world: World,
    server: Server,
    folder: TempDir,
    /// Where the program makes temporary folders.
    temporary: TempDir,
}

impl Machine {
    fn new() -> Self {
        let world = World::new();
        for patch in 0..4 {
            let (version, at) = (format!("1.0.{patch}"), format!("2026-01-0{}T10:00:00Z", 2 + patch));
            let workflow = Workflow::github("acme/widget", "release.yml", &format!("refs/tags/v{version}"));
            world.publish_npm("widget", &version, &Publication::workflow(&at, &workflow));
        }
        let server = serve(world.clone());
        let machine = Self { world, server, folder: folder(), temporary: tempfile::tempdir().unwrap() };
        write_trust(machine.world.lab(), machine.folder.path());
        fs::write(machine.path("watchlist.toml"), "packages = [\"pkg:npm/widget\"]\n").unwrap();
        machine.configure(&format!(
            "{}\n{}",
            machine.hook("team", ""),
            machine.hook("boss", "min_severity = \"critical\"")
        ));
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A subscription whose receiver accepts everything.
    fn hook(&self, name: &str, more: &str) -> String {
        hook(name, &self.server.base("hooks.example"), more)
    }

    fn configure(&self, more: &str) {
        let base = |host| self.server.base(host);
        let (registry, replicate) = (base("npm.example"), base("replicate.example"));
        let config = format!(
            r#"
[store]
path = "provwatch.db"
[http]
contact = "tests@example.org"
allow_private = ["127.0.0.1"]
proxy_from_environment = false
max_attempts = 1
[http.hosts."127.0.0.1"]
requests_per_minute = 60000
concurrency = 64
[forges]
enabled = false
[logs]
enabled = false
[trust]
source = "file"
trusted_root = "trusted_root.json"
npm_keys = "keys.json"
[registries.npm]
registry = "{registry}"
replicate = "{replicate}"
[registries.pypi]
enabled = false
[registries.cargo]
enabled = false
{more}
"#
        );
        fs::write(self.path("provwatch.toml"), config).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let arguments = [&["--config", "provwatch.toml"], arguments].concat();
        let mut command = program::provwatch(self.folder.path(), &arguments);
        Said::by(command.env("TMPDIR", self.temporary.path()).env("COLUMNS", "100"))
    }

    /// Runs a drill, which leaves nothing in the temporary folder. Returns its report, which its schema allows.
    fn drill(&self, arguments: &[&str]) -> (Said, Value) {
        let said = self.run(&[&["drill", "--format", "json"], arguments].concat());
        assert_eq!(fs::read_dir(self.temporary.path()).unwrap().count(), 0, "{said}");
        let report = said.json().pop().unwrap_or_default();
        if !report.is_null() {
            schema::hold(&report);
        }
        (said, report)
    }

    /// What reading commands print about the database.
    fn stored(&self) -> Vec<String> {
        [
            &["baseline", "list"][..],
            &["baseline", "show", "pkg:npm/widget"],
            &["alerts", "list"],
            &["timeline", "pkg:npm/widget"],
        ]
        .map(|arguments| self.run(&[arguments, &["--format", "json"]].concat()).out)
        .to_vec()
    }
}

fn hook(name: &str, url: &str, more: &str) -> String {
    format!("[[subscriptions]]\nname = \"{name}\"\ntype = \"webhook\"\nurl = \"{url}\"\n{more}\n")
}

fn outcomes(report: &Value) -> Vec<(&str, &str)> {
    let receivers = report["receivers"].as_array().unwrap().iter();
    receivers.map(|told| (told["subscription"].as_str().unwrap(), told["outcome"].as_str().unwrap())).collect()
}

#[test]
fn a_takeover_reaches_every_receiver_marked_and_leaves_no_trace() {
    let machine = Machine::new();
    assert_eq!(machine.run(&["run", "--once"]).code, 0);
    let (stored, before) = (machine.stored(), fs::read(machine.path("provwatch.db")).unwrap());
    let (said, report) = machine.drill(&[]);
    assert_eq!(said.code, 0, "{said}");
    assert_eq!(outcomes(&report), [("team", "accepted"), ("boss", "accepted")]);
    assert_eq!(report["severity"], "critical");
    assert_eq!((report["daemon_runs"].as_bool(), report["ok"].as_bool()), (Some(false), Some(true)));
    let steps: Vec<&str> =
        report["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["feed", "queue", "judgement"]);
    let posted = machine.world.received();
    assert_eq!(posted.len(), 2, "once to each");
    for (_, body) in &posted {
        schema::hold(body);
        assert_eq!(body["data"]["id"], "drill");
        assert!(body["data"]["title"].as_str().unwrap().starts_with("DRILL: PROVWATCH-DRILL 1.0.12"), "{body}");
        assert!(body["next"]["warning"].as_str().unwrap().starts_with("This is a drill."), "{body}");
        assert_eq!(body["next"]["commands"].as_array().unwrap().len(), 1, "nothing to pin or to acknowledge: {body}");
    }
    assert_eq!(machine.stored(), stored);
    assert_eq!(fs::read(machine.path("provwatch.db")).unwrap(), before, "not a byte");
    let (_, again) = machine.drill(&[]);
    assert_eq!(outcomes(&again).len(), 2, "the next drill finds nothing of the last");
    let ids: Vec<&Value> = posted.iter().map(|(_, body)| &body["data"]["fingerprint"]).collect();
    let later = machine.world.received();
    assert!(later[2..].iter().all(|(_, body)| !ids.contains(&&body["data"]["fingerprint"])), "no repetition");
}

#[test]
fn a_drill_works_beside_a_daemon_and_before_there_is_a_database() {
    let machine = Machine::new();
    let (said, report) = machine.drill(&["--subscription", "boss"]);
    assert_eq!((said.code, outcomes(&report)), (0, vec![("boss", "accepted")]), "{said}");
    assert!(!machine.path("provwatch.db").exists(), "none is made");
    let lock = Lock::take(&machine.path("provwatch.db")).unwrap();
    let (said, report) = machine.drill(&[]);
    assert_eq!((said.code, report["daemon_runs"].as_bool()), (0, Some(true)), "{said}");
    drop(lock);
    let said = machine.run(&["drill"]);
    assert!(said.out.contains("webhook team") && said.out.contains("The daemon does not run"), "{said}");
}

#[test]
fn a_receiver_that_fails_is_named_with_the_reason() {
    let machine = Machine::new();
    let refusing = hook("refusing", &machine.server.base("npm.example"), "");
    let closed = hook("closed", "http://127.0.0.1:1/", "");
    let logs = machine.hook("logs only", "kinds = [\"log\"]");
    let secret = "[[subscriptions]]\nname = \"chat\"\ntype = \"slack\"\nurl_file = \"missing.url\"\n";
    machine.configure(&[machine.hook("team", "").as_str(), &refusing, &closed, &logs, secret].join("\n"));
    let (said, report) = machine.drill(&[]);
    assert_eq!(said.code, 1, "{said}");
    let expected = [
        ("team", "accepted"),
        ("refusing", "failed"),
        ("closed", "failed"),
        ("logs only", "not_selected"),
        ("chat", "failed"),
    ];
    assert_eq!(outcomes(&report), expected, "{said}");
    let detail = |place: usize| report["receivers"][place]["detail"].as_str().unwrap();
    assert!(
        detail(1).contains("it answered") && detail(2).contains("connect") && detail(4).contains("missing.url"),
        "{said}"
    );
    assert_eq!(machine.world.received().len(), 1);
    assert!(detail(3).contains("not for this kind of alert: it receives kind log"), "{said}");
    assert!(detail(3).contains("test-sinks 'logs only'"), "{said}");
    let (said, report) = machine.drill(&["--subscription", "logs only"]);
    assert_eq!((said.code, report["ok"].as_bool()), (1, Some(false)), "it reaches nobody: {said}");
    let (said, _) = machine.drill(&["--subscription", "teem"]);
    assert!(said.code == 2 && said.err.contains("did you mean \"team\""), "{said}");
}

#[test]
fn what_the_configuration_disables_is_missed_in_the_drill_too() {
    let machine = Machine::new();
    let disabled: Vec<String> =
        provwatch::detect::abouts().map(|about| format!("[detectors.{}]\nenabled = false\n", about.id)).collect();
    let disabled = disabled.concat();
    machine.configure(&format!("{}{disabled}", machine.hook("team", "")));
    let said = machine.run(&["drill"]);
    assert!(said.code == 1 && said.err.contains("raised no alert"), "{said}");
    machine.configure("");
    let said = machine.run(&["drill"]);
    assert!(said.code == 2 && said.err.contains("no subscriptions"), "{said}");
}

#[test]
fn a_subscription_with_a_digest_or_quiet_hours_is_drilled_at_once() {
    let machine = Machine::new();
    let weekly = machine.hook("weekly", "digest = { every = \"week\", at = \"08:00\", zone = \"UTC\" }");
    let nights = "quiet_hours = { from = \"00:00\", to = \"23:59\", zone = \"UTC\" }";
    machine.configure(&format!("{weekly}\n{}", machine.hook("night", nights)));
    let (said, report) = machine.drill(&[]);
    assert_eq!((said.code, outcomes(&report)), (0, vec![("weekly", "accepted"), ("night", "accepted")]), "{said}");
    assert_eq!(machine.world.received().len(), 2);
    let said = machine.run(&["drill"]);
    assert!(said.out.contains("do not hold a drill back"), "{said}");
}
