//! The digests of a file, of every kind that registries state.

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest};

use crate::model::Digests;

/// The digests of these bytes.
pub fn digests(bytes: &[u8]) -> Digests {
    let of = |algorithm: &'static Algorithm| Some(hex::encode(digest(algorithm, bytes)));
    Digests { sha256: of(&SHA256), sha512: of(&SHA512), sha1: of(&SHA1_FOR_LEGACY_USE_ONLY) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_computed() {
        let found = digests(b"abc");
        assert_eq!(found.sha1.as_deref(), Some("a9993e364706816aba3e25717850c26c9cd0d89d"));
        assert!(found.sha256.unwrap().starts_with("ba7816bf8f01cfea"));
        assert!(found.sha512.unwrap().starts_with("ddaf35a193617aba"));
    }
}
