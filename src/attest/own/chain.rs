//! Checks that an authority issued the certificate, at each proven time, and that a CT log has it.

use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use sha2::{Digest, Sha256};
use sigstore_crypto::SigningScheme;
use sigstore_types::{Sha256Hash, SignatureBytes, bundle::VerificationMaterialContent};
use x509_parser::{
    asn1_rs::{Any, FromDer},
    certificate::X509Certificate,
    extensions::ParsedExtension,
};

use crate::{
    attest::{
        case::Case,
        der::{CODE_SIGNING, SEQUENCE, tagged},
        failure::VerificationFailure,
    },
    model::Check,
};

/// The OID of the extension with the timestamps of CT logs, DER (RFC 6962 §3.3).
const TIMESTAMPS: &[u8] = &[0x06, 10, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 2, 4, 2];

/// The explicit tag of a certificate's extensions.
const EXTENSIONS: u8 = 0xa3;

/// The key, `SubjectPublicKeyInfo`, of the certificate's issuer.
pub(super) fn issuer(case: &Case<'_>, times: &[Timestamp]) -> Result<Vec<u8>, VerificationFailure> {
    let mut issuer = None;
    for time in times {
        issuer = Some(issuer_at(case, *time)?);
    }
    issuer.ok_or_else(|| VerificationFailure::invalid(Check::Timestamp, "the time of signing is not attested"))
}

fn issuer_at(case: &Case<'_>, time: Timestamp) -> Result<Vec<u8>, VerificationFailure> {
    let invalid = |why: &dyn std::fmt::Display| VerificationFailure::invalid(Check::CertificateChain, why);
    let (leaf, between) = certificates(&case.bundle.verification_material.content)
        .ok_or_else(|| invalid(&"the bundle has no certificate"))?;
    let authorities = case.instance.usable.certificate_authorities.iter();
    let authorities = authorities.filter(|authority| authority.valid_for.is_none_or(|window| window.contains(time)));
    let trusted: Vec<_> = authorities
        .flat_map(|authority| &authority.cert_chain.certificates)
        .map(|entry| CertificateDer::from(entry.raw_bytes.as_bytes()))
        .collect();
    let anchors: Vec<_> = trusted.iter().filter_map(|der| webpki::anchor_from_trusted_cert(der).ok()).collect();
    if anchors.is_empty() {
        return Err(invalid(&format_args!("no authority of the trust root was valid at {time}")));
    }
    let seconds = u64::try_from(time.as_second()).map_err(|error| invalid(&error))?;
    let leaf = webpki::EndEntityCert::try_from(&leaf).map_err(|error| invalid(&error))?;
    let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let usage = webpki::KeyUsage::required(CODE_SIGNING);
    let path = leaf
        .verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, &between, at, usage, None, None)
        .map_err(|error| invalid(&error))?;
    Ok(match path.intermediate_certificates().next() {
        Some(issuer) => issuer.subject_public_key_info().as_ref().to_vec(),
        None => key_of(path.anchor()),
    })
}

/// An anchor has only the content of its key.
fn key_of(anchor: &TrustAnchor<'_>) -> Vec<u8> {
    tagged(SEQUENCE, &anchor.subject_public_key_info)
}

type Chain<'a> = (CertificateDer<'a>, Vec<CertificateDer<'a>>);

fn certificates(content: &VerificationMaterialContent) -> Option<Chain<'_>> {
    match content {
        VerificationMaterialContent::Certificate(leaf) => {
            Some((CertificateDer::from(leaf.raw_bytes.as_bytes()), Vec::new()))
        }
        VerificationMaterialContent::X509CertificateChain { certificates } => {
            let (leaf, between) = certificates.split_first()?;
            let between = between.iter().map(|one| CertificateDer::from(one.raw_bytes.as_bytes())).collect();
            Some((CertificateDer::from(leaf.raw_bytes.as_bytes()), between))
        }
        _ => None,
    }
}

/// Whether the one timestamp in the certificate is over it, by a CT log that was valid then.
pub(super) fn check_timestamp(case: &Case<'_>, issuer: &[u8]) -> Result<(), VerificationFailure> {
    let der = case.bundle.signing_certificate().ok_or_else(|| unlogged("the certificate is missing"))?;
    let (_, certificate) = X509Certificate::from_der(der.as_bytes()).map_err(unlogged)?;
    let timestamps = certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SCT(timestamps) => Some(timestamps),
        _ => None,
    });
    let timestamps = timestamps.ok_or_else(|| unlogged("the certificate has no timestamp of a CT log"))?;
    let [timestamp] = timestamps.as_slice() else {
        return Err(unlogged(format_args!("the certificate has {} timestamps instead of one", timestamps.len())));
    };
    let scheme = match (timestamp.signature.hash_alg_id, timestamp.signature.sign_alg_id) {
        (4, 3) => SigningScheme::EcdsaP256Sha256,
        (5, 3) => SigningScheme::EcdsaP384Sha384,
        (4, 1) => SigningScheme::RsaPkcs1Sha256,
        (5, 1) => SigningScheme::RsaPkcs1Sha384,
        (6, 1) => SigningScheme::RsaPkcs1Sha512,
        other => {
            return Err(VerificationFailure::unavailable(format_args!("CT signatures by {other:?} are not supported")));
        }
    };
    let millis = i64::try_from(timestamp.timestamp).map_err(unlogged)?;
    let at = Timestamp::from_millisecond(millis).map_err(unlogged)?;
    let tbs = without_timestamps(certificate.tbs_certificate.as_ref()).ok_or_else(|| unlogged("it is malformed"))?;
    let length = |bytes: &[u8], size: usize| bytes.len().to_be_bytes()[8 - size..].to_vec();
    // RFC 6962 §3.2, of a precertificate.
    let message: [&[u8]; 8] = [
        &[0, 0],
        &timestamp.timestamp.to_be_bytes(),
        &[0, 1],
        &Sha256::digest(issuer),
        &length(&tbs, 3),
        &tbs,
        &length(timestamp.extensions.0, 2),
        timestamp.extensions.0,
    ];
    let message = message.concat();
    let keys = case.instance.usable.ctfe_keys(scheme).map_err(VerificationFailure::unavailable)?;
    let id = Sha256Hash::try_from(timestamp.id.key_id.as_slice()).map_err(unlogged)?;
    let signature = SignatureBytes::new(timestamp.signature.data.to_vec());
    keys.verify_with_key_id_at(&id, at, &message, &signature).map_err(unlogged)
}

/// The `TBSCertificate` that the CT log saw: without the timestamps that it made later.
fn without_timestamps(tbs: &[u8]) -> Option<Vec<u8>> {
    let mut members = members(content(tbs)?)?;
    let extensions = members.pop().filter(|last| last.first() == Some(&EXTENSIONS))?;
    let mut kept = self::members(content(content(extensions)?)?)?;
    kept.retain(|extension| content(extension).is_some_and(|content| !content.starts_with(TIMESTAMPS)));
    let extensions = tagged(EXTENSIONS, &tagged(SEQUENCE, &kept.concat()));
    Some(tagged(SEQUENCE, &[members.concat(), extensions].concat()))
}

/// The content of a value in DER, without trailing bytes.
fn content(der: &[u8]) -> Option<&[u8]> {
    let (rest, any) = Any::from_der(der).ok()?;
    rest.is_empty().then_some(any.data)
}

/// The values in a sequence, each whole.
fn members(mut content: &[u8]) -> Option<Vec<&[u8]>> {
    let mut members = Vec::new();
    while !content.is_empty() {
        let (rest, _) = Any::from_der(content).ok()?;
        let (member, _) = content.split_at(content.len() - rest.len());
        members.push(member);
        content = rest;
    }
    Some(members)
}

fn unlogged(why: impl std::fmt::Display) -> VerificationFailure {
    VerificationFailure::invalid(Check::CertificateTimestamp, why)
}
