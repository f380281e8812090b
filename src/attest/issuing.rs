//! Finds the authority that issued a certificate, and the Sigstore instance that a bundle belongs to.

use chrono::{DateTime, Utc};
use rustls_pki_types::{CertificateDer, UnixTime};
use sigstore_types::Bundle;
use x509_parser::{asn1_rs::FromDer, certificate::X509Certificate};

use super::{der::CODE_SIGNING, encoding, failure::VerificationFailure, instance::Instance};
use crate::model::Check;

impl Instance {
    /// Whether a bundle belongs to it: one of its authorities issued the certificate, or one of its logs has the entry.
    pub(super) fn issued(&self, bundle: &Bundle) -> bool {
        match bundle.signing_certificate() {
            Some(certificate) => is_issued_by(self, certificate.as_bytes()),
            None => bundle.verification_material.tlog_entries.iter().any(|entry| self.knows(&entry.log_id)),
        }
    }
}

/// A certificate in DER, without trailing bytes.
pub(super) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, VerificationFailure> {
    let parsed = X509Certificate::from_der(der).ok().filter(|(rest, _)| rest.is_empty());
    let (_, parsed) =
        parsed.ok_or_else(|| VerificationFailure::invalid(Check::CertificateChain, "not an X.509 certificate"))?;
    Ok(parsed)
}

/// The start of its validity.
pub(super) fn not_before(parsed: &X509Certificate<'_>) -> Result<DateTime<Utc>, VerificationFailure> {
    let time = DateTime::from_timestamp(parsed.validity().not_before.timestamp(), 0);
    time.ok_or_else(|| VerificationFailure::invalid(Check::CertificateChain, "its validity is out of range"))
}

/// Whether an authority of the instance issued a certificate (DER), at the beginning of its validity.
fn is_issued_by(instance: &Instance, certificate: &[u8]) -> bool {
    let at = parse(certificate).and_then(|parsed| not_before(&parsed));
    at.is_ok_and(|at| issued_by(instance, certificate, at).is_ok())
}

/// Whether an authority of the instance issued a certificate (DER), as of a time; else the reason.
pub(super) fn issued_by(instance: &Instance, certificate: &[u8], at: DateTime<Utc>) -> Result<(), String> {
    let now = encoding::timestamp(at).ok_or("its validity is out of range")?;
    let authorities = instance.usable.certificate_authorities.iter();
    let authorities = authorities.filter(|authority| authority.valid_for.is_none_or(|window| window.contains(now)));
    let certificates = authorities.flat_map(|authority| &authority.cert_chain.certificates);
    let trusted: Vec<_> = certificates.map(|entry| CertificateDer::from(entry.raw_bytes.as_bytes())).collect();
    let anchors: Vec<_> = trusted.iter().filter_map(|der| webpki::anchor_from_trusted_cert(der).ok()).collect();
    let certificate = CertificateDer::from(certificate);
    let leaf = webpki::EndEntityCert::try_from(&certificate).map_err(|error| error.to_string())?;
    let seconds = u64::try_from(at.timestamp()).map_err(|error| error.to_string())?;
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let usage = webpki::KeyUsage::required(CODE_SIGNING);
    leaf.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, &[], time, usage, None, None)
        .map(drop)
        .map_err(|error| format!("no authority of the trust root issued it: {error}"))
}
