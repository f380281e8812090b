//! Checks that a log entry belongs to this bundle, by the content, signature and signer that it repeats. Without this,
//! the entry of any other signature could accompany one that was never logged.

use std::str::FromStr;

use serde_json::Value;
use sigstore_types::{
    DerCertificate, DerPublicKey, DsseEnvelope, HashAlgorithm, KindVersion, SignatureContent, TransparencyLogEntry,
};

use super::{content::Message, scheme::Digest};
use crate::{
    attest::{case::Case, encoding::base64, enough::signature, failure::VerificationFailure},
    model::Check,
};

/// The content that an entry repeats.
struct Repeated {
    /// The digest of the signed message, or of an envelope's payload.
    digest: Digest,
    signature: Vec<u8>,
    /// The certificate or the key, DER.
    signer: Vec<u8>,
}

/// Checks an entry against the bundle.
pub(super) fn check(
    case: &Case<'_>,
    entry: &TransparencyLogEntry,
    key: &DerPublicKey,
    message: &Message,
) -> Result<(), VerificationFailure> {
    let body: Value = serde_json::from_slice(entry.canonicalized_body.as_bytes())
        .map_err(|error| other(format_args!("its body cannot be read: {error}")))?;
    let envelope = match &case.bundle.content {
        SignatureContent::DsseEnvelope(envelope) => Some(envelope),
        _ => None,
    };
    let repeated = match (entry.kind_version, envelope) {
        (KindVersion::HashedRekordV001, None) => record_v1(&body),
        (KindVersion::HashedRekordV002, _) => record_v2(&body),
        (KindVersion::DsseV001, Some(_)) => dsse(&body),
        (KindVersion::IntotoV002, Some(_)) => intoto(&body),
        (kind, _) => {
            let (kind, version) = (kind.kind(), kind.version());
            return Err(VerificationFailure::unavailable(format_args!(
                "an entry {kind}/{version} for such content is not supported"
            )));
        }
    };
    let repeated = repeated.ok_or_else(|| other("its body is malformed"))?;
    let expected = match (entry.kind_version, envelope) {
        (KindVersion::DsseV001 | KindVersion::IntotoV002, Some(envelope)) => {
            payload(envelope, repeated.digest.algorithm)
        }
        _ => message.digest(repeated.digest.algorithm),
    };
    let expected = expected.ok_or_else(|| {
        VerificationFailure::unavailable(format_args!("the {} of the file is not known", repeated.digest.algorithm))
    })?;
    if expected != repeated.digest {
        return Err(other("it is of another content"));
    }
    if signature(&case.bundle.content).is_none_or(|own| own.as_bytes() != repeated.signature) {
        return Err(other("it is of another signature"));
    }
    let signer = case.bundle.signing_certificate().map_or(key.as_bytes(), |certificate| certificate.as_bytes());
    if signer == repeated.signer { Ok(()) } else { Err(other("it is of another signer")) }
}

fn other(why: impl std::fmt::Display) -> VerificationFailure {
    VerificationFailure::invalid(Check::TransparencyLog, format_args!("the log entry is not of this bundle: {why}"))
}

fn payload(envelope: &DsseEnvelope, algorithm: HashAlgorithm) -> Option<Digest> {
    Digest::of(algorithm, envelope.payload.as_bytes())
}

fn text<'a>(body: &'a Value, pointer: &str) -> Option<&'a str> {
    body.pointer(pointer)?.as_str()
}

/// A digest in hexadecimal, as Rekor v1 writes it.
fn hexadecimal(body: &Value, place: &str) -> Option<Digest> {
    let algorithm = HashAlgorithm::from_str(text(body, &format!("{place}/algorithm"))?).ok()?;
    Some(Digest { algorithm, bytes: hex::decode(text(body, &format!("{place}/value"))?).ok()? })
}

/// A certificate or a key in PEM, itself in base64.
fn pem(encoded: &str) -> Option<Vec<u8>> {
    let text = String::from_utf8(base64(encoded)?).ok()?;
    let certificate = DerCertificate::from_pem(&text).map(|der| der.as_bytes().to_vec());
    certificate.or_else(|_| DerPublicKey::from_pem(&text).map(|der| der.as_bytes().to_vec())).ok()
}

fn record_v1(body: &Value) -> Option<Repeated> {
    Some(Repeated {
        digest: hexadecimal(body, "/spec/data/hash")?,
        signature: base64(text(body, "/spec/signature/content")?)?,
        signer: pem(text(body, "/spec/signature/publicKey/content")?)?,
    })
}

fn record_v2(body: &Value) -> Option<Repeated> {
    let spec = body.pointer("/spec/hashedRekordV002")?;
    let verifier = spec.pointer("/signature/verifier")?;
    let signer = ["/x509Certificate/rawBytes", "/publicKey/rawBytes"].iter().find_map(|place| text(verifier, place))?;
    Some(Repeated {
        digest: Digest {
            algorithm: HashAlgorithm::from_str(text(spec, "/data/algorithm")?).ok()?,
            bytes: base64(text(spec, "/data/digest")?)?,
        },
        signature: base64(text(spec, "/signature/content")?)?,
        signer: base64(signer)?,
    })
}

fn dsse(body: &Value) -> Option<Repeated> {
    let [signature] = body.pointer("/spec/signatures")?.as_array()?.as_slice() else { return None };
    Some(Repeated {
        digest: hexadecimal(body, "/spec/payloadHash")?,
        signature: base64(text(signature, "/signature")?)?,
        signer: pem(text(signature, "/verifier")?)?,
    })
}

/// The signature is encoded twice.
fn intoto(body: &Value) -> Option<Repeated> {
    let content = body.pointer("/spec/content")?;
    let [signature] = content.pointer("/envelope/signatures")?.as_array()?.as_slice() else { return None };
    let once = String::from_utf8(base64(text(signature, "/sig")?)?).ok()?;
    Some(Repeated {
        digest: hexadecimal(content, "/payloadHash")?,
        signature: base64(&once)?,
        signer: pem(text(signature, "/publicKey")?)?,
    })
}
