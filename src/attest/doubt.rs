//! A bundle that does not hold may be forged, or younger than the trust root. It is the latter if nothing else ails it than
//! that a log is not known.

use sigstore_trust_root::TrustedRoot;
use sigstore_types::{Artifact, Bundle, LogId};
use sigstore_verify::{Error, Policy, PublicKeyVerificationPolicy, VerificationPolicy};
use x509_parser::{certificate::X509Certificate, extensions::ParsedExtension, prelude::FromDer};

use super::{failure::Failure, trust::TrustMaterial};

/// A policy that can do without one log.
pub(super) trait Lenient: Policy + Clone {
    /// The same without the transparency log.
    fn without_log(self) -> Self;

    /// The same without the certificate's timestamp, which a key has not.
    fn without_certificate_timestamp(self) -> Self;
}

impl Lenient for VerificationPolicy {
    fn without_log(self) -> Self {
        self.skip_tlog_unsafe()
    }

    fn without_certificate_timestamp(self) -> Self {
        self.skip_sct()
    }
}

impl Lenient for PublicKeyVerificationPolicy {
    fn without_log(self) -> Self {
        self.skip_tlog_unsafe()
    }

    fn without_certificate_timestamp(self) -> Self {
        self
    }
}

/// What the error of a bundle means: all else is verified once more without the log that is not known. Never makes
/// anything hold.
pub(super) fn judged(
    trust: &TrustMaterial,
    bundle: &Bundle,
    artifact: Artifact<'_>,
    policy: &impl Lenient,
    error: Error,
) -> Failure {
    let root = &trust.trusted_root;
    let mut bundle = bundle.clone();
    let (lenient, unknown) = if let Some(log) = unknown_log(root, &bundle) {
        // What such a log promises proves nothing, the time of signing least of all.
        bundle.verification_material.tlog_entries.clear();
        (policy.clone().without_log(), format!("the transparency log {log}"))
    } else if let Some(log) = unknown_ct_log(root, &bundle) {
        (policy.clone().without_certificate_timestamp(), format!("the certificate transparency log {log}"))
    } else {
        return error.into();
    };
    match trust.verifier.verify(artifact, &bundle, &lenient) {
        Ok(_) => Failure::unavailable(format_args!(
            "the trust root does not know {unknown}; all else holds, so the trust root may be out of date"
        )),
        Err(_) => error.into(),
    }
}

/// The first of the bundle's logs, if the trust root knows none of them.
fn unknown_log(root: &TrustedRoot, bundle: &Bundle) -> Option<String> {
    let mut logs = bundle.verification_material.tlog_entries.iter().map(|entry| &entry.log_id);
    let is_known = |log: &LogId| root.tlogs.iter().any(|known| known.log_id == *log);
    let first = logs.clone().next()?;
    (!logs.any(is_known)).then(|| first.key_id.to_string())
}

/// The first of the certificate's CT logs, if the trust root knows none of them.
fn unknown_ct_log(root: &TrustedRoot, bundle: &Bundle) -> Option<String> {
    let certificate = bundle.signing_certificate()?;
    let (_, certificate) = X509Certificate::from_der(certificate.as_bytes()).ok()?;
    let timestamps = certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SCT(timestamps) => Some(timestamps),
        _ => None,
    })?;
    let is_known = |id: &[u8]| root.ctlogs.iter().any(|known| known.log_id.key_id.as_bytes() == id);
    let first = timestamps.first()?;
    let none_is = !timestamps.iter().any(|timestamp| is_known(timestamp.id.key_id));
    none_is.then(|| hex::encode(first.id.key_id))
}
