//! Writes zip files for tests: sound ones, and those whose numbers lie.

use std::io::Write;

use flate2::{Compression, write::DeflateEncoder};

/// An entry to write. The numbers can be changed before they are.
pub(crate) struct Entry {
    pub name: String,
    pub method: u16,
    pub flags: u16,
    pub crc: u32,
    pub size: u32,
    pub packed: Vec<u8>,
    /// What the directory says of the packed length, and where the entry begins; `None`: the truth.
    pub packed_size: Option<u32>,
    pub offset: Option<u32>,
    pub extra: Vec<u8>,
}

impl Entry {
    pub fn stored(name: &str, content: &[u8]) -> Self {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        Self {
            name: name.to_owned(),
            method: 0,
            flags: 0,
            crc: crc.sum(),
            size: u32::try_from(content.len()).unwrap(),
            packed: content.to_vec(),
            packed_size: None,
            offset: None,
            extra: Vec::new(),
        }
    }

    pub fn deflated(name: &str, content: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        Self { method: 8, packed: encoder.finish().unwrap(), ..Self::stored(name, content) }
    }

    fn local(&self) -> Vec<u8> {
        let mut bytes = 0x0403_4b50_u32.to_le_bytes().to_vec();
        bytes.extend([20_u16, self.flags, self.method, 0, 0].iter().flat_map(|part| part.to_le_bytes()));
        let packed = u32::try_from(self.packed.len()).unwrap();
        bytes.extend([self.crc, packed, self.size].iter().flat_map(|part| part.to_le_bytes()));
        let lengths = [u16::try_from(self.name.len()).unwrap(), 0];
        bytes.extend(lengths.iter().flat_map(|part| part.to_le_bytes()));
        bytes.extend(self.name.as_bytes());
        bytes.extend(&self.packed);
        bytes
    }

    fn central(&self, offset: usize) -> Vec<u8> {
        let mut bytes = 0x0201_4b50_u32.to_le_bytes().to_vec();
        bytes.extend([20_u16, 20, self.flags, self.method, 0, 0].iter().flat_map(|part| part.to_le_bytes()));
        let packed = self.packed_size.unwrap_or_else(|| u32::try_from(self.packed.len()).unwrap());
        bytes.extend([self.crc, packed, self.size].iter().flat_map(|part| part.to_le_bytes()));
        let lengths = [u16::try_from(self.name.len()).unwrap(), u16::try_from(self.extra.len()).unwrap(), 0, 0, 0];
        bytes.extend(lengths.iter().flat_map(|part| part.to_le_bytes()));
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(self.offset.unwrap_or_else(|| u32::try_from(offset).unwrap()).to_le_bytes());
        bytes.extend(self.name.as_bytes());
        bytes.extend(&self.extra);
        bytes
    }
}

/// A zip file without and with the larger numbers of Zip64.
pub(crate) fn zip(entries: &[Entry], is_large: bool, comment: &[u8]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        directory.extend(entry.central(bytes.len()));
        bytes.extend(entry.local());
    }
    let (start, size, count) = (bytes.len() as u64, directory.len() as u64, entries.len() as u64);
    bytes.extend(directory);
    if is_large {
        bytes.extend(large_end(bytes.len() as u64, start, size, count));
    }
    let small = |number: u64| if is_large { u32::MAX } else { u32::try_from(number).unwrap() };
    let count = if is_large { u16::MAX } else { u16::try_from(count).unwrap() };
    bytes.extend(0x0605_4b50_u32.to_le_bytes());
    bytes.extend([0, 0, count, count].iter().flat_map(|part| part.to_le_bytes()));
    bytes.extend([small(size), small(start)].iter().flat_map(|part| part.to_le_bytes()));
    bytes.extend(u16::try_from(comment.len()).unwrap().to_le_bytes());
    bytes.extend(comment);
    bytes
}

fn large_end(at: u64, start: u64, size: u64, count: u64) -> Vec<u8> {
    let mut bytes = 0x0606_4b50_u32.to_le_bytes().to_vec();
    bytes.extend(44_u64.to_le_bytes());
    bytes.extend([45_u16, 45].iter().flat_map(|part| part.to_le_bytes()));
    bytes.extend([0_u32, 0].iter().flat_map(|part| part.to_le_bytes()));
    bytes.extend([count, count, size, start].iter().flat_map(|part| part.to_le_bytes()));
    bytes.extend(0x0706_4b50_u32.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes
}
