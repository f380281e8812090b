//! Mints the odd bundles of `tests/data/agreement.toml` by the names of their recipes: the lab's own, with one thing
//! changed.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::TimeDelta;
use provwatch::attest::{Artifact, Policy, TrustMaterial, VerificationFailure, Verified, verify_bundle};
use rcgen::SanType;
use serde_json::{Value, json};

use super::{FILE, at, workflow};
use crate::lab::{
    self, Content, EntryKind, Form, Key, Lab, Statement, TiledLog, TimestampAuthority, Version, Workflow, attestation,
    authority::{self, Leaf},
    der, forms,
    keys::{Curve, sha256},
};

const ENTRIES: &str = "/verificationMaterial/tlogEntries";
const TIMESTAMPS: &str = "/verificationMaterial/timestampVerificationData";

fn statement() -> Statement {
    Statement {
        subject: "widget-1.0.0.tgz".to_owned(),
        digest: ("sha256", hex::encode(sha256(FILE))),
        predicate_type: "https://slsa.dev/provenance/v1".to_owned(),
        predicate: json!({}),
    }
}

/// A bundle, the trust root that it comes before, and who must have signed.
pub(super) struct Before {
    pub(super) bundle: Value,
    pub(super) root: Value,
    pub(super) subject: String,
    pub(super) issuer: String,
    /// PEM.
    key: Option<String>,
}

impl Before {
    pub(super) fn verify(&self) -> Result<Verified, VerificationFailure> {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("trusted_root.json");
        std::fs::write(&root, self.root.to_string()).unwrap();
        let trust = TrustMaterial::from_files(&root, None).unwrap();
        let policy = match &self.key {
            Some(pem) => Policy::Key(pem.as_bytes()),
            None => Policy::Identity { identity: &self.subject, issuer: &self.issuer },
        };
        verify_bundle(self.bundle.to_string().as_bytes(), Artifact::Bytes(FILE), policy, &trust)
    }
}

/// The lab, and bundles of it with one thing changed.
pub(super) struct Bench {
    lab: Lab,
}

impl Bench {
    pub(super) fn new() -> Self {
        let lab = Lab::new();
        for other in 0..3 {
            lab.log.append("dsse", "0.0.1", &json!({"other": other}), at().timestamp());
            lab.tiled_log.append("hashedrekord", "0.0.2", &json!({"other": other}));
        }
        Self { lab }
    }

    pub(super) fn before(&self, bundle: Value) -> Before {
        let Workflow { subject, issuer, .. } = workflow();
        Before { bundle, root: self.lab.trusted_root(), subject, issuer, key: None }
    }

    /// A statement, logged in Rekor v1.
    fn statement(&self) -> Value {
        self.of(Form::new(Version::V03, EntryKind::Dsse))
    }

    /// A statement of the form.
    fn of(&self, form: Form) -> Value {
        self.lab.bundle(form, Content::Statement(&statement()), &workflow(), at())
    }

    /// A signature over the file, logged in Rekor v1.
    pub(super) fn file(&self, curve: Curve) -> Value {
        let form = Form { curve, ..Form::new(Version::V03, EntryKind::HashedRekord) };
        self.lab.bundle(form, Content::File(FILE), &workflow(), at())
    }

    /// A statement, logged in Rekor v2, with a timestamp.
    fn stamped(&self, curve: Curve) -> Value {
        self.of(Form { curve, ..Form::new(Version::V03, EntryKind::Tiled) })
    }

    /// A statement that this certificate signed.
    fn signed_by(&self, leaf: &Leaf) -> Value {
        self.lab.bundle_of(Form::new(Version::V03, EntryKind::Dsse), Content::Statement(&statement()), leaf, at())
    }

    fn by(&self, workflow: &Workflow) -> Before {
        let bundle = self.signed_by(&self.lab.authority.issue(workflow, at()));
        Before { subject: workflow.subject.clone(), issuer: workflow.issuer.clone(), ..self.before(bundle) }
    }

    pub(super) fn recipe(&self, name: &str) -> Before {
        let usual = || self.statement();
        let bundle = match name {
            "the usual one" => usual(),
            "a version of tomorrow" => {
                with(usual(), "/mediaType", json!("application/vnd.dev.sigstore.bundle.v0.4+json"))
            }
            "an entry of a kind of tomorrow" => with(usual(), &format!("{ENTRIES}/0/kindVersion"), tomorrow()),
            "an entry of a kind of tomorrow beside a good one" => {
                beside(usual(), |entry| entry["kindVersion"] = tomorrow())
            }
            "a digest of tomorrow" => {
                with(self.file(Curve::P256), "/messageSignature/messageDigest/algorithm", json!("SHA3_256"))
            }
            "a certificate beside a chain" => {
                let certificate = usual()["verificationMaterial"]["certificate"].clone();
                with(usual(), "/verificationMaterial/x509CertificateChain", json!({"certificates": [certificate]}))
            }
            "a message signature beside a statement" => {
                with(usual(), "/messageSignature", self.file(Curve::P256)["messageSignature"].clone())
            }
            "a checkpoint without a final newline" => changed(usual(), |bundle| {
                let note = bundle.pointer_mut(&format!("{ENTRIES}/0/inclusionProof/checkpoint/envelope")).unwrap();
                *note = json!(note.as_str().unwrap().trim_end());
            }),
            "a message signature without a digest" => changed(self.file(Curve::P256), |bundle| {
                bundle["messageSignature"].as_object_mut().unwrap().remove("messageDigest");
            }),
            "a statement with the member type" => self.other_statement(),
            "P-384 with SHA-384 in Rekor v1" => self.file(Curve::P384),
            "P-521 with SHA-512 in Rekor v2" => self.stamped(Curve::P521),
            _ => return self.of_logs(name),
        };
        self.before(bundle)
    }

    /// Several log entries and timestamps, or none.
    fn of_logs(&self, name: &str) -> Before {
        let usual = || self.statement();
        let stranger = TimestampAuthority::new();
        let bundle = match name {
            "an entry of an unknown log beside a good one" => beside(usual(), strange),
            "an entry of an unknown log alone" => with_strange_entry(usual()),
            "an entry of an unknown log and a good timestamp" => logged_elsewhere(self.stamped(Curve::P256)),
            "a timestamp of an unknown authority beside a promise" => {
                let bundle = usual();
                let token = stranger.stamp(&signature(&bundle), at());
                with(bundle, TIMESTAMPS, forms::timestamps(&token))
            }
            "a timestamp of an unknown authority beside a good one" => {
                let bundle = self.stamped(Curve::P256);
                let token = stranger.stamp(&signature(&bundle), at() - TimeDelta::hours(1));
                with_timestamp(bundle, &token)
            }
            "a timestamp of another signature beside a good one" => {
                with_timestamp(self.stamped(Curve::P256), &self.lab.tsa.stamp(b"another signature", at()))
            }
            "the same log entry twice" => beside(usual(), |_| {}),
            "the same timestamp twice" => {
                let bundle = self.stamped(Curve::P256);
                let token = bundle.pointer(&format!("{TIMESTAMPS}/rfc3161Timestamps/0/signedTimestamp")).unwrap();
                let token = BASE64_STANDARD.decode(token.as_str().unwrap()).unwrap();
                with_timestamp(bundle, &token)
            }
            "no log entry" => with(usual(), ENTRIES, json!([])),
            "no log entry and a good timestamp" => with(self.stamped(Curve::P256), ENTRIES, json!([])),
            _ => return self.of_instances(name),
        };
        self.before(bundle)
    }

    /// Other instances, and other trust roots.
    fn of_instances(&self, name: &str) -> Before {
        let unlogged = || with(self.stamped(Curve::P256), ENTRIES, json!([]));
        let mut before = self.before(self.statement());
        match name {
            "of an instance without a log that is trusted" => {
                before.bundle = unlogged();
                let root = before.root.as_object_mut().unwrap();
                root.retain(|key, _| key != "tlogs" && key != "ctlogs");
            }
            "of an instance without a log that is not trusted" => {
                before.bundle = unlogged();
                before.root = Lab::new().trusted_root();
            }
            "a trust root that does not say where its logs are" => {
                for list in ["tlogs", "ctlogs"] {
                    for log in before.root[list].as_array_mut().unwrap() {
                        log.as_object_mut().unwrap().remove("baseUrl");
                    }
                }
                before.root["mediaType"] = json!("application/vnd.dev.sigstore.trustedroot.v0.2+json");
            }
            "a trust root that was written for a mirror" => {
                for list in ["tlogs", "ctlogs"] {
                    for (number, log) in before.root[list].as_array_mut().unwrap().iter_mut().enumerate() {
                        log["baseUrl"] = json!(format!("http://proxy.example:8080/sigstore/{list}/{number}"));
                    }
                }
            }
            _ => return self.of_signers(name),
        }
        before
    }

    fn of_signers(&self, name: &str) -> Before {
        let another = |issuer: &str, subject: &str| Workflow {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            ..workflow()
        };
        match name {
            "a certificate without an issuer" => {
                let subject = "https://dotcom.releases.github.com";
                let leaf = self.lab.authority.issue_with(subject, Vec::new(), at());
                Before { subject: subject.to_owned(), issuer: String::new(), ..self.before(self.signed_by(&leaf)) }
            }
            "a user name in the certificate" => {
                let name = SanType::OtherName((vec![1, 3, 6, 1, 4, 1, 57264, 1, 7], "ada!example.org".into()));
                let issuer = "https://oidc.example.org";
                let extensions = vec![authority::extension(8, issuer)];
                let leaf = self.lab.authority.certify(name, extensions, at(), Key::p256());
                let (subject, issuer) = ("ada!example.org".to_owned(), issuer.to_owned());
                Before { subject, issuer, ..self.before(self.signed_by(&leaf)) }
            }
            "a pipeline of Buildkite" => {
                self.by(&another("https://agent.buildkite.com", "https://buildkite.com/acme/widget"))
            }
            "an issuer that nobody has heard of" => {
                self.by(&another("https://tokens.example.org/a/b", "https://ci.example.org/acme/widget"))
            }
            "a curve that nobody uses" => {
                let key = odd_key();
                let form = Form::new(Version::V03, EntryKind::Dsse);
                let bundle = self.lab.keyed_bundle(form, Content::Statement(&statement()), &Key::p256(), at());
                Before { key: Some(attestation::pem("PUBLIC KEY", &key)), ..self.before(bundle) }
            }
            other => panic!("{other:?} is not a recipe"),
        }
    }

    /// A statement as the names of its protocol buffer write it.
    fn other_statement(&self) -> Value {
        let text = String::from_utf8(statement().bytes()).unwrap();
        let text = text.replace("\"_type\"", "\"type\"").replace("\"predicateType\"", "\"predicate_type\"");
        let leaf = self.lab.authority.issue(&workflow(), at());
        let signature = leaf.key.sign(&attestation::pae(text.as_bytes()));
        let verifier = attestation::pem("CERTIFICATE", &leaf.der);
        let body = attestation::dsse_body(text.as_bytes(), &signature, &verifier);
        let entry = self.lab.log.append("dsse", "0.0.1", &body, at().timestamp());
        attestation::Signed { certificate: leaf.der, payload: text.into_bytes(), signature, entry }.bundle()
    }
}

/// A key on secp256k1.
fn odd_key() -> Vec<u8> {
    let algorithm = der::sequence(&[der::oid(&[1, 2, 840, 10045, 2, 1]), der::oid(&[1, 3, 132, 0, 10])]);
    der::sequence(&[algorithm, der::value(0x03, &[&[0, 4], [7; 64].as_slice()].concat())])
}

fn tomorrow() -> Value {
    json!({"kind": "dsse", "version": "0.0.9"})
}

fn changed(mut bundle: Value, change: impl FnOnce(&mut Value)) -> Value {
    change(&mut bundle);
    bundle
}

fn with(bundle: Value, pointer: &str, part: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    changed(bundle, |bundle| bundle.pointer_mut(parent).unwrap()[key] = part)
}

/// The bundle with a changed copy of its log entry before it.
fn beside(bundle: Value, change: impl FnOnce(&mut Value)) -> Value {
    changed(bundle, |bundle| {
        let entries = bundle.pointer_mut(ENTRIES).unwrap().as_array_mut().unwrap();
        let copy = changed(entries[0].clone(), change);
        entries.insert(0, copy);
    })
}

/// Makes an entry one of a log that nobody knows.
fn strange(entry: &mut Value) {
    entry["logId"] = json!({"keyId": lab::b64(&[9; 32])});
}

fn with_strange_entry(bundle: Value) -> Value {
    changed(bundle, |bundle| strange(bundle.pointer_mut(&format!("{ENTRIES}/0")).unwrap()))
}

/// The same, logged in a log of tiles that nobody knows.
fn logged_elsewhere(bundle: Value) -> Value {
    let body = bundle.pointer(&format!("{ENTRIES}/0/canonicalizedBody")).unwrap();
    let body = serde_json::from_slice(&BASE64_STANDARD.decode(body.as_str().unwrap()).unwrap()).unwrap();
    let elsewhere = TiledLog::new("log.elsewhere.example");
    let entry = elsewhere.append("hashedrekord", "0.0.2", &body);
    with(bundle, ENTRIES, json!([entry]))
}

fn with_timestamp(bundle: Value, token: &[u8]) -> Value {
    changed(bundle, |bundle| {
        let tokens = bundle.pointer_mut(&format!("{TIMESTAMPS}/rfc3161Timestamps")).unwrap().as_array_mut().unwrap();
        tokens.push(json!({"signedTimestamp": lab::b64(token)}));
    })
}

fn signature(bundle: &Value) -> Vec<u8> {
    let encoded = bundle.pointer("/dsseEnvelope/signatures/0/sig").unwrap();
    BASE64_STANDARD.decode(encoded.as_str().unwrap()).unwrap()
}
