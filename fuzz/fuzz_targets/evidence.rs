#![no_main]

use libfuzzer_sys::fuzz_target;
use provwatch::tlog::{Evidence, Judgement};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(evidence) = Evidence::parse(bytes) {
        assert!(!matches!(evidence.judge(), Ok(Judgement::Proven(_))), "nobody proves anything by chance");
    }
});
