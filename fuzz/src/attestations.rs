//! Fuzz targets for attestations and the trust material that verifies them. The seeds hold under the trust root beside
//! them; a mutation of them holds for what the seeds say, or not at all.

use std::sync::LazyLock;

use futures::executor::block_on;
use provwatch::{
    attest::{TrustMaterial, TrustUpdater, Verifier, attestations},
    model::{Digests, Provenance},
};

use crate::web::{NOW, body, client};

const TRUST_ROOT: &str = include_str!("../seeds/trust_root/lab");
const KEYS: &str = include_str!("../trust/keys.json");
const TUF_ROOT: &[u8] = include_bytes!("../../src/attest/tuf-root.json");

/// The workflow that signed the seeds.
const SIGNER: &str = "https://github.com/acme/widget/.github/workflows/release.yml@refs/heads/main";

static VERIFIER: LazyLock<Verifier> =
    LazyLock::new(|| Verifier::new(&material(TRUST_ROOT).expect("the lab's trust root can be used")));

fn material(root: &str) -> Option<TrustMaterial> {
    let folder = std::env::temp_dir().join(format!("provwatch-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).ok()?;
    std::fs::write(folder.join("root.json"), root).ok()?;
    std::fs::write(folder.join("keys.json"), KEYS).ok()?;
    TrustMaterial::from_files(&folder.join("root.json"), Some(&folder.join("keys.json"))).ok()
}

fn assert_true(provenance: &Provenance) {
    if let Provenance::Verified(verified) = provenance {
        assert_eq!(verified.identity.subject, SIGNER, "nobody else signed");
    }
}

pub fn npm(bytes: &[u8]) {
    let digest = include_str!("../trust/npm.sha512").trim().to_owned();
    let digests = Digests { sha512: Some(digest), ..Digests::default() };
    assert_true(&VERIFIER.npm(bytes, "pkg:npm/widget@1.0.0", &digests));
}

/// A file of attestations in any form, as `provwatch verify` reads it.
pub fn files(bytes: &[u8]) {
    for one in attestations(bytes).into_iter().flatten() {
        if let Ok(proven) = one.verify(&VERIFIER, None) {
            assert!(!one.about.is_empty(), "what holds says of what it speaks");
            match proven.verified.identity {
                Some(identity) => assert_eq!(identity.subject, SIGNER, "nobody else signed"),
                None => assert!(proven.key.is_some(), "a key of the registry signed"),
            }
        }
    }
}

pub fn pypi(bytes: &[u8]) {
    let digest = include_str!("../trust/pypi.sha256").trim().to_owned();
    let digests = Digests { sha256: Some(digest), ..Digests::default() };
    assert_true(&VERIFIER.pypi(bytes, "widget-1.0.0.tar.gz", &digests));
}

pub fn trust_root(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(material) = material(text) {
        drop(Verifier::new(&material));
    }
}

/// The bytes stand for every file of a TUF repository, the first root too.
pub fn tuf(bytes: &[u8]) {
    let cache = std::env::temp_dir().join(format!("provwatch-fuzz-tuf-{}", std::process::id()));
    let base: url::Url = "https://tuf.example/".parse().expect("a constant URL");
    let now = NOW.parse().expect("a constant time");
    let web = client([(".json", body(bytes))]);
    std::fs::create_dir_all(&cache).expect("a folder for temporary files");
    for root in [TUF_ROOT, bytes] {
        let file = cache.join("root.json");
        std::fs::write(&file, root).expect("a temporary file");
        let Ok(updater) = TrustUpdater::private(base.clone(), &file, &cache) else { continue };
        assert!(
            block_on(updater.refresh(&web, now, &TrustMaterial::embedded())).is_err(),
            "one file is not a whole repository"
        );
    }
    let _ = std::fs::remove_dir_all(&cache);
}
