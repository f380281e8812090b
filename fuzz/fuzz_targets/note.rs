#![no_main]

use libfuzzer_sys::fuzz_target;
use provwatch::tlog::note::UnverifiedNote;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = UnverifiedNote::parse(bytes) {
        assert!(bytes.starts_with(note.text.as_bytes()), "the signatures are over the beginning, as it is");
    }
});
