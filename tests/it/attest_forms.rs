//! Tests of every supported form of bundle and log entry, minted by the lab: each verifies, for one file and one
//! signer.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod entries;

use crate::lab;

use chrono::{DateTime, Utc};
use lab::{
    Content, EntryKind, Form, Key, Lab, Statement, Version, Workflow, attestation,
    keys::{Curve, sha256, sha512},
};
use provwatch::{
    attest::{Artifact, Policy, TrustMaterial, VerificationFailure, Verified, Verifier, verify_bundle},
    model::{Check, Digests, LogEntry, Provenance, RegistryId},
};
use serde_json::{Value, json};

const PURL: &str = "pkg:npm/%40acme/widget@1.0.0";
const FILE_NAME: &str = "widget-1.0.0.tar.gz";
const FILE: &[u8] = b"the file";
const SLSA: &str = "https://slsa.dev/provenance/v1";
const NPM_PUBLISH: &str = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1";
const V1_ORIGIN: &str = "rekor.lab.example - 1001";
const V2_ORIGIN: &str = "log2026-1.rekor.lab.example";
const ENTRY: &str = "/verificationMaterial/tlogEntries/0";
const INDEX: &str = "/verificationMaterial/tlogEntries/0/logIndex";

const TIMESTAMPS: &str = "/verificationMaterial/timestampVerificationData";

fn at() -> DateTime<Utc> {
    "2026-01-12T11:00:00Z".parse().unwrap()
}

fn workflow() -> Workflow {
    Workflow::github("acme/widget", "release.yml", "refs/tags/v1.0.0")
}

fn digests() -> Digests {
    Digests { sha256: Some(hex::encode(sha256(FILE))), sha512: Some(hex::encode(sha512(FILE))), ..Digests::default() }
}

fn npm_statement() -> Statement {
    Statement {
        subject: PURL.to_owned(),
        digest: ("sha512", digests().sha512.unwrap()),
        predicate_type: SLSA.to_owned(),
        predicate: json!({"buildDefinition": {}, "runDetails": {}}),
    }
}

fn pypi_statement() -> Statement {
    Statement {
        subject: FILE_NAME.to_owned(),
        digest: ("sha256", digests().sha256.unwrap()),
        predicate_type: format!("{}attestations/publish/v1", RegistryId::PYPI_DOCS.base_url()),
        predicate: Value::Null,
    }
}

/// What a bundle of the table signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signs {
    Statement,
    File,
}

impl Signs {
    fn content(self, statement: &Statement) -> Content<'_> {
        match self {
            Self::Statement => Content::Statement(statement),
            Self::File => Content::File(FILE),
        }
    }
}

/// Every form that is promised.
fn table() -> Vec<(Form, Signs)> {
    let kinds = [
        (EntryKind::Dsse, Signs::Statement),
        (EntryKind::Intoto, Signs::Statement),
        (EntryKind::HashedRekord, Signs::File),
    ];
    let mut table = Vec::new();
    for curve in Curve::ALL {
        for version in [Version::V01, Version::V02, Version::V03] {
            table.extend(kinds.map(|(kind, signs)| (Form { version, kind, curve }, signs)));
        }
        let tiled = Form { version: Version::V03, kind: EntryKind::Tiled, curve };
        table.extend([(tiled, Signs::Statement), (tiled, Signs::File)]);
    }
    table
}

/// A lab, and a verifier that trusts it.
struct Bench {
    lab: Lab,
    trust: TrustMaterial,
}

impl Bench {
    /// Both logs already hold entries of others.
    fn new() -> Self {
        let lab = Lab::new();
        for other in 0..5 {
            lab.log.append("dsse", "0.0.1", &json!({"other": other}), at().timestamp());
            lab.tiled_log.append("hashedrekord", "0.0.2", &json!({"other": other}));
        }
        let trust = trust_in(&lab, &lab.trusted_root());
        Self { lab, trust }
    }

    fn bundle(&self, (form, signs): (Form, Signs)) -> Value {
        self.lab.bundle(form, signs.content(&npm_statement()), &workflow(), at())
    }

    fn keyed_bundle(&self, (form, signs): (Form, Signs), statement: &Statement, key: &Key) -> Value {
        self.lab.keyed_bundle(form, signs.content(statement), key, at())
    }

    fn verify_keyed(&self, bundle: &Value, key: &Key) -> Result<Verified, VerificationFailure> {
        let pem = attestation::pem("PUBLIC KEY", &key.spki());
        let policy = Policy::Key(pem.as_bytes());
        verify_bundle(bundle.to_string().as_bytes(), Artifact::Bytes(FILE), policy, &self.trust)
    }

    fn verify(&self, bundle: &Value) -> Result<Verified, VerificationFailure> {
        verify(bundle, FILE, &workflow(), &self.trust)
    }

    /// The check that fails, if one does.
    fn check(&self, bundle: &Value) -> Option<Check> {
        self.verify(bundle).err().map(|failure| failure.check().unwrap())
    }
}

fn trust_in(lab: &Lab, trusted_root: &Value) -> TrustMaterial {
    let folder = tempfile::tempdir().unwrap();
    let [root, keys] = ["trusted_root.json", "keys.json"].map(|name| folder.path().join(name));
    std::fs::write(&root, trusted_root.to_string()).unwrap();
    std::fs::write(&keys, lab.npm_keys().to_string()).unwrap();
    TrustMaterial::from_files(&root, Some(&keys)).unwrap()
}

fn verify(bundle: &Value, file: &[u8], by: &Workflow, trust: &TrustMaterial) -> Result<Verified, VerificationFailure> {
    let policy = Policy::Identity { identity: &by.subject, issuer: &by.issuer };
    verify_bundle(bundle.to_string().as_bytes(), Artifact::Bytes(file), policy, trust)
}

/// The bundle with one part replaced; a member of an object need not be there.
fn with(bundle: &Value, pointer: &str, part: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let mut bundle = bundle.clone();
    match bundle.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = part,
        object => object[key] = part,
    }
    bundle
}

fn without(bundle: &Value, pointer: &str) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let mut bundle = bundle.clone();
    bundle.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
    bundle
}

fn part<'a>(bundle: &'a Value, pointer: &str) -> &'a Value {
    bundle.pointer(pointer).unwrap()
}

/// The first bundle with a part of the second.
fn grafted(bundle: &Value, other: &Value, pointer: &str) -> Value {
    with(bundle, pointer, part(other, pointer).clone())
}

fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn every_form_verifies_with_its_identity_time_and_place() {
    let bench = Bench::new();
    for (form, signs) in table() {
        let bundle = bench.bundle((form, signs));
        let verified = bench.verify(&bundle).unwrap_or_else(|failure| panic!("{form:?} {signs:?}: {failure}"));
        let origin = match form {
            Form { kind: EntryKind::Tiled, .. } => V2_ORIGIN,
            Form { version: Version::V01, .. } => "rekor.lab.example",
            _ => V1_ORIGIN,
        };
        let index = number(part(&bundle, INDEX));
        assert!(index >= 5, "{form:?}: others were there before");
        let identity = verified.identity.unwrap();
        assert_eq!((identity.subject, identity.issuer), (workflow().subject, workflow().issuer), "{form:?}");
        assert_eq!(identity.claims, workflow().claims, "{form:?}");
        assert_eq!(verified.signed_at, Some(at()), "{form:?}");
        assert_eq!(verified.log, Some(LogEntry { origin: origin.to_owned(), index }), "{form:?}");
    }
}

#[test]
fn every_form_is_of_one_file_and_one_signer() {
    let bench = Bench::new();
    let other = Workflow::github("acme/gadget", "release.yml", "refs/tags/v1.0.0");
    for row in table() {
        let bundle = bench.bundle(row);
        let check = |outcome: Result<Verified, VerificationFailure>| outcome.unwrap_err().check();
        assert_eq!(
            check(verify(&bundle, b"another file", &workflow(), &bench.trust)),
            Some(Check::SubjectDigest),
            "{row:?}"
        );
        assert_eq!(check(verify(&bundle, FILE, &other, &bench.trust)), Some(Check::Publisher), "{row:?}");
    }
}

#[test]
fn npm_takes_statements_in_every_form() {
    let bench = Bench::new();
    let verifier = Verifier::new(&bench.trust);
    for (form, signs) in table() {
        let bundle = bench.bundle((form, signs));
        let document = json!({"attestations": [{"predicateType": SLSA, "bundle": bundle}]});
        let provenance = verifier.npm(document.to_string().as_bytes(), PURL, &digests());
        match (signs, provenance) {
            (Signs::Statement, Provenance::Verified(found)) => {
                assert_eq!(found.identity.subject, workflow().subject, "{form:?}");
                assert_eq!(found.signed_at, Some(at()), "{form:?}");
                assert_eq!(found.log, bench.verify(&bundle).unwrap().log, "{form:?}");
            }
            (Signs::File, Provenance::Invalid { check: Check::PayloadType, .. }) => {}
            (_, other) => panic!("{form:?} {signs:?}: {other:?}"),
        }
    }
}

/// PEP 740 has a place for log entries, none for timestamps: what has no time of its own cannot be checked.
#[test]
fn pypi_takes_statements_whose_entry_proves_time_and_place() {
    let bench = Bench::new();
    let verifier = Verifier::new(&bench.trust);
    for (version, kind, expected) in [
        (Version::V02, EntryKind::Dsse, Ok(V1_ORIGIN)),
        (Version::V02, EntryKind::Intoto, Ok(V1_ORIGIN)),
        (Version::V01, EntryKind::Dsse, Err(Some(Check::TransparencyLog))),
        (Version::V01, EntryKind::Intoto, Err(Some(Check::TransparencyLog))),
        (Version::V03, EntryKind::Tiled, Err(None)),
    ] {
        let form = Form::new(version, kind);
        let bundle = bench.lab.bundle(form, Content::Statement(&pypi_statement()), &workflow(), at());
        let object = pypi_object(&bundle);
        let outcome = match verifier.pypi(object.to_string().as_bytes(), FILE_NAME, &digests()) {
            Provenance::Verified(found) => {
                assert_eq!(found.identity.subject, workflow().subject, "{form:?}");
                assert_eq!(found.signed_at, Some(at()), "{form:?}");
                Ok(found.log.unwrap().origin)
            }
            Provenance::Invalid { check, .. } => Err(Some(check)),
            Provenance::Unavailable { .. } => Err(None),
            other @ Provenance::Absent => panic!("{form:?}: {other:?}"),
        };
        assert_eq!(outcome, expected.map(str::to_owned), "{form:?}");
    }
}

/// The same attestation as PyPI serves it.
fn pypi_object(bundle: &Value) -> Value {
    let material = &bundle["verificationMaterial"];
    let chain = material.pointer("/x509CertificateChain/certificates/0").unwrap_or(&material["certificate"]);
    json!({"version": 1, "attestation_bundles": [{
        "publisher": {
            "kind": "GitHub", "repository": "acme/widget", "workflow": "release.yml", "environment": "", "claims": null,
        },
        "attestations": [{
            "version": 1,
            "verification_material": {
                "certificate": chain["rawBytes"],
                "transparency_entries": material["tlogEntries"],
            },
            "envelope": {
                "statement": part(bundle, "/dsseEnvelope/payload"),
                "signature": part(bundle, "/dsseEnvelope/signatures/0/sig"),
            },
        }],
    }]})
}

#[test]
fn keys_sign_in_every_form() {
    let bench = Bench::new();
    for row in table() {
        let (key, stranger) = (Key::on(row.0.curve), Key::on(row.0.curve));
        let bundle = bench.keyed_bundle(row, &npm_statement(), &key);
        let found = bench.verify_keyed(&bundle, &key).unwrap_or_else(|failure| panic!("{row:?}: {failure}"));
        assert_eq!((found.identity, found.signed_at), (None, Some(at())), "{row:?}");
        assert_eq!(found.log.unwrap().index, number(part(&bundle, INDEX)), "{row:?}");

        let check = |bundle: &Value, key: &Key| bench.verify_keyed(bundle, key).unwrap_err().check();
        assert_eq!(check(&bundle, &stranger), Some(Check::Signature), "{row:?}");
        let other = bench.keyed_bundle(row, &npm_statement(), &stranger);
        assert_eq!(check(&grafted(&bundle, &other, ENTRY), &key), Some(Check::TransparencyLog), "{row:?}");
    }
}

/// The registry's own attestation stands beside the provenance; its key must have been valid at a time that is proven.
#[test]
fn npms_publish_attestation_is_taken_in_every_form() {
    let bench = Bench::new();
    let verifier = Verifier::new(&bench.trust);
    let publish = Statement { predicate_type: NPM_PUBLISH.to_owned(), ..npm_statement() };
    let by_registry = |(form, signs): &(Form, Signs)| *signs == Signs::Statement && form.curve == Curve::P256;
    for row in table().into_iter().filter(by_registry) {
        let provenance = bench.bundle(row);
        let verify = |publish: &Value| {
            let document = json!({"attestations": [
                {"predicateType": SLSA, "bundle": provenance},
                {"predicateType": NPM_PUBLISH, "bundle": publish},
            ]});
            verifier.npm(document.to_string().as_bytes(), PURL, &digests())
        };
        let bundle = bench.keyed_bundle(row, &publish, &bench.lab.npm_key);
        assert!(matches!(verify(&bundle), Provenance::Verified(_)), "{row:?}");
        if row.0.kind == EntryKind::Tiled {
            let untimed = verify(&without(&bundle, TIMESTAMPS));
            assert!(matches!(untimed, Provenance::Invalid { check: Check::Timestamp, .. }), "{row:?}: {untimed:?}");
        }
    }
}
