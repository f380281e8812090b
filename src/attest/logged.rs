//! Reads the identity from certificates in log entries, and checks which authority issued them. Logs accept any valid
//! signature, so the signer in such a certificate is worth nothing until an authority of the trust root is known to
//! have issued it.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sigstore_crypto::VerificationKey;
use sigstore_trust_root::trusted_root::PublicKey;
use sigstore_types::{DerPublicKey, SignatureBytes};
use x509_parser::{
    asn1_rs::{FromDer, Oid, oid},
    certificate::{TbsCertificate, X509Certificate},
    extensions::X509Extension,
};

use super::{
    der::spki,
    encoding,
    failure::VerificationFailure,
    identity::identity,
    issuing::{issued_by, not_before, parse},
    trust::TrustMaterial,
    verifier::Verifier,
};
use crate::model::{Check, WorkflowIdentity};

/// The extension that marks a precertificate (RFC 6962 §3.1).
const POISON: Oid<'static> = oid!(1.3.6.1.4.1.11129.2.4.3);

/// The signer that a certificate in a log names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedIdentity {
    pub identity: WorkflowIdentity,
    /// Whether an authority of the trust root issued it, or why not.
    pub issued: Result<(), String>,
    /// SHA-256 over the `SubjectPublicKeyInfo`, hexadecimal: keys are made for one signing.
    pub key: String,
    /// The serial number, hexadecimal.
    pub serial: String,
    /// From when on it is valid.
    pub not_before: DateTime<Utc>,
}

/// A log that the trust root names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedLog {
    /// Its URL, as the trust root has it; it may have none.
    pub base_url: String,
    /// Its public key, `SubjectPublicKeyInfo`.
    pub spki: Vec<u8>,
    /// Its content.
    pub holds: TrustedLogHolds,
    /// The start of its signing, if the trust root has it.
    pub since: Option<DateTime<Utc>>,
    /// The time at which another log replaces it: it signs nothing later. `None`: not known.
    pub until: Option<DateTime<Utc>>,
}

/// The content of a trust root's logs. The trust root does not give their protocol: the log's answer shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedLogHolds {
    /// Entries of Rekor.
    Entries,
    Certificates,
}

impl Verifier {
    /// Every log that the trust root names: those of entries and those of certificates.
    pub fn trusted_logs(&self) -> Vec<TrustedLog> {
        let roots = || self.trust().instances.iter().map(|instance| &instance.listed);
        let log = |url: &str, key: &PublicKey, holds| TrustedLog {
            base_url: url.to_owned(),
            spki: spki(key.raw_bytes.as_bytes()),
            holds,
            since: key.valid_for.and_then(|period| encoding::time(period.start)),
            until: key.valid_for.and_then(|period| period.end).and_then(encoding::time),
        };
        let entries = roots().flat_map(|root| &root.tlogs);
        let entries = entries.map(|one| log(&one.base_url, &one.public_key, TrustedLogHolds::Entries));
        let certificates = roots().flat_map(|root| &root.ctlogs);
        let certificates = certificates.map(|one| log(&one.base_url, &one.public_key, TrustedLogHolds::Certificates));
        entries.chain(certificates).collect()
    }

    /// Reads a certificate (DER) from a log.
    ///
    /// # Errors
    /// It is not a certificate, or Fulcio's extensions in it cannot be read.
    pub fn logged(&self, certificate: &[u8]) -> Result<LoggedIdentity, VerificationFailure> {
        let parsed = parse(certificate)?;
        let not_before = not_before(&parsed)?;
        Ok(LoggedIdentity { issued: issued(self.trust(), certificate, not_before), ..read(&parsed, certificate)? })
    }

    /// Reads a certificate that an authority was about to sign: the part that the log proves, and the unproven
    /// precertificate beside it. They must be equal, or the log hides the certified identity; and the authority must
    /// have signed the precertificate.
    ///
    /// # Errors
    /// They differ, the precertificate is not a certificate, or Fulcio's extensions in it cannot be read.
    pub fn logged_precertificate(
        &self,
        issuer_key_hash: &[u8; 32],
        tbs: &[u8],
        precertificate: &[u8],
    ) -> Result<LoggedIdentity, VerificationFailure> {
        let parsed = parse(precertificate)?;
        if !says_the_same(tbs, &parsed) {
            let why = "the log proves another certificate than the precertificate beside it";
            return Err(VerificationFailure::invalid(Check::CertificateChain, why));
        }
        let issued = signed_by_authority(self.trust(), issuer_key_hash, &parsed);
        Ok(LoggedIdentity { issued, ..read(&parsed, precertificate)? })
    }
}

fn read(parsed: &X509Certificate<'_>, der: &[u8]) -> Result<LoggedIdentity, VerificationFailure> {
    Ok(LoggedIdentity {
        identity: identity(der)?,
        issued: Ok(()),
        key: hex::encode(Sha256::digest(parsed.public_key().raw)),
        serial: hex::encode(parsed.raw_serial()),
        not_before: not_before(parsed)?,
    })
}

/// Whether the certificate chains to the trust root at the beginning of its validity, the only time that it names.
fn issued(trust: &TrustMaterial, certificate: &[u8], at: DateTime<Utc>) -> Result<(), String> {
    let mut outcome = Err("the trust root names no authority".to_owned());
    for instance in &trust.instances {
        outcome = issued_by(instance, certificate, at);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// Whether the part that a log proves is equal to the precertificate, except for the poison.
fn says_the_same(tbs: &[u8], precertificate: &X509Certificate<'_>) -> bool {
    let Ok(([], proven)) = TbsCertificate::from_der(tbs) else { return false };
    let said = &precertificate.tbs_certificate;
    let extensions = |tbs: &TbsCertificate<'_>| {
        let parts =
            |extension: &X509Extension<'_>| (extension.oid.to_string(), extension.critical, extension.value.to_vec());
        tbs.extensions().iter().filter(|extension| extension.oid != POISON).map(parts).collect::<Vec<_>>()
    };
    proven.raw_serial() == said.raw_serial()
        && proven.validity == said.validity
        && proven.subject == said.subject
        && proven.subject_pki.raw == said.subject_pki.raw
        && extensions(&proven) == extensions(said)
}

/// Whether the authority with that key signed the precertificate.
fn signed_by_authority(
    trust: &TrustMaterial,
    key_hash: &[u8; 32],
    precertificate: &X509Certificate<'_>,
) -> Result<(), String> {
    let at = jiff::Timestamp::from_second(precertificate.validity().not_before.timestamp()).ok();
    let authorities = trust.instances.iter().flat_map(|instance| &instance.usable.certificate_authorities);
    let authorities = authorities.filter(|authority| match (authority.valid_for, at) {
        (Some(window), Some(at)) => window.contains(at),
        _ => true,
    });
    let mut certificates = authorities.flat_map(|authority| &authority.cert_chain.certificates);
    let spki = certificates.find_map(|entry| {
        let (_, parsed) = X509Certificate::from_der(entry.raw_bytes.as_bytes()).ok()?;
        let spki = parsed.public_key().raw.to_vec();
        (Sha256::digest(&spki).as_slice() == key_hash).then_some(spki)
    });
    let spki = spki.ok_or("no authority of the trust root has the key that it names")?;
    let key = VerificationKey::from_spki(&DerPublicKey::new(spki)).map_err(|error| error.to_string())?;
    let signature = SignatureBytes::new(precertificate.signature_value.data.to_vec());
    let signed = precertificate.tbs_certificate.as_ref();
    key.verify(signed, &signature).map_err(|_| "the authority that it names did not sign it".to_owned())
}
