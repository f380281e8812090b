//! Parses the bodies of Rekor entries, as far as they name a signer and the signed content. Unknown fields are skipped,
//! unknown kinds and versions are named and skipped: provwatch does not validate a log's content, and one entry must
//! not hide the next.
//!
//! The forms are those of <https://github.com/sigstore/rekor/tree/main/pkg/types> and
//! <https://github.com/sigstore/rekor-tiles/tree/main/api/proto/rekor/v2>.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::value::RawValue;
use sigstore_types::DerCertificate;

/// Most signers of one entry that are read.
const MAX_SIGNERS: usize = 64;

/// The content of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its kind: `hashedrekord`, `dsse`, …
    pub kind: Cow<'a, str>,
    /// The version of the kind.
    pub version: Cow<'a, str>,
    /// The signers. Empty for unknown kinds.
    pub signers: Vec<Signatory>,
    /// The digest of the signed content in lower-case hexadecimal: of the artifact or of the pre-authentication
    /// encoding of an envelope (hashedrekord), or of an envelope's payload (dsse, intoto).
    pub digest: Option<String>,
}

/// The signing certificate or key of an entry. The log has only checked that the certificate made the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signatory {
    /// The holder of a certificate (DER).
    Certificate(Vec<u8>),
    /// The holder of a bare key.
    Key,
}

/// The reason why a body is not an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Not JSON with a kind, a version and a specification.
    #[error("not a Rekor entry: {0}")]
    Envelope(String),
    /// The specification does not match its kind and version.
    #[error("malformed {kind} {version}: {why}")]
    Spec {
        /// The kind.
        kind: String,
        /// The version.
        version: String,
        /// The error.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    spec: &'a RawValue,
}

impl<'a> Entry<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// It is not JSON, has no kind, or does not match its kind and version.
    pub fn parse(body: &'a [u8]) -> Result<Self, EntryError> {
        let envelope: Envelope<'a> =
            serde_json::from_slice(body).map_err(|error| EntryError::Envelope(error.to_string()))?;
        let (kind, version) = (envelope.kind, envelope.api_version);
        if kind.len() > 100 || version.len() > 100 {
            return Err(EntryError::Envelope("its kind or version is longer than 100 bytes".to_owned()));
        }
        let read = match (&*kind, &*version) {
            ("hashedrekord", "0.0.2") => hashedrekord_v2(envelope.spec),
            ("dsse", "0.0.2") => dsse_v2(envelope.spec),
            ("hashedrekord", "0.0.1") => hashedrekord_v1(envelope.spec),
            ("dsse", "0.0.1") => dsse_v1(envelope.spec),
            ("intoto", "0.0.2") => intoto_v2(envelope.spec),
            ("intoto", "0.0.1") => intoto_v1(envelope.spec),
            _ => Ok(Content::default()),
        };
        match read {
            Ok(content) => Ok(Self { kind, version, signers: content.signers, digest: content.digest }),
            Err(Malformed(why)) => {
                Err(EntryError::Spec { kind: kind.into_owned(), version: version.into_owned(), why })
            }
        }
    }

    /// Its signing certificates (DER).
    pub fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.signers.iter().filter_map(|signer| match signer {
            Signatory::Certificate(der) => Some(der.as_slice()),
            Signatory::Key => None,
        })
    }
}

#[derive(Default)]
struct Content {
    signers: Vec<Signatory>,
    digest: Option<String>,
}

struct Malformed(String);

impl From<serde_json::Error> for Malformed {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

type Read = Result<Content, Malformed>;

/// A digest of Rekor v1: an algorithm and hexadecimal.
#[derive(Deserialize)]
struct Hex<'a> {
    #[serde(borrow)]
    value: Cow<'a, str>,
}

impl Hex<'_> {
    fn digest(&self) -> Result<String, Malformed> {
        let bytes = hex::decode(&*self.value).map_err(|_| Malformed("the digest is not hexadecimal".to_owned()))?;
        Ok(hex::encode(bytes))
    }
}

/// A digest of Rekor v2: an algorithm and base64.
#[derive(Deserialize)]
struct Base64Digest<'a> {
    #[serde(borrow)]
    digest: Cow<'a, str>,
}

impl Base64Digest<'_> {
    fn digest(&self) -> Result<String, Malformed> {
        Ok(hex::encode(base64(&self.digest)?))
    }
}

/// The key of a signature in Rekor v2: the one or the other, DER.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verifier<'a> {
    #[serde(borrow)]
    x509_certificate: Option<RawBytes<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawBytes<'a> {
    #[serde(borrow)]
    raw_bytes: Cow<'a, str>,
}

impl Verifier<'_> {
    fn signatory(&self) -> Result<Signatory, Malformed> {
        let Some(certificate) = &self.x509_certificate else { return Ok(Signatory::Key) };
        base64(&certificate.raw_bytes).map(Signatory::Certificate)
    }
}

#[derive(Deserialize)]
struct SignatureV2<'a> {
    #[serde(borrow)]
    verifier: Verifier<'a>,
}

fn hashedrekord_v2(spec: &RawValue) -> Read {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Spec<'a> {
        #[serde(borrow, rename = "hashedRekordV002")]
        inner: Inner<'a>,
    }
    #[derive(Deserialize)]
    struct Inner<'a> {
        #[serde(borrow)]
        data: Base64Digest<'a>,
        #[serde(borrow)]
        signature: SignatureV2<'a>,
    }
    let Inner { data, signature } = serde_json::from_str::<Spec<'_>>(spec.get())?.inner;
    Ok(Content { signers: vec![signature.verifier.signatory()?], digest: Some(data.digest()?) })
}

fn dsse_v2(spec: &RawValue) -> Read {
    #[derive(Deserialize)]
    struct Spec<'a> {
        #[serde(borrow, rename = "dsseV002")]
        inner: Inner<'a>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Inner<'a> {
        #[serde(borrow)]
        payload_hash: Base64Digest<'a>,
        #[serde(borrow)]
        signatures: Vec<SignatureV2<'a>>,
    }
    let inner = serde_json::from_str::<Spec<'_>>(spec.get())?.inner;
    let signers = signers(&inner.signatures, |signature| signature.verifier.signatory())?;
    Ok(Content { signers, digest: Some(inner.payload_hash.digest()?) })
}

fn hashedrekord_v1(spec: &RawValue) -> Read {
    #[derive(Deserialize)]
    struct Spec<'a> {
        #[serde(borrow)]
        data: Data<'a>,
        #[serde(borrow)]
        signature: Signature<'a>,
    }
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        hash: Hex<'a>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Signature<'a> {
        #[serde(borrow)]
        public_key: Key<'a>,
    }
    #[derive(Deserialize)]
    struct Key<'a> {
        #[serde(borrow)]
        content: Cow<'a, str>,
    }
    let spec: Spec<'_> = serde_json::from_str(spec.get())?;
    Ok(Content { signers: vec![pem(&spec.signature.public_key.content)?], digest: Some(spec.data.hash.digest()?) })
}

fn dsse_v1(spec: &RawValue) -> Read {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Spec<'a> {
        #[serde(borrow)]
        payload_hash: Hex<'a>,
        #[serde(borrow)]
        signatures: Vec<Signature<'a>>,
    }
    #[derive(Deserialize)]
    struct Signature<'a> {
        #[serde(borrow)]
        verifier: Cow<'a, str>,
    }
    let spec: Spec<'_> = serde_json::from_str(spec.get())?;
    let signers = signers(&spec.signatures, |signature| pem(&signature.verifier))?;
    Ok(Content { signers, digest: Some(spec.payload_hash.digest()?) })
}

fn intoto_v2(spec: &RawValue) -> Read {
    #[derive(Deserialize)]
    struct Spec<'a> {
        #[serde(borrow)]
        content: Body<'a>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        #[serde(borrow)]
        envelope: Envelope<'a>,
        #[serde(borrow)]
        payload_hash: Option<Hex<'a>>,
    }
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        signatures: Vec<Signature<'a>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Signature<'a> {
        #[serde(borrow)]
        public_key: Cow<'a, str>,
    }
    let content = serde_json::from_str::<Spec<'_>>(spec.get())?.content;
    let signers = signers(&content.envelope.signatures, |signature| pem(&signature.public_key))?;
    Ok(Content { signers, digest: content.payload_hash.map(|hash| hash.digest()).transpose()? })
}

fn intoto_v1(spec: &RawValue) -> Read {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Spec<'a> {
        #[serde(borrow)]
        content: Body<'a>,
        #[serde(borrow)]
        public_key: Cow<'a, str>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        #[serde(borrow)]
        payload_hash: Option<Hex<'a>>,
    }
    let spec: Spec<'_> = serde_json::from_str(spec.get())?;
    let digest = spec.content.payload_hash.map(|hash| hash.digest()).transpose()?;
    Ok(Content { signers: vec![pem(&spec.public_key)?], digest })
}

fn signers<T>(
    signatures: &[T],
    signatory: impl Fn(&T) -> Result<Signatory, Malformed>,
) -> Result<Vec<Signatory>, Malformed> {
    if signatures.len() > MAX_SIGNERS {
        return Err(Malformed(format!("it has {} signatures, more than {MAX_SIGNERS}", signatures.len())));
    }
    // One unreadable signer does not hide the others; without a readable one the body is not an entry.
    let (read, malformed): (Vec<_>, Vec<_>) = signatures.iter().map(signatory).partition(Result::is_ok);
    let first_malformed = malformed.into_iter().find_map(Result::err);
    let signers: Vec<_> = read.into_iter().filter_map(Result::ok).collect();
    match first_malformed {
        Some(malformed) if signers.is_empty() => Err(malformed),
        _ => Ok(signers),
    }
}

/// A certificate or key of Rekor v1: base64 of PEM. Any other content (of PGP, SSH, minisign) counts as a key.
fn pem(encoded: &str) -> Result<Signatory, Malformed> {
    let text = String::from_utf8(base64(encoded)?).map_err(|_| Malformed("the key is not PEM".to_owned()))?;
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        return Ok(Signatory::Key);
    }
    let certificate = DerCertificate::from_pem(&text);
    let certificate = certificate.map_err(|error| Malformed(format!("the certificate is not PEM: {error}")))?;
    Ok(Signatory::Certificate(certificate.as_bytes().to_vec()))
}

fn base64(text: &str) -> Result<Vec<u8>, Malformed> {
    BASE64_STANDARD.decode(text).map_err(|_| Malformed("a value is not base64".to_owned()))
}

#[cfg(test)]
mod tests;
