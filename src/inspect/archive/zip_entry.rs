//! Reads what a zip archive says of a member in two places: the directory, and the header before its content.

use super::{bytes::Bytes, member::Kind};

pub(super) const ENTRY: &[u8; 4] = b"PK\x01\x02";
pub(super) const LOCAL: &[u8; 4] = b"PK\x03\x04";
const DESCRIPTION: &[u8; 4] = b"PK\x07\x08";

/// The length of the fixed part of each record.
const ENTRY_LENGTH: usize = 46;
const LOCAL_LENGTH: usize = 30;

/// The field for sizes beyond 4 GiB, and the one for a name in UTF-8.
const ZIP_64: u16 = 0x0001;
const UNICODE_PATH: u16 = 0x7075;

/// The value of a size or offset that stands in the field for large ones.
const ELSEWHERE: u32 = u32::MAX;

/// The systems whose permissions stand in an entry.
const UNIX: u8 = 3;
const MAC: u8 = 19;

/// The compression methods that are read.
pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;

/// What is said of a member in either place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stated<'a> {
    pub(super) name: &'a [u8],
    /// The name in UTF-8, where the member has another field for it.
    pub(super) unicode_name: Option<&'a [u8]>,
    /// Whether a field that replaces another value comes twice.
    pub(super) is_ambiguous: bool,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
}

impl Stated<'_> {
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether the name is said to be UTF-8.
    pub(super) fn is_utf8(&self) -> bool {
        self.flags & 1 << 11 != 0
    }

    /// Whether these bytes are the description of the content that follows it: an optional mark, the checksum, and two sizes
    /// of four or of eight bytes.
    pub(super) fn is_described_by(&self, bytes: &[u8]) -> bool {
        let (all, after_mark) = (Bytes(bytes), if bytes.starts_with(DESCRIPTION) { 4 } else { 0 });
        let sizes = match bytes.len() - after_mark {
            12 => [4, 8].map(|at| all.u32(after_mark + at).map(u64::from)),
            20 => [4, 12].map(|at| all.u64(after_mark + at)),
            _ => return false,
        };
        all.u32(after_mark) == Some(self.crc) && sizes == [Some(self.packed), Some(self.size)]
    }

    /// Whether sizes and checksum follow the content, and not the header before it.
    pub(super) fn is_described_behind(&self) -> bool {
        self.flags & 8 != 0
    }
}

/// An entry of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) stated: Stated<'a>,
    /// Where its header before the content is, as the directory counts.
    pub(super) offset: u64,
    pub(super) kind: Kind,
    pub(super) mode: Option<u16>,
    /// Where the next entry is.
    pub(super) next: usize,
}

impl<'a> Entry<'a> {
    /// The entry at a place of the directory; `None`: there is none.
    pub(super) fn at(all: Bytes<'a>, at: usize) -> Option<Self> {
        all.begins(at, ENTRY).then_some(())?;
        let name_length = usize::from(all.u16(at + 28)?);
        let extra_length = usize::from(all.u16(at + 30)?);
        let comment_length = usize::from(all.u16(at + 32)?);
        let name = all.at(at + ENTRY_LENGTH, name_length)?;
        let extra = all.at(at + ENTRY_LENGTH + name_length, extra_length)?;
        let (packed, size, offset) = (all.u32(at + 20)?, all.u32(at + 24)?, all.u32(at + 42)?);
        let mut large = Large::of(extra);
        let system = *all.at(at + 5, 1)?.first()?;
        let attributes = matches!(system, UNIX | MAC).then_some(all.u32(at + 38)? >> 16);
        // In this order, and only those that stand elsewhere.
        let (size, packed, offset) = (large.or(size)?, large.or(packed)?, large.or(offset)?);
        let (unicode_name, is_ambiguous) = (unicode_name(extra), is_ambiguous(extra));
        let (flags, method, crc) = (all.u16(at + 8)?, all.u16(at + 10)?, all.u32(at + 16)?);
        Some(Self {
            stated: Stated { name, unicode_name, is_ambiguous, flags, method, crc, packed, size },
            offset,
            kind: attributes.map_or(Kind::File, kind),
            mode: attributes.filter(|attributes| *attributes != 0).and_then(permissions),
            next: at + ENTRY_LENGTH + name_length + extra_length + comment_length,
        })
    }
}

fn permissions(attributes: u32) -> Option<u16> {
    u16::try_from(attributes & 0o7777).ok()
}

/// The type of a Unix file.
fn kind(attributes: u32) -> Kind {
    match attributes & 0o170_000 {
        0o120_000 => Kind::Symlink,
        0o040_000 => Kind::Folder,
        0 | 0o100_000 => Kind::File,
        _ => Kind::Special,
    }
}

/// The header before a member's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Local<'a> {
    pub(super) stated: Stated<'a>,
    /// Where its content begins.
    pub(super) content: usize,
}

impl<'a> Local<'a> {
    /// The header at a place; `None`: there is none.
    pub(super) fn at(all: Bytes<'a>, at: usize) -> Option<Self> {
        all.begins(at, LOCAL).then_some(())?;
        let name_length = usize::from(all.u16(at + 26)?);
        let extra_length = usize::from(all.u16(at + 28)?);
        let name = all.at(at + LOCAL_LENGTH, name_length)?;
        let extra = all.at(at + LOCAL_LENGTH + name_length, extra_length)?;
        let mut large = Large::of(extra);
        let (size, packed) = (large.or(all.u32(at + 22)?)?, large.or(all.u32(at + 18)?)?);
        let (unicode_name, is_ambiguous) = (unicode_name(extra), is_ambiguous(extra));
        let (flags, method, crc) = (all.u16(at + 6)?, all.u16(at + 8)?, all.u32(at + 14)?);
        let stated = Stated { name, unicode_name, is_ambiguous, flags, method, crc, packed, size };
        Some(Self { stated, content: at + LOCAL_LENGTH + name_length + extra_length })
    }
}

/// The field with large sizes, whose values are taken one after the other.
struct Large<'a>(Bytes<'a>, usize);

impl<'a> Large<'a> {
    fn of(extra: &'a [u8]) -> Self {
        Self(Bytes(field(extra, ZIP_64).unwrap_or_default()), 0)
    }

    /// The value itself, or the next large one in its place.
    fn or(&mut self, value: u32) -> Option<u64> {
        if value != ELSEWHERE || self.0.0.is_empty() {
            return Some(u64::from(value));
        }
        let large = self.0.u64(self.1)?;
        self.1 += 8;
        Some(large)
    }
}

/// The name in the field for it: a version and a checksum stand before it.
fn unicode_name(extra: &[u8]) -> Option<&[u8]> {
    field(extra, UNICODE_PATH)?.get(5..)
}

fn is_ambiguous(extra: &[u8]) -> bool {
    [ZIP_64, UNICODE_PATH].into_iter().any(|id| fields(extra).filter(|(found, _)| *found == id).count() > 1)
}

/// The first extra field with this id.
fn field(extra: &[u8], id: u16) -> Option<&[u8]> {
    fields(extra).find(|(found, _)| *found == id).map(|(_, value)| value)
}

/// The extra fields, as far as they can be read.
fn fields(extra: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let (all, mut at) = (Bytes(extra), 0);
    std::iter::from_fn(move || {
        let (id, length) = (all.u16(at)?, usize::from(all.u16(at + 2)?));
        let value = all.at(at + 4, length)?;
        at += 4 + length;
        Some((id, value))
    })
}
