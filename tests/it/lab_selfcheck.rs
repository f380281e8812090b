//! Tests that an independent verifier accepts the lab's documents, and rejects its broken ones.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use lab::{Breakage, Lab, Statement, Workflow};
use serde_json::json;
use sigstore_trust_root::TrustedRoot;
use sigstore_types::Bundle;
use sigstore_verify::{VerificationPolicy, Verifier};

fn verdict(broken: Option<Breakage>) -> Result<(), String> {
    let lab = Lab::new();
    let root = TrustedRoot::from_json(&lab.trusted_root().to_string()).map_err(|error| error.to_string())?;
    let workflow = Workflow::github("acme/widget", "release.yml", "refs/tags/v1.0.0");
    let file = b"a tarball";
    let statement = Statement {
        subject: "pkg:npm/widget@1.0.0".to_owned(),
        digest: ("sha256", hex::encode(lab::keys::sha256(file))),
        predicate_type: "https://slsa.dev/provenance/v1".to_owned(),
        predicate: json!({}),
    };
    for _ in 0..5 {
        lab.log.append("dsse", "0.0.1", &json!({"some": "other entry"}), 0);
    }
    let at = "2026-01-12T11:00:00Z".parse().unwrap();
    let bundle = lab.sign(&statement, &workflow, at, broken).bundle().to_string();
    let bundle = Bundle::from_json(&bundle).map_err(|error| error.to_string())?;
    let verifier = Verifier::new(&root).map_err(|error| error.to_string())?;
    let outcome = verifier.verify(file.as_slice(), &bundle, &VerificationPolicy::any_identity());
    outcome.map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn what_the_lab_signs_verifies() {
    assert_eq!(verdict(None), Ok(()));
}

#[test]
fn what_the_lab_breaks_does_not() {
    for (broken, reason) in
        [(Breakage::Signature, "signature"), (Breakage::Log, "inclusion promise"), (Breakage::Authority, "certificate")]
    {
        let error = verdict(Some(broken)).expect_err("it is broken").to_lowercase();
        assert!(error.contains(reason), "{broken:?}: {error}");
    }
}
