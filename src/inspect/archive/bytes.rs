//! Reads little-endian numbers at places of a byte string that may not be there.

/// A byte string, of which any place may be asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    /// So many bytes from a place on, if all of them are there.
    pub(super) fn at(self, at: usize, length: usize) -> Option<&'a [u8]> {
        self.0.get(at..at.checked_add(length)?)
    }

    /// Whether these bytes stand at a place.
    pub(super) fn begins(self, at: usize, mark: &[u8]) -> bool {
        self.at(at, mark.len()) == Some(mark)
    }

    pub(super) fn u16(self, at: usize) -> Option<u16> {
        Some(u16::from_le_bytes(self.at(at, 2)?.try_into().ok()?))
    }

    pub(super) fn u32(self, at: usize) -> Option<u32> {
        Some(u32::from_le_bytes(self.at(at, 4)?.try_into().ok()?))
    }

    pub(super) fn u64(self, at: usize) -> Option<u64> {
        Some(u64::from_le_bytes(self.at(at, 8)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_none() {
        let bytes = Bytes(b"\x01\x02\x03\x04");
        assert_eq!((bytes.u16(1), bytes.u32(0), bytes.u32(1)), (Some(0x0302), Some(0x0403_0201), None));
        assert_eq!((bytes.u64(0), bytes.at(usize::MAX, 2)), (None, None));
        assert!(bytes.begins(2, b"\x03\x04") && !bytes.begins(3, b"\x04\x05"));
    }
}
