//! Reads the build identity, all claims of Fulcio's arc, from a certificate. It has a reader of its own, because the
//! verifier's drops claims that it cannot decode and keeps the last of two equal extensions.
//!
//! The extensions are listed at <https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md>.

use std::collections::BTreeMap;

use x509_parser::{
    asn1_rs::{Any, FromDer, Oid, Utf8String},
    certificate::X509Certificate,
    extensions::{GeneralName, X509Extension},
};

use super::failure::VerificationFailure;
use crate::model::{Check, Claim, Claims, WorkflowIdentity};

/// Content of the arc 1.3.6.1.4.1.57264.1, DER without its header.
const FULCIO: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x01];

/// `.7`, the type of the other name that carries a user name.
const USER_NAME: u8 = 7;

/// `.8`, the first extension that is a DER string. The earlier ones are the bare text, and deprecated.
const ISSUER: u8 = 8;

/// Longest extension, in bytes.
const MAX_VALUE: usize = 4096;

/// GitHub's issuer; an enterprise's has a path after it.
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// The builder that a certificate (DER) names. It must have been verified, or its claims mean nothing.
///
/// # Errors
/// [`Check::CertificateExtensions`] if one of Fulcio's extensions occurs more than once, cannot be decoded or is longer
/// than 4 KiB, or if there is no issuer or no subject; [`Check::CertificateChain`] if it is not a certificate.
pub fn identity(certificate: &[u8]) -> Result<WorkflowIdentity, VerificationFailure> {
    let parsed = parse(certificate)?;
    let subject = subject(&parsed)?;
    let mut values = values(parsed.extensions())?;
    let issuer = values.remove(&ISSUER).or_else(|| values.remove(&1));
    let issuer = issuer.ok_or_else(|| unreadable("the issuer (.8) is missing"))?;
    let mut claims = Claims::default();
    for claim in Claim::ALL {
        let value = values.remove(&claim.number()).or_else(|| fallback(*claim, &issuer, &subject, &values));
        if let Some(value) = value {
            claims.set(*claim, value);
        }
    }
    Ok(WorkflowIdentity { issuer, subject, claims })
}

/// Whether a certificate (DER) names an issuer at all, readable or not. Without an issuer it does not name the builder.
///
/// # Errors
/// [`Check::CertificateChain`] if it is not a certificate.
pub(super) fn names_issuer(certificate: &[u8]) -> Result<bool, VerificationFailure> {
    let parsed = parse(certificate)?;
    Ok(parsed.extensions().iter().any(|extension| matches!(number(&extension.oid), Some(1 | ISSUER))))
}

/// The subject alternative name of a certificate (DER).
///
/// # Errors
/// [`Check::CertificateExtensions`] if there is not exactly one that can be read; [`Check::CertificateChain`] if it is
/// not a certificate.
pub(super) fn subject_of(certificate: &[u8]) -> Result<String, VerificationFailure> {
    subject(&parse(certificate)?)
}

/// The `SubjectPublicKeyInfo` of a certificate (DER).
///
/// # Errors
/// [`Check::CertificateChain`] if it is not a certificate.
pub(super) fn public_key(certificate: &[u8]) -> Result<Vec<u8>, VerificationFailure> {
    Ok(parse(certificate)?.public_key().raw.to_vec())
}

fn parse(certificate: &[u8]) -> Result<X509Certificate<'_>, VerificationFailure> {
    let parsed = X509Certificate::from_der(certificate).ok().filter(|(rest, _)| rest.is_empty());
    let (_, parsed) =
        parsed.ok_or_else(|| VerificationFailure::invalid(Check::CertificateChain, "not an X.509 certificate"))?;
    Ok(parsed)
}

/// The value of a claim in certificates of before March 2023, which have it in another form.
fn fallback(claim: Claim, issuer: &str, subject: &str, values: &BTreeMap<u8, String>) -> Option<String> {
    let github = issuer.strip_prefix(GITHUB).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let old = |number: u8| values.get(&number).cloned();
    match claim {
        Claim::BuildTrigger => old(2),
        Claim::SourceRepositoryDigest => old(3),
        Claim::SourceRepositoryRef => old(6),
        Claim::SourceRepositoryUri if github => old(5).map(|name| format!("https://github.com/{name}")),
        // Fulcio's template of the subject is GitHub's job_workflow_ref, which later became this claim.
        Claim::BuildSignerUri if github => Some(subject.to_owned()),
        _ => None,
    }
}

fn unreadable(reason: impl std::fmt::Display) -> VerificationFailure {
    VerificationFailure::invalid(Check::CertificateExtensions, reason)
}

/// The values of Fulcio's extensions by the last number of their OID, without the empty ones.
fn values(extensions: &[X509Extension<'_>]) -> Result<BTreeMap<u8, String>, VerificationFailure> {
    let mut values = BTreeMap::new();
    for extension in extensions {
        let Some(number) = number(&extension.oid) else { continue };
        if values.contains_key(&number) {
            return Err(unreadable(format_args!("duplicate extension .{number}")));
        }
        values.insert(number, value(number, extension.value)?);
    }
    // CircleCI's template writes two quotation marks for an empty value.
    values.retain(|_, value: &mut String| !value.is_empty() && value != "\"\"");
    Ok(values)
}

/// The last number of an OID in Fulcio's arc. The numbers in use fit one byte.
fn number(oid: &Oid<'_>) -> Option<u8> {
    match oid.as_bytes().strip_prefix(FULCIO)? {
        [number @ 0..0x80] => Some(*number),
        _ => None,
    }
}

fn value(number: u8, content: &[u8]) -> Result<String, VerificationFailure> {
    if content.len() > MAX_VALUE {
        return Err(unreadable(format_args!("the extension .{number} has {} bytes", content.len())));
    }
    let text =
        if number < ISSUER { std::str::from_utf8(content).map(str::to_owned).ok() } else { utf8_string(content) };
    text.ok_or_else(|| unreadable(format_args!("the extension .{number} cannot be decoded")))
}

/// A DER UTF8String without trailing bytes.
fn utf8_string(der: &[u8]) -> Option<String> {
    let (rest, text) = Utf8String::from_der(der).ok()?;
    rest.is_empty().then(|| text.string())
}

/// The one subject alternative name.
fn subject(certificate: &X509Certificate<'_>) -> Result<String, VerificationFailure> {
    let extension = certificate.subject_alternative_name();
    let extension = extension.map_err(|error| unreadable(format_args!("the subject alternative name: {error}")))?;
    let names = extension.map_or(&[][..], |extension| &extension.value.general_names);
    let [name] = names else {
        return Err(unreadable(format_args!("it has {} subject alternative names where one is expected", names.len())));
    };
    let text = match name {
        GeneralName::URI(text) | GeneralName::RFC822Name(text) => Some((*text).to_owned()),
        GeneralName::OtherName(oid, content) if number(oid) == Some(USER_NAME) => user_name(content),
        _ => None,
    };
    text.filter(|text| !text.is_empty() && text.len() <= MAX_VALUE)
        .ok_or_else(|| unreadable("the subject alternative name is of an unknown kind, empty or too long"))
}

/// The string inside the explicit tag of an other name.
fn user_name(content: &[u8]) -> Option<String> {
    let (_, tagged) = Any::from_der(content).ok()?;
    utf8_string(tagged.data)
}
