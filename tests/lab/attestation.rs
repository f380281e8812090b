//! Mints attestations in the forms that registries serve, whole or broken in one chosen place.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    Lab, Workflow, b64,
    keys::{Key, sha256, sha512},
};

pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const SLSA: &str = "https://slsa.dev/provenance/v1";
const NPM_PUBLISH: &str = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1";

/// An in-toto statement about one file.
#[derive(Clone, Debug)]
pub struct Statement {
    pub subject: String,
    pub digest: (&'static str, String),
    pub predicate_type: String,
    pub predicate: Value,
}

impl Statement {
    fn of_another_file(&self) -> Self {
        let (algorithm, digest) = &self.digest;
        let other = hex::encode(sha512(digest.as_bytes()))[..digest.len()].to_owned();
        Self { digest: (algorithm, other), ..self.clone() }
    }

    pub fn bytes(&self) -> Vec<u8> {
        json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": self.subject, "digest": {self.digest.0: self.digest.1}}],
            "predicateType": self.predicate_type,
            "predicate": self.predicate,
        })
        .to_string()
        .into_bytes()
    }
}

/// What may be wrong with an attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breakage {
    /// The signature is over something else.
    Signature,
    /// The log entry's promise and proof are not the log's.
    Log,
    /// The certificate is of an authority nobody trusts.
    Authority,
    /// The certificate says twice, and differently, which repository it is of.
    DuplicateExtension,
    /// The certificate's word on the repository is not text.
    UndecodableExtension,
    /// The statement is about another package or file.
    Subject,
    /// The statement is about another file of the same name.
    Digest,
}

/// DSSE pre-authentication encoding.
pub fn pae(payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len()).into_bytes();
    out.extend(payload);
    out
}

pub fn pem(label: &str, der: &[u8]) -> String {
    let text = b64(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A signed statement with its certificate and log entry.
pub struct Signed {
    pub certificate: Vec<u8>,
    pub payload: Vec<u8>,
    pub signature: Vec<u8>,
    pub entry: Value,
}

impl Signed {
    /// A bundle of version 0.3.
    pub fn bundle(&self) -> Value {
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": b64(&self.certificate)},
                "tlogEntries": [self.entry],
            },
            "dsseEnvelope": envelope(&self.payload, &self.signature, ""),
        })
    }
}

impl Lab {
    /// Signs a statement as a workflow does: a certificate, a DSSE signature, a `dsse` entry in the log.
    pub fn sign(
        &self,
        statement: &Statement,
        workflow: &Workflow,
        at: DateTime<Utc>,
        broken: Option<Breakage>,
    ) -> Signed {
        let stranger = (broken == Some(Breakage::Authority)).then(super::Authority::new);
        let leaf = stranger.as_ref().unwrap_or(&self.authority).issue_broken(workflow, at, broken);
        let payload = match broken {
            Some(Breakage::Digest) => statement.of_another_file().bytes(),
            _ => statement.bytes(),
        };
        let signed = if broken == Some(Breakage::Signature) { b"something else".as_slice() } else { &payload };
        let signature = leaf.key.sign(&pae(signed));
        let verifier = pem("CERTIFICATE", &leaf.der);
        let foreign = super::TransparencyLog::new(&self.log.name, self.log.tree);
        let log = if broken == Some(Breakage::Log) { &foreign } else { &self.log };
        let mut entry = log.append("dsse", "0.0.1", &dsse_body(&payload, &signature, &verifier), at.timestamp());
        entry["logId"] = json!({"keyId": b64(&self.log.key.id())});
        Signed { certificate: leaf.der, payload, signature, entry }
    }

    /// npm's attestations document of a release: provenance, and the registry's publish attestation.
    pub fn npm_attestations(
        &self,
        purl: &str,
        sha512: &str,
        workflow: &Workflow,
        at: DateTime<Utc>,
        broken: Option<Breakage>,
    ) -> Value {
        let statement = Statement {
            subject: if broken == Some(Breakage::Subject) { "pkg:npm/other@1.0.0" } else { purl }.to_owned(),
            digest: ("sha512", sha512.to_owned()),
            predicate_type: SLSA.to_owned(),
            predicate: json!({"buildDefinition": {}, "runDetails": {}}),
        };
        let provenance = self.sign(&statement, workflow, at, broken).bundle();
        json!({"attestations": [
            {"predicateType": SLSA, "bundle": provenance},
            {"predicateType": NPM_PUBLISH, "bundle": self.npm_publish(purl, sha512, at)},
        ]})
    }

    /// The publish attestation, signed with the registry's key.
    fn npm_publish(&self, purl: &str, sha512: &str, at: DateTime<Utc>) -> Value {
        let (name, version) = purl.trim_start_matches("pkg:npm/").rsplit_once('@').unwrap();
        let statement = Statement {
            subject: purl.to_owned(),
            digest: ("sha512", sha512.to_owned()),
            predicate_type: NPM_PUBLISH.to_owned(),
            predicate: json!({"name": name.replace("%40", "@"), "version": version, "registry": "https://npm.example"}),
        };
        let payload = statement.bytes();
        let signature = self.npm_key.sign(&pae(&payload));
        let verifier = pem("PUBLIC KEY", &self.npm_key.spki());
        let body = dsse_body(&payload, &signature, &verifier);
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "publicKey": {"hint": self.npm_key.npm_id()},
                "tlogEntries": [self.log.append("dsse", "0.0.1", &body, at.timestamp())],
            },
            "dsseEnvelope": envelope(&payload, &signature, &self.npm_key.npm_id()),
        })
    }

    /// PyPI's provenance object of one file (PEP 740).
    pub fn pypi_provenance(
        &self,
        file: &str,
        sha256: &str,
        workflow: &Workflow,
        at: DateTime<Utc>,
        broken: Option<Breakage>,
    ) -> Value {
        let statement = Statement {
            subject: if broken == Some(Breakage::Subject) { "other-1.0.0.tar.gz" } else { file }.to_owned(),
            digest: ("sha256", sha256.to_owned()),
            predicate_type: format!("{}attestations/publish/v1", provwatch::model::RegistryId::PYPI_DOCS.base_url()),
            predicate: Value::Null,
        };
        let signed = self.sign(&statement, workflow, at, broken);
        let repository = workflow.claims.source_repository_uri.as_deref().unwrap_or_default();
        let config = workflow.claims.build_config_uri.as_deref().unwrap_or_default();
        let file = config.split('@').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        json!({"version": 1, "attestation_bundles": [{
            "publisher": {
                "kind": "GitHub",
                "repository": repository.trim_start_matches("https://github.com/"),
                "workflow": file,
                "environment": workflow.claims.deployment_environment.clone().unwrap_or_default(),
                "claims": null,
            },
            "attestations": [{
                "version": 1,
                "verification_material": {
                    "certificate": b64(&signed.certificate),
                    "transparency_entries": [signed.entry],
                },
                "envelope": {"statement": b64(&signed.payload), "signature": b64(&signed.signature)},
            }],
        }]})
    }
}

pub fn envelope(payload: &[u8], signature: &[u8], key_id: &str) -> Value {
    json!({
        "payload": b64(payload),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": key_id, "sig": b64(signature)}],
    })
}

pub fn dsse_body(payload: &[u8], signature: &[u8], verifier: &str) -> Value {
    json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": hex::encode(sha256(&envelope(payload, signature, "").to_string().into_bytes()))},
            "payloadHash": {"algorithm": "sha256", "value": hex::encode(sha256(payload))},
            "signatures": [{"signature": b64(signature), "verifier": b64(verifier.as_bytes())}],
        },
    })
}

/// npm's registry signature over a release.
pub fn npm_signature(key: &Key, message: &str) -> Value {
    json!({"keyid": key.npm_id(), "sig": b64(&key.sign(message.as_bytes()))})
}
