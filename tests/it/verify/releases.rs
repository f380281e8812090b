//! Tests of `provwatch verify` on releases and on digests of their files, beside the stored baseline and accusations.

use std::fs;

use chrono::{SecondsFormat, TimeDelta};
use provwatch::clock::{Clock, SystemClock};
use serde_json::json;

use super::{CONFIG, CONTENT, Home, bundle, workflow};
use crate::lab::{
    Breakage, Fault, Lab, Publication, Workflow, World, b64,
    keys::{sha256, sha512},
    server::{Server, serve},
};

/// A world whose packages have a calm history, and a home that knows its registries.
fn world() -> (World, Home, Server) {
    let world = World::new();
    for patch in 0..8 {
        let (version, tag) = (format!("1.0.{patch}"), format!("refs/tags/v1.0.{patch}"));
        let time = format!("2026-01-{:02}T10:00:00Z", 2 + patch);
        let by = |name| Publication::workflow(&time, &Workflow::github(&format!("acme/{name}"), "release.yml", &tag));
        world.publish_npm("widget", &version, &by("widget"));
        world.publish_pypi("gadget", &version, &by("gadget"));
        world.publish_crate("sprocket", &version, &by("sprocket"));
    }
    let home = Home::new(world.lab());
    let server = serve(world.clone());
    let base = |host: &str| server.base(host);
    let registries = format!(
        r#"
[http]
contact = "tests@example.org"
allow_private = ["127.0.0.1"]
max_attempts = 1
[http.hosts."127.0.0.1"]
requests_per_minute = 60000
concurrency = 64
[registries.npm]
registry = "{}"
replicate = "{}"
[registries.pypi]
index = "{}"
[registries.cargo]
api = "{}"
index = "{}"
files = "{}"
"#,
        base("npm.example"),
        base("replicate.example"),
        base("pypi.example"),
        base("crates.example"),
        base("index.example"),
        base("static.example")
    );
    home.write("provwatch.toml", format!("{CONFIG}{registries}"));
    (world, home, server)
}

fn steal(world: &World) {
    let at = (SystemClock.now() - TimeDelta::hours(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
    world.publish_npm("widget", "1.0.8", &Publication::token(&at, "mallory", "mallory@evil.example"));
}

#[test]
fn a_release_is_fetched_and_verified_without_any_store() {
    let (world, home, _server) = world();
    world.publish_npm(
        "widget",
        "2.0.0",
        &Publication::workflow("2026-02-01T10:00:00Z", &workflow()).broken(Breakage::Digest),
    );
    for (purl, code, verdict) in [
        ("pkg:npm/widget@1.0.7", 0, "verified"),
        ("pkg:pypi/gadget@1.0.7", 0, "verified"),
        ("pkg:cargo/sprocket@1.0.7", 4, "absent"),
        ("pkg:npm/widget@2.0.0", 1, "invalid"),
        ("pkg:npm/widget@9.9.9", 4, "unknown"),
        ("pkg:npm/nobody@1.0.0", 4, "unknown"),
    ] {
        let (seen, report) = home.report(&[purl]);
        assert_eq!((seen, report["verdict"].as_str().unwrap()), (code, verdict), "{purl}: {report}");
        if let Some(release) = report["releases"].get(0) {
            assert_eq!(
                (&release["source"], &release["compared"]),
                (&json!("registry"), &json!("no-baseline")),
                "{purl}"
            );
        }
    }
    let table = home.verify(&["pkg:npm/widget@1.0.7"]);
    assert!(table.out.contains("only its provenance counts"), "{table}");
    assert!(!home.0.path().join("provwatch.db").exists(), "nothing is written");
    for (condition, code) in [("acme/widget", 0), ("eve/widget", 3)] {
        assert_eq!(home.report(&["pkg:npm/widget@1.0.7", "--repository", condition]).0, code, "{condition}");
    }
    let unattested = home.report(&["pkg:cargo/sprocket@1.0.7", "--repository", "acme/sprocket"]);
    assert_eq!((unattested.0, &unattested.1["verdict"]), (3, &json!("unmet")), "nobody signed, so nobody meets it");
}

#[test]
fn a_release_of_a_known_package_is_judged_beside_its_baseline() {
    let (world, home, _server) = world();
    assert_eq!(home.provwatch(&["backfill", "pkg:npm/widget"]).code, 0);
    steal(&world);
    let before = fs::read(home.0.path().join("provwatch.db")).unwrap();
    let (code, report) = home.report(&["pkg:npm/widget@1.0.8"]);
    assert_eq!((code, &report["verdict"]), (3, &json!("accused")), "{report}");
    let release = &report["releases"][0];
    assert_eq!(release["compared"], "compared", "{release}");
    assert!(["high", "critical"].contains(&release["severity"].as_str().unwrap()), "{release}");
    assert!(release["signals"].to_string().contains("evidence-downgrade"), "{release}");
    assert_eq!(fs::read(home.0.path().join("provwatch.db")).unwrap(), before, "nothing is recorded");
    let (code, report) = home.report(&["pkg:npm/widget@1.0.7"]);
    assert_eq!((code, &report["releases"][0]["compared"]), (0, &json!("learned")), "{report}");
}

#[test]
fn what_cannot_be_asked_and_evidence_that_cannot_be_had_are_not_verified() {
    let (world, home, _server) = world();
    world.break_down("/attestations/", Fault::Status(503, Vec::new()));
    let (code, report) = home.report(&["pkg:npm/widget@1.0.7"]);
    assert_eq!((code, &report["verdict"]), (4, &json!("unavailable")), "{report}");
    world.break_down("npm.example/", Fault::Status(503, Vec::new()));
    let said = home.verify(&["pkg:npm/widget@1.0.7"]);
    assert_eq!(said.code, 4, "{said}");
    assert!(said.out.contains("503") && said.out.contains("provwatch lookup"), "{said}");
}

#[test]
fn a_digest_finds_the_stored_release_that_has_the_file() {
    let (world, home, _server) = world();
    steal(&world);
    let integrity = |version: &str| format!("sha512-{}", b64(&sha512(format!("widget@{version}").as_bytes())));
    let unknown = home.report(&[&integrity("1.0.7")]);
    assert_eq!((unknown.0, &unknown.1["verdict"]), (4, &json!("unknown")), "there is no store");
    home.provwatch(&["backfill", "pkg:npm/widget", "pkg:pypi/gadget"]);
    let wheel = "gadget-1.0.7-py3-none-any.whl";
    let of_wheel = format!("sha256:{}", hex::encode(sha256(wheel.as_bytes())));
    home.write("tarball.tgz", "widget@1.0.7");
    for (target, purl, code, verdict) in [
        (integrity("1.0.7").as_str(), "pkg:npm/widget@1.0.7", 0, "verified"),
        ("tarball.tgz", "pkg:npm/widget@1.0.7", 0, "verified"),
        (&of_wheel, "pkg:pypi/gadget@1.0.7", 0, "verified"),
        (&integrity("1.0.8"), "pkg:npm/widget@1.0.8", 3, "accused"),
    ] {
        let (seen, report) = home.report(&[target]);
        assert_eq!((seen, report["verdict"].as_str().unwrap()), (code, verdict), "{target}: {report}");
        let release = &report["releases"][0];
        assert_eq!((&release["purl"], &release["source"]), (&json!(purl), &json!("store")), "{target}");
        assert!(release["file"].is_string(), "{release}");
    }
    assert_eq!(home.report(&["tarball.tgz", "--repository", "eve/widget"]).0, 3);
    let table = home.verify(&[&format!("sha256:{}", "ab".repeat(32))]);
    assert_eq!(table.code, 4, "{table}");
    assert!(table.out.contains("no stored release has this file") && table.out.contains("logs find"), "{table}");
}

fn replace(world: &World, name: &str, version: &str) {
    let now = SystemClock.now();
    match name {
        "widget" => world.npm().replace(world.lab(), name, version),
        "gadget" => world.pypi().replace(name, version, now),
        _ => world.crates().replace(name, version, now),
    }
}

const EACH: [(&str, &str); 3] = [("npm", "widget"), ("pypi", "gadget"), ("cargo", "sprocket")];

#[test]
fn a_replaced_file_accuses_a_release_that_the_baseline_has_learned_from() {
    let (world, home, _server) = world();
    for (kind, name) in EACH {
        assert_eq!(home.provwatch(&["backfill", &format!("pkg:{kind}/{name}")]).code, 0);
        replace(&world, name, "1.0.5");
        let purl = format!("pkg:{kind}/{name}@1.0.5");
        let (code, report) = home.report(&[&purl]);
        let release = &report["releases"][0];
        assert_eq!(release["compared"], "learned", "{purl}: {report}");
        assert!(release["signals"].to_string().contains("file-replaced"), "{purl}: {release}");
        assert_eq!((&release["severity"], code == 0), (&json!("critical"), false), "{purl}: {report}");
        assert!(report["reasons"].to_string().contains("critical: "), "{purl}: {report}");
        // The same release, looked at by the daemon, which raises an alert; and one that is calm.
        assert_eq!(home.provwatch(&["backfill", &format!("pkg:{kind}/{name}")]).code, 0);
        assert_ne!(home.report(&[&purl]).0, 0, "{purl}");
        assert!(home.report(&[&format!("pkg:{kind}/{name}@1.0.4")]).1["releases"][0]["severity"].is_null());
    }
}

#[test]
fn a_release_that_is_accused_already_is_not_verified_until_that_is_settled() {
    let (world, home, _server) = world();
    steal(&world);
    home.provwatch(&["backfill", "pkg:npm/widget"]);
    let alerts = home.provwatch(&["alerts", "list", "--format", "json"]).json();
    let id = alerts[0]["id"].as_str().unwrap().to_owned();
    // A younger release teaches, so that the stolen one is not compared any more.
    let at = (SystemClock.now() - TimeDelta::minutes(30)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let honest = Workflow::github("acme/widget", "release.yml", "refs/tags/v1.0.9");
    world.publish_npm("widget", "1.0.9", &Publication::workflow(&at, &honest));
    home.provwatch(&["backfill", "pkg:npm/widget"]);
    assert_eq!(home.report(&["pkg:npm/widget@1.0.8"]).1["releases"][0]["compared"], "older");
    let (code, report) = home.report(&["pkg:npm/widget@1.0.8"]);
    assert_eq!((code, &report["verdict"]), (3, &json!("accused")), "{report}");
    assert_eq!(report["releases"][0]["alert"], json!(id), "{report}");
    assert!(report["reasons"].to_string().contains("widget 1.0.8"), "{report}");
    assert_eq!(home.report(&["pkg:npm/widget@1.0.8", "--fail-on", "critical"]).1["releases"][0]["alert"], json!(id));
    let (accept, ack) = (["baseline", "accept", "pkg:npm/widget@1.0.8"], ["alerts", "ack", &id]);
    for (command, code) in [(&accept[..], 3), (&ack[..], 0)] {
        let said = home.provwatch(&[command, &["--reason", "it was us"]].concat());
        assert_eq!(said.code, 0, "{said}");
        let digest = format!("sha512-{}", b64(&sha512(b"widget@1.0.8")));
        for target in ["pkg:npm/widget@1.0.8", &digest] {
            let (seen, report) = home.report(&[target]);
            assert_eq!((seen == 3, report["releases"][0]["alert"].is_null()), (code == 3, code != 3), "{report}");
        }
    }
    replace(&world, "widget", "1.0.8");
    assert_eq!(home.report(&["pkg:npm/widget@1.0.8"]).0, 3, "another file is another matter");
}

#[test]
fn a_release_that_was_removed_is_accused_all_the_same() {
    let (world, home, _server) = world();
    steal(&world);
    home.provwatch(&["backfill", "pkg:npm/widget"]);
    world.unpublish_npm("widget", "1.0.8");
    let (code, report) = home.report(&["pkg:npm/widget@1.0.8"]);
    assert_eq!((code, &report["verdict"]), (3, &json!("accused")), "{report}");
}

#[test]
fn content_that_a_release_had_once_is_covered_by_none_of_its_attestations() {
    let (world, home, _server) = world();
    let all: Vec<String> = EACH[..2].iter().map(|(kind, name)| format!("pkg:{kind}/{name}")).collect();
    let backfill = || home.provwatch(&["backfill", &all[0], &all[1]]);
    backfill();
    let former = [
        (format!("sha512-{}", b64(&sha512(b"widget@1.0.5"))), "npm"),
        (format!("sha256:{}", hex::encode(sha256(b"gadget-1.0.5-py3-none-any.whl"))), "pypi"),
    ];
    for (digest, _) in &former {
        assert_eq!(home.report(&[digest]).0, 0, "{digest}");
    }
    replace(&world, "widget", "1.0.5");
    replace(&world, "gadget", "1.0.5");
    backfill();
    for (digest, kind) in &former {
        let (code, report) = home.report(&[digest, "--fail-on", "critical"]);
        assert_ne!(code, 0, "{report}");
        assert!(report["reasons"].to_string().contains("had this file once"), "{kind}: {report}");
        assert!(report["releases"][0]["file"].is_null(), "{report}");
    }
}

#[test]
fn a_file_that_is_called_like_a_digest_or_a_purl_answers_in_nobodys_place() {
    let (world, home, _server) = world();
    let good = bundle(&Lab::new(), None).to_string();
    let digest = format!("sha256:{}", "ab".repeat(32));
    fs::create_dir_all(home.0.path().join("pkg:npm")).unwrap();
    for (name, verdict) in
        [(digest.as_str(), "unknown"), (&"cd".repeat(32), "unknown"), ("pkg:npm/nobody@1.0.0", "unknown")]
    {
        home.write(name, &good);
        let (code, report) = home.report(&[name]);
        assert_eq!((code, &report["verdict"]), (4, &json!(verdict)), "{name}: {report}");
        assert_eq!(
            home.verify(&["./".to_owned() + name].each_ref().map(String::as_str)).code,
            1,
            "{name}: a bundle of another lab"
        );
    }
    home.write("sha256:ab", &good);
    let said = home.verify(&["sha256:ab"]);
    assert!(said.code == 2 && said.err.contains("write ./sha256:ab"), "{said}");
    home.write("good.json", bundle(world.lab(), None).to_string());
    home.write(&digest, CONTENT);
    assert_eq!(home.verify(&["good.json", "--artifact", &digest]).code, 1, "the digest was demanded");
    assert_eq!(home.verify(&["good.json", "--artifact", &format!("./{digest}")]).code, 0);
    assert_eq!(home.verify(&["--bundle", "good.json", &digest]).code, 1, "the digest was demanded");
}

/// What `lookup --fetch` says, with its code.
fn fetched(home: &Home, purl: &str) -> (i32, serde_json::Value) {
    let said = home.provwatch(&["lookup", "--fetch", purl, "--format", "json"]);
    (said.code, said.json().remove(0))
}

/// The first question of an incident is about a package that is not watched.
#[test]
fn an_unwatched_release_is_learned_and_judged_on_the_spot_and_nothing_is_kept() {
    let (world, home, _server) = world();
    home.write("watchlist.toml", "packages = []");
    steal(&world);
    for (purl, code, learned, severe) in [
        ("pkg:npm/widget@1.0.7", 0, 7, false),
        ("pkg:pypi/gadget@1.0.7", 0, 7, false),
        ("pkg:npm/widget@1.0.8", 3, 8, true),
        ("pkg:npm/widget@1.0.0", 4, 0, false),
    ] {
        let (seen, answer) = fetched(&home, purl);
        assert_eq!((seen, &answer["learned"]), (code, &json!(learned)), "{purl}: {answer}");
        assert_eq!((&answer["watched"], &answer["stored"]), (&json!(false), &json!(false)), "{purl}");
        let is_severe = ["high", "critical"].contains(&answer["severity"].as_str().unwrap_or_default());
        assert_eq!(is_severe, severe, "{purl}: {answer}");
        assert_eq!(answer["observation"]["purl"], purl);
    }
    let (_, stolen) = fetched(&home, "pkg:npm/widget@1.0.8");
    assert!(stolen["signals"].to_string().contains("evidence-downgrade"), "{stolen}");
    let table = home.provwatch(&["lookup", "--fetch", "pkg:npm/widget@1.0.8"]);
    for said in [
        "is not recorded, and is not watched from now on",
        "UNUSUAL",
        "compared with 8 releases before it",
        "watch add pkg:npm/widget",
    ] {
        assert!(table.out.replace('\n', " ").contains(said), "{said}: {table}");
    }
    assert!(!home.0.path().join("provwatch.db").exists(), "nothing is written");
    for (purl, why) in
        [("pkg:npm/widget@9.9.9", "has no version 9.9.9 of widget"), ("pkg:npm/nobody@1.0.0", "has no package nobody")]
    {
        let (code, answer) = fetched(&home, purl);
        assert!(code == 4 && answer["failed"].as_str().unwrap().contains(why), "{answer}");
    }
    world.break_down("npm.example/", Fault::Status(503, Vec::new()));
    let (code, answer) = fetched(&home, "pkg:npm/widget@1.0.7");
    assert!(code == 4 && answer["failed"].as_str().unwrap().contains("503"), "{answer}");
}

/// What is stored of a watched package is what a release is compared with.
#[test]
fn a_fetched_release_of_a_known_package_is_compared_with_its_baseline() {
    let (world, home, _server) = world();
    assert_eq!(home.provwatch(&["backfill", "pkg:npm/widget"]).code, 0);
    steal(&world);
    let before = fs::read(home.0.path().join("provwatch.db")).unwrap();
    let (code, answer) = fetched(&home, "pkg:npm/widget@1.0.8");
    assert_eq!((code, &answer["learned"], &answer["watched"]), (3, &json!(0), &json!(true)), "{answer}");
    assert_eq!(answer["compared"], "compared with the stored baseline");
    let (code, answer) = fetched(&home, "pkg:npm/widget@1.0.7");
    assert_eq!((code, &answer["stored"]), (0, &json!(true)), "{answer}");
    assert_eq!(fs::read(home.0.path().join("provwatch.db")).unwrap(), before, "nothing is recorded");
}
