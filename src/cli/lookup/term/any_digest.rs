//! Digests in every form in which people have them: hexadecimal, and base64 as in lock files.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The digest of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::lookup) struct AnyDigest {
    pub algorithm: Algorithm,
    /// Lower-case hexadecimal digits.
    pub hex: String,
}

/// The algorithms whose digests registries state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli::lookup) enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

impl Algorithm {
    const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    /// Its name, as lock files have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// The algorithms that registries state no digest of.
const OTHERS: [&str; 5] = ["md5", "sha224", "sha384", "blake2b", "blake3"];

/// A digest with its algorithm before it: `sha256:…` or `sha512-…`. `None`: the text has another form.
pub(super) fn named(text: &str) -> Option<Result<AnyDigest, String>> {
    let (name, rest) = text.split_once([':', '-'])?;
    let name = name.to_ascii_lowercase();
    if OTHERS.contains(&&*name) {
        return Some(Err(format!("registries state no {name} of files; give the SHA-256 or SHA-512")));
    }
    let algorithm = Algorithm::ALL.into_iter().find(|one| one.as_str() == name)?;
    Some(of(algorithm, rest))
}

fn of(algorithm: Algorithm, text: &str) -> Result<AnyDigest, String> {
    // What follows are options (https://www.w3.org/TR/SRI/), or other digests of the same file.
    let text = text.split(['?', ' ', ',']).next().unwrap_or_default();
    let bytes = bytes(text).ok_or("not a digest; expected hexadecimal digits, or base64 as in lock files")?;
    if bytes.len() != algorithm.bytes() {
        let (name, wanted) = (algorithm.as_str(), algorithm.bytes());
        return Err(format!("not a {name}: it has {} bytes where {wanted} are expected", bytes.len()));
    }
    Ok(AnyDigest { algorithm, hex: hex::encode(bytes) })
}

/// A digest after `digest:`: with its algorithm, or with a length that tells it.
pub(super) fn any(text: &str) -> Result<AnyDigest, String> {
    if let Some(named) = named(text) {
        return named;
    }
    let bytes = bytes(text).ok_or("not a digest; expected sha256:…, sha512-…, or hexadecimal digits")?;
    let algorithm = Algorithm::ALL.into_iter().find(|one| one.bytes() == bytes.len());
    let algorithm =
        algorithm.ok_or_else(|| format!("a digest of {} bytes is not one that registries state", bytes.len()))?;
    Ok(AnyDigest { algorithm, hex: hex::encode(bytes) })
}

/// A SHA-256, with or without its name.
pub(super) fn sha256(text: &str) -> Result<String, String> {
    let digest = any(text)?;
    if digest.algorithm == Algorithm::Sha256 { Ok(digest.hex) } else { Err("expected a SHA-256".to_owned()) }
}

/// What hexadecimal digits or base64 stand for.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok().or_else(|| BASE64.decode(text).ok()).filter(|bytes| !bytes.is_empty())
}
