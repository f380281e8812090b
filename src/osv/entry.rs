//! An entry of a zip file.

/// An entry of the central directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where its own header begins.
    pub offset: u64,
    /// The bytes in the file, and after they were inflated.
    pub packed: u64,
    pub size: u64,
    pub crc: u32,
    /// 0: stored, 8: deflated.
    pub method: u16,
    pub flags: u16,
}
