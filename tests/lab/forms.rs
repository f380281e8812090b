//! The forms in which a signature is bundled and logged.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    Lab, Statement, Workflow,
    attestation::{PAYLOAD_TYPE, dsse_body, envelope, pae, pem},
    authority::Leaf,
    b64,
    keys::{Curve, Key, sha256},
};

/// The version of a bundle's media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// A certificate chain, and the log's promise alone.
    V01,
    /// A certificate chain, promise and proof.
    V02,
    /// One certificate, and whatever the log gives.
    V03,
}

/// As what a signature stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// `dsse` 0.0.1 of Rekor v1.
    Dsse,
    /// `intoto` 0.0.2 of Rekor v1.
    Intoto,
    /// `hashedrekord` 0.0.1 of Rekor v1.
    HashedRekord,
    /// `hashedrekord` 0.0.2 of Rekor v2.
    Tiled,
}

/// A bundle's version, its entry's kind, and the curve of the key that signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    pub version: Version,
    pub kind: EntryKind,
    pub curve: Curve,
}

impl Form {
    /// Signed on the usual curve.
    pub fn new(version: Version, kind: EntryKind) -> Self {
        Self { version, kind, curve: Curve::P256 }
    }
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// A statement about a file, in a DSSE envelope.
    Statement(&'a Statement),
    /// The file itself.
    File(&'a [u8]),
}

impl Content<'_> {
    /// The bytes that the signature is over.
    fn message(&self) -> Vec<u8> {
        match self {
            Self::Statement(statement) => pae(&statement.bytes()),
            Self::File(file) => file.to_vec(),
        }
    }
}

/// A signature and who made it.
struct Signature {
    by: Signer,
    bytes: Vec<u8>,
    at: DateTime<Utc>,
    curve: Curve,
}

enum Signer {
    Certificate { der: Vec<u8> },
    Key { spki: Vec<u8>, id: String },
}

impl Lab {
    /// A bundle of the given form, signed by a workflow.
    pub fn bundle(&self, form: Form, content: Content<'_>, workflow: &Workflow, at: DateTime<Utc>) -> Value {
        let leaf = self.authority.issue_for(workflow, at, Key::on(form.curve));
        self.bundle_of(form, content, &leaf, at)
    }

    /// A bundle of the given form, signed with a certificate of the caller's.
    pub fn bundle_of(&self, form: Form, content: Content<'_>, leaf: &Leaf, at: DateTime<Utc>) -> Value {
        let bytes = leaf.key.sign(&content.message());
        let leaf = leaf.der.clone();
        self.bundled(form, content, &Signature { by: Signer::Certificate { der: leaf }, bytes, at, curve: form.curve })
    }

    /// A bundle of the given form, signed with a key that the verifier must know.
    pub fn keyed_bundle(&self, form: Form, content: Content<'_>, key: &Key, at: DateTime<Utc>) -> Value {
        let bytes = key.sign(&content.message());
        let by = Signer::Key { spki: key.spki(), id: key.npm_id() };
        self.bundled(form, content, &Signature { by, bytes, at, curve: form.curve })
    }

    fn bundled(&self, form: Form, content: Content<'_>, signature: &Signature) -> Value {
        let mut entry = self.logged(form.kind, content, signature);
        if form.version == Version::V01 {
            entry.as_object_mut().unwrap().remove("inclusionProof");
        }
        let mut material = signature.by.material(form.version);
        material["tlogEntries"] = json!([entry]);
        if form.kind == EntryKind::Tiled {
            material["timestampVerificationData"] = timestamps(&self.tsa.stamp(&signature.bytes, signature.at));
        }
        let mut bundle = json!({"mediaType": form.version.media_type(), "verificationMaterial": material});
        match content {
            Content::Statement(statement) => {
                bundle["dsseEnvelope"] = envelope(&statement.bytes(), &signature.bytes, signature.by.key_id());
            }
            Content::File(file) => bundle["messageSignature"] = message_signature(file, signature),
        }
        bundle
    }

    fn logged(&self, kind: EntryKind, content: Content<'_>, signature: &Signature) -> Value {
        let at = signature.at.timestamp();
        match (kind, content) {
            (EntryKind::Dsse, Content::Statement(statement)) => {
                let body = dsse_body(&statement.bytes(), &signature.bytes, &signature.by.pem());
                self.log.append("dsse", "0.0.1", &body, at)
            }
            (EntryKind::Intoto, Content::Statement(statement)) => {
                self.log.append("intoto", "0.0.2", &intoto_body(&statement.bytes(), signature), at)
            }
            (EntryKind::HashedRekord, content) => {
                self.log.append("hashedrekord", "0.0.1", &hashedrekord_body(&content.message(), signature), at)
            }
            (EntryKind::Tiled, content) => {
                self.tiled_log.append("hashedrekord", "0.0.2", &tiled_body(&content.message(), signature))
            }
            (EntryKind::Dsse | EntryKind::Intoto, Content::File(_)) => panic!("{kind:?} entries are of statements"),
        }
    }
}

impl Signer {
    fn pem(&self) -> String {
        match self {
            Self::Certificate { der } => pem("CERTIFICATE", der),
            Self::Key { spki, .. } => pem("PUBLIC KEY", spki),
        }
    }

    fn key_id(&self) -> &str {
        match self {
            Self::Certificate { .. } => "",
            Self::Key { id, .. } => id,
        }
    }

    /// The member of `verificationMaterial` that names the signer.
    fn material(&self, version: Version) -> Value {
        match (self, version) {
            (Self::Key { id, .. }, _) => json!({"publicKey": {"hint": id}}),
            (Self::Certificate { der }, Version::V03) => json!({"certificate": {"rawBytes": b64(der)}}),
            (Self::Certificate { der }, Version::V01 | Version::V02) => {
                json!({"x509CertificateChain": {"certificates": [{"rawBytes": b64(der)}]}})
            }
        }
    }

    /// The `verifier` of an entry of Rekor v2.
    fn tiled_verifier(&self, curve: Curve) -> Value {
        let details = curve.key_details();
        match self {
            Self::Certificate { der } => json!({"keyDetails": details, "x509Certificate": {"rawBytes": b64(der)}}),
            Self::Key { spki, .. } => json!({"keyDetails": details, "publicKey": {"rawBytes": b64(spki)}}),
        }
    }
}

impl Version {
    fn media_type(self) -> &'static str {
        match self {
            Self::V01 => "application/vnd.dev.sigstore.bundle+json;version=0.1",
            Self::V02 => "application/vnd.dev.sigstore.bundle+json;version=0.2",
            Self::V03 => "application/vnd.dev.sigstore.bundle.v0.3+json",
        }
    }
}

/// `timestampVerificationData` with one timestamp.
pub fn timestamps(response: &[u8]) -> Value {
    json!({"rfc3161Timestamps": [{"signedTimestamp": b64(response)}]})
}

fn message_signature(file: &[u8], signature: &Signature) -> Value {
    let (algorithm, _) = signature.curve.digest_names();
    let digest = json!({"algorithm": algorithm, "digest": b64(&signature.curve.digest(file))});
    json!({"messageDigest": digest, "signature": b64(&signature.bytes)})
}

/// The envelope without its payload; the signature is encoded twice.
/// <https://github.com/sigstore/rekor/blob/main/pkg/types/intoto/v0.0.2/intoto_v0_0_2_schema.json>
fn intoto_body(payload: &[u8], signature: &Signature) -> Value {
    let hash = |bytes: &[u8]| json!({"algorithm": "sha256", "value": hex::encode(sha256(bytes))});
    let whole = envelope(payload, &signature.bytes, signature.by.key_id()).to_string();
    json!({
        "apiVersion": "0.0.2",
        "kind": "intoto",
        "spec": {"content": {
            "envelope": {
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{
                    "publicKey": b64(signature.by.pem().as_bytes()),
                    "sig": b64(b64(&signature.bytes).as_bytes()),
                }],
            },
            "hash": hash(whole.as_bytes()),
            "payloadHash": hash(payload),
        }},
    })
}

/// <https://github.com/sigstore/rekor/blob/main/pkg/types/hashedrekord/v0.0.1/hashedrekord_v0_0_1_schema.json>
fn hashedrekord_body(message: &[u8], signature: &Signature) -> Value {
    json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {
                "algorithm": signature.curve.digest_names().1, "value": hex::encode(signature.curve.digest(message)),
            }},
            "signature": {
                "content": b64(&signature.bytes),
                "publicKey": {"content": b64(signature.by.pem().as_bytes())},
            },
        },
    })
}

/// <https://github.com/sigstore/rekor-tiles/blob/main/api/proto/rekor/v2/hashedrekord.proto>
fn tiled_body(message: &[u8], signature: &Signature) -> Value {
    json!({
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": {"hashedRekordV002": {
            "data": {
                "algorithm": signature.curve.digest_names().0, "digest": b64(&signature.curve.digest(message)),
            },
            "signature": {
                "content": b64(&signature.bytes),
                "verifier": signature.by.tiled_verifier(signature.curve),
            },
        }},
    })
}
