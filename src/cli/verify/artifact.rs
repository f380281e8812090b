//! Reads the files and digests that `provwatch verify` is given, in every common form.

use std::path::Path;

use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::{
    attest::FileDigests,
    bounded,
    cli::exit::CliError,
    model::{FileDigest, InvalidFileDigest},
};

/// Largest file that is hashed, in bytes; give the digest of a larger one.
const MAX_FILE: u64 = 1 << 30;

/// A digest in every form of [`FileDigest`]. `None`: it does not look like one.
pub fn digest(text: &str) -> Option<Result<FileDigests, String>> {
    match text.parse::<FileDigest>() {
        Ok(digest) => Some(Ok(FileDigests::from([(digest.algorithm().to_owned(), digest.hex().to_owned())]))),
        Err(InvalidFileDigest::OtherForm) => None,
        Err(error) => Some(Err(error.to_string())),
    }
}

/// The digests of a file's content.
pub fn digests_of(bytes: &[u8]) -> FileDigests {
    let all = [
        ("sha256", hex::encode(Sha256::digest(bytes))),
        ("sha384", hex::encode(Sha384::digest(bytes))),
        ("sha512", hex::encode(Sha512::digest(bytes))),
    ];
    all.map(|(name, hex)| (name.to_owned(), hex)).into()
}

/// A file, or the given digest of one. Text that looks like a digest is a digest: a file of that name, written by an
/// attacker, must not replace it.
///
/// # Errors
/// It cannot be read, or is not a digest.
pub fn named(text: &str) -> Result<FileDigests, CliError> {
    let path = Path::new(text);
    match digest(text) {
        Some(digests) => digests.map_err(|why| not_a_digest(text, &why)),
        None => Ok(digests_of(&read(path, MAX_FILE)?)),
    }
}

/// The error for a text that looks like a digest but is not one.
pub fn not_a_digest(text: &str, why: &str) -> CliError {
    hinting_at_a_file(CliError::usage(format!("{text}: {why}")), text)
}

/// The error, with the way to name a file whose name looks like the expected value.
pub fn hinting_at_a_file(failure: CliError, text: &str) -> CliError {
    if Path::new(text).exists() { failure.next(format!("write ./{text} for the file of that name")) } else { failure }
}

/// Reads a file.
///
/// # Errors
/// It cannot be read, or is too large.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, CliError> {
    let failed = |why: String| CliError::usage(format!("cannot read {}: {why}", path.display()));
    let bytes = bounded::read(path, limit).map_err(|error| failed(error.to_string()))?;
    bytes.ok_or_else(|| failed(format!("it is larger than {} MiB", limit >> 20)).next("give its digest: sha256:…"))
}

/// The largest file of either kind.
pub const fn limit() -> u64 {
    MAX_FILE
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_STANDARD};

    use super::*;

    #[test]
    fn digests_are_taken_in_the_forms_in_which_people_have_them() {
        let (short, long) = ("ab".repeat(32), "cd".repeat(64));
        let one = |name: &str, hex: &str| FileDigests::from([(name.to_owned(), hex.to_owned())]);
        let (sha256, sha512) = (|hex: &str| one("sha256", hex), |hex: &str| one("sha512", hex));
        for (text, expected) in [
            (format!("sha256:{short}"), sha256(&short)),
            (format!("sha256:{}", short.to_uppercase()), sha256(&short)),
            (format!("sha512:{long}"), sha512(&long)),
            (format!("sha512-{}", BASE64_STANDARD.encode([0xcd; 64])), sha512(&long)),
            (format!("sha256-{}", BASE64_STANDARD.encode([0xab; 32])), sha256(&short)),
            (short.clone(), sha256(&short)),
            (long.clone(), sha512(&long)),
        ] {
            assert_eq!(digest(&text), Some(Ok(expected)), "{text}");
        }
        for text in ["sha256:", "sha256:xy", "sha512-????", "sha1:da39a3ee", "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="] {
            assert!(digest(text).is_some_and(|digest| digest.is_err()), "{text}");
        }
        for text in ["", "a.tgz", "sha256", "pkg:npm/axios@1.0.0", &"ab".repeat(20), &"xy".repeat(32)] {
            assert_eq!(digest(text), None, "{text}");
        }
    }
}
