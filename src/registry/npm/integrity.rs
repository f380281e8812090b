//! Parses subresource-integrity texts into digests.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::model::Digests;

/// The digests of a subresource-integrity text, `sha512-<base64> sha256-<base64>?options …`
/// (<https://www.w3.org/TR/SRI/>).
///
/// Several digests of one algorithm mean "any of these files" to a client; then none is given here, because a file that
/// is one of two cannot be proven.
pub(super) fn digests(integrity: &str) -> Digests {
    Digests {
        sha256: digest(integrity, "sha256-", 32),
        sha512: digest(integrity, "sha512-", 64),
        sha1: digest(integrity, "sha1-", 20),
    }
}

fn digest(integrity: &str, prefix: &str, length: usize) -> Option<String> {
    let mut texts = integrity.split_ascii_whitespace().filter_map(|hash| hash.strip_prefix(prefix));
    let first = decoded(texts.next()?, length)?;
    texts.all(|other| decoded(other, length).as_ref() == Some(&first)).then(|| hex::encode(first))
}

fn decoded(hash: &str, length: usize) -> Option<Vec<u8>> {
    let base64 = hash.split_once('?').map_or(hash, |(base64, _)| base64);
    BASE64_STANDARD.decode(base64).ok().filter(|bytes| bytes.len() == length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrity_texts() {
        let a512 = format!("sha512-{}", BASE64_STANDARD.encode([0xab; 64]));
        let b512 = format!("sha512-{}", BASE64_STANDARD.encode([0xcd; 64]));
        let a256 = format!("sha256-{}", BASE64_STANDARD.encode([0xef; 32]));
        let short = format!("sha512-{}", BASE64_STANDARD.encode([0xab; 63]));
        let (ab, ef) = (Some("ab".repeat(64)), Some("ef".repeat(32)));
        for (text, sha512, sha256) in [
            (a512.clone(), &ab, &None),
            (format!("sha1-AAAA  {a512}?ct=x\t{a256}"), &ab, &ef),
            (format!("{a512} {a512}"), &ab, &None),
            (format!("{a512} {b512} {a256}"), &None, &ef),
            (format!("{a512} sha512-?"), &None, &None),
            (short, &None, &None),
            (a512.replace('=', ""), &None, &None),
            (a512.to_uppercase(), &None, &None),
            ("sha512-".to_owned(), &None, &None),
            ("sha512-!!!".to_owned(), &None, &None),
            (String::new(), &None, &None),
        ] {
            let digests = digests(&text);
            assert_eq!((&digests.sha512, &digests.sha256), (sha512, sha256), "{text}");
        }
    }
}
