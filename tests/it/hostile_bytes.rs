//! Tests every reader of log documents with random and mutated bytes: none panics, and none believes them. The targets
//! in `fuzz/` do the same for longer.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use std::sync::LazyLock;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use lab::{
    Authority, Workflow,
    ledger::{ct_leaf, filler, hashedrekord},
};
use proptest::{prelude::*, sample::Index};
use provwatch::{
    attest::{TrustMaterial, Verifier},
    tlog::{
        Judgement, LogEvidence, LogKey, Signer,
        ct_leaf::{CtLeaf, precertificate},
        entry::Entry,
        note::UnverifiedNote,
        tile,
    },
};

const CHECKPOINTS: &str = include_str!("../data/log/checkpoints.jsonl");

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(&TrustMaterial::embedded()));

/// Documents that each reader would take for a good one, or for something near.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let at: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
    let workflow = Workflow::github("acme/tool", "release.yml", "refs/heads/main");
    let certificate = Authority::new().issue(&workflow, at).der;
    let note: serde_json::Value = serde_json::from_str(CHECKPOINTS.lines().next().unwrap()).unwrap();
    let evidence = format!(
        r#"{{"version":1,"misdeed":"fork","log":{{"name":"a","form":"note","public_key":"MCowBQYDK2VwAyEAt8rlp1knGwjfbcXAYPYAkn0XiLz1x8O4t0YkEhie244="}},
        "found_at":"2026-06-01T12:00:00Z","statement":"","checkpoints":[{0},{0}],"proof":{{"leaf":"00","index":1,"size":2,"path":[]}}}}"#,
        note["note"]
    );
    vec![
        note["note"].as_str().unwrap().as_bytes().to_vec(),
        filler(1),
        hashedrekord(&certificate, &[7; 32]),
        ct_leaf(&certificate),
        certificate,
        evidence.into_bytes(),
        [0, 3, b'o', b'n', b'e', 0, 0].to_vec(),
    ]
});

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let random = prop::collection::vec(any::<u8>(), 0..400);
    let changes = prop::collection::vec((any::<Index>(), any::<u8>()), 1..6);
    let mutated = (any::<Index>(), changes, any::<Index>()).prop_map(|(seed, changes, length)| {
        let mut bytes = SEEDS[seed.index(SEEDS.len())].clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        // One in two is also cut.
        if length.index(2) == 0 {
            bytes.truncate(length.index(bytes.len()));
        }
        bytes
    });
    prop_oneof![random, mutated]
}

fn signer(origin: &str) -> Signer {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let spki = BASE64_STANDARD.decode("MCowBQYDK2VwAyEAt8rlp1knGwjfbcXAYPYAkn0XiLz1x8O4t0YkEhie244=").unwrap();
    Signer::Note { origin: origin.to_owned(), key: LogKey::from_spki(&spki).unwrap() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_reader_panics_and_none_believes(bytes in hostile(), width in 1_u64..=256) {
        if let Ok(note) = UnverifiedNote::parse(&bytes) {
            prop_assert!(bytes.starts_with(note.text.as_bytes()));
        }
        let honest = SEEDS[0].clone();
        if let Ok(signed) = signer("log2025-1.rekor.sigstore.dev").verify(&bytes) {
            let text = honest.windows(2).position(|pair| pair == b"\n\n").unwrap();
            prop_assert_eq!(&signed.note().as_bytes()[..=text], &honest[..=text], "only what was signed is believed");
        }
        let bundle = Bytes::from(bytes.clone());
        if let Ok(entries) = tile::entries(&bundle, width, width == 256) {
            prop_assert_eq!(entries.len() as u64, width);
        }
        if let Ok(hashes) = tile::hashes(&bytes, width) {
            prop_assert_eq!(hashes.len() as u64, width);
        }
        let _ = (Entry::parse(&bytes), CtLeaf::parse(&bytes), precertificate(&bytes));
        let is_issued = VERIFIER.logged(&bytes).is_ok_and(|read| read.issued.is_ok());
        let is_signed = VERIFIER.logged_precertificate(&[0; 32], &bytes, &bytes).is_ok_and(|read| read.issued.is_ok());
        prop_assert!(!is_issued && !is_signed, "the public authorities issued none of these");
        if let Ok(evidence) = LogEvidence::parse(&bytes) {
            prop_assert!(!matches!(evidence.judge(), Ok(Judgement::Proven(_))));
        }
    }
}
