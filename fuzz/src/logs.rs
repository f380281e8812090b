//! Fuzz targets for the documents that transparency logs serve.

use std::sync::LazyLock;

use bytes::Bytes;
use provwatch::{
    attest::{TrustMaterial, Verifier},
    tlog::{
        Judgement, LogEvidence, LogKey, Signer,
        ct_leaf::{CtLeaf, precertificate},
        entry::Entry,
        note::UnverifiedNote,
        tile as tiles,
    },
};

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(&TrustMaterial::embedded()));

/// An Ed25519 key of nobody.
const SPKI: [u8; 44] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00, 0x6c, 0xd8, 0x07, 0xe6, 0xa0, 0xae, 0x0b,
    0x36, 0x2e, 0xe3, 0xe5, 0xdb, 0x2d, 0xb7, 0xe3, 0xba, 0x05, 0x26, 0x87, 0x09, 0x33, 0x4a, 0x2e, 0x81, 0x43, 0x82,
    0xc8, 0xeb, 0xd2, 0xe5, 0x9b, 0x28,
];

pub fn certificate(bytes: &[u8]) {
    let _ = VERIFIER.logged(bytes);
    let _ = VERIFIER.logged_precertificate(&[0; 32], bytes, bytes);
}

pub fn checkpoint(bytes: &[u8]) {
    let Ok(key) = LogKey::from_spki(&SPKI) else { return };
    let signer = Signer::Note { origin: "log.example".to_owned(), key };
    let _ = signer.verify(bytes);
    let Ok(key) = LogKey::from_spki(&SPKI) else { return };
    let _ = Signer::Ct { origin: "ct.example".to_owned(), key }.verify(bytes);
}

pub fn ct_leaf(bytes: &[u8]) {
    let _ = CtLeaf::parse(bytes);
    let _ = precertificate(bytes);
}

pub fn entry(bytes: &[u8]) {
    let _ = Entry::parse(bytes);
}

pub fn evidence(bytes: &[u8]) {
    if let Ok(evidence) = LogEvidence::parse(bytes) {
        assert!(!matches!(evidence.judge(), Ok(Judgement::Proven(_))), "nobody proves anything by chance");
    }
}

pub fn note(bytes: &[u8]) {
    if let Ok(note) = UnverifiedNote::parse(bytes) {
        assert!(bytes.starts_with(note.text.as_bytes()), "the signatures are over the beginning, as it is");
    }
}

/// The first byte is the tile's width, less one.
pub fn tile(bytes: &[u8]) {
    let Some((width, rest)) = bytes.split_first() else { return };
    let (width, rest) = (u64::from(*width) + 1, Bytes::copy_from_slice(rest));
    if let Ok(hashes) = tiles::hashes(&rest, width) {
        assert_eq!(hashes.len() as u64, width);
    }
    if let Ok(entries) = tiles::entries(&rest, width, width == 256) {
        assert_eq!(entries.len() as u64, width);
    }
}
