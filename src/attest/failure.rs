//! Failures of a verification: the failed check, or the reason why it was not possible.

use std::fmt::Display;

use sigstore_verify::{CertificateError, Error, TransparencyLogError};

use crate::{
    model::{Check, Provenance},
    text::quoted_with_digests,
};

/// Most characters of a reason that quotes a document, beside the digests that it compares.
const MAX_REASON: usize = 300;

/// The verifier distinguishes a log entry of another content from a file of another bundle only by these words; it
/// checks the entry last, when the file is known to be the right one.
const OTHER_ENTRY: &str = "hashedrekord entry";

/// The reason why a signed document was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerificationFailure {
    /// A check failed: the signed document is not what it claims to be.
    #[error("{check}: {reason}")]
    Invalid {
        /// The check.
        check: Check,
        /// The exact error; printable and short.
        reason: String,
    },
    /// This version of provwatch, or its trust material, cannot decide.
    #[error("it cannot be checked: {reason}")]
    Unavailable {
        /// The reason.
        reason: String,
    },
}

impl VerificationFailure {
    /// A failed check.
    pub(super) fn invalid(check: Check, reason: impl Display) -> Self {
        Self::Invalid { check, reason: printable(reason) }
    }

    /// An undecidable check.
    pub(super) fn unavailable(reason: impl Display) -> Self {
        Self::Unavailable { reason: printable(reason) }
    }

    /// The same failure, its reason beginning with its place.
    #[must_use]
    pub(super) fn of(self, place: &str) -> Self {
        match self {
            Self::Invalid { check, reason } => Self::invalid(check, format_args!("{place}: {reason}")),
            Self::Unavailable { reason } => Self::unavailable(format_args!("{place}: {reason}")),
        }
    }

    /// The check that failed, if one did.
    pub fn check(&self) -> Option<Check> {
        match self {
            Self::Invalid { check, .. } => Some(*check),
            Self::Unavailable { .. } => None,
        }
    }
}

impl From<VerificationFailure> for Provenance {
    fn from(failure: VerificationFailure) -> Self {
        match failure {
            VerificationFailure::Invalid { check, reason } => Self::Invalid { check, reason },
            VerificationFailure::Unavailable { reason } => Self::Unavailable { reason },
        }
    }
}

impl From<Error> for VerificationFailure {
    fn from(error: Error) -> Self {
        match check_of(&error) {
            Some(check) => Self::invalid(check, error),
            None => Self::unavailable(error),
        }
    }
}

/// The check behind an error of the verifier; none if the fault is in the verifier itself or its trust root.
fn check_of(error: &Error) -> Option<Check> {
    Some(match error {
        Error::IdentityMismatch { .. } | Error::IssuerMismatch { .. } => Check::Publisher,
        Error::SignatureInvalid(_) => Check::Signature,
        Error::ArtifactMismatch(reason) if reason.contains(OTHER_ENTRY) => Check::TransparencyLog,
        Error::ArtifactMismatch(_) | Error::ArtifactRead(_) => Check::SubjectDigest,
        Error::Certificate(CertificateError::Sct(_)) => Check::CertificateTimestamp,
        Error::Certificate(_) => Check::CertificateChain,
        Error::TransparencyLog(TransparencyLogError::IntegratedTime(_)) | Error::Timestamp(_) => Check::Timestamp,
        Error::TransparencyLog(_) => Check::TransparencyLog,
        Error::Bundle(error) => check_of_bundle(error),
        Error::InvalidTrustRoot(_)
        | Error::TrustRoot(_)
        | Error::TrustedCertificate(_)
        | Error::UnsupportedBundle(_)
        | Error::UnsupportedArtifact(_)
        | Error::Crypto(sigstore_crypto::Error::UnsupportedAlgorithm(_)) => return None,
        Error::Crypto(error) => check_of_crypto(error),
        // Malformed bundles, and future errors of the verifier.
        _ => Check::Format,
    })
}

fn check_of_bundle(error: &sigstore_verify::bundle::Error) -> Check {
    use sigstore_verify::bundle::Error;
    match error {
        Error::MissingSigningTimeEvidence | Error::MissingTimestamp => Check::Timestamp,
        Error::MissingInclusionPromise(_)
        | Error::MissingInclusionProof(_)
        | Error::MissingCheckpoint
        | Error::LogIndexOutOfRange { .. }
        | Error::CheckpointRootMismatch => Check::TransparencyLog,
        _ => Check::Format,
    }
}

fn check_of_crypto(error: &sigstore_crypto::Error) -> Check {
    use sigstore_crypto::Error;
    match error {
        Error::Verification(_) => Check::Signature,
        Error::Checkpoint(_) => Check::TransparencyLog,
        Error::InvalidCertificate(_) => Check::CertificateChain,
        _ => Check::Format,
    }
}

/// A reason for people: its quotation of a hostile document neither floods nor garbles the line.
pub(super) fn printable(reason: impl Display) -> String {
    quoted_with_digests(reason, MAX_REASON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_the_verifier_names_its_check() {
        let log = |error| Error::TransparencyLog(error);
        for (error, check) in [
            (Error::SignatureInvalid("x".into()), Some(Check::Signature)),
            (Error::ArtifactMismatch("x".into()), Some(Check::SubjectDigest)),
            (Error::Certificate(CertificateError::Sct("x".into())), Some(Check::CertificateTimestamp)),
            (Error::Certificate(CertificateError::ChainInvalid("x".into())), Some(Check::CertificateChain)),
            (log(TransparencyLogError::UnknownLog { log_id: "x".into() }), Some(Check::TransparencyLog)),
            (log(TransparencyLogError::IntegratedTime("x".into())), Some(Check::Timestamp)),
            (Error::Bundle(sigstore_verify::bundle::Error::MissingTimestamp), Some(Check::Timestamp)),
            (Error::Bundle(sigstore_verify::bundle::Error::MissingCheckpoint), Some(Check::TransparencyLog)),
            (Error::InvalidBundle("x".into()), Some(Check::Format)),
            (Error::InvalidTrustRoot("x".into()), None),
            (Error::UnsupportedBundle("x".into()), None),
            (Error::UnsupportedArtifact("x".into()), None),
            (Error::Crypto(sigstore_crypto::Error::UnsupportedAlgorithm("x".into())), None),
        ] {
            assert_eq!(VerificationFailure::from(error).check(), check);
        }
    }

    #[test]
    fn reasons_stay_short_and_printable() {
        let reason = printable(format!("\u{1b}[2J\n{}", "x".repeat(10_000)));
        assert!(!reason.chars().any(char::is_control));
        assert_eq!(reason.chars().count(), MAX_REASON + 1);
        let digests = format!("the registry serves sha512 {0}, the attestation names {0}", "a1".repeat(64));
        assert_eq!(printable(&digests), digests, "npm's digests, whole");
    }
}
