#![no_main]

use libfuzzer_sys::fuzz_target;
use provwatch::tlog::entry::Entry;

fuzz_target!(|bytes: &[u8]| {
    let _ = Entry::parse(bytes);
});
