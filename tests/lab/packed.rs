//! Reads what the store compresses.

use zstd::bulk::Decompressor;

const DICTIONARY: &[u8] = include_bytes!("../../src/store/packed/dictionary-1.jsonl");

/// The text of a compressed value.
pub fn text(packed: &[u8]) -> String {
    let mut decompressor = Decompressor::with_dictionary(DICTIONARY).unwrap();
    String::from_utf8(decompressor.decompress(&packed[1..], 1 << 20).unwrap()).unwrap()
}
