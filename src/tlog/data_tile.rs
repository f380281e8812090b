//! Parses data tiles of static CT logs, which hold entries with their CT metadata.
//! <https://github.com/C2SP/C2SP/blob/main/static-ct-api.md#log-entries>

use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use super::{
    page::RawEntry,
    tile::{TileError, WIDTH},
};

/// Most bytes of a data tile. Certificates have a few kilobytes, and a precertificate's entry holds two of them.
pub const MAX_DATA: usize = 32 * 1024 * 1024;

/// Version 1, leaf type 0: the two bytes before an entry in the hashed leaf (RFC 6962 §3.4).
const LEAF: [u8; 2] = [0, 0];

/// Bytes of a fingerprint of the chain.
const FINGERPRINT: usize = 32;

/// The entries of a data tile of that width, or the first of them in a full one.
///
/// # Errors
/// A length that reaches beyond the end, an unknown entry type, truncated fingerprints, or bytes after the last entry.
pub fn entries(tile: &Bytes, width: u64, is_full: bool) -> Result<Vec<RawEntry>, TileError> {
    let expected = if is_full { WIDTH } else { width };
    let mut rest = tile.clone();
    let mut entries = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
    for number in 0..expected {
        entries.push(entry(&mut rest, number)?);
    }
    if !rest.is_empty() {
        return Err(TileError::Rest { bytes: rest.len(), expected });
    }
    entries.truncate(usize::try_from(width).unwrap_or(usize::MAX));
    Ok(entries)
}

/// One entry: the timestamped entry of RFC 6962, then the precertificate if it is one, then the chain's fingerprints.
/// The extra data has the form of `get-entries`, without the chain.
fn entry(rest: &mut Bytes, number: u64) -> Result<RawEntry, TileError> {
    let whole = rest.clone();
    let (content, chain) = match parts(rest).ok_or(TileError::Cut { number })? {
        Parts::Known { content, chain } => (content, chain),
        Parts::OfType(found) => return Err(TileError::EntryType { number, found }),
    };
    if chain % FINGERPRINT != 0 {
        return Err(TileError::Fingerprints { number, bytes: chain });
    }
    let timestamped = whole.slice(..content.start);
    let mut leaf = BytesMut::with_capacity(LEAF.len() + timestamped.len());
    leaf.extend_from_slice(&LEAF);
    leaf.extend_from_slice(&timestamped);
    Ok(RawEntry { leaf: leaf.freeze(), extra: whole.slice(content) })
}

/// The positions of an entry's parts.
enum Parts {
    /// The precertificate with its length, after the timestamped entry; and the number of bytes of fingerprints after
    /// it.
    Known { content: Range<usize>, chain: usize },
    /// An entry of another type.
    OfType(usize),
}

/// Skips an entry. `None`: it reaches beyond the end.
fn parts(rest: &mut Bytes) -> Option<Parts> {
    let all = rest.len();
    skip(rest, 8)?;
    let entry_type = number(rest, 2)?;
    if entry_type > 1 {
        return Some(Parts::OfType(entry_type));
    }
    let is_precertificate = entry_type == 1;
    if is_precertificate {
        skip(rest, FINGERPRINT)?;
    }
    opaque(rest, 3)?;
    opaque(rest, 2)?;
    let begin = all - rest.len();
    if is_precertificate {
        opaque(rest, 3)?;
    }
    let content = begin..all - rest.len();
    Some(Parts::Known { content, chain: opaque(rest, 2)? })
}

/// Skips bytes after their length, which has `width` bytes itself. Returns their number.
fn opaque(rest: &mut Bytes, width: usize) -> Option<usize> {
    let length = number(rest, width)?;
    skip(rest, length)?;
    Some(length)
}

/// A big-endian number.
fn number(rest: &mut Bytes, width: usize) -> Option<usize> {
    let bytes = rest.get(..width)?;
    let number = bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
    rest.advance(width);
    Some(number)
}

fn skip(rest: &mut Bytes, length: usize) -> Option<()> {
    (rest.len() >= length).then(|| rest.advance(length))
}

#[cfg(test)]
mod tests {
    use super::{
        super::ct_leaf::{CtContent, CtLeaf, precertificate},
        *,
    };

    /// A tile of a real static CT log: see the README beside it.
    const REAL: &[u8] = include_bytes!("../../tests/data/log/static-ct/tile/data/000.p/100");

    fn final_entry(der: &[u8]) -> Vec<u8> {
        let length = u32::try_from(der.len()).unwrap().to_be_bytes();
        [&7_u64.to_be_bytes(), [0, 0].as_slice(), &length[1..], der, &[0, 0], &[0, 32], &[9; 32]].concat()
    }

    fn precertificate_entry() -> Vec<u8> {
        [&7_u64.to_be_bytes(), [0, 1].as_slice(), &[8; 32], b"\0\0\x03tbs", &[0, 0], b"\0\0\x03der", &[0, 0]].concat()
    }

    #[test]
    fn certificates_and_precertificates_are_read() {
        let tile = Bytes::from([final_entry(b"one"), precertificate_entry(), final_entry(b"")].concat());
        let entries = entries(&tile, 3, false).unwrap();
        let read = |at: usize| CtLeaf::parse(&entries[at].leaf).unwrap().content;
        assert_eq!(read(0), CtContent::Certificate(b"one"));
        assert_eq!(read(1), CtContent::Precertificate { issuer_key_hash: [8; 32], tbs: b"tbs" });
        assert_eq!(precertificate(&entries[1].extra), Some(b"der".as_slice()));
        assert_eq!(read(2), CtContent::Certificate(b""));
    }

    #[test]
    fn whatever_is_cut_or_left_over_is_refused() {
        let good = [final_entry(b"one"), precertificate_entry()].concat();
        for length in 0..good.len() {
            assert!(entries(&Bytes::copy_from_slice(&good[..length]), 2, false).is_err(), "{length}");
        }
        let more = Bytes::from([good.as_slice(), b"x"].concat());
        assert_eq!(entries(&more, 2, false), Err(TileError::Rest { bytes: 1, expected: 2 }));
        let mut other = final_entry(b"one");
        other[9] = 2;
        assert_eq!(entries(&other.into(), 1, false), Err(TileError::EntryType { number: 0, found: 2 }));
        let mut other = final_entry(b"one");
        other.pop();
        let place = other.len() - 32;
        other[place] = 31;
        assert_eq!(entries(&other.into(), 1, false), Err(TileError::Fingerprints { number: 0, bytes: 31 }));
    }

    #[test]
    fn whatever_a_tile_claims_costs_no_more_than_its_bytes() {
        let huge = [&7_u64.to_be_bytes(), [0, 0].as_slice(), &[0xff; 3], b"one"].concat();
        assert_eq!(entries(&huge.into(), 256, true), Err(TileError::Cut { number: 0 }));
        for length in 0..600 {
            for byte in [0, 1, 0x7f, 0xff] {
                let tile = Bytes::from(vec![byte; length]);
                assert!(entries(&tile, 256, true).is_err(), "{length} times {byte}");
            }
        }
        assert_eq!(entries(&Bytes::new(), 1, false), Err(TileError::Cut { number: 0 }));
    }

    #[test]
    fn a_real_tile_is_read_whole() {
        let entries = entries(&Bytes::from_static(REAL), 100, false).unwrap();
        assert_eq!(entries.len(), 100);
        assert!(entries.iter().all(|entry| CtLeaf::parse(&entry.leaf).is_ok()));
    }
}
