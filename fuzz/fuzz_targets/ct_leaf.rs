#![no_main]

use libfuzzer_sys::fuzz_target;
use provwatch::tlog::ct_leaf::{CtLeaf, precertificate};

fuzz_target!(|bytes: &[u8]| {
    let _ = CtLeaf::parse(bytes);
    let _ = precertificate(bytes);
});
