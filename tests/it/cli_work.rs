//! Tests of the commands that do the work, as a user runs them: the real program, its files, its exit codes.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use std::{fs, path::Path};

use chrono::{SecondsFormat, TimeDelta};
use insta::assert_snapshot;
use lab::{
    Breakage, Fault, Lab, Publication, Statement, Workflow, World,
    program::{self, Said},
    server::{Server, serve},
};
use provwatch::clock::{Clock, SystemClock};

/// A user's home, empty at first.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Runs a command in the home, which its output calls HOME.
    fn run(&self, arguments: &[&str]) -> Said {
        let said = Said::by(program::provwatch(self.0.path(), arguments).env("COLUMNS", "100"));
        said.with(self.0.path().to_str().unwrap(), "HOME")
    }

    /// A home whose configuration knows no registries but those of a world.
    fn in_world(world: &World) -> (Self, Server) {
        let home = Self::new();
        let server = serve(world.clone());
        home.write("root.json", &world.lab().trusted_root().to_string());
        home.write("keys.json", &world.lab().npm_keys().to_string());
        home.write("provwatch.toml", &config(|host| server.base(host)));
        home.write("watchlist.toml", r#"packages = ["pkg:npm/widget", "pkg:pypi/gadget", "pkg:cargo/sprocket"]"#);
        (home, server)
    }

    fn provwatch(&self, arguments: &[&str]) -> Said {
        self.run(&[&["--config", "provwatch.toml"], arguments].concat())
    }
}

fn config(base: impl Fn(&str) -> String) -> String {
    format!(
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
source = "file"
trusted_root = "root.json"
npm_keys = "keys.json"
[registries.npm]
registry = "{}"
replicate = "{}"
[registries.pypi]
index = "{}"
[registries.cargo]
api = "{}"
index = "{}"
files = "{}"
[[subscriptions]]
name = "terminal"
type = "stdout"
"#,
        base("npm.example"),
        base("replicate.example"),
        base("pypi.example"),
        base("crates.example"),
        base("index.example"),
        base("static.example")
    )
}

/// Three packages with a calm history.
fn world() -> World {
    let world = World::new();
    for patch in 0..8 {
        let tag = format!("refs/tags/v1.0.{patch}");
        let at = format!("2026-01-{:02}T10:00:00Z", 2 + patch);
        let publication =
            |name| Publication::workflow(&at, &Workflow::github(&format!("acme/{name}"), "release.yml", &tag));
        let version = format!("1.0.{patch}");
        world.publish_npm("widget", &version, &publication("widget"));
        world.publish_pypi("gadget", &version, &publication("gadget"));
        world.publish_crate("sprocket", &version, &publication("sprocket"));
    }
    world
}

fn publish_with_a_stolen_token(world: &World) {
    let at = (SystemClock.now() - TimeDelta::hours(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
    world.publish_npm("widget", "1.0.8", &Publication::token(&at, "mallory", "mallory@evil.example"));
}

#[test]
fn a_first_pass_learns_and_catches_a_takeover() {
    let world = world();
    publish_with_a_stolen_token(&world);
    let (home, _server) = Home::in_world(&world);
    let said = home.provwatch(&["run", "--once"]);
    let (alerts, summary): (Vec<&str>, Vec<&str>) = said.out.lines().partition(|line| line.starts_with('{'));
    assert_snapshot!(summary.join("\n"));
    assert_eq!((said.code, alerts.len()), (3, 1), "{said}");
    let again = home.provwatch(&["run", "--once", "--format", "json"]);
    assert_eq!(again.code, 0, "what is known raises no second alert: {again}");
    assert_eq!(again.json().len(), 1);
}

#[test]
fn fail_on_decides_which_alerts_count() {
    let world = world();
    publish_with_a_stolen_token(&world);
    let (home, _server) = Home::in_world(&world);
    let said = home.provwatch(&["run", "--once", "--format", "json", "--fail-on", "critical"]);
    let summary = said.json().pop().unwrap();
    assert_eq!(summary["alerts"][0]["purl"], "pkg:npm/widget@1.0.8", "{said}");
    let severity = summary["alerts"][0]["severity"].as_str().unwrap();
    assert_eq!(said.code, if severity == "critical" { 3 } else { 0 }, "{said}");
}

#[test]
fn what_could_not_be_checked_is_said() {
    let world = world();
    world.fail_once("_changes", Fault::Status(500, Vec::new()));
    world.fail_once("replicate.example/", Fault::Status(500, Vec::new()));
    for _pass in 0..2 {
        world.fail_once("npm.example/widget", Fault::Body(b"{\"name\":".to_vec()));
    }
    let (home, _server) = Home::in_world(&world);
    let said = home.provwatch(&["run", "--once", "--format", "json"]);
    assert_eq!(said.code, 4, "{said}");
    let summary = said.json().pop().unwrap();
    assert!(summary["postponed"]["pkg:npm/widget"].is_string(), "{said}");
    assert_eq!(summary["waiting"], 1);
    let failed = summary["sources"].as_array().unwrap().iter().filter(|source| source["error"].is_string());
    assert_eq!(failed.count(), 1, "{said}");
    let again = home.provwatch(&["run", "--once"]);
    assert_eq!(again.code, 4, "a package that waits is not a package that is clean: {again}");
}

#[test]
fn a_pass_over_a_broken_store_fails() {
    let world = world();
    let (home, _server) = Home::in_world(&world);
    home.write("provwatch.db", "not a database, but long enough to look like one. ".repeat(50).as_str());
    let said = home.provwatch(&["run", "--once"]);
    assert_eq!(said.code, 1, "{said}");
    assert!(said.err.contains("provwatch.db is damaged"), "{said}");
}

#[test]
fn backfill_says_what_it_learned_of_every_package() {
    let world = world();
    let (home, _server) = Home::in_world(&world);
    assert_snapshot!(home.provwatch(&["backfill"]));
    assert_snapshot!(home.provwatch(&["backfill"]), @r"
    exit 0
    --- out
    --- err
    nothing to do: every watched package was checked; name packages, or use --all
    ");
    let said = home.provwatch(&["backfill", "pkg:npm/nothing-of-that-name", "--format", "json"]);
    assert_eq!(said.code, 4, "{said}");
    assert_eq!(said.json()[0]["failed"], "the registry does not have it");
    assert!(said.err.contains("is not watched"), "{said}");
    assert_eq!(home.provwatch(&["backfill", "--all"]).code, 0);
    assert_eq!(home.provwatch(&["backfill", "npm/axios"]).code, 2);
    assert_eq!(home.provwatch(&["backfill", "--all", "pkg:npm/widget"]).code, 2);
}

#[test]
fn init_leads_a_newcomer_on() {
    let home = Home::new();
    let (folder, config) = (home.path("pw"), home.path("pw/provwatch.toml"));
    let init = |arguments: &[&str]| home.run(&[&["init", "--dir", folder.to_str().unwrap()], arguments].concat());
    assert_snapshot!(init(&["--contact", "it's \"us\" <security@example.org>"]));
    let written = fs::read_to_string(&config).unwrap();
    assert!(provwatch::config::Config::parse(&written, &config).unwrap().http.contact.unwrap().contains("it's \"us\""));

    fs::write(&config, "# mine").unwrap();
    let said = init(&[]);
    assert_eq!(said.code, 2, "{said}");
    assert_eq!(fs::read_to_string(&config).unwrap(), "# mine");
    assert_eq!(init(&["--force"]).code, 0);
    assert_eq!(fs::read_to_string(home.path("pw/provwatch.toml.bak")).unwrap(), "# mine");
    assert_eq!(fs::read_to_string(&config).unwrap(), provwatch::config::TEMPLATE);
    let said = init(&["--force", "--contact", "line\nbreak"]);
    assert_eq!(said.code, 2, "{said}");
}

#[test]
fn doctor_finds_everything_in_place() {
    let world = world();
    let (home, server) = Home::in_world(&world);
    home.provwatch(&["backfill"]);
    let said = home.provwatch(&["doctor", "--format", "json"]);
    let checks = said.json();
    let states: Vec<_> = checks.iter().map(|check| format!("{} {}", check["name"], check["state"])).collect();
    assert_snapshot!(states.join("\n").replace(&server.address.to_string(), "SERVER").replace('"', ""));
    assert_eq!(said.code, 0, "{said}");
}

#[test]
fn doctor_names_what_is_wrong_and_the_next_step() {
    let home = Home::new();
    home.write("provwatch.toml", &config(|_| "http://127.0.0.1:1/".to_owned()).replace("root.json", "lost.json"));
    let said = home.provwatch(&["doctor"]);
    assert_eq!(said.code, 2, "{said}");
    let shown: Vec<_> = said.out.lines().filter(|line| !line.contains(" UTC")).collect();
    assert_snapshot!(shown.join("\n"));
    home.write("provwatch.toml", "[http]\ncontakt = 1");
    assert_snapshot!(home.provwatch(&["doctor"]));
}

#[test]
fn doctor_tells_a_dead_network_from_a_wrong_configuration() {
    let home = Home::new();
    let config = config(|_| "http://127.0.0.1:1/".to_owned());
    let config = config
        .replace("source = \"file\"\ntrusted_root = \"root.json\"\nnpm_keys = \"keys.json\"", "source = \"embedded\"");
    home.write("provwatch.toml", &config);
    home.write("watchlist.toml", "packages = [\"pkg:npm/widget\"]");
    assert_eq!(home.provwatch(&["doctor", "--offline"]).code, 0);
    assert_eq!(home.provwatch(&["doctor"]).code, 1);
}

#[test]
fn replay_scores_the_back_test() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/backtest");
    let (home, cases) = (Home::new(), cases.to_str().unwrap());
    let said = home.run(&["replay", "--expect", cases]);
    let last = said.out.lines().last().unwrap();
    let missed: usize = last.split([' ', ',']).nth(4).unwrap().parse().unwrap();
    assert!(last.starts_with("expectations: ") && last.ends_with(" missed"), "{last}");
    assert_eq!(said.code, if missed > 0 { 3 } else { 0 });

    let said = home.run(&["replay", "--format", "json", cases]);
    let alerts = said.json();
    assert!(alerts.iter().all(|alert| alert["case"].is_string() && alert["severity"].is_string()));
    let times: Vec<_> = alerts.iter().map(|alert| alert["published_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "alerts are in time order over all timelines");
    assert_eq!(said.code, 0, "without --fail-on alerts do not count");
    assert_eq!(home.run(&["replay", "--fail-on", "high", cases]).code, 3);

    let said = home.run(&["replay", "--expect", "--format", "json", cases]);
    assert_eq!(said.json().len(), alerts.len(), "standard output stays JSON");
    assert_eq!(said.err.lines().last().unwrap(), last);
}

#[test]
fn replay_shows_alerts_and_their_evidence() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/backtest/axios-2026-03.json");
    let (home, case) = (Home::new(), case.to_str().unwrap());
    assert_snapshot!(home.run(&["replay", case]));
    assert_snapshot!(home.run(&["replay", "--explain", case]));
}

#[test]
fn what_is_no_timeline_is_refused_by_file_and_place() {
    let home = Home::new();
    home.write("a.json", "{\"case\": \"a\",\n \"kind\": \"positive\", \"observations\": 3}");
    home.write(
        "b.json",
        r#"{"case": "b", "kind": "negative", "observations": [],
        "expect": [{"purl": "pkg:npm/a@1", "at_most": "low"}]}"#,
    );
    fs::create_dir(home.path("empty")).unwrap();
    let said = ["a.json", "b.json", "empty", "missing.json"].map(|file| home.run(&["replay", file]));
    assert!(said.iter().all(|said| said.code == 2 && said.out.is_empty()));
    assert_snapshot!(said.map(|said| said.err).concat());
}

#[test]
fn detectors_explain_themselves() {
    let home = Home::new();
    assert_snapshot!(home.run(&["detectors", "list"]));
    assert_snapshot!(home.run(&["detectors", "explain", "evidence-downgrade"]));
    let said = home.run(&["detectors", "explain", "evidence-downgrade", "--format", "json"]);
    assert!(said.json()[0]["what_to_do"].is_string(), "{said}");
    assert_snapshot!(home.run(&["detectors", "explain", "evidence-dowgrade"]), @r#"
    exit 2
    --- out
    --- err
    error: unknown detector "evidence-dowgrade"; did you mean "evidence-downgrade"?
      next: `provwatch detectors list` names them
    "#);
}

#[test]
fn test_sinks_sends_a_test_alert_to_every_subscription() {
    let (home, _server) = Home::in_world(&World::new());
    let webhook = "\n[[subscriptions]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n";
    let config = fs::read_to_string(home.path("provwatch.toml")).unwrap() + webhook;
    home.write("provwatch.toml", &config);
    let said = home.provwatch(&["test-sinks", "--format", "json"]);
    let lines = said.json();
    assert_eq!(said.code, 1, "{said}");
    assert_eq!(lines[0]["title"], "This is a test of provwatch: nothing happened");
    assert_eq!(lines[0]["id"], "test", "no alert is named that nobody can look at");
    let answers: Vec<_> = lines[1..].iter().map(|answer| (&answer["subscription"], &answer["ok"])).collect();
    assert_eq!(answers, [(&"terminal".into(), &true.into()), (&"hook".into(), &false.into())], "{said}");
    assert_eq!(home.provwatch(&["test-sinks", "terminal"]).code, 0);
    let said = home.provwatch(&["test-sinks", "hok"]);
    assert_eq!(said.code, 2, "{said}");
    assert!(said.err.contains("did you mean \"hook\""), "{said}");
}

#[test]
fn verify_bundle_accepts_what_holds_and_names_the_check_that_does_not() {
    let (home, lab) = (Home::new(), Lab::new());
    let workflow = Workflow::github("acme/widget", "release.yml", "refs/tags/v1.0.0");
    let digest = hex::encode(lab::keys::sha256(b"a tarball"));
    let statement = Statement {
        subject: "widget-1.0.0.tgz".to_owned(),
        digest: ("sha256", digest.clone()),
        predicate_type: "https://slsa.dev/provenance/v1".to_owned(),
        predicate: serde_json::json!({}),
    };
    let bundle =
        |broken| lab.sign(&statement, &workflow, "2026-01-12T11:00:00Z".parse().unwrap(), broken).bundle().to_string();
    home.write("root.json", &lab.trusted_root().to_string());
    home.write("good.json", &bundle(None));
    home.write("broken.json", &bundle(Some(Breakage::Signature)));
    home.write("widget-1.0.0.tgz", "a tarball");
    home.write("other.tgz", "another tarball");
    let identity = "https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.0.0";
    let verify = |bundle: &str, identity: &str, file: &str| {
        let issuer = "https://token.actions.githubusercontent.com";
        let who = ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer];
        let what = ["verify-bundle", "--bundle", bundle, "--trusted-root", "root.json"];
        home.run(&[&what[..], &who, &[file]].concat())
    };
    assert_snapshot!(verify("good.json", identity, "widget-1.0.0.tgz"));
    assert_eq!(verify("good.json", identity, &format!("sha256:{digest}")).code, 0);
    let rejected = [
        verify("good.json", identity, "other.tgz"),
        verify("good.json", "https://github.com/mallory/widget", "widget-1.0.0.tgz"),
        verify("broken.json", identity, "widget-1.0.0.tgz"),
    ];
    assert!(rejected.iter().all(|said| said.code == 1 && said.out.is_empty()));
    assert_snapshot!(rejected.map(|said| said.err).concat());
    let unreadable = [
        verify("good.json", identity, "sha256:abc"),
        verify("good.json", identity, "lost.tgz"),
        verify("lost.json", identity, "other.tgz"),
    ];
    assert!(unreadable.iter().all(|said| said.code == 2));
    assert_snapshot!(unreadable.map(|said| said.err).concat());
}

#[test]
fn every_shell_gets_completions_and_man_a_page() {
    let home = Home::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = home.run(&["completions", shell]);
        assert!(said.code == 0 && said.out.contains("verify-bundle"), "{shell}");
    }
    let said = home.run(&["man"]);
    assert!(said.code == 0 && said.out.contains(".TH provwatch 1") && said.out.contains("Examples"), "{said}");
    assert_eq!(home.run(&["man", "--dir", "pages"]).code, 0);
    assert!(home.path("pages/provwatch-run.1").exists() && home.path("pages/provwatch-detectors-explain.1").exists());
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let home = Home::new();
    for arguments in [
        &["rum"][..],
        &[],
        &["replay"],
        &["run", "--fail-on", "grave"],
        &["run", "--format", "xml"],
        &["detectors"],
        &["completions", "tcl"],
        &["--config", "missing.toml", "run"],
        &["verify-bundle"],
    ] {
        let said = home.run(arguments);
        assert!(said.code == 2 && !said.err.is_empty() && said.out.is_empty(), "{arguments:?}: {said}");
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    let home = Home::new();
    for command in ["run", "init", "doctor", "backfill", "replay", "verify-bundle", "test-sinks", "completions", "man"]
    {
        let said = home.run(&[command, "--help"]);
        assert!(said.code == 0 && said.out.contains("Example") && said.out.contains("provwatch "), "{said}");
    }
}

#[test]
fn examples_fit_the_narrowest_terminal() {
    let home = Home::new();
    for command in [
        "",
        "run",
        "init",
        "doctor",
        "status",
        "backfill",
        "lookup",
        "timeline",
        "replay",
        "verify-bundle",
        "watch add",
        "watch import",
        "baseline show",
        "baseline accept",
        "baseline reset",
        "baseline pin",
        "baseline list",
        "alerts list",
        "alerts ack",
        "expect add",
        "logs scan",
        "logs find",
        "logs start",
        "detectors explain",
    ] {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let said = home.run(&words);
        let wide = said.out.lines().find(|line| line.starts_with("  provwatch ") && line.chars().count() > 80);
        assert_eq!(wide, None, "{command}");
    }
}
