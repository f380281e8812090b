//! Compares all JSON output of commands with its schema, which must name every key. The commands run on the demo's
//! store, and over registries of our own where they need them.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use lab::{
    Lab, Publication, Workflow, World,
    archive::npm_tarball,
    b64,
    keys::sha512,
    program::{self, Said},
    schema,
    server::serve,
};
use serde_json::{Value, json};

/// The folder of a demo that was played.
struct Demo {
    folder: PathBuf,
    // Removed with it.
    _temporary: tempfile::TempDir,
}

impl Demo {
    fn play() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let played = Command::new(env!("CARGO_BIN_EXE_provwatch"))
            .arg("demo")
            .env_clear()
            .env("TMPDIR", temporary.path())
            .current_dir(temporary.path())
            .output()
            .unwrap();
        assert!(played.status.success(), "{played:?}");
        let folder = fs::read_dir(temporary.path()).unwrap().next().unwrap().unwrap().path();
        Self { folder, _temporary: temporary }
    }

    fn run(&self, arguments: &[&str]) -> Said {
        Said::by(&mut program::provwatch(&self.folder, &[&["--config", "provwatch.toml"], arguments].concat()))
    }

    /// Runs a command that must print lines of these forms, and holds them against their schemas.
    fn prints(&self, arguments: &[&str], forms: &[&str]) -> Vec<Value> {
        let said = self.run(&[arguments, &["--format", "json"]].concat());
        let lines = said.json();
        lines.iter().for_each(schema::hold);
        let seen: BTreeSet<&str> = lines.iter().map(|line| line["form"].as_str().unwrap()).collect();
        assert_eq!(seen, forms.iter().copied().collect(), "{arguments:?}: {said}");
        lines
    }
}

const WIDGET: &str = "pkg:npm/%40acme/widget";
const STOLEN: &str = "pkg:npm/%40acme/widget@2.7.3";
const BRANCH: &str = "pkg:npm/%40acme/widget@2.7.2";

/// Commands that print JSON on request, each with what it is called with on the demo's store and the forms that it prints.
fn commands() -> Vec<(&'static str, Vec<&'static str>, &'static [&'static str])> {
    vec![
        ("status", vec![], &["status/1"]),
        ("doctor", vec!["--offline"], &["check/1"]),
        ("watch list", vec![], &["watch-listed/1"]),
        ("watch why", vec![WIDGET], &["watch-why/1"]),
        ("watch why", vec!["pkg:npm/nobody"], &["watch-why/1"]),
        ("watch add", vec!["pkg:npm/axios"], &["watch-edited/1"]),
        ("watch remove", vec!["pkg:npm/axios"], &["watch-edited/1"]),
        ("watch import", vec!["package-lock.json"], &["imported/1"]),
        ("inventory add", vec!["shop", "shop-lock.json"], &["inventory-added/1"]),
        ("inventory list", vec![], &["inventory-project/1"]),
        ("inventory show", vec!["shop"], &["inventory-entry/1"]),
        ("inventory diff", vec!["shop"], &["inventory-change/1"]),
        ("inventory report", vec![], &["inventory-figures/1"]),
        ("alerts list", vec![], &["alert/1"]),
        ("alerts show", vec!["2f10e7bb1b36"], &["alert-shown/1"]),
        ("lookup", vec![STOLEN], &["lookup/1"]),
        ("incident radius", vec![STOLEN], &["incident-extent/1", "incident-touched/1"]),
        ("incident open", vec!["acme-2026", STOLEN, "--reason", "a stolen token"], &["incident/1"]),
        ("incident list", vec![], &["incident/1"]),
        ("incident show", vec!["acme-2026"], &["incident-shown/1"]),
        ("incident export", vec!["acme-2026", "--to", "acme.tar"], &["evidence-exported/1"]),
        ("incident verify", vec!["acme.tar"], &["evidence-checked/1"]),
        ("lookup", vec!["pkg:pypi/acme-gauge@1.5.1"], &["lookup/1"]),
        ("lookup", vec!["pkg:cargo/acme-sprocket"], &["lookup/1"]),
        ("lookup", vec!["pkg:npm/nobody@1.0.0"], &["lookup-missing/1"]),
        ("lookup", vec!["acme/widget"], &["lookup-release/1", "lookup-limits/1"]),
        ("lookup", vec!["2f10e7bb1b36"], &["lookup-release/1", "alert/1", "lookup-limits/1"]),
        ("lookup", vec!["@nobody.example"], &["lookup-limits/1"]),
        ("timeline", vec![WIDGET], &["timeline-entry/1"]),
        ("timeline", vec![STOLEN, "--at", "2026-03-25"], &["timeline-as-of/1", "timeline-entry/1"]),
        ("baseline list", vec![], &["baseline-listed/1"]),
        ("baseline show", vec![WIDGET], &["baseline/1"]),
        ("baseline history", vec![WIDGET], &["baseline-step/1"]),
        ("baseline pin", vec![WIDGET], &["baseline-pinned/1"]),
        ("expect add", vec![WIDGET, "--publisher", "grace", "--for", "2d", "--reason", "why"], &["expected/1"]),
        ("expect list", vec![], &["expected/1"]),
        ("allow", vec!["--run", "https://github.com/acme/widget/actions/runs/7"], &["allowance/1"]),
        ("allow list", vec![], &["allowance/1"]),
        ("silences add", vec!["--package", WIDGET, "--for", "2d", "--reason", "why"], &["silence/1"]),
        ("silences list", vec![], &["silence/1"]),
        ("silences check", vec!["2f10e7bb1b36"], &["silence-applying/1"]),
        ("subscriptions list", vec![], &[]),
        ("subscriptions route", vec![STOLEN], &[]),
        ("deliveries list", vec![], &[]),
        ("deliveries retry", vec!["--since", "2020-01-01", "--dry-run"], &["deliveries-retried/1"]),
        ("replay", vec!["provwatch.db"], &["replayed/1"]),
        ("export blocklist", vec![], &["blocklist/1"]),
        ("inventory remove", vec!["shop", "--dry-run"], &["inventory-removed/1"]),
        ("store check", vec![], &["history/1"]),
        ("store backup", vec!["backup.db"], &["backup/1"]),
        ("store restore", vec!["backup.db", "--dry-run"], &["restored/1"]),
        ("detectors list", vec![], &["detector-listed/1"]),
        ("detectors explain", vec!["evidence-downgrade"], &["detector/1"]),
        ("logs list", vec![], &["log/1"]),
        ("logs status", vec![], &[]),
        ("logs matches", vec![], &[]),
        ("logs evidence", vec![], &[]),
        ("logs verify", vec!["evidence.json"], &["log-verdict/1"]),
        ("verify", vec!["bundle.json"], &["verified/1"]),
        ("verify", vec!["npm.json", "--repository", "eve/widget"], &["verified/1"]),
        ("verify", vec!["tarball.tgz"], &["verified/1"]),
        ("verify", vec!["sha256:0000000000000000000000000000000000000000000000000000000000000000"], &["verified/1"]),
        ("verify-bundle", vec!["--bundle", "bundle.json", "--key", "key.pem", "tarball.tgz"], &["bundle/1"]),
        ("baseline accept", vec![BRANCH, "--reason", "it was ada"], &["baseline-accepted/1"]),
        ("baseline unaccept", vec![BRANCH, "--reason", "it was not"], &["baseline-unaccepted/1"]),
        ("baseline reset", vec![WIDGET, "--reason", "restored"], &["baseline-reset/1"]),
        ("alerts ack", vec!["2f10e7bb1b36", "--reason", "seen", "--dry-run"], &["alert-change/1"]),
        ("alerts ack", vec!["2f10e7bb1b36", "--reason", "seen", "--until", "7d"], &["alert/1"]),
        ("alerts snooze", vec!["2f10e7bb1b36", "--until", "7d", "--reason", "it can wait"], &["alert/1"]),
        ("alerts resolve", vec!["2f10e7bb1b36", "--as", "true-positive", "--reason", "it was"], &["alert/1"]),
        ("alerts reopen", vec!["2f10e7bb1b36", "--reason", "another look"], &["alert/1"]),
        ("alerts stats", vec!["--since", "2020-01-01"], &["alert-stats/1"]),
    ]
}

/// Commands that ask registries, receivers or logs, or need a delivery: the test below runs them, `tests/it/cli_logs.rs` the
/// last but one, and `tests/it/deliveries.rs` the last.
const ASKING: [&str; 7] =
    ["run", "backfill", "incident inspect", "test-sinks", "drill", "logs find", "deliveries show"];

/// Files of the user's, beside the demo's.
fn write_files(folder: &Path) {
    let lab = Lab::new();
    let at = "2026-01-12T11:00:00Z".parse().unwrap();
    let workflow = Workflow::github("acme/widget", "release.yml", "refs/tags/v1.0.0");
    let npm = lab.npm_attestations("pkg:npm/widget@1.0.0", &hex::encode(sha512(b"x")), &workflow, at, None);
    let lock = json!({"lockfileVersion": 3, "packages": {"node_modules/left": {"version": "1.0.0", "link": true},
        "node_modules/private": {"version": "1.0.0", "resolved": "https://npm.example/private.tgz"}}});
    let evidence = json!({"version": 1, "misdeed": "stale", "log": {"name": "log.example", "form": "note",
        "public_key": b64(&lab.log.key.spki())}, "found_at": "2026-01-12T11:00:00Z", "statement": "it stands still",
        "served": "nothing"});
    let write = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    write("bundle.json", npm["attestations"][0]["bundle"].to_string());
    write("npm.json", npm.to_string());
    write("key.pem", lab::attestation::pem("PUBLIC KEY", &lab.npm_key.spki()));
    // The recording's registries served tarballs that are called like this.
    write("tarball.tgz", "@acme/widget@2.7.1".to_owned());
    write("package-lock.json", lock.to_string());
    let shop = json!({"lockfileVersion": 3, "packages": {"": {"dependencies": {"@acme/widget": "2"}},
        "node_modules/@acme/widget": {"version": "2.7.3"}, "node_modules/left": {"version": "1.0.0", "link": true}}});
    write("shop-lock.json", shop.to_string());
    assert_eq!(schema::problems("evidence/1", &evidence), [""; 0]);
    write("evidence.json", evidence.to_string());
}

#[test]
fn what_every_command_prints_on_the_demos_store_is_what_its_schema_says() {
    let demo = Demo::play();
    write_files(&demo.folder);
    for (command, arguments, forms) in commands() {
        let words: Vec<&str> = command.split(' ').chain(arguments).collect();
        demo.prints(&words, forms);
    }
    let status = demo.prints(&["status"], &["status/1"]).remove(0);
    let (pairs, objects) = (&status["stored"]["releases"], &status["stored"]["releases_by_outcome"]);
    assert_eq!(pairs[0], json!([objects[0]["outcome"], objects[0]["count"]]), "what is in pairs is in objects too");
}

/// The manual pages are made from the arguments: a command with `--format` cannot be left out here.
#[test]
fn no_command_that_prints_json_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let said = Said::by(&mut program::provwatch(folder.path(), &["man", "--dir", "pages"]));
    assert_eq!(said.code, 0, "{said}");
    let mut with_format = BTreeSet::new();
    for page in fs::read_dir(folder.path().join("pages")).unwrap() {
        let page = page.unwrap().path();
        let text = fs::read_to_string(&page).unwrap();
        if text.contains("\\-\\-format") {
            with_format.insert(page.file_stem().unwrap().to_str().unwrap().replacen("provwatch-", "", 1));
        }
    }
    let run = commands().into_iter().map(|(command, ..)| command.to_owned());
    let known: BTreeSet<String> = run.chain(ASKING.map(str::to_owned)).collect();
    let names: BTreeSet<String> = known.iter().map(|command| command.replace(' ', "-")).collect();
    assert_eq!(with_format, names);
}

#[test]
fn what_is_printed_and_posted_while_registries_are_asked_is_what_its_schema_says() {
    let world = World::new();
    for patch in 0..4 {
        let (version, at) = (format!("1.0.{patch}"), format!("2026-01-0{}T10:00:00Z", 2 + patch));
        let workflow = Workflow::github("acme/widget", "release.yml", &format!("refs/tags/v{version}"));
        let tarball = npm_tarball(&[("package.json", "{}")]);
        world.publish_npm("widget", &version, &Publication::workflow(&at, &workflow).holding(".tgz", tarball));
    }
    let server = serve(world.clone());
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    write("root.json", world.lab().trusted_root().to_string());
    write("keys.json", world.lab().npm_keys().to_string());
    write("watchlist.toml", "packages = [\"pkg:npm/widget\"]".to_owned());
    let config = WORLD.replace("NPM", &server.base("npm.example")).replace("FEED", &server.base("replicate.example"));
    write("provwatch.toml", config.replace("HOOKS", &server.base("hooks.example")));
    let asked = |arguments: &[&str]| {
        let arguments = [&["--config", "provwatch.toml"], arguments, &["--format", "json"]].concat();
        let said = Said::by(&mut program::provwatch(folder.path(), &arguments));
        assert!(matches!(said.code, 0 | 4), "{arguments:?}: {said}");
        said.json().iter().for_each(schema::hold);
        said.json().iter().map(|line| line["form"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(asked(&["run", "--once"]), ["pass/1"]);
    assert_eq!(asked(&["backfill", "pkg:npm/widget"]), ["backfill/1"]);
    assert_eq!(asked(&["verify", "pkg:npm/widget@1.0.3"]), ["verified/1"]);
    assert_eq!(asked(&["incident", "inspect", "pkg:npm/widget@1.0.3"]), ["incident-inspected/1"]);
    assert_eq!(asked(&["lookup", "--fetch", "pkg:npm/widget@1.0.3"]), ["lookup-fetched/1"]);
    assert_eq!(asked(&["lookup", "--fetch", "pkg:npm/nobody@1.0.0"]), ["lookup-fetched/1"]);
    assert_eq!(asked(&["test-sinks"]), ["sink/1"]);
    assert_eq!(asked(&["drill"]), ["drill/1"]);
    assert_eq!(asked(&["subscriptions", "test"]), ["sink/1"]);
    assert_eq!(asked(&["subscriptions", "list"]), ["subscription/1"]);
    assert_eq!(asked(&["subscriptions", "route", "pkg:npm/widget"]), ["subscription-route/1"]);
    let posted = world.received();
    assert!(!posted.is_empty());
    for (_, body) in &posted {
        schema::hold(body);
    }
}

const WORLD: &str = r#"
[store]
path = "provwatch.db"
[watchlist]
files = ["watchlist.toml"]
[http]
contact = "tests@example.org"
allow_private = ["127.0.0.1"]
max_attempts = 1
[forges]
enabled = false
[logs]
enabled = false
[trust]
source = "file"
trusted_root = "root.json"
npm_keys = "keys.json"
[registries.npm]
registry = "NPM"
replicate = "FEED"
[registries.pypi]
enabled = false
[registries.cargo]
enabled = false
[[subscriptions]]
name = "hook"
type = "webhook"
url = "HOOKS"
"#;

/// The files that people write and exchange.
#[test]
fn files_are_what_their_schemas_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let toml = |path: &str| -> Value { toml::from_str(&fs::read_to_string(root.join(path)).unwrap()).unwrap() };
    for (form, path) in [
        ("config/1", "demo/provwatch.toml"),
        ("config/1", "src/config/template.toml"),
        ("watchlist/1", "demo/watchlist.toml"),
        ("watchlist/1", "src/watchlist/template.toml"),
        ("watchlist/1", "watchlists/npm.toml"),
    ] {
        assert_eq!(schema::problems(form, &toml(path)), [""; 0], "{path}");
    }
    let folders = ["tests/data/backtest", "tests/data/backtest/evasions"].map(|folder| root.join(folder));
    let timelines = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|file| file.unwrap().path());
    let mut read = 0;
    for path in timelines.filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let timeline: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(schema::problems("timeline/1", &timeline), [""; 0], "{}", path.display());
        read += 1;
    }
    assert!(read > 0);
    let typo = json!({"packages": ["pkg:npm/axios"], "exlude": []});
    assert!(!schema::problems("watchlist/1", &typo).is_empty(), "an unknown key is noticed");
}

/// The check itself: without it nothing above says anything.
#[test]
fn a_key_too_many_a_key_too_few_and_an_unknown_form_are_noticed() {
    let good = json!({"form": "sink/1", "subscription": "a", "kind": "webhook", "ok": true, "detail": "200"});
    assert_eq!(schema::problems("sink/1", &good), [""; 0]);
    for (pointer, value) in
        [("ok", None), ("more", Some(json!(1))), ("form", Some(json!("sink/2"))), ("ok", Some(json!(1)))]
    {
        let mut bad = good.clone();
        match value {
            Some(value) => bad[pointer] = value,
            None => drop(bad.as_object_mut().unwrap().remove(pointer)),
        }
        assert!(!schema::problems("sink/1", &bad).is_empty(), "{bad}");
    }
    assert!(!schema::problems("nothing/1", &good).is_empty());
}
