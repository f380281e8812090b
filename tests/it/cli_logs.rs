//! Tests of `provwatch logs` with the real program over logs on a socket. They cover its output, the verification of
//! evidence by a third party, and `kill -9` at any moment.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::{
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use lab::{
    Workflow, World,
    ledger::{Api, Hosts, Ledger, Misbehaviour, body, filler, hashedrekord},
    program::{self, Said},
    rig::folder,
    schema,
    server::{Respond, Server, serve},
    trusting::{key_id, ledger_at},
    tuf::Tuf,
};
use provwatch::{
    http::Response,
    store::{AlertFilter, LogEntryFilter, Store},
};
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
fn a_key_that_cannot_be_used_is_named_with_its_file() {
    let home = Home::new(Api::Tiles);
    let large = "x".repeat(70_000);
    for (content, why) in [("no key", "PEM"), (large.as_str(), "larger than 64 KiB"), ("", "PEM")] {
        std::fs::write(home.folder.path().join("log.pem"), content).unwrap();
        let said = home.provwatch(&["logs", "list"]);
        assert_eq!(said.code, 2, "{}", said.err);
        let file = "the log \"log.example\" ([[logs.instance]]), whose public key is in log.pem\n";
        assert!(said.err.contains(file) && said.err.contains(why), "{}", said.err);
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

#[test]
fn a_third_party_verifies_the_accusation_from_the_document_alone() {
    let home = Home::new(Api::Tiles);
    home.ledger.grow(100);
    home.provwatch(&["run", "--once"]);
    home.ledger.grow(50);
    home.ledger.misbehave(Misbehaviour::Fork(40));
    let once = home.provwatch(&["run", "--once"]);
    assert_eq!(once.code, 3, "{}", once.out);
    assert_eq!(home.provwatch(&["alerts", "list"]).code, 3);
    let status = home.provwatch(&["logs", "status"]);
    assert_eq!(status.code, 3);
    assert!(status.out.contains("fork"), "{}", status.out);
    let doctor = home.provwatch(&["doctor"]).out;
    assert!(doctor.contains("open alerts") && doctor.contains("all entries are to be read"), "{doctor}");
    assert_eq!(doctor.matches("but not sent").count(), 1, "that there are no receivers is said once: {doctor}");
    let listed = lines(&home.provwatch(&["logs", "evidence", "--format", "json"]).out);
    let id = listed[0]["id"].as_str().unwrap();
    let alerts = lines(&home.provwatch(&["alerts", "list", "--format", "json"]).out);
    let shown = home.provwatch(&["alerts", "show", alerts[0]["id"].as_str().unwrap()]).out;
    assert!(shown.contains(&format!("provwatch --config provwatch.toml logs evidence {id}")), "{shown}");
    assert_eq!(home.provwatch(&["logs", "evidence", &id[..6], "--output", "fork.json"]).code, 0);
    let alerts = lines(&home.provwatch(&["alerts", "list", "--format", "json"]).out);
    let alert = alerts.iter().find(|alert| alert["evidence"] == listed[0]["id"]).unwrap()["id"].as_str().unwrap();
    let of_alert = home.provwatch(&["logs", "evidence", &alert[..8]]);
    assert_eq!(of_alert.code, 0, "the alert's id names it too: {}", of_alert.err);
    let shown = home.provwatch(&["alerts", "show", alert]).out;
    assert!(shown.contains(&format!("logs evidence {id} --output fork.json")), "{shown}");

    let third = home.provwatch(&["logs", "verify", "fork.json"]);
    assert_eq!(third.code, 0, "{}{}", third.out, third.err);
    assert!(third.out.contains("proven"), "{}", third.out);

    let path = home.folder.path().join("fork.json");
    let document = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, document.replace("\"leaf\": \"", "\"leaf\": \"0")).unwrap();
    assert_ne!(home.provwatch(&["logs", "verify", "fork.json"]).code, 0, "a changed document proves nothing");
    for (text, code) in [("{}", 2), ("nonsense", 2), (&document.replace("\"version\": 1", "\"version\": 9"), 2)] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(home.provwatch(&["logs", "verify", "fork.json"]).code, code, "{text:.40}");
    }
    std::fs::write(&path, document).unwrap();
    let stranger = home.folder.path().join("elsewhere.toml");
    std::fs::write(stranger, "[trust]\nsource = \"embedded\"\n").unwrap();
    let elsewhere = Command::new(env!("CARGO_BIN_EXE_provwatch"))
        .args(["--config", "elsewhere.toml", "logs", "verify", "fork.json"])
        .current_dir(home.folder.path())
        .output()
        .unwrap();
    assert_eq!(elsewhere.status.code(), Some(4), "who does not know the key is told so");
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
fn single_entries_are_found_and_proven() {
    let home = Home::new(Api::RekorV1);
    home.ledger.grow(20);
    home.ledger.rotate();
    home.ledger.grow(3);
    let index = home.sign("release.yml") + 20;
    home.ledger.publish();
    let find = ["logs", "find", "--log", "log.example", "--index", &index.to_string()];
    let shown = home.provwatch(&find);
    assert!(shown.out.starts_with(&format!("entry {index}\n")) && shown.out.contains("acme/tool"), "{}", shown.out);
    let found = home.provwatch(&[find.as_slice(), &["--format", "json"]].concat());
    assert_eq!(found.code, 0, "{}", found.err);
    let [entry] = lines(&found.out).try_into().unwrap();
    assert_eq!((&entry["kind"], &entry["index"]), (&"hashedrekord".into(), &index.into()));
    assert!(entry["signers"][0]["subject"].as_str().unwrap().contains("acme/tool"));
    assert_eq!(home.provwatch(&["logs", "find", "--log", "log.example", "--index", "24"]).code, 1);

    let searched = home.provwatch(&["logs", "find", "--log", "log.example", "--hash", "sha256:00"]);
    assert_eq!(searched.code, 4, "a search index is never complete");
    assert_eq!(searched.out, "", "the index names everything; nothing of it is what was asked for");
    let hash = format!("sha256:{}", "07".repeat(32));
    let searched = home.provwatch(&["logs", "find", "--log", "log.example", "--hash", &hash, "--format", "json"]);
    assert_eq!(lines(&searched.out).len(), 1);
    assert!(searched.err.contains("may be incomplete"));

    home.ledger.misbehave(Misbehaviour::BadProofs);
    for by in [["--index", "5"], ["--hash", "sha256:00"]] {
        let lie = home.provwatch(&[["logs", "find", "--log", "log.example"].as_slice(), &by].concat());
        assert_eq!((lie.code, lie.out.as_str()), (1, ""), "what is not proven is not shown");
    }
    assert_eq!(home.provwatch(&["logs", "find", "--log", "log.example"]).code, 2);
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

#[test]
fn what_a_trust_root_leaves_open_is_found_out_or_said() {
    let home = Home::new(Api::Tiles);
    home.ledger.grow(20);
    let nowhere = Ledger::new("nowhere.example", Api::Tiles);
    let mut root = home.world.lab().trusted_root();
    let base = home.server.base("log.example");
    let since = "2020-01-01T00:00:00Z";
    root["tlogs"] = serde_json::json!([ledger_at(&home.ledger, &base, since), ledger_at(&nowhere, "", since)]);
    root["ctlogs"] = serde_json::json!([]);
    std::fs::write(home.folder.path().join("root.json"), root.to_string()).unwrap();
    let config = CONFIG.replace("trust_root = false", "trust_root = true");
    std::fs::write(home.folder.path().join("provwatch.toml"), config).unwrap();
    let key = key_id(&nowhere.spki());

    let listed = home.provwatch(&["logs", "list"]).out;
    assert!(listed.contains("tiles, not asked yet") && listed.contains(&key), "{listed}");
    let checks = lines(&home.provwatch(&["doctor", "--format", "json"]).out);
    let of = |name: &str| checks.iter().find(|check| check["name"].as_str().unwrap().contains(name)).unwrap().clone();
    assert!(of("log.example")["detail"].as_str().unwrap().starts_with("answers as tiles, signed 20"), "{checks:?}");
    let open = of(&key);
    assert_eq!(open["state"], "limited", "{open}");
    assert!(open["next"].as_str().unwrap().contains("[logs] urls"), "{open}");

    let scan = ["logs", "scan", "--log", "log.example", "--from", "0", "--issuer", "x"];
    assert_eq!(home.provwatch(&scan).code, 0, "a log may be named as it names itself before it was ever read");
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    let status = home.provwatch(&["logs", "status"]);
    assert!(status.out.contains(&key) && status.out.contains("does not say where"), "{}", status.out);
    assert!(status.out.contains("logs start --log log.example --from-index 0"), "a gap is asked for: {}", status.out);
    assert_eq!(status.code, 0, "that limits provwatch, and is no trouble");
    let json = lines(&home.provwatch(&["logs", "status", "--format", "json"]).out);
    assert_eq!(json.last().unwrap()["not_followed"]["key_id"], key.as_str());
    let report = lines(&home.provwatch(&["status", "--format", "json"]).out).remove(0);
    let limited: Vec<_> = report["limited"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(limited.iter().any(|sentence| sentence.contains(&key[..16])), "{limited:?}");
}

/// Logs, and the repository of the trust root that names one of them.
#[derive(Clone)]
struct WithTuf(Hosts, Tuf);

impl Respond for WithTuf {
    fn respond(&self, host: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Option<Response> {
        if host == "tuf" {
            self.1.respond(host, path, headers, body)
        } else {
            self.0.respond(host, path, headers, body)
        }
    }
}

#[test]
fn a_trust_root_that_nobody_has_read_yet_is_read_for_a_look() {
    let (world, ledger) = (World::new(), Ledger::new("log.example", Api::Tiles));
    let tuf = Tuf::of(world.lab());
    let hosts = Hosts { ledgers: vec![ledger.clone()], world: world.clone() };
    let server = serve(WithTuf(hosts, tuf.clone()));
    let home = Home { folder: folder(), ledger, world, server };
    home.ledger.grow(20);
    let signed = home.sign("release.yml");
    home.ledger.publish();
    let write = |name: &str, text: &[u8]| std::fs::write(home.folder.path().join(name), text).unwrap();
    write("1.root.json", &tuf.first_root());
    write("watchlist.toml", b"packages = []");
    let (base, repository) = (home.server.base("log.example"), home.server.base("tuf"));
    let mut root = home.world.lab().trusted_root();
    root["tlogs"] = serde_json::json!([ledger_at(&home.ledger, &base, "2020-01-01T00:00:00Z")]);
    root["ctlogs"] = serde_json::json!([]);
    tuf.publish(root);
    let trust = format!("source = \"tuf\"\ntuf_url = \"{repository}\"\ntuf_root = \"1.root.json\"\ncache = \"tuf\"");
    let config = CONFIG.replace("source = \"file\"\ntrusted_root = \"root.json\"", &trust);
    write("provwatch.toml", config.replace("trust_root = false", "trust_root = true").as_bytes());

    let listed = home.provwatch(&["logs", "list"]);
    assert!(listed.code == 0 && listed.out.contains("was not read yet"), "{listed}");
    let scan = ["logs", "scan", "--log", "log.example", "--from", "0", "--match", "https://github\\.com/acme/.*"];
    tuf.answer("timestamp.json", 503);
    let said = home.provwatch(&scan);
    assert!(said.code == 1 && said.err.contains("cannot be read now"), "{said}");
    assert!(said.err.contains("503") && said.err.contains("[trust] tuf_url"), "the cause, and what to do: {said}");
    tuf.recover();
    let said = home.provwatch(&scan);
    assert_eq!(said.code, 0, "{said}");
    let matches = lines(&said.out);
    assert_eq!((matches.len(), &matches[0]["index"]), (1, &Value::from(signed)), "{said}");
    assert_eq!(matches[0]["issued_by_trusted_authority"], true, "{said}");
    let found = home.provwatch(&["logs", "find", "--log", "log.example", "--index", &signed.to_string()]);
    assert!(found.code == 0 && found.out.contains("acme/tool"), "{found}");
    assert!(home.provwatch(&["logs", "list"]).out.contains("log.example"), "what was read is kept");
}

#[test]
fn entries_that_are_not_understood_are_shown() {
    let home = Home::new(Api::Tiles);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    (0..3).for_each(|number| {
        home.ledger.append([&[1], [number; 64].as_slice()].concat());
    });
    home.ledger.publish();
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    let status = home.provwatch(&["logs", "status"]).out;
    assert!(status.contains("3 entries: hashed and proven") && status.contains("leaf version 1"), "{status}");
    assert_eq!(lines(&home.provwatch(&["logs", "status", "--format", "json"]).out)[0]["not_understood"], 3);
    let limited = |home: &Home| {
        let report = lines(&home.provwatch(&["status", "--format", "json"]).out).remove(0);
        let findings = report["findings"].as_array().unwrap().clone();
        findings.into_iter().find(|finding| finding["id"] == "log-not-understood")
    };
    let said = limited(&home).expect("nothing of it is understood");
    assert_eq!((said["level"].as_str(), said["subject"].as_str()), (Some("limited"), Some("log.example")), "{said}");
    home.ledger.grow(1);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    assert_eq!(limited(&home), None, "some of it is");
}

/// What answers with `Content-Encoding: gzip` wherever a tile is asked for, as static hosts do.
#[derive(Clone)]
struct Gzipped(Hosts);

impl Respond for Gzipped {
    fn respond(&self, host: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Option<Response> {
        let answer = self.0.respond(host, path, headers, body)?;
        if answer.status != 200 || !path.contains("/tile/") {
            return Some(answer);
        }
        assert!(headers.iter().any(|(name, value)| name == "accept-encoding" && value.contains("gzip")), "{headers:?}");
        let headers = vec![("content-encoding".to_owned(), "gzip".to_owned())];
        Some(Response { headers, body: gzip(&answer.body).into(), ..answer })
    }
}

/// A gzip stream of stored blocks (RFC 1951, 3.2.4; RFC 1952).
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for block in bytes.chunks(0xffff) {
        let length = u16::try_from(block.len()).unwrap();
        stream.extend([&[0], length.to_le_bytes().as_slice(), &(!length).to_le_bytes(), block].concat());
    }
    let fold =
        |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ ((crc & 1) * 0xedb8_8320));
    let crc = !bytes.iter().fold(!0, fold);
    let size = u32::try_from(bytes.len()).unwrap();
    stream.extend([&[1, 0, 0, 0xff, 0xff], crc.to_le_bytes().as_slice(), &size.to_le_bytes()].concat());
    stream
}

#[test]
fn tiles_may_come_compressed() {
    for api in [Api::Tiles, Api::StaticCt] {
        let home = Home::over(api, |hosts| serve(Gzipped(hosts)));
        (0..600).for_each(|number| {
            home.ledger.append(body(api, number));
        });
        home.ledger.publish();
        let scan = home.provwatch(&["logs", "scan", "--log", "log.example", "--from", "0", "--issuer", "x"]);
        assert_eq!(scan.code, 0, "{api:?}: {}", scan.err);
        assert!(scan.err.contains("all hash to the root that the log signed for 600"), "{}", scan.err);
    }
}

#[test]
fn what_matched_is_listed_told_and_scanned_for_by_claim() {
    let home = Home::new(Api::Tiles);
    home.ledger.grow(20);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    let index = home.sign("release.yml");
    home.ledger.publish();
    let once = home.provwatch(&["run", "--once"]);
    assert!(once.out.contains("match acme: new signer"), "{}{}", once.out, once.err);
    let listed = home.command(&["logs", "matches"]).env("COLUMNS", "80").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("acme") && listed.contains("log.example"), "{listed}");
    assert!(listed.lines().all(|line| line.chars().count() <= 80), "{listed}");
    let json = lines(&home.provwatch(&["logs", "matches", "--match", "acme", "--format", "json"]).out);
    assert_eq!((json.len(), &json[0]["index"], &json[0]["matches"][0]), (1, &index.into(), &"acme".into()));
    serde_json::from_value::<provwatch::model::MatchedEntry>(json[0].clone()).unwrap();
    let nobody = home.provwatch(&["logs", "matches", "--match", "acmé"]);
    assert!(nobody.code == 2 && nobody.err.contains("known: \"acme\""), "{}", nobody.err);
    let alerts = lines(&home.provwatch(&["alerts", "list", "--min-severity", "info", "--format", "json"]).out);
    assert_eq!((alerts.len(), &alerts[0]["match"], &alerts[0]["entries"]["count"]), (1, &"acme".into(), &1.into()));
    let shown = home.provwatch(&["alerts", "show", alerts[0]["id"].as_str().unwrap()]);
    let listing = "provwatch --config provwatch.toml logs matches --match acme";
    assert!(shown.out.contains("1 entry of a log") && shown.out.contains(listing), "{}", shown.out);
    // The same by a claim.
    let scan = |claims: &[&str]| {
        let claims = claims.iter().flat_map(|claim| ["--claim", claim]);
        home.provwatch(
            &["logs", "scan", "--log", "log.example", "--from", "0"].into_iter().chain(claims).collect::<Vec<_>>(),
        )
    };
    let owner = "source_repository_owner_uri=https://github\\.com/acme";
    assert_eq!(lines(&scan(&[owner]).out).len(), 1, "{}", scan(&[owner]).err);
    assert_eq!(lines(&scan(&[owner, "build_trigger=schedule"]).out).len(), 0);
    for (claim, said) in [
        ("build_triger=push", "did you mean \"build_trigger\"?; the claims are build_signer_uri, "),
        ("build_trigger=(", "build_trigger: the regular expression cannot be used"),
        ("push", "expected NAME=REGEX"),
    ] {
        let refused = scan(&[claim]);
        assert!(refused.code == 2 && refused.err.contains(said), "{claim}: {}", refused.err);
    }
    for (from, to, said) in [
        (".com/acme/.*", ".com/(acme/.*", "the pattern \"acme\" ([[logs.match]])"),
        (
            "name = \"acme\"",
            "name = \"acme\"\nreport = \"often\"",
            "found \"often\", expected one of \"new\", \"all\", \"never\"",
        ),
    ] {
        home.configure(|config| config.replace(from, to));
        let refused = home.provwatch(&["run", "--once"]);
        assert!(refused.code == 2 && refused.err.contains(said), "{to}: {}", refused.err);
        home.configure(|config| config.replace(to, from));
    }
}
