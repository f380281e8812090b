//! The verification of one bundle against one Sigstore instance, with the checks that this instance does without.

use sigstore_types::{Artifact, Bundle, DerPublicKey};

use super::instance::Instance;

/// A bundle that is to be verified.
#[derive(Clone)]
pub(super) struct Case<'a> {
    pub(super) instance: &'a Instance,
    pub(super) bundle: &'a Bundle,
    pub(super) artifact: Artifact<'a>,
    /// The key that must have signed; none: a certificate.
    pub(super) key: Option<&'a DerPublicKey>,
}

/// What a verification does without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Without {
    /// The proof that the signature is logged.
    pub(super) log: bool,
    /// The proof that the certificate is.
    pub(super) certificate_timestamp: bool,
}

impl Without {
    /// What an instance itself does without.
    pub(super) fn of(instance: &Instance) -> Self {
        Self { log: !instance.has_log(), certificate_timestamp: !instance.logs_certificates() }
    }
}
