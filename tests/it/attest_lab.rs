//! Tests of attestations from the lab's own authority and log, whole and broken in one place each.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use lab::{
    Breakage, Key, Lab, Workflow, attestation, authority, b64, der,
    keys::{sha256, sha512},
};
use proptest::prelude::*;
use provwatch::{
    attest::{TrustMaterial, Verifier, identity},
    model::{Check, Claim, Digests, Provenance},
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
fn obnoxious_npm_documents_end_in_their_check() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    let document = npm_document(&lab, None);
    let material = "/attestations/0/bundle/verificationMaterial";
    let entry = format!("{material}/tlogEntries/0");
    let publish = "/attestations/1/bundle";
    let checkpoint = format!("{entry}/inclusionProof/checkpoint/envelope");
    let note = document.pointer(&checkpoint).unwrap().as_str().unwrap().to_owned();
    for (pointer, value, expected) in [
        ("/attestations".to_owned(), None, Err("unavailable")),
        ("/attestations".to_owned(), Some(json!([])), Err("absent")),
        ("/attestations".to_owned(), Some(json!({"0": 1})), Err("unavailable")),
        ("/attestations/0".to_owned(), None, Err("absent")),
        ("/attestations/1".to_owned(), None, Err("verified")),
        ("/attestations/0/predicateType".to_owned(), Some(json!("https://example.org/unknown")), Err("absent")),
        (
            "/attestations/0/predicateType".to_owned(),
            Some(json!("https://slsa.dev/provenance/v0.2")),
            Ok(Check::PayloadType),
        ),
        ("/attestations/0/bundle".to_owned(), Some(json!("text")), Ok(Check::Format)),
        ("/attestations/0/bundle/mediaType".to_owned(), Some(json!("text/plain")), Err("unavailable")),
        ("/attestations/0/bundle/mediaType".to_owned(), Some(json!(7)), Ok(Check::Format)),
        ("/attestations/0/bundle/dsseEnvelope/payload".to_owned(), Some(json!("%%%")), Ok(Check::Format)),
        ("/attestations/0/bundle/dsseEnvelope/payload".to_owned(), Some(json!(b64(b"{}"))), Ok(Check::Format)),
        (
            "/attestations/0/bundle/dsseEnvelope/payloadType".to_owned(),
            Some(json!("text/plain")),
            Ok(Check::PayloadType),
        ),
        ("/attestations/0/bundle/dsseEnvelope/signatures".to_owned(), Some(json!([])), Ok(Check::Format)),
        (format!("{material}/certificate/rawBytes"), Some(json!("AAAA")), Ok(Check::CertificateChain)),
        (format!("{material}/tlogEntries"), Some(json!([])), Ok(Check::TransparencyLog)),
        (format!("{entry}/inclusionPromise"), None, Ok(Check::Timestamp)),
        (format!("{entry}/integratedTime"), Some(json!("1768215601")), Ok(Check::TransparencyLog)),
        (format!("{entry}/logIndex"), Some(json!("7")), Ok(Check::TransparencyLog)),
        (checkpoint.clone(), Some(json!(note.replace("1001", "1002"))), Ok(Check::TransparencyLog)),
        (checkpoint, Some(json!(note.replacen('\n', " \n", 1))), Ok(Check::TransparencyLog)),
        (format!("{publish}/verificationMaterial/publicKey/hint"), Some(json!("SHA256:other")), Ok(Check::RegistryKey)),
        (format!("{publish}/dsseEnvelope/signatures/0/keyid"), Some(json!("")), Ok(Check::RegistryKey)),
        (format!("{publish}/dsseEnvelope/signatures/0/sig"), Some(json!(b64(b"no signature"))), Ok(Check::Signature)),
        (publish.to_owned(), Some(document["attestations"][0]["bundle"].clone()), Ok(Check::PayloadType)),
    ] {
        let provenance = npm(&verifier, &with(&document, &pointer, value.clone()));
        assert_eq!(outcome(&provenance), expected, "{pointer} {value:?}: {provenance:?}");
    }
    let many = |count: usize| json!({"attestations": vec![document["attestations"][0].clone(); count]});
    assert_eq!(outcome(&npm(&verifier, &many(33))), Err("verified"));
    assert_eq!(outcome(&npm(&verifier, &many(257))), Err("unavailable"));
}

#[test]
fn documents_that_parsers_read_differently_are_refused() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    let text = npm_document(&lab, None).to_string();
    let doubled = text.replacen("\"bundle\":", "\"bundle\":null,\"bundle\":", 1);
    let truncated = &text[..text.len() / 2];
    let nested = format!("{}{}", "{\"attestations\":[".repeat(5_000), "]}".repeat(5_000));
    for document in [doubled.as_bytes(), nested.as_bytes()] {
        assert_eq!(outcome(&verifier.npm(document, PURL, &digests())), Ok(Check::Format));
        assert_eq!(outcome(&verifier.pypi(document, FILE, &digests())), Ok(Check::Format));
    }
    let page = &b"<!doctype html><title>Please log in</title>"[..];
    for document in [page, truncated.as_bytes(), b"", b"null", b"[]", b"{}", b"{\"error\": 1}", b"\xff\xfe"] {
        assert_eq!(outcome(&verifier.npm(document, PURL, &digests())), Err("unavailable"));
        assert_eq!(outcome(&verifier.pypi(document, FILE, &digests())), Err("unavailable"));
    }
}

#[test]
fn obnoxious_pypi_objects_end_in_their_check() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    let object = pypi_object(&lab, None);
    let bundle = "/attestation_bundles/0";
    let attestation = format!("{bundle}/attestations/0");
    for (pointer, value, expected) in [
        ("/version".to_owned(), Some(json!(2)), Err("unavailable")),
        ("/attestation_bundles".to_owned(), Some(json!([])), Err("absent")),
        (format!("{bundle}/publisher"), None, Err("unavailable")),
        (format!("{bundle}/publisher/repository"), Some(json!("eve/widget")), Ok(Check::Publisher)),
        (format!("{bundle}/publisher/workflow"), Some(json!("other.yml")), Ok(Check::Publisher)),
        (format!("{bundle}/publisher/kind"), Some(json!("Newcomer")), Err("unavailable")),
        (format!("{attestation}/version"), Some(json!(2)), Err("unavailable")),
        (format!("{attestation}/version"), None, Ok(Check::Format)),
        (format!("{attestation}/envelope/statement"), Some(json!(1)), Ok(Check::Format)),
        (format!("{attestation}/envelope/signature"), Some(json!(b64(b"none"))), Ok(Check::Signature)),
        (format!("{attestation}/verification_material/certificate"), Some(json!("")), Ok(Check::CertificateChain)),
        (format!("{attestation}/verification_material/transparency_entries"), Some(json!([1])), Ok(Check::Format)),
    ] {
        let provenance = pypi(&verifier, &with(&object, &pointer, value.clone()));
        assert_eq!(outcome(&provenance), expected, "{pointer} {value:?}: {provenance:?}");
    }
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
fn unreadable_extensions_are_not_passed_over() {
    let lab = Lab::new();
    let subject = workflow().subject;
    let issuer = || authority::extension(8, "https://token.actions.githubusercontent.com");
    let utf8 = |text: &str| der::value(0x0c, text.as_bytes());
    for extensions in [
        vec![],
        vec![authority::extension(8, "")],
        vec![issuer(), authority::extension(15, "1"), authority::extension(15, "2")],
        vec![issuer(), issuer()],
        vec![issuer(), authority::raw_extension(12, b"bare text".to_vec())],
        vec![issuer(), authority::raw_extension(12, Vec::new())],
        vec![issuer(), authority::raw_extension(12, der::value(0x0c, b"\xff"))],
        vec![issuer(), authority::raw_extension(12, der::value(0x16, b"an IA5String"))],
        vec![issuer(), authority::raw_extension(12, [utf8("text"), utf8("and more")].concat())],
        vec![issuer(), authority::extension(12, &"x".repeat(5_000))],
        vec![issuer(), authority::raw_extension(3, b"\xff".to_vec())],
    ] {
        let leaf = lab.authority.issue_with(&subject, extensions, at());
        let failure = identity(&leaf.der).expect_err("unreadable");
        assert_eq!(failure.check(), Some(Check::CertificateExtensions), "{failure}");
    }
    for garbage in [&b""[..], b"\x30\x82", b"not a certificate"] {
        assert_eq!(identity(garbage).unwrap_err().check(), Some(Check::CertificateChain));
    }
}

#[test]
fn a_duplicate_claim_spoils_an_attestation_that_holds_otherwise() {
    let lab = Lab::new();
    let verifier = Verifier::new(&trust(&lab));
    let object = pypi_object(&lab, None);
    let mut extensions = vec![authority::extension(8, &workflow().issuer)];
    for claim in Claim::ALL {
        extensions
            .extend(workflow().claims.get(*claim).map(|value| authority::extension(claim.number().into(), value)));
    }
    let sound = lab.authority.issue_with(&workflow().subject, extensions.clone(), at());
    extensions.push(authority::extension(12, "https://github.com/eve/widget"));
    let spoiled = lab.authority.issue_with(&workflow().subject, extensions, at());
    for (leaf, expected) in [(sound, Err("verified")), (spoiled, Ok(Check::CertificateExtensions))] {
        let resigned = resign(&lab, &object, &leaf);
        assert_eq!(outcome(&pypi(&verifier, &resigned)), expected);
    }
}

/// The object with its attestation signed anew, with another certificate.
fn resign(lab: &Lab, object: &Value, leaf: &authority::Leaf) -> Value {
    let attestation = &object["attestation_bundles"][0]["attestations"][0];
    let payload = BASE64_STANDARD.decode(attestation["envelope"]["statement"].as_str().unwrap()).unwrap();
    let kind = "application/vnd.in-toto+json";
    let mut signed = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    signed.extend(&payload);
    let signature = b64(&leaf.key.sign(&signed));
    let lines = b64(&leaf.der)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned() + "\n")
        .collect::<String>();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n");
    let body = json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": hex::encode(sha256(b"unused"))},
            "payloadHash": {"algorithm": "sha256", "value": hex::encode(sha256(&payload))},
            "signatures": [{"signature": signature, "verifier": b64(pem.as_bytes())}],
        },
    });
    let entry = lab.log.append("dsse", "0.0.1", &body, at().timestamp());
    let place = "/attestation_bundles/0/attestations/0";
    let object = with(object, &format!("{place}/envelope/signature"), Some(json!(signature)));
    let object = with(&object, &format!("{place}/verification_material/certificate"), Some(json!(b64(&leaf.der))));
    with(&object, &format!("{place}/verification_material/transparency_entries"), Some(json!([entry])))
}

#[test]
fn certificates_of_before_2023_speak_through_the_deprecated_claims() {
    let lab = Lab::new();
    let extensions = [
        (1, "https://token.actions.githubusercontent.com"),
        (2, "release"),
        (3, "0000000000000000000000000000000000000000"),
        (4, "Publish"),
        (5, "acme/widget"),
        (6, "refs/tags/v1.0.0"),
    ]
    .map(|(number, text)| authority::raw_extension(number, text.as_bytes().to_vec()));
    let leaf = lab.authority.issue_with(&workflow().subject, extensions.to_vec(), at());
    let identity = identity(&leaf.der).unwrap();
    assert_eq!(identity.to_string(), "github.com/acme/widget release.yml @ refs/tags/v1.0.0");
    assert_eq!(identity.claims.build_trigger.as_deref(), Some("release"));
    assert_eq!(identity.claims.source_repository_identifier, None);
}

#[test]
fn claims_without_content_are_no_claims() {
    let lab = Lab::new();
    let extensions = vec![
        authority::extension(8, "https://oidc.circleci.com/org/1"),
        authority::extension(11, "\"\""),
        authority::extension(14, ""),
    ];
    let leaf =
        lab.authority.issue_with("https://circleci.com/api/v2/projects/1/pipeline-definitions/2", extensions, at());
    let identity = identity(&leaf.der).unwrap();
    assert_eq!(identity.claims.runner_environment, None);
    assert_eq!(identity.claims.source_repository_ref, None);
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

/// One flipped character anywhere in a document, or a piece cut out.
#[derive(Clone, Debug)]
struct Mutation {
    place: prop::sample::Index,
    length: usize,
    replacement: Vec<u8>,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    (any::<prop::sample::Index>(), 0..4_usize, prop::collection::vec(any::<u8>(), 0..4))
        .prop_map(|(place, length, replacement)| Mutation { place, length, replacement })
}

impl Mutation {
    fn apply(&self, document: &[u8]) -> Vec<u8> {
        let start = self.place.index(document.len());
        let end = (start + self.length).min(document.len());
        [&document[..start], &self.replacement, &document[end..]].concat()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is done to a document, it never vouches for another file or another builder.
    #[test]
    fn a_mutated_document_never_says_anything_else(mutations in prop::collection::vec(mutation(), 1..4)) {
        let (npm, pypi, verifier) = shared();
        let other = Digests { sha256: Some("11".repeat(32)), sha512: Some("11".repeat(64)), ..Digests::default() };
        let mutate = |document: &[u8]| mutations.iter().fold(document.to_vec(), |bytes, one| one.apply(&bytes));
        let (npm, pypi) = (mutate(npm), mutate(pypi));
        for provenance in [verifier.npm(&npm, PURL, &digests()), verifier.pypi(&pypi, FILE, &digests())] {
            if let Provenance::Verified(verified) = provenance {
                prop_assert_eq!(&verified.identity.claims, &workflow().claims);
            }
        }
        for provenance in [
            verifier.npm(&npm, PURL, &other),
            verifier.npm(&npm, "pkg:npm/%40acme/gadget@1.0.0", &digests()),
            verifier.pypi(&pypi, FILE, &other),
            verifier.pypi(&pypi, "gadget-1.0.0.tar.gz", &digests()),
        ] {
            prop_assert!(!matches!(provenance, Provenance::Verified(_)));
        }
        let _ = identity(&npm);
    }
}

fn shared() -> &'static (Vec<u8>, Vec<u8>, Verifier) {
    static SHARED: std::sync::OnceLock<(Vec<u8>, Vec<u8>, Verifier)> = std::sync::OnceLock::new();
    SHARED.get_or_init(|| {
        let lab = Lab::new();
        let documents = [npm_document(&lab, None), pypi_object(&lab, None)].map(|value| value.to_string().into_bytes());
        let [npm, pypi] = documents;
        (npm, pypi, Verifier::new(&trust(&lab)))
    })
}
