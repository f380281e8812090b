//! Decides a verification with the verifier of the Sigstore instance, or with provwatch's own steps if that one cannot.

use jiff::Timestamp;
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy};

use super::{
    case::{Case, Without},
    failure::VerificationFailure,
    own,
};

impl Case<'_> {
    /// Verifies everything but the signer. Returns the proven times of signing.
    pub(super) fn verify(&self, without: Without) -> Result<Vec<Timestamp>, VerificationFailure> {
        if own::is_needed(self)? { own::verify(self, without) } else { self.by_verifier(without) }
    }

    fn by_verifier(&self, without: Without) -> Result<Vec<Timestamp>, VerificationFailure> {
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
