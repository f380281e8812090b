//! Checks that the signature covers the content, and that the content is about the file.

use sigstore_types::{
    Artifact, ArtifactDigest, DsseEnvelope, HashAlgorithm, SignatureContent, bundle::MessageSignature,
};

use super::scheme::{Digest, Scheme};
use crate::{
    attest::{
        case::Case,
        failure::VerificationFailure,
        statement::{PAYLOAD_TYPE, Statement},
    },
    model::Check,
};

/// The signed message, as far as an entry of a log repeats it.
pub(super) enum Message {
    File(Files),
    /// An envelope: its pre-authentication encoding.
    Envelope(Vec<u8>),
}

/// The known digests of the file.
pub(super) enum Files {
    Bytes(Vec<u8>),
    Digest(Digest),
}

impl Message {
    /// Its digest, if it is known.
    pub(super) fn digest(&self, algorithm: HashAlgorithm) -> Option<Digest> {
        match self {
            Self::Envelope(bytes) | Self::File(Files::Bytes(bytes)) => Digest::of(algorithm, bytes),
            Self::File(Files::Digest(digest)) => Some(digest.clone()).filter(|digest| digest.algorithm == algorithm),
        }
    }
}

/// Whether a payload is a statement that only this module can read, not the verifier.
pub(super) fn is_other_statement(payload: &[u8]) -> bool {
    serde_json::from_slice::<sigstore_types::Statement>(payload).is_err() && Statement::read(payload).is_ok()
}

/// Checks signature and file; returns the signed message.
pub(super) fn check(case: &Case<'_>, scheme: &Scheme) -> Result<Message, VerificationFailure> {
    match &case.bundle.content {
        SignatureContent::MessageSignature(message) => check_message(case, scheme, message),
        SignatureContent::DsseEnvelope(envelope) => check_envelope(case, scheme, envelope),
        _ => Err(VerificationFailure::unavailable("unsupported content")),
    }
}

fn check_message(case: &Case<'_>, scheme: &Scheme, signed: &MessageSignature) -> Result<Message, VerificationFailure> {
    let message = Message::File(files(&case.artifact)?);
    let declared = signed.message_digest.as_ref();
    let declared =
        declared.ok_or_else(|| VerificationFailure::invalid(Check::Format, "the message signature names no digest"))?;
    let algorithm = declared.algorithm;
    let digest = message.digest(algorithm).ok_or_else(|| {
        VerificationFailure::unavailable(format_args!(
            "the signature is over the {algorithm} of the file, which is not known: give the file"
        ))
    })?;
    if declared.digest != digest.bytes.as_slice() {
        return Err(VerificationFailure::invalid(
            Check::SubjectDigest,
            "the digest in the bundle is not that of the file",
        ));
    }
    scheme.check_digest(&digest, &signed.signature)?;
    Ok(message)
}

fn check_envelope(case: &Case<'_>, scheme: &Scheme, envelope: &DsseEnvelope) -> Result<Message, VerificationFailure> {
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(VerificationFailure::unavailable(format_args!(
            "payloads of the type {:?} are not supported",
            envelope.payload_type
        )));
    }
    let encoded = envelope.pae();
    scheme.check(&encoded, &envelope.signature.sig)?;
    let statement = Statement::read(envelope.payload.as_bytes())?;
    let files = files(&case.artifact)?;
    let file = Message::File(files);
    let is_subject = [HashAlgorithm::Sha2256, HashAlgorithm::Sha2512].into_iter().any(|algorithm| {
        let digest = file.digest(algorithm);
        digest.is_some_and(|digest| statement.names_digest(algorithm.as_rekor_str(), &hex::encode(digest.bytes)))
    });
    if !is_subject {
        return Err(VerificationFailure::invalid(Check::SubjectDigest, "the file is not a subject of the statement"));
    }
    Ok(Message::Envelope(encoded))
}

fn files(artifact: &Artifact<'_>) -> Result<Files, VerificationFailure> {
    match artifact {
        Artifact::Blob(bytes) => Ok(Files::Bytes(bytes.to_vec())),
        Artifact::Digest(digest) => Ok(Files::Digest(of(digest))),
        _ => Err(VerificationFailure::unavailable("such a file is not supported")),
    }
}

fn of(digest: &ArtifactDigest) -> Digest {
    Digest { algorithm: digest.algorithm(), bytes: digest.as_bytes().to_vec() }
}
