//! Tests of `provwatch verify` on attestation files of every form, with conditions on the signer.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod releases;

use crate::lab;

use std::fs;

use chrono::{DateTime, Utc};
use lab::{
    Breakage, Content, EntryKind, Form, Key, Lab, Statement, Version, Workflow,
    keys::{Curve, sha256, sha512},
    program::{self, Said},
};
use provwatch::model::Claims;
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
