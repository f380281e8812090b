//! The verification of one bundle against one Sigstore instance, with the checks that this instance omits.

use sigstore_types::{Artifact, Bundle, DerPublicKey};

use super::instance::Instance;

/// A bundle to verify.
#[derive(Clone)]
pub(super) struct Case<'a> {
    pub(super) instance: &'a Instance,
    pub(super) bundle: &'a Bundle,
    pub(super) artifact: Artifact<'a>,
    /// The required key; none: a certificate.
    pub(super) key: Option<&'a DerPublicKey>,
}

/// The checks that a verification omits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Without {
    /// The proof that the signature is logged.
    pub(super) log: bool,
    /// The proof that the certificate is logged.
    pub(super) certificate_timestamp: bool,
}

impl Without {
    /// The checks that an instance itself omits.
    pub(super) fn of(instance: &Instance) -> Self {
        Self { log: !instance.has_log(), certificate_timestamp: !instance.logs_certificates() }
    }
}
