//! Tests of `provwatch logs` with the real program over logs on a socket: its output, its scans, and `kill -9` at any
//! moment.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

mod entries;
mod trust;

use crate::lab;

use std::{
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use lab::{
    Workflow, World,
    ledger::{Api, Hosts, Ledger, Misbehaviour, filler, hashedrekord},
    program::{self, Said},
    rig::folder,
    schema,
    server::{Server, serve},
};
use provwatch::store::{AlertFilter, LogEntryFilter, Store};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a configuration that knows one log.
struct Home {
    folder: TempDir,
    ledger: Ledger,
    world: World,
    server: Server,
}

impl Home {
    fn new(api: Api) -> Self {
        Self::over(api, serve)
    }

    fn over(api: Api, serve: impl FnOnce(Hosts) -> Server) -> Self {
        let folder = folder();
        let (world, ledger) = (World::new(), Ledger::new("log.example", api));
        let server = serve(Hosts { ledgers: vec![ledger.clone()], world: world.clone() });
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("root.json", &world.lab().trusted_root().to_string());
        write("log.pem", &ledger.public_key_pem());
        write("watchlist.toml", "packages = []");
        let instance = ledger.instance(std::path::Path::new("log.pem"), &server.base("log.example"));
        write("provwatch.toml", &format!("{CONFIG}{instance}"));
        Self { folder, ledger, world, server }
    }

    fn configure(&self, change: impl Fn(&str) -> String) {
        let path = self.folder.path().join("provwatch.toml");
        let config = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, change(&config)).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        program::provwatch(self.folder.path(), &[&["--config", "provwatch.toml"], arguments].concat())
    }

    fn provwatch(&self, arguments: &[&str]) -> Said {
        Said::by(&mut self.command(arguments))
    }

    fn sign(&self, workflow: &str) -> usize {
        let workflow = Workflow::github("acme/tool", workflow, "refs/heads/main");
        let der = self.world.lab().authority.issue(&workflow, "2026-06-01T12:00:00Z".parse().unwrap()).der;
        self.ledger.append(hashedrekord(&der, &[7; 32]))
    }

    fn store(&self) -> Store {
        Store::open(&self.folder.path().join("provwatch.db")).unwrap()
    }
}

const CONFIG: &str = r#"
[store]
path = "provwatch.db"
[watchlist]
files = ["watchlist.toml"]
[http]
contact = "tests@example.org"
allow_private = ["127.0.0.1"]
max_attempts = 1
[registries.npm]
enabled = false
[registries.pypi]
enabled = false
[registries.cargo]
enabled = false
[trust]
source = "file"
trusted_root = "root.json"
[forges]
enabled = false
[logs]
trust_root = false
[[logs.match]]
name = "acme"
san = "https://github\\.com/acme/.*"
"#;

fn lines(text: &str) -> Vec<Value> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let lines: Vec<Value> = text.lines().map(read).collect();
    lines.iter().for_each(schema::hold);
    lines
}

#[test]
fn logs_are_listed_followed_and_their_gaps_shown() {
    let home = Home::new(Api::Tiles);
    let listed = home.provwatch(&["logs", "list"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    assert!(listed.out.contains("log.example") && listed.out.contains("every entry"), "{}", listed.out);
    home.ledger.grow(300);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    let status = home.provwatch(&["logs", "status"]);
    let none = "none proven yet, read from entry 300 on; 0 entries behind the log";
    assert!(status.out.contains(none), "{}", status.out);
    assert!(home.provwatch(&["status"]).out.contains("up to date"));
    home.ledger.grow(33);
    let once = home.provwatch(&["run", "--once"]);
    assert!(once.out.contains("33 new entries proven"), "{}", once.out);
    let status = home.provwatch(&["logs", "status"]);
    assert_eq!(status.code, 0, "{}", status.out);
    assert!(status.out.contains("proven up to entry 332, 0 entries behind the log"), "{}", status.out);
    assert!(status.out.contains("300 to 332") && status.out.contains("0 to 299"), "{}", status.out);
    let json = lines(&home.provwatch(&["logs", "status", "--format", "json"]).out);
    assert_eq!(json[0]["log"]["tail"]["verified"], 333);
    assert_eq!(json[0]["gaps"], serde_json::json!([{"first": 0, "past": 300}]));
    assert_eq!(home.provwatch(&["logs", "status", "--log", "nobody"]).code, 2);
}

#[test]
fn logs_that_are_switched_off_are_not_shown_as_if_they_were_followed() {
    let home = Home::new(Api::Tiles);
    home.store();
    home.configure(|config| config.replace("[logs]\n", "[logs]\nenabled = false\n"));
    for command in ["status", "list"] {
        let said = home.provwatch(&["logs", command]);
        let off = "Transparency logs are switched off ([logs] enabled = false).\n";
        assert!(said.code == 0 && said.out.starts_with(off), "{command}: {}{}", said.out, said.err);
        assert!(!said.out.contains("No log was followed yet"), "{}", said.out);
        lines(&home.provwatch(&["logs", command, "--format", "json"]).out);
    }
}

#[test]
fn a_scan_prints_matches_and_proves_its_range_without_touching_the_store() {
    for api in [Api::Tiles, Api::RekorV1] {
        let home = Home::new(api);
        home.ledger.grow(700);
        let index = home.sign("release.yml");
        home.ledger.append("poison");
        home.ledger.grow(30);
        let pattern = "https://github\\.com/acme/.*";
        for (from, to, found) in
            [("0", None, 1), ("3", Some("699"), 0), ("700", Some("700"), 1), ("732", None, 0), ("9", Some("9"), 0)]
        {
            let mut arguments = vec!["logs", "scan", "--log", "log.example", "--from", from, "--match", pattern];
            arguments.extend(to.into_iter().flat_map(|to| ["--to", to]));
            let said = home.provwatch(&arguments);
            assert_eq!(said.code, 0, "{api:?} {from}: {}", said.err);
            let matches = lines(&said.out);
            assert_eq!(matches.len(), found, "{api:?} {from}: {}", said.out);
            assert!(matches.iter().all(|one| one["index"] == index && one["issued_by_trusted_authority"] == true));
            assert!(said.err.contains("entries/s") && said.err.contains("all hash to the root"), "{}", said.err);
        }
        home.ledger.append("poison too");
        home.ledger.append("poison again");
        home.ledger.publish();
        let said = home.provwatch(&["logs", "scan", "--log", "log.example", "--from", "690", "--match", pattern]);
        let told: Vec<&str> = said.err.lines().filter(|line| line.contains("cannot be read")).collect();
        let [told] = told.as_slice() else { panic!("one line for all: {}", said.err) };
        assert!(told.starts_with("3 entries cannot be read: 701, 732 to 733. The first is entry 701 ("), "{told}");
        assert!(home.store().logs().unwrap().is_empty());
        let beyond = home.provwatch(&["logs", "scan", "--log", "log.example", "--from", "735", "--match", "x"]);
        let why = "the entries from 735 on do not lie in";
        assert_eq!((beyond.code, beyond.err.contains(why)), (1, true), "{}", beyond.err);
        let arguments = ["logs", "scan", "--log", "log.example", "--from", "9", "--to", "734", "--match", "x"];
        let beyond = home.provwatch(&arguments);
        assert!(beyond.err.contains("the entries 9 to 734 do not lie in"), "{}", beyond.err);
        assert_eq!(home.provwatch(&["logs", "scan", "--log", "other", "--from", "0", "--match", "x"]).code, 2);
        assert_eq!(home.provwatch(&["logs", "scan", "--log", "log.example", "--from", "0", "--match", "("]).code, 2);
        assert_eq!(home.provwatch(&["logs", "scan", "--log", "log.example", "--from", "0"]).code, 2);
        home.ledger.misbehave(Misbehaviour::LieInBody(20));
        let lie = home.provwatch(&["logs", "scan", "--log", "log.example", "--from", "0", "--match", pattern]);
        assert_eq!(lie.code, 1);
        assert!(lie.err.contains("this range is not proven"), "{}", lie.err);
        let place = match api {
            Api::RekorV1 => {
                "the entries 0 to 733 that log.example - 1000 serves do not hash to the root that it signed for \
                             734 entries, the first of them among 20 to 29"
            }
            _ => {
                "the entries 0 to 733 that log.example serves do not hash to the root that it signed for 734 entries, the \
                  first of them among 0 to 255"
            }
        };
        assert!(lie.err.contains(place), "{}", lie.err);
    }
}

#[test]
fn another_process_sees_how_far_a_long_reading_has_come() {
    let home = Home::new(Api::Tiles);
    home.ledger.grow(10);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    home.ledger.grow(6_000);
    home.ledger.misbehave(Misbehaviour::Withhold("tile/entries/020"));
    home.provwatch(&["run", "--once"]);
    let far = "85 % of the entries 10 to 6009";
    let status = home.provwatch(&["logs", "status"]);
    assert!(status.out.contains("Catching up") && status.out.contains(far), "{}", status.out);
    assert!(status.out.contains("none proven yet, read from entry 10 on; 6000 entries behind"), "{}", status.out);
    let status = home.provwatch(&["status"]);
    assert!(status.out.replace(['\n', ' '], "").contains(&"6000behind:85%of".to_owned()), "{}", status.out);
    let json = lines(&home.provwatch(&["logs", "status", "--format", "json"]).out);
    let progress = &json[0]["log"]["progress"];
    assert_eq!((&progress["first"], &progress["next"], &progress["past"]), (&10.into(), &5120.into(), &6010.into()));
    assert!(progress["entries_per_second"].as_u64().is_some_and(|rate| rate > 0), "{progress}");
    assert!(progress["seconds_left"].is_u64(), "{progress}");
    home.ledger.behave();
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    assert!(!home.provwatch(&["logs", "status"]).out.contains("Catching up"));
}

/// The daemon is killed again and again while the log grows.
#[test]
fn killed_again_and_again_it_skips_nothing_and_doubles_nothing() {
    let home = Home::new(Api::Tiles);
    home.configure(|config| config.replace("name = \"acme\"", "name = \"acme\"\nreport = \"all\""));
    home.ledger.grow(10);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    let mut signed = Vec::new();
    for round in 0..12_u64 {
        for _ in 0..40 {
            for number in 0..25 {
                home.ledger.append(filler(number));
            }
            signed.push(home.sign("release.yml") as u64);
        }
        home.ledger.publish();
        let mut child = home.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(40 + 35 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let store = home.store();
        let row = store.log("log.example").unwrap().unwrap();
        let tail = row.tail.unwrap();
        let covered = store.coverage("log.example").unwrap();
        assert_eq!(covered.iter().map(|range| range.past - range.first).sum::<u64>(), tail.verified - 10);
        let entries = store.log_entries(LogEntryFilter { log: None, limit: 10_000 }).unwrap();
        let mut found: Vec<u64> = entries.iter().map(|row| row.entry.index).collect();
        found.sort_unstable();
        let expected: Vec<u64> = signed.iter().copied().filter(|index| *index < tail.verified).collect();
        assert_eq!(found, expected, "round {round}");
        let alerts = store.alerts(&AlertFilter { limit: 10_000, ..AlertFilter::default() }).unwrap();
        let told = alerts.iter().filter_map(|alert| alert.entries.as_ref()).map(|entries| entries.count).sum::<u64>();
        assert_eq!(told, found.len() as u64, "what is proven is told, and nothing twice");
    }
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    let row = home.store().log("log.example").unwrap().unwrap();
    assert_eq!(row.tail.unwrap().verified, home.ledger.size() as u64);
    assert_eq!(row.matches, signed.len() as u64);
    assert_eq!(row.entries, home.ledger.size() as u64 - 10);
}

#[test]
fn a_gap_must_be_asked_for_and_is_shown() {
    let home = Home::new(Api::Tiles);
    home.ledger.grow(100);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    home.ledger.grow(400);
    let start = |index: &str, gap: &[&str]| {
        home.provwatch(&[["logs", "start", "--log", "log.example", "--from-index", index].as_slice(), gap].concat())
    };
    let refused = start("300", &[]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("100 to 299 would never be read"), "{}", refused.err);
    assert_eq!(start("300", &["--allow-gap"]).code, 0);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    let status = home.provwatch(&["logs", "status"]);
    assert!(status.out.contains("300 to 499") && status.out.contains("0 to 299"), "{}", status.out);
    assert_eq!(start("50", &[]).code, 0, "going back leaves no gap");
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    let json = lines(&home.provwatch(&["logs", "status", "--format", "json"]).out);
    assert_eq!(json[0]["covered"], serde_json::json!([{"first": 50, "past": 500}]));
    assert_eq!(start("501", &["--allow-gap"]).code, 1, "beyond the end");
}
