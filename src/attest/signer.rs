//! The expected signer of a bundle, compared with the actual one.

use sigstore_types::{Bundle, DerPublicKey};

use super::{
    failure::VerificationFailure,
    identity::{identity, names_issuer, subject_of},
};
use crate::model::{Check, WorkflowIdentity};

/// The expected signer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signer<'a> {
    /// Any holder of a certificate.
    Anyone,
    /// The signer that the certificate names, exactly.
    Identity {
        /// The subject alternative name.
        subject: &'a str,
        /// The OIDC issuer; empty: the certificate names none.
        issuer: &'a str,
    },
    /// The holder of this key.
    Key(&'a DerPublicKey),
}

/// The signer that a certificate names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    /// An identity of an OIDC issuer.
    By(Box<WorkflowIdentity>),
    /// A certificate without an issuer: its signature proves the content, but not the builder.
    Content {
        /// The subject alternative name.
        subject: String,
    },
    Key,
}

impl<'a> Signer<'a> {
    /// The key, if a key is required.
    pub(super) const fn key(self) -> Option<&'a DerPublicKey> {
        match self {
            Self::Key(key) => Some(key),
            Self::Anyone | Self::Identity { .. } => None,
        }
    }

    /// Compares the signer with the expected one. Names of every kind are compared: addresses, URIs, user names.
    pub(super) fn check(self, signed: &Signed) -> Result<(), VerificationFailure> {
        let Self::Identity { subject, issuer } = self else { return Ok(()) };
        let (found, vouching) = match signed {
            Signed::By(identity) => (identity.subject.as_str(), identity.issuer.as_str()),
            Signed::Content { subject } => (subject.as_str(), ""),
            Signed::Key => return Ok(()),
        };
        if found != subject {
            let reason = format!("identity mismatch: expected {subject:?}, the certificate is of {found:?}");
            return Err(VerificationFailure::invalid(Check::Publisher, reason));
        }
        if vouching != issuer {
            let by = if vouching.is_empty() { "it names none".to_owned() } else { format!("it names {vouching:?}") };
            let reason = format!("issuer mismatch: expected {issuer:?} in the certificate, and {by}");
            return Err(VerificationFailure::invalid(Check::Publisher, reason));
        }
        Ok(())
    }
}

impl Signed {
    /// Reads the certificate of a verified bundle.
    pub(super) fn of(bundle: &Bundle) -> Result<Self, VerificationFailure> {
        let Some(certificate) = bundle.signing_certificate() else { return Ok(Self::Key) };
        let der = certificate.as_bytes();
        if names_issuer(der)? {
            return Ok(Self::By(Box::new(identity(der)?)));
        }
        subject_of(der).map(|subject| Self::Content { subject })
    }
}
