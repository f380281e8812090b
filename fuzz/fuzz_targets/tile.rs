#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use provwatch::tlog::tile;

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (width, bytes) = (u64::from(input.0) + 1, Bytes::from(input.1));
    if let Ok(hashes) = tile::hashes(&bytes, width) {
        assert_eq!(hashes.len() as u64, width);
    }
    if let Ok(entries) = tile::entries(&bytes, width, width == 256) {
        assert_eq!(entries.len() as u64, width);
    }
});
