//! Tests of `provwatch verify` on attestation files of every form, on digests and on releases, with conditions on the
//! signer.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use std::fs;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use lab::{
    Breakage, Content, EntryKind, Fault, Form, Key, Lab, Publication, Statement, Version, Workflow, World, b64,
    keys::{Curve, sha256, sha512},
    program::{self, Said},
    server::{Server, serve},
};
use provwatch::{
    clock::{Clock, SystemClock},
    model::Claims,
};
use serde_json::{Value, json};

const FILE: &str = "widget-1.0.0.tar.gz";
const CONTENT: &[u8] = b"the file";
const PURL: &str = "pkg:npm/widget@1.0.0";

/// A folder with a configuration that trusts the lab, and files.
struct Home(tempfile::TempDir);

impl Home {
    fn new(lab: &Lab) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.write("root.json", lab.trusted_root().to_string());
        home.write("keys.json", lab.npm_keys().to_string());
        home.write("provwatch.toml", CONFIG);
        home.write("watchlist.toml", "packages = [\"pkg:npm/widget\"]");
        home.write(FILE, CONTENT);
        home.write("other.tgz", "another file");
        home
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Runs `provwatch verify` in the folder.
    fn verify(&self, arguments: &[&str]) -> Said {
        self.provwatch(&[&["verify"], arguments].concat())
    }

    fn provwatch(&self, arguments: &[&str]) -> Said {
        let arguments = [&["--config", "provwatch.toml"], arguments].concat();
        Said::by(&mut program::provwatch(self.0.path(), &arguments))
    }

    /// The report, and the exit code.
    fn report(&self, arguments: &[&str]) -> (i32, Value) {
        let said = self.verify(&[arguments, &["--format", "json"]].concat());
        assert_eq!(said.out.lines().count(), 1, "{said}");
        (said.code, said.json().remove(0))
    }
}

const CONFIG: &str = r#"
[store]
path = "provwatch.db"
[watchlist]
files = ["watchlist.toml"]
[forges]
enabled = false
[logs]
enabled = false
[trust]
source = "file"
trusted_root = "root.json"
npm_keys = "keys.json"
"#;

fn at() -> DateTime<Utc> {
    "2026-01-12T11:00:00Z".parse().unwrap()
}

fn workflow() -> Workflow {
    Workflow::github("acme/widget", "release.yml", "refs/tags/v1.0.0")
}

fn statement(content: &[u8]) -> Statement {
    Statement {
        subject: FILE.to_owned(),
        digest: ("sha256", hex::encode(sha256(content))),
        predicate_type: "https://slsa.dev/provenance/v1".to_owned(),
        predicate: json!({}),
    }
}

fn bundle(lab: &Lab, broken: Option<Breakage>) -> Value {
    lab.sign(&statement(CONTENT), &workflow(), at(), broken).bundle()
}

fn npm(lab: &Lab, broken: Option<Breakage>) -> Value {
    lab.npm_attestations(PURL, &hex::encode(sha512(CONTENT)), &workflow(), at(), broken)
}

fn pypi(lab: &Lab, broken: Option<Breakage>) -> Value {
    lab.pypi_provenance(FILE, &hex::encode(sha256(CONTENT)), &workflow(), at(), broken)
}

/// A signature over the file by a key on this curve: over another digest than SHA-256, on most.
fn signed_on(lab: &Lab, curve: Curve) -> String {
    let form = Form { curve, ..Form::new(Version::V03, EntryKind::HashedRekord) };
    lab.bundle(form, Content::File(CONTENT), &workflow(), at()).to_string()
}

/// How many attestations of a report have each status.
fn statuses(report: &Value) -> Vec<&str> {
    let all = report["attestations"].as_array().unwrap();
    all.iter().map(|one| one["attestation"]["status"].as_str().unwrap()).collect()
}

#[test]
fn attestations_are_taken_in_every_form_in_which_people_have_them() {
    let lab = Lab::new();
    let home = Home::new(&lab);
    let one = bundle(&lab, None);
    let pypi = pypi(&lab, None);
    let file = lab.bundle(Form::new(Version::V03, EntryKind::HashedRekord), Content::File(CONTENT), &workflow(), at());
    for (name, document, kind, count) in [
        ("bundle.json", one.to_string(), "bundle", 1),
        ("pretty.json", serde_json::to_string_pretty(&one).unwrap(), "bundle", 1),
        ("one.intoto.jsonl", format!("{one}\n"), "bundle", 1),
        ("two.jsonl", format!("{one}\n\n{file}\n"), "bundle", 2),
        ("file.sigstore.json", file.to_string(), "bundle", 1),
        ("p384.sigstore.json", signed_on(&lab, Curve::P384), "bundle", 1),
        ("p521.sigstore.json", signed_on(&lab, Curve::P521), "bundle", 1),
        ("npm.json", npm(&lab, None).to_string(), "npm-attestation", 2),
        ("github.json", json!({"attestations": [{"repository_id": 1, "bundle": one}]}).to_string(), "bundle", 1),
        ("gh.json", json!([{"attestation": {"bundle": one}, "verificationResult": {}}]).to_string(), "bundle", 1),
        ("provenance", pypi.to_string(), "pypi-attestation", 1),
        ("publish.attestation", pypi["attestation_bundles"][0]["attestations"][0].to_string(), "pypi-attestation", 1),
    ] {
        home.write(name, document);
        for arguments in [&[name][..], &[name, "--artifact", FILE], &["--bundle", name, FILE]] {
            let (code, report) = home.report(arguments);
            assert_eq!((code, report["verdict"].as_str().unwrap()), (0, "verified"), "{arguments:?}: {report}");
            assert_eq!(statuses(&report), vec!["verified"; count], "{name}");
            assert_eq!(report["attestations"][0]["kind"], kind, "{name}");
        }
        let (code, report) = home.report(&[name, "--artifact", "other.tgz"]);
        assert_eq!((code, &report["verdict"]), (1, &json!("invalid")), "{name}: {report}");
    }
}

#[test]
fn every_claim_is_told() {
    let lab = Lab::new();
    let home = Home::new(&lab);
    home.write("npm.json", npm(&lab, None).to_string());
    let (_, report) = home.report(&["npm.json"]);
    let [provenance, publish] = report["attestations"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!(provenance["about"][0]["name"], PURL);
    assert_eq!(provenance["about"][0]["digests"]["sha512"], hex::encode(sha512(CONTENT)));
    let said = &provenance["attestation"];
    assert_eq!(said["issuer"], "https://token.actions.githubusercontent.com");
    assert_eq!(said["claims"]["source_repository_uri"], "https://github.com/acme/widget");
    assert_eq!(said["claims"]["source_repository_ref"], "refs/tags/v1.0.0");
    for claim in
        ["source_repository_identifier", "source_repository_owner_identifier", "build_trigger", "runner_environment"]
    {
        assert!(said["claims"][claim].is_string(), "{claim}: {said}");
    }
    assert_eq!(said["signed_at"], "2026-01-12T11:00:00Z");
    assert!(said["log"]["origin"].is_string() && said["log"]["index"].is_u64(), "{said}");
    assert_eq!(publish["attestation"]["key"], lab.npm_key.npm_id());
    let table = home.verify(&["npm.json"]);
    for text in ["Verified", "https://github.com/acme/widget", "refs/tags/v1.0.0", "of the registry", PURL] {
        assert!(table.out.contains(text), "{text}: {table}");
    }
    assert!(table.err.contains("not compared with a file") && table.err.contains("Anyone may have signed"), "{table}");
}

/// Half of a name is another name, and a person builds in no environment.
#[test]
fn who_signed_is_told_whole_and_without_what_they_cannot_have() {
    let lab = Lab::new();
    let home = Home::new(&lab);
    let signed = |name: &str, by: &Workflow| {
        home.write(name, lab.sign(&statement(CONTENT), by, at(), None).bundle().to_string());
        let said = home.verify(&[name]);
        assert_eq!(said.code, 0, "{said}");
        said.out
    };
    let (file, branch) = (format!("{}.yml", "release-".repeat(40)), format!("refs/heads/{}", "fix-".repeat(50)));
    let long = signed("long.json", &Workflow::github("acme/widget", &file, &branch));
    let whole = |text: &str| long.lines().any(|line| line.trim_end().ends_with(text));
    assert!(whole(&format!(".github/workflows/{file}")) && whole(&branch), "{long}");
    assert!(!long.contains('…'), "{long}");
    assert!(
        long.lines().any(|line| line.split_whitespace().eq(["environment", "none"])),
        "a workflow may have one: {long}"
    );
    let person = Workflow {
        issuer: "https://accounts.example.org".to_owned(),
        subject: "https://example.org/users/ada".to_owned(),
        claims: Claims::default(),
    };
    let person = signed("person.json", &person);
    assert!(person.contains("users/ada") && !person.contains("environment"), "{person}");
}

#[test]
fn what_is_broken_or_cannot_be_checked_is_never_verified() {
    let lab = Lab::new();
    let home = Home::new(&lab);
    let stranger = lab.keyed_bundle(
        Form::new(Version::V03, EntryKind::Dsse),
        Content::Statement(&statement(CONTENT)),
        &Key::p256(),
        at(),
    );
    let envelope = json!({"payloadType": "application/vnd.in-toto+json", "payload": "e30=", "signatures": []});
    let good = bundle(&lab, None);
    let unknown_publisher = {
        let mut object = pypi(&lab, None);
        object["attestation_bundles"][0]["publisher"]["kind"] = json!("Newcomer");
        object
    };
    for (what, document, code, verdict) in [
        ("a signature over something else", bundle(&lab, Some(Breakage::Signature)).to_string(), 1, "invalid"),
        ("an unknown authority", bundle(&lab, Some(Breakage::Authority)).to_string(), 1, "invalid"),
        ("an unknown log's promise", npm(&lab, Some(Breakage::Log)).to_string(), 1, "invalid"),
        ("one of two", format!("{good}\n{}\n", bundle(&lab, Some(Breakage::Signature))), 1, "invalid"),
        (
            "half of a line",
            format!("{good}\n{{\"mediaType\": 1}}\n").replace("1}", "1, \"dsseEnvelope\": {}}"),
            1,
            "invalid",
        ),
        ("an unknown key", stranger.to_string(), 4, "unavailable"),
        ("an unknown kind of publisher", unknown_publisher.to_string(), 4, "unavailable"),
        ("an envelope alone", envelope.to_string(), 4, "unavailable"),
        ("a statement without a signature", json!({"_type": "x", "predicateType": "y"}).to_string(), 4, "unavailable"),
    ] {
        home.write("document.json", document);
        let (seen, report) = home.report(&["document.json"]);
        assert_eq!((seen, report["verdict"].as_str().unwrap()), (code, verdict), "{what}: {report}");
        assert!(!report["reasons"].as_array().unwrap().is_empty(), "{what}");
        let table = home.verify(&["document.json"]);
        assert!(!table.out.starts_with("Verified") && table.out.to_lowercase().starts_with("not verified"), "{table}");
    }
}

#[test]
fn a_condition_that_is_not_met_says_what_was_expected_and_seen() {
    let lab = Lab::new();
    let home = Home::new(&lab);
    home.write("npm.json", npm(&lab, None).to_string());
    home.write("only-key.json", npm(&lab, None)["attestations"][1]["bundle"].to_string());
    for (arguments, code) in [
        (&["npm.json", "--repository", "acme/widget", "--workflow", "release.yml"][..], 0),
        (&["npm.json", "--ref", "refs/tags/v1.0.0", "--trigger", "push"], 0),
        (&["npm.json", "--certificate-identity-regexp", "https://github\\.com/acme/.*"], 0),
        (&["npm.json", "--certificate-oidc-issuer", "https://token.actions.githubusercontent.com"], 0),
        (&["npm.json", "--repository", "eve/widget"], 3),
        (&["npm.json", "--repository", "acme/widget", "--ref", "refs/heads/main"], 3),
        (&["npm.json", "--certificate-identity", "eve@example.org"], 3),
        (&["only-key.json"], 0),
        (&["only-key.json", "--repository", "acme/widget"], 3),
    ] {
        assert_eq!(home.report(arguments).0, code, "{arguments:?}");
    }
    let (_, report) = home.report(&["npm.json", "--repository", "eve/widget"]);
    let condition = &report["attestations"][0]["conditions"][0];
    let expected = json!({"condition": "repository", "expected": "github.com/eve/widget",
        "seen": "https://github.com/acme/widget", "met": false});
    assert_eq!(condition, &expected);
    let table = home.verify(&["npm.json", "--repository", "eve/widget"]);
    assert!(
        table.out.contains("repository is https://github.com/acme/widget, expected github.com/eve/widget"),
        "{table}"
    );
}

#[test]
fn what_is_something_else_is_refused_with_the_next_step() {
    let lab = Lab::new();
    let home = Home::new(&lab);
    home.write("package.json", r#"{"name": "widget", "version": "1.0.0"}"#);
    home.write("cut.json", &bundle(&lab, None).to_string()[..500]);
    for (arguments, said) in [
        (&["package.json"][..], "an object with the keys name, version is not an attestation"),
        (&["cut.json"], "not JSON"),
        (&["missing.json"], "neither a file nor a digest nor a purl"),
        (&["sha256:abc"], "not a digest"),
        (&["sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"], "give the SHA-256 or SHA-512"),
        (&["pkg:npm/widget"], "expected a version"),
        (&["pkg:gem/rails@1.0.0"], "it knows npm"),
        (&[FILE, "--artifact", FILE], "--artifact needs a file of attestations"),
        (&["--bundle", "missing.json", FILE], "cannot read missing.json"),
        (&["package.json", "--ref", "main"], "refs/heads/main"),
    ] {
        let said_all = home.verify(arguments);
        assert_eq!(said_all.code, 2, "{arguments:?}: {said_all}");
        assert!(said_all.err.contains(said), "{arguments:?}: {said_all}");
    }
}

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
