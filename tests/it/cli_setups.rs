//! Tests of the real program over unusual set-ups: logs without registries, mirrors of one log, and an unavailable
//! trust root. `doctor` and `run` agree about each.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::path::Path;

use lab::{
    World,
    ledger::{Api, Hosts, Ledger, Misbehaviour},
    program::{self, Said},
    rig::folder,
    server::{Server, serve},
    tuf::Tuf,
};
use serde_json::Value;
use tempfile::TempDir;

const LOGS_ONLY: &str = r#"
[store]
path = "provwatch.db"
[http]
allow_private = ["127.0.0.1"]
max_attempts = 1
proxy_from_environment = false
[http.hosts."127.0.0.1"]
requests_per_minute = 60000
concurrency = 64
[registries]
npm = { enabled = false }
pypi = { enabled = false }
cargo = { enabled = false }
[forges]
enabled = false
[trust]
source = "embedded"
[logs]
trust_root = false
[[logs.match]]
name = "acme"
san = "https://github\\.com/acme/.*"
"#;

/// A folder with a configuration and nothing else, and a log with a mirror on a socket.
struct Home {
    folder: TempDir,
    log: Ledger,
    mirror: Ledger,
    server: Server,
}

impl Home {
    fn new() -> Self {
        let (folder, log) = (folder(), Ledger::new("log.example", Api::Tiles));
        log.grow(300);
        let mirror = log.mirror("mirror.example");
        let server = serve(Hosts { ledgers: vec![log.clone(), mirror.clone()], world: World::new() });
        let home = Self { folder, log, mirror, server };
        home.write("log.pem", &home.log.public_key_pem());
        home.write("other.pem", &Ledger::new("other.example", Api::Tiles).public_key_pem());
        home
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// The log alone, or with its mirror.
    fn instances(&self, ledgers: &[&Ledger]) -> String {
        let one = |ledger: &&Ledger| ledger.instance(Path::new("log.pem"), &self.server.base(ledger.served_at()));
        ledgers.iter().map(one).collect()
    }

    fn configure(&self, text: &str) {
        self.write("provwatch.toml", text);
    }

    fn provwatch(&self, arguments: &[&str]) -> Said {
        let arguments = [&["--config", "provwatch.toml"], arguments].concat();
        Said::by(&mut program::provwatch(self.folder.path(), &arguments))
    }

    /// What `doctor` says of one thing.
    fn doctor(&self, name: &str) -> Value {
        let said = self.provwatch(&["doctor", "--format", "json"]);
        let checks: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        checks.into_iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {}", said.out))
    }

    fn findings(&self) -> Vec<String> {
        let said = self.provwatch(&["status", "--format", "json"]);
        let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
        report["findings"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn logs_alone_are_a_set_up() {
    let home = Home::new();
    home.configure(&format!("{LOGS_ONLY}{}", home.instances(&[&home.log])));
    let doctor = home.provwatch(&["doctor"]);
    assert_eq!(doctor.code, 0, "{}", doctor.out);
    assert!(!doctor.out.contains("contact"), "no registry asks for one: {}", doctor.out);
    let once = home.provwatch(&["run", "--once"]);
    assert_eq!(once.code, 0, "{}{}", once.out, once.err);
    assert!(!once.err.contains("watchlist"), "{}", once.err);
    home.log.grow(20);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    let status = home.provwatch(&["status"]);
    assert_eq!(status.code, 0, "{}", status.out);
    assert_eq!(home.provwatch(&["logs", "status"]).code, 0);
    assert_eq!(home.doctor("watchlist")["state"], "ok");
    home.configure(&LOGS_ONLY.replace("[logs]", "[logs]\nenabled = false"));
    let doctor = home.provwatch(&["doctor", "--offline"]);
    assert!(doctor.code == 1 && doctor.out.contains("nothing is watched"), "{}", doctor.out);
    let status = home.provwatch(&["status"]);
    assert!(
        status.code == 5 && status.out.contains("nothing is watched: every registry is switched off"),
        "{}",
        status.out
    );
    assert!(home.findings().contains(&"nothing-watched".to_owned()), "{:?}", home.findings());
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0, "it works, and is probably not what was meant");
}

#[test]
fn a_pass_tells_what_a_log_did() {
    let home = Home::new();
    home.configure(&format!("{LOGS_ONLY}{}", home.instances(&[&home.log])));
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    home.log.grow(20);
    home.log.misbehave(Misbehaviour::Fork(7));
    let once = home.provwatch(&["run", "--once"]);
    assert_eq!(once.code, 3, "{}{}", once.out, once.err);
    assert!(once.out.contains("log.example signed two histories") && once.out.contains("critical"), "{}", once.out);
    let again = home.provwatch(&["run", "--once", "--format", "json"]);
    assert_eq!(again.code, 4, "it is known, and the log is not read: {}", again.out);
    let summary: Value = serde_json::from_str(again.out.lines().last().unwrap()).unwrap();
    assert_eq!(summary["alerts"].as_array().unwrap().len(), 0);
}

#[test]
fn mirrors_are_compared_and_shown() {
    let home = Home::new();
    home.configure(&format!("{LOGS_ONLY}{}", home.instances(&[&home.log, &home.mirror])));
    let doctor = home.provwatch(&["doctor"]);
    assert_eq!(doctor.code, 0, "{}", doctor.out);
    assert!(doctor.out.contains("log.example (mirror.example)"), "{}", doctor.out);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    home.log.grow(20);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0, "a mirror that is behind is no fault");
    let status = home.provwatch(&["logs", "status"]);
    assert!(status.out.contains("20 entries behind"), "{}", status.out);
    home.mirror.rewrite(299, "other");
    home.mirror.grow(20);
    let once = home.provwatch(&["run", "--once", "--format", "json"]);
    assert_eq!(once.code, 3, "{}{}", once.out, once.err);
    let summary: Value = serde_json::from_str(once.out.lines().last().unwrap()).unwrap();
    assert_eq!(summary["alerts"][0]["severity"], "critical");
    assert_eq!(summary["logs"][0]["mirrors"], 1);
    assert_eq!(home.provwatch(&["run", "--once"]).code, 4);
    let status = home.provwatch(&["logs", "status"]);
    let words = status.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(status.code == 3 && words.contains("two different trees"), "{}", status.out);
}

#[test]
fn doctor_and_run_agree() {
    let home = Home::new();
    let (log, mirror) = (home.instances(&[&home.log]), home.instances(&[&home.mirror]));
    let both = format!("{log}{mirror}");
    let witness = "[[logs.witness]]\nkey = \"nonsense\"\n";
    for (what, text, is_good) in [
        ("a log", log.clone(), true),
        ("a log and its mirror", both.clone(), true),
        ("the same URL twice", format!("{log}{}", log.replace("name = \"log.example\"", "name = \"twin\"")), false),
        (
            "the same name twice",
            format!("{log}{}", mirror.replace("mirror.example\"\nkind", "log.example\"\nkind")),
            false,
        ),
        ("mirrors with two keys", format!("{log}{}", mirror.replace("log.pem", "other.pem")), false),
        ("mirrors of two kinds", format!("{log}{}", mirror.replace("\"tiles\"", "\"ct\"")), false),
        ("a key that is missing", log.replace("log.pem", "lost.pem"), false),
        ("a key that is none", log.replace("log.pem", "provwatch.toml"), false),
        ("a witness that is none", format!("{log}{witness}"), false),
        ("a pattern that is none", format!("{log}[[logs.match]]\nname = \"x\"\nsan = \"(\"\n"), false),
        ("a pattern without anything", format!("{log}[[logs.match]]\nname = \"x\"\n"), false),
        (
            "a claim that there is not",
            format!("{log}[[logs.match]]\nname = \"x\"\nclaims = {{ nope = \"x\" }}\n"),
            false,
        ),
        ("a detector that there is not", format!("{log}[detectors.nope]\nenabled = false\n"), false),
    ] {
        home.configure(&format!("{LOGS_ONLY}{text}"));
        let expected = if is_good { 0 } else { 2 };
        let doctor = home.provwatch(&["doctor", "--offline"]);
        assert_eq!(doctor.code, expected, "{what}: {}", doctor.out);
        let run = home.provwatch(&["run", "--once"]);
        assert_eq!(run.code, expected, "{what}: {}{}", run.out, run.err);
        assert_eq!(
            home.folder.path().join("provwatch.db").exists(),
            is_good,
            "{what}: nothing is made of what is wrong"
        );
        let _ = std::fs::remove_file(home.folder.path().join("provwatch.db"));
    }
}

#[test]
fn a_trust_root_that_was_never_refreshed_is_not_called_fresh() {
    let home = Home::new();
    let tuf = Tuf::of(World::new().lab());
    let server = serve(tuf.clone());
    let trust = format!("source = \"tuf\"\ntuf_url = \"{}\"\ntuf_root = \"1.root.json\"", server.base("tuf"));
    std::fs::write(home.folder.path().join("1.root.json"), tuf.first_root()).unwrap();
    let config = format!("{LOGS_ONLY}{}", home.instances(&[&home.log]));
    home.configure(&config.replace("source = \"embedded\"", &trust));
    tuf.answer("", 403);
    home.provwatch(&["run", "--once"]);
    let said = home.doctor("trust root");
    assert!(said["state"] == "failed" && said["detail"].as_str().unwrap().contains("was not read yet"), "{said}");
    assert!(home.findings().contains(&"trust-root-unrefreshed".to_owned()));
    tuf.recover();
    home.provwatch(&["run", "--once"]);
    let said = home.doctor("trust root");
    assert!(said["state"] == "ok" && said["detail"].as_str().unwrap().starts_with("refreshed through TUF"), "{said}");
    assert!(!home.findings().contains(&"trust-root-unrefreshed".to_owned()));
}

#[test]
fn packages_of_a_registry_that_is_off_are_said_not_to_be_watched() {
    let home = Home::new();
    let config = format!("{LOGS_ONLY}{}", home.instances(&[&home.log]));
    home.configure(&config);
    home.write("watchlist.toml", "packages = [\"pkg:npm/widget\", \"pkg:cargo/gadget\"]\n");
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    assert!(home.findings().contains(&"registry-off".to_owned()), "{:?}", home.findings());
    for command in [&["status"][..], &["doctor", "--offline"]] {
        let said = home.provwatch(command);
        let words = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("2 entries of the watchlist are not watched"), "{said}");
        assert!(words.contains("pkg:npm/widget") && words.contains("pkg:cargo/gadget"), "{said}");
    }
    home.write("watchlist.toml", "packages = []\n");
    assert!(!home.findings().contains(&"registry-off".to_owned()), "{:?}", home.findings());
}

/// An empty file trusts nobody: nothing is taken from it, and it is said.
#[test]
fn a_trust_root_that_was_emptied_is_said() {
    let home = Home::new();
    let world = World::new();
    let root = world.lab().trusted_root().to_string();
    home.write("root.json", &root);
    let trust = "source = \"file\"\ntrusted_root = \"root.json\"";
    let config = format!("{LOGS_ONLY}{}", home.instances(&[&home.log]));
    home.configure(&config.replace("source = \"embedded\"", trust));
    assert_eq!(home.provwatch(&["run", "--once"]).code, 0);
    assert!(!home.findings().contains(&"trust-files-unusable".to_owned()));
    for emptied in ["", "{}", "null"] {
        home.write("root.json", emptied);
        assert!(home.findings().contains(&"trust-files-unusable".to_owned()), "{emptied:?}: {:?}", home.findings());
        let doctor = home.provwatch(&["doctor", "--offline"]);
        assert!(doctor.code != 0 && doctor.out.contains("root.json"), "{emptied:?}: {doctor}");
        let run = home.provwatch(&["run", "--once"]);
        assert!(run.code == 2 && run.err.contains("root.json"), "{emptied:?}: {run}");
    }
    home.write("root.json", &root);
    assert!(!home.findings().contains(&"trust-files-unusable".to_owned()));
}
