//! Tests of attestations from the lab's own authority and log, whole and broken in one place each.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod certificates;
mod malformed;

use crate::lab;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use lab::{
    Breakage, Key, Lab, Workflow, attestation, b64,
    keys::{sha256, sha512},
};
use provwatch::{
    attest::{TrustMaterial, Verifier},
    model::{Check, Digests, Provenance},
};
use serde_json::{Value, json};

const PURL: &str = "pkg:npm/%40acme/widget@1.0.0";
const FILE: &str = "widget-1.0.0.tar.gz";

fn at() -> DateTime<Utc> {
    "2026-01-12T11:00:00Z".parse().unwrap()
}

fn workflow() -> Workflow {
    Workflow::github("acme/widget", "release.yml", "refs/tags/v1.0.0")
}

fn trust(lab: &Lab) -> TrustMaterial {
    trust_in(lab, &lab.trusted_root())
}

fn trust_in(lab: &Lab, trusted_root: &Value) -> TrustMaterial {
    let folder = tempfile::tempdir().unwrap();
    let [root, keys] = ["trusted_root.json", "keys.json"].map(|name| folder.path().join(name));
    std::fs::write(&root, trusted_root.to_string()).unwrap();
    std::fs::write(&keys, lab.npm_keys().to_string()).unwrap();
    TrustMaterial::from_files(&root, Some(&keys)).unwrap()
}

fn digests() -> Digests {
    Digests {
        sha256: Some(hex::encode(sha256(b"the file"))),
        sha512: Some(hex::encode(sha512(b"the file"))),
        ..Digests::default()
    }
}

fn npm_document(lab: &Lab, broken: Option<Breakage>) -> Value {
    lab.npm_attestations(PURL, &digests().sha512.unwrap(), &workflow(), at(), broken)
}

fn pypi_object(lab: &Lab, broken: Option<Breakage>) -> Value {
    lab.pypi_provenance(FILE, &digests().sha256.unwrap(), &workflow(), at(), broken)
}

fn npm(verifier: &Verifier, document: &Value) -> Provenance {
    verifier.npm(document.to_string().as_bytes(), PURL, &digests())
}

fn pypi(verifier: &Verifier, object: &Value) -> Provenance {
    verifier.pypi(object.to_string().as_bytes(), FILE, &digests())
}

/// The check that failed, or what else came out.
fn outcome(provenance: &Provenance) -> Result<Check, &'static str> {
    match provenance {
        Provenance::Invalid { check, .. } => Ok(*check),
        other => Err(other.status()),
    }
}

#[test]
fn what_the_lab_attests_is_verified_with_all_its_claims() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    for provenance in [npm(&verifier, &npm_document(&lab, None)), pypi(&verifier, &pypi_object(&lab, None))] {
        let Provenance::Verified(found) = provenance else { panic!("{provenance:?}") };
        assert_eq!(found.identity.claims, workflow().claims);
        assert_eq!(found.identity.issuer, workflow().issuer);
        assert_eq!(found.identity.subject, workflow().subject);
        assert_eq!(found.signed_at, Some(at()));
        assert_eq!(found.log.unwrap().origin, "rekor.lab.example - 1001");
    }
}

#[test]
fn every_breakage_names_its_check() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    for (broken, check) in [
        (Breakage::Signature, Check::Signature),
        (Breakage::Log, Check::TransparencyLog),
        (Breakage::Authority, Check::CertificateChain),
    ] {
        assert_eq!(outcome(&npm(&verifier, &npm_document(&lab, Some(broken)))), Ok(check), "{broken:?}");
        assert_eq!(outcome(&pypi(&verifier, &pypi_object(&lab, Some(broken)))), Ok(check), "{broken:?}");
    }
}

#[test]
fn attestations_of_something_else_are_refused() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    let document = npm_document(&lab, None).to_string();
    let object = pypi_object(&lab, None).to_string();
    for purl in ["pkg:npm/%40acme/gadget@1.0.0", "pkg:npm/%40acme/widget@1.0.1", "pkg:npm/widget@1.0.0"] {
        assert_eq!(outcome(&verifier.npm(document.as_bytes(), purl, &digests())), Ok(Check::SubjectName), "{purl}");
    }
    for file in ["widget-1.0.1.tar.gz", "gadget-1.0.0.tar.gz", "widget-1.0.0.zip", ""] {
        assert_eq!(outcome(&verifier.pypi(object.as_bytes(), file, &digests())), Ok(Check::SubjectName), "{file}");
    }
    let other = Digests { sha256: Some("00".repeat(32)), sha512: Some("00".repeat(64)), ..Digests::default() };
    assert_eq!(outcome(&verifier.npm(document.as_bytes(), PURL, &other)), Ok(Check::SubjectDigest));
    assert_eq!(outcome(&verifier.pypi(object.as_bytes(), FILE, &other)), Ok(Check::SubjectDigest));
    let unknown = Digests::default();
    assert_eq!(outcome(&verifier.npm(document.as_bytes(), PURL, &unknown)), Err("unavailable"));
    assert_eq!(outcome(&verifier.pypi(object.as_bytes(), FILE, &unknown)), Err("unavailable"));
}

/// A document with one part replaced or, without a value, removed.
fn with(document: &Value, pointer: &str, value: Option<Value>) -> Value {
    let mut document = document.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match (document.pointer_mut(parent).unwrap(), value) {
        (Value::Array(items), None) => drop(items.remove(key.parse().unwrap())),
        (Value::Array(items), Some(value)) => items[key.parse::<usize>().unwrap()] = value,
        (object, Some(value)) => object[key] = value,
        (object, None) => drop(object.as_object_mut().unwrap().remove(key)),
    }
    document
}

#[test]
fn two_builders_of_one_file_contradict_each_other() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    let mut object = pypi_object(&lab, None);
    let sha256 = digests().sha256.unwrap();
    let elsewhere = Workflow::github("eve/widget", "release.yml", "refs/tags/v1.0.0");
    let foreign = lab.pypi_provenance(FILE, &sha256, &elsewhere, at(), None);
    let again = pypi_object(&lab, None);
    let bundles = object["attestation_bundles"].as_array_mut().unwrap();
    bundles.push(again["attestation_bundles"][0].clone());
    assert_eq!(outcome(&pypi(&verifier, &object)), Err("verified"), "both of one build");
    object["attestation_bundles"].as_array_mut().unwrap().push(foreign["attestation_bundles"][0].clone());
    assert_eq!(outcome(&pypi(&verifier, &object)), Ok(Check::Publisher));
}

#[test]
fn two_provenances_of_one_release_contradict_each_other() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    let elsewhere = Workflow::github("eve/widget", "release.yml", "refs/tags/v1.0.0");
    let foreign = lab.npm_attestations(PURL, &digests().sha512.unwrap(), &elsewhere, at(), None);
    let mut document = npm_document(&lab, None);
    for (provenance, expected) in [(npm_document(&lab, None), Err("verified")), (foreign, Ok(Check::Publisher))] {
        document["attestations"].as_array_mut().unwrap().push(provenance["attestations"][0].clone());
        assert_eq!(outcome(&npm(&verifier, &document)), expected);
    }
}

/// The verifier below ours takes a checkpoint of any log that it trusts; each of these differs in that alone.
#[test]
fn a_checkpoint_must_be_of_the_log_that_the_entry_names() {
    let lab = Lab::new();
    let object = pypi_object(&lab, None);
    let renamed = with(&lab.trusted_root(), "/tlogs/0/baseUrl", Some(json!("https://rekor.elsewhere.example")));
    let outcome_in = |root: &Value, object: &Value| outcome(&pypi(&Verifier::new(&trust_in(&lab, root)), object));
    assert_eq!(outcome_in(&renamed, &object), Err("verified"), "the trust root may be a mirror's: the key tells");
    let other_name = with(&lab.trusted_root(), "/tlogs/1/baseUrl", Some(json!("https://rekor.lab.example")));
    let other_name = with(&other_name, "/tlogs/0/baseUrl", Some(json!("https://rekor.elsewhere.example")));
    assert_eq!(outcome_in(&other_name, &object), Ok(Check::TransparencyLog), "the checkpoint names another log");

    let other = lab::TransparencyLog::new(&lab.log.name, lab.log.tree);
    let mut root = lab.trusted_root();
    let mut trusted = root["tlogs"][0].clone();
    trusted["logId"]["keyId"] = json!(b64(&other.key.id()));
    trusted["publicKey"]["rawBytes"] = json!(b64(&other.key.spki()));
    root["tlogs"].as_array_mut().unwrap().push(trusted);
    assert_eq!(outcome_in(&root, &object), Err("verified"), "two logs are no trouble");

    let entry = "/attestation_bundles/0/attestations/0/verification_material/transparency_entries/0";
    let body = object.pointer(&format!("{entry}/canonicalizedBody")).unwrap().as_str().unwrap();
    let body: Value = serde_json::from_slice(&BASE64_STANDARD.decode(body).unwrap()).unwrap();
    let proof = other.append("dsse", "0.0.1", &body, at().timestamp())["inclusionProof"].clone();
    let borrowed = with(&object, &format!("{entry}/inclusionProof"), Some(proof));
    assert_eq!(outcome_in(&root, &borrowed), Ok(Check::TransparencyLog), "another log signed the checkpoint");
}

/// A trust root that is out of date must not look like a forgery, nor a forgery like one.
#[test]
fn a_ct_log_that_is_not_known_is_a_doubt_only_if_all_else_holds() {
    let lab = Lab::new();
    let stranger = Key::p256();
    let mut root = lab.trusted_root();
    root["ctlogs"][0]["logId"]["keyId"] = json!(b64(&stranger.id()));
    root["ctlogs"][0]["publicKey"]["rawBytes"] = json!(b64(&stranger.spki()));
    let verifier = Verifier::new(&trust_in(&lab, &root));
    let Provenance::Unavailable { reason } = pypi(&verifier, &pypi_object(&lab, None)) else { panic!("it is a doubt") };
    assert!(reason.contains("does not know the certificate transparency log"), "{reason}");
    assert_eq!(outcome(&npm(&verifier, &npm_document(&lab, None))), Err("unavailable"));
    for broken in [Breakage::Signature, Breakage::Log, Breakage::Authority] {
        let provenance = pypi(&verifier, &pypi_object(&lab, Some(broken)));
        assert!(outcome(&provenance).is_ok(), "{broken:?} is no doubt: {provenance:?}");
    }
}

#[test]
fn a_log_that_is_not_known_and_no_other_witness_of_the_time_prove_nothing() {
    let lab = Lab::new();
    let mut root = lab.trusted_root();
    root["tlogs"][0]["logId"]["keyId"] = json!(b64(&Key::p256().id()));
    let verifier = Verifier::new(&trust_in(&lab, &root));
    for provenance in [npm(&verifier, &npm_document(&lab, None)), pypi(&verifier, &pypi_object(&lab, None))] {
        assert_eq!(outcome(&provenance), Ok(Check::TransparencyLog), "{provenance:?}");
    }
}

#[test]
fn log_entries_of_kinds_that_are_not_known_cannot_be_checked() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    let kind = Some(json!({"kind": "intoto", "version": "0.0.1"}));
    let entry = "/attestations/0/bundle/verificationMaterial/tlogEntries/0/kindVersion";
    let provenance = npm(&verifier, &with(&npm_document(&lab, None), entry, kind.clone()));
    let Provenance::Unavailable { reason } = provenance else { panic!("{provenance:?}") };
    assert!(reason.contains("unsupported Rekor entry format: intoto/0.0.1"), "{reason}");
    let entry = "/attestation_bundles/0/attestations/0/verification_material/transparency_entries/0/kindVersion";
    assert_eq!(outcome(&pypi(&verifier, &with(&pypi_object(&lab, None), entry, kind))), Err("unavailable"));
}

#[test]
fn registry_signatures_hold_over_their_message_only() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    let sign = |key: &Key, message: &str| {
        let signature = attestation::npm_signature(key, message);
        (signature["keyid"].as_str().unwrap().to_owned(), signature["sig"].as_str().unwrap().to_owned())
    };
    let (id, signature) = sign(&lab.npm_key, "widget@1.0.0:sha512-AAAA");
    let (stranger, foreign) = sign(&Key::p256(), "widget@1.0.0:sha512-AAAA");
    let check = |id: &str, signature: &str, message: &str| {
        verifier.npm_signatures(&[(id, signature, message)], at()).map_err(|failure| failure.check())
    };
    assert_eq!(check(&id, &signature, "widget@1.0.0:sha512-AAAA"), Ok(()));
    assert_eq!(check(&id, &signature, "widget@1.0.1:sha512-AAAA"), Err(Some(Check::RegistrySignature)));
    assert_eq!(check(&id, &foreign, "widget@1.0.0:sha512-AAAA"), Err(Some(Check::RegistrySignature)));
    assert_eq!(check(&id, "%%%", "widget@1.0.0:sha512-AAAA"), Err(Some(Check::RegistrySignature)));
    assert_eq!(check(&stranger, &foreign, "widget@1.0.0:sha512-AAAA"), Err(None), "an unknown key is no forgery");
    assert_eq!(verifier.npm_signatures(&[], at()), Ok(()));
}
