//! One bundle before one instance: what is verified, and what an instance does without.

use jiff::Timestamp;
use sigstore_types::{Artifact, Bundle, DerPublicKey};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy};

use super::{failure::Failure, instance::Instance, own};

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

impl Case<'_> {
    /// Verifies everything but who signed. The times of signing that are proven.
    pub(super) fn verify(&self, without: Without) -> Result<Vec<Timestamp>, Failure> {
        if own::is_needed(self)? { own::verify(self, without) } else { self.by_verifier(without) }
    }

    fn by_verifier(&self, without: Without) -> Result<Vec<Timestamp>, Failure> {
        let verifier = &self.instance.verifier;
        let artifact = self.artifact.clone();
        let result = if let Some(key) = self.key {
            let policy = PublicKeyVerificationPolicy::new(key.clone());
            let policy = if without.log { policy.skip_tlog_unsafe() } else { policy };
            verifier.verify(artifact, self.bundle, &policy)
        } else {
            let policy = VerificationPolicy::any_identity();
            let policy = if without.log { policy.skip_tlog_unsafe() } else { policy };
            let policy = if without.certificate_timestamp { policy.skip_sct() } else { policy };
            verifier.verify(artifact, self.bundle, &policy)
        };
        Ok(result?.verified_timestamps().to_vec())
    }
}
