//! Tests of every command with a private registry beside the public one.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::os::unix::fs::PermissionsExt;

use chrono::TimeDelta;
use lab::{
    Publication, World,
    program::{self, Said},
    rig::{by_ada, by_mallory},
    server::{Server, serve},
};
use provwatch::clock::{Clock, SystemClock};
use serde_json::Value;
use tempfile::TempDir;

struct Home {
    folder: TempDir,
    world: World,
    server: Server,
}

impl Home {
    /// A configuration with npm, and the company's registry beside it, which wants a token.
    fn new() -> Self {
        let world = World::new();
        let server = serve(world.clone());
        let home = Self { folder: tempfile::tempdir().unwrap(), world, server };
        home.write("token", "s3cret\n");
        let token = home.folder.path().join("token");
        std::fs::set_permissions(token, std::fs::Permissions::from_mode(0o600)).unwrap();
        home.world.lock_door("npm.acme.example", "Bearer s3cret");
        home.write("watchlist.toml", "packages = []\n");
        home.configure("token_file = \"token\"\n");
        home
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn configure(&self, token: &str) {
        let base = |host: &str| self.server.base(host);
        self.write(
            "provwatch.toml",
            &format!(
                r#"
[store]
path = "provwatch.db"
[http]
contact = "tests@example.org"
allow_private = ["127.0.0.1"]
max_attempts = 1
[http.hosts."127.0.0.1"]
requests_per_minute = 60000
concurrency = 64
[forges]
enabled = false
[logs]
enabled = false
[trust]
source = "embedded"
[registries]
pypi = {{ enabled = false }}
cargo = {{ enabled = false }}
[[registries.npm]]
registry = "{}"
replicate = "{}"
[[registries.npm]]
name = "acme"
url = "{}"
{token}"#,
                base("npm.example"),
                base("replicate.example"),
                base("npm.acme.example"),
            ),
        );
    }

    /// The purl of a package of the company's.
    fn acme(&self, name: &str) -> String {
        let url = self.server.base("npm.acme.example");
        format!("pkg:npm/{name}?repository_url={}", url.trim_end_matches('/'))
    }

    fn publish(&self, days: i64, name: &str, version: &str, publication: &Publication) {
        let at = SystemClock.now() - TimeDelta::days(days);
        self.world.publish_acme("npm", name, version, &publication.clone().at(at));
    }

    fn provwatch(&self, arguments: &[&str]) -> Said {
        let arguments = [&["--config", "provwatch.toml"], arguments].concat();
        Said::by(program::provwatch(self.folder.path(), &arguments).env("COLUMNS", "160"))
    }

    fn doctor(&self, name: &str) -> Value {
        let said = self.provwatch(&["doctor", "--format", "json"]);
        let checks = said.json();
        checks.into_iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {said}"))
    }
}

#[test]
fn every_command_speaks_of_the_registry() {
    let home = Home::new();
    for number in 0..4 {
        home.publish(120 - 30 * number, "billing", &format!("1.0.{number}"), &by_ada());
    }
    let billing = home.acme("billing");
    let elsewhere = home.provwatch(&["watch", "add", "pkg:npm/x?repository_url=https://npm.other.example"]);
    assert_eq!(elsewhere.code, 2, "{elsewhere}");
    assert!(elsewhere.err.contains("add it as [[registries.npm]] with a name and this url"), "{elsewhere}");
    let lock = format!(
        r#"{{"lockfileVersion": 3, "packages": {{"node_modules/billing": {{"resolved": "{}billing/-/billing-1.0.3.tgz"}}}}}}"#,
        home.server.base("npm.acme.example")
    );
    home.write("package-lock.json", &lock);
    let import = home.provwatch(&["watch", "import", "package-lock.json", "--format", "json"]);
    assert_eq!((import.code, &import.json()[0]["added"][0]), (0, &Value::from(billing.as_str())), "{import}");
    let list = home.provwatch(&["watch", "list"]);
    assert!(list.out.contains(&billing) && !list.err.contains("warning"), "{list}");
    let why = home.provwatch(&["watch", "why", &billing]);
    assert!(why.out.contains("is watched") && why.out.contains("It is of the registry npm acme."), "{why}");

    let once = home.provwatch(&["run", "--once"]);
    assert_eq!(once.code, 0, "{once}");
    let lookup = home.provwatch(&["lookup", &billing]);
    assert!(lookup.code == 0 && lookup.out.contains("1.0.3") && lookup.out.contains("repository_url="), "{lookup}");
    let status = home.provwatch(&["status"]);
    assert!(status.out.contains("npm/acme"), "{status}");
    let status = &home.provwatch(&["status", "--format", "json"]).json()[0];
    let sources = status["sources"].as_array().unwrap();
    let source = sources.iter().find(|source| source["name"] == "npm/acme").unwrap();
    assert!(
        source["state"]["last_success"].is_string() && source["url"].as_str().unwrap().ends_with("npm.acme.example")
    );
    let doctor = home.doctor("npm/acme");
    assert_eq!((&doctor["state"], &doctor["detail"]), (&"ok".into(), &"answers, and has billing".into()));
    assert_eq!(home.doctor("public names")["state"], "ok");

    // Somebody takes the name in public: the next day's pass says so, and the commands that the alert proposes exist.
    let now = SystemClock.now();
    home.world.publish_npm("billing", "99.0.0", &by_mallory().at(now));
    let a_day = "UPDATE namesakes SET tried_at = tried_at - 86400000000, answered_at = answered_at - 86400000000";
    rusqlite_run(
        &home,
        &format!("{a_day}; UPDATE packages SET checksum = NULL, checked_at = checked_at - 86400000000"),
    );
    let once = home.provwatch(&["run", "--once", "--fail-on", "medium"]);
    assert_eq!(once.code, 3, "{once}");
    assert!(once.out.contains("billing, a package of npm at"), "{once}");
    let alerts = home.provwatch(&["alerts", "list", "--format", "json"]).json();
    assert_eq!(
        (alerts.len(), &alerts[0]["severity"], &alerts[0]["purl"]),
        (1, &"medium".into(), &"pkg:npm/billing@99.0.0".into())
    );
    let show = home.provwatch(&["alerts", "show", alerts[0]["id"].as_str().unwrap()]);
    assert!(show.out.contains("public-namesake: ") && show.out.contains("mallory"), "{show}");
    assert!(show.out.contains("detectors explain public-namesake") && !show.out.contains("baseline accept"), "{show}");
    let explain = home.provwatch(&["detectors", "explain", "public-namesake"]);
    assert!(explain.code == 0 && explain.out.contains("Dependency confusion"), "{explain}");
}

#[test]
fn a_registry_that_does_not_let_us_in_is_said_with_the_next_step() {
    let home = Home::new();
    home.publish(30, "billing", "1.0.0", &by_ada());
    home.write("watchlist.toml", &format!("packages = [{:?}]\n", home.acme("billing")));
    home.configure("");
    let doctor = home.doctor("npm/acme");
    assert_eq!(doctor["state"], "failed", "{doctor}");
    assert!(doctor["detail"].as_str().unwrap().contains("check the credentials"), "{doctor}");
    let once = home.provwatch(&["run", "--once"]);
    assert_eq!(once.code, 4, "{once}");
    home.configure("token_file = \"nowhere\"\n");
    let doctor = home.provwatch(&["doctor", "--offline"]);
    assert!(doctor.code == 2 && doctor.out.contains("registries.npm.acme.token_file"), "{doctor}");
    assert_eq!(home.provwatch(&["run", "--once"]).code, 2, "what doctor calls wrong, nothing begins with");

    home.write("watchlist.toml", "packages = [\"pkg:npm/x?repository_url=https://npm.other.example\"]\n");
    home.configure("token_file = \"token\"\n");
    let list = home.provwatch(&["watch", "list"]);
    assert!(list.err.contains("is not watched: the configuration has no registry at that URL"), "{list}");
    home.provwatch(&["run", "--once"]);
    let status = home.provwatch(&["status"]);
    assert!(status.out.replace(['\n', ' '], "").contains("switchedoffornotintheconfiguration"), "{status}");
}

#[test]
fn a_release_that_a_registry_of_ones_own_does_not_have_is_said_to_be_missing_there() {
    let home = Home::new();
    home.publish(40, "widget", "1.0.0", &by_ada());
    let title = format!("npm at {}", home.server.base("npm.acme.example").trim_start_matches("http://"));
    let title = title.trim_end_matches('/');
    for (release, said) in [
        (
            home.acme("nobody").replacen('?', "@1.0.0?", 1),
            format!("{title} has no package nobody, or does not show it"),
        ),
        (home.acme("widget").replacen('?', "@9.0.0?", 1), format!("{title} has no version 9.0.0 of widget")),
        (home.acme("widget").replacen('?', "@1.0.0?", 1), format!("{title} has no attestation of it")),
    ] {
        let answer = home.provwatch(&["verify", &release, "--format", "json"]);
        let reasons = answer.json()[0]["reasons"].to_string();
        assert!(answer.code == 4 && reasons.contains(&said), "{said}: {answer}");
    }
}

/// Changes the database behind the program's back.
#[expect(clippy::disallowed_methods, reason = "a day passes in the store")]
fn rusqlite_run(home: &Home, sql: &str) {
    let db = rusqlite::Connection::open(home.folder.path().join("provwatch.db")).unwrap();
    db.execute_batch(sql).unwrap();
}
