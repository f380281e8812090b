#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use provwatch::attest::{TrustMaterial, Verifier};

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(&TrustMaterial::embedded()));

fuzz_target!(|bytes: &[u8]| {
    let _ = VERIFIER.logged(bytes);
    let _ = VERIFIER.logged_precertificate(&[0; 32], bytes, bytes);
});
