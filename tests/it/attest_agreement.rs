//! Compares the verdicts on bundles of every odd form with those of sigstore-go. `tests/data/agreement.toml` has both,
//! and explains the differences. Most bundles are the lab's, some are published ones.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod bench;

use crate::lab;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use lab::{
    Workflow,
    keys::{Curve, sha256},
    published,
};
use provwatch::attest::{
    Artifact, Policy, TrustMaterial, VerificationFailure, Verified, Verifier, attestations, verify_bundle,
};
use serde::Deserialize;

use bench::Bench;

const TABLE: &str = include_str!("../data/agreement.toml");
const FILE: &[u8] = b"the file";
const VERIFIED: &str = "verified";
const COULD_NOT_CHECK: &str = "could not check";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    lab: Vec<Said>,
    real: Vec<Real>,
}

/// What is said of a bundle.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    bundle: String,
    ours: String,
    sigstore_go: String,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Real {
    bundle: String,
    file: Option<String>,
    sha256: Option<String>,
    identity: String,
    issuer: String,
    trusted_root: Option<String>,
    ours: String,
    sigstore_go: String,
}

fn table() -> Table {
    toml::from_str(TABLE).unwrap()
}

fn at() -> DateTime<Utc> {
    "2026-01-12T11:00:00Z".parse().unwrap()
}

fn workflow() -> Workflow {
    Workflow::github("acme/widget", "release.yml", "refs/tags/v1.0.0")
}

fn said(outcome: &Result<Verified, VerificationFailure>) -> String {
    match outcome {
        Ok(_) => VERIFIED.to_owned(),
        Err(failure) => failure.check().map_or(COULD_NOT_CHECK.to_owned(), |check| check.as_str().to_owned()),
    }
}

#[test]
fn we_say_what_the_table_says() {
    let bench = Bench::new();
    let names: BTreeSet<_> = table().lab.iter().map(|row| row.bundle.clone()).collect();
    assert_eq!(names.len(), table().lab.len(), "each once");
    for row in table().lab {
        let outcome = bench.recipe(&row.bundle).verify();
        assert_eq!(said(&outcome), row.ours, "{}: {outcome:?}", row.bundle);
    }
}

/// A refusal that is only a doubt agrees with a refusal.
#[test]
fn where_we_differ_from_sigstore_go_the_table_says_why() {
    let table = table();
    let real = table.real.iter().map(|row| (&row.bundle, &row.ours, &row.sigstore_go, &None));
    for (bundle, ours, theirs, why) in
        table.lab.iter().map(|row| (&row.bundle, &row.ours, &row.sigstore_go, &row.why)).chain(real)
    {
        let accepts = match theirs.as_str() {
            "accepts" => true,
            "refuses" => false,
            other => panic!("{bundle}: {other:?}"),
        };
        assert!((ours == VERIFIED) == accepts || why.is_some(), "{bundle}: the table does not say why");
    }
}

#[test]
fn who_signed_and_when_is_that_of_the_good_ones() {
    let bench = Bench::new();
    let verified = |name: &str| bench.recipe(name).verify().unwrap();
    for name in
        ["an entry of an unknown log beside a good one", "a timestamp of an unknown authority beside a good one"]
    {
        let found = verified(name);
        assert_eq!(found.signed_at, Some(at()), "{name}");
        assert_eq!(found.identity.unwrap().claims, workflow().claims, "{name}");
        assert!(found.log.is_some(), "{name}");
    }
    let unlogged = verified("of an instance without a log that is trusted");
    assert_eq!((unlogged.log, unlogged.signed_at), (None, Some(at())));
    let content = verified("a certificate without an issuer");
    assert_eq!((content.identity, content.subject.as_deref()), (None, Some("https://dotcom.releases.github.com")));
    let buildkite = verified("a pipeline of Buildkite").identity.unwrap();
    assert_eq!(buildkite.issuer, "https://agent.buildkite.com");
    let mirror = verified("a trust root that was written for a mirror");
    assert_eq!(mirror.log.unwrap().origin, "rekor.lab.example - 1001");
}

/// Every recipe is of one file and of one signer, whatever else is odd about it.
#[test]
fn what_is_verified_is_of_one_file_and_one_signer() {
    let bench = Bench::new();
    for row in table().lab.into_iter().filter(|row| row.ours == VERIFIED) {
        let mut before = bench.recipe(&row.bundle);
        before.subject.push('x');
        assert_eq!(said(&before.verify()), "publisher", "{}", row.bundle);
        let mut before = bench.recipe(&row.bundle);
        before.issuer.push('x');
        assert_eq!(said(&before.verify()), "publisher", "{}", row.bundle);
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root.json");
        let before = bench.recipe(&row.bundle);
        std::fs::write(&root, before.root.to_string()).unwrap();
        let trust = TrustMaterial::from_files(&root, None).unwrap();
        let policy = Policy::Identity { identity: &before.subject, issuer: &before.issuer };
        let other = verify_bundle(before.bundle.to_string().as_bytes(), Artifact::Bytes(b"another"), policy, &trust);
        assert_eq!(said(&other), "subject-digest", "{}", row.bundle);
    }
}

#[test]
fn real_bundles_are_as_the_table_says() {
    for row in table().real {
        let root = row.trusted_root.as_deref().unwrap_or("trusted_root.json");
        let trust = TrustMaterial::from_files(&published::path(root), None).unwrap();
        let bundle = published::read(&row.bundle);
        let file = row.file.as_deref().map(published::read);
        let artifact = match (&file, &row.sha256) {
            (Some(bytes), _) => Artifact::Bytes(bytes),
            (None, Some(digest)) => Artifact::Sha256(hex::decode(digest).unwrap().try_into().unwrap()),
            (None, None) => panic!("{}: no file", row.bundle),
        };
        let policy = Policy::Identity { identity: &row.identity, issuer: &row.issuer };
        let outcome = verify_bundle(bundle.trim_ascii(), artifact, policy, &trust);
        assert_eq!(said(&outcome), row.ours, "{} before {root}: {outcome:?}", row.bundle);
    }
}

/// GitHub's instance is known without a file, beside the public one, and neither stands in for the other.
#[test]
fn githubs_own_instance_is_built_in_for_bundles() {
    let row = |root: Option<&str>| {
        let named = |row: &Real| row.bundle.contains("github-provenance-demo") && row.trusted_root.as_deref() == root;
        table().real.into_iter().find(named).unwrap()
    };
    let row = row(Some("bundles/odd/github-trusted_roots.jsonl"));
    let bundle = published::read(&row.bundle);
    let digest: [u8; 32] = hex::decode(row.sha256.unwrap()).unwrap().try_into().unwrap();
    let policy = Policy::Identity { identity: &row.identity, issuer: &row.issuer };
    let verify =
        |trust: &TrustMaterial| said(&verify_bundle(bundle.trim_ascii(), Artifact::Sha256(digest), policy, trust));
    assert_eq!(verify(&TrustMaterial::embedded().with_github()), VERIFIED);
    assert_eq!(verify(&TrustMaterial::embedded()), COULD_NOT_CHECK);
    assert_eq!(verify(&TrustMaterial::staging()), COULD_NOT_CHECK);
}

/// A key on P-384 or P-521 signs over a digest of its own: it must be given, or the file.
#[test]
fn a_digest_is_enough_if_it_is_the_one_that_is_signed() {
    let bench = Bench::new();
    for curve in [Curve::P384, Curve::P521] {
        let before = bench.before(bench.file(curve));
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root.json");
        std::fs::write(&root, before.root.to_string()).unwrap();
        let trust = TrustMaterial::from_files(&root, None).unwrap();
        let bundle = before.bundle.to_string();
        let [one] = attestations(bundle.as_bytes()).unwrap().try_into().unwrap();
        let by = |algorithm: &str, digest: &[u8]| {
            let file = BTreeMap::from([(algorithm.to_owned(), hex::encode(digest))]);
            said(&one.verify(&Verifier::new(&trust), Some(&file)).map(|proven| proven.verified))
        };
        let signed = if matches!(curve, Curve::P384) { "sha384" } else { "sha512" };
        assert_eq!(by(signed, &curve.digest(FILE)), VERIFIED, "{curve:?}");
        assert_eq!(by("sha256", &sha256(FILE)), COULD_NOT_CHECK, "{curve:?}");
        let policy = Policy::Identity { identity: &before.subject, issuer: &before.issuer };
        let by_bundle = verify_bundle(bundle.as_bytes(), Artifact::Sha256(sha256(FILE)), policy, &trust);
        assert_eq!(said(&by_bundle), COULD_NOT_CHECK, "{curve:?}");
    }
}
