//! Walks through a zip file with reports: its central directory, step by step, and single entries on request.
//!
//! The format is that of PKWARE's APPNOTE.TXT, of which provwatch reads what exports of OSV have: one file without
//! encryption, entries that are stored or deflated, and the larger numbers of Zip64. Each number of the file is compared
//! with the size of the file before it is used, and each entry with its own checksum after it was read.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use super::{
    document::MAX_BYTES,
    entry::Entry,
    error::{NotAReport, SourceError},
    file::{NamedFile, Next, Place, stamp},
    inflate::inflated,
};

const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const LOCAL: u32 = 0x0403_4b50;

/// The end record without its comment, and the longest comment.
const END_BYTES: u64 = 22;
const COMMENT: u64 = 0xffff;
/// The fixed parts of an entry in the central directory, and before its content.
const CENTRAL_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;
/// Most entries: the export of a registry has some hundred thousand.
const ENTRIES: u64 = 5_000_000;
/// The flag of an encrypted entry.
const ENCRYPTED: u16 = 1;
/// The tag of the larger numbers in the extra field.
const EXTRA_64: u16 = 1;

/// A walk through a zip file. It reads the file that was there at its beginning: a file that takes its place meanwhile is
/// for the next walk.
#[derive(Debug)]
pub(super) struct ZipWalk {
    path: PathBuf,
    directory: BufReader<File>,
    content: File,
    /// Where the central directory ends, and where the walk is in it.
    end: u64,
    at: u64,
    left: u64,
}

impl ZipWalk {
    pub fn begin(path: &Path) -> Result<Self, SourceError> {
        let open = || File::open(path).map_err(SourceError::read(path));
        let (mut file, content) = (open()?, open()?);
        let Directory { start, end, entries } = directory(&mut file, path)?;
        file.seek(SeekFrom::Start(start)).map_err(SourceError::read(path))?;
        let directory = BufReader::new(file);
        Ok(Self { path: path.to_owned(), directory, content, end, at: start, left: entries })
    }

    /// Goes one entry further.
    pub fn step(&mut self) -> Result<Next, SourceError> {
        if self.left == 0 {
            return Ok(Next::End);
        }
        self.left -= 1;
        let header = self.take(CENTRAL_BYTES)?;
        let header = Bytes(&header);
        if header.u32(0) != CENTRAL {
            return Err(self.broken("an entry of its directory does not begin where it should"));
        }
        let lengths = [28, 30, 32].map(|at| usize::from(header.u16(at)));
        let rest = self.take(lengths.iter().sum())?;
        let (name, extra) = (&rest[..lengths[0]], &rest[lengths[0]..lengths[0] + lengths[1]]);
        let mut entry = Entry {
            flags: header.u16(8),
            method: header.u16(10),
            crc: header.u32(16),
            packed: header.u32(20).into(),
            size: header.u32(24).into(),
            offset: header.u32(42).into(),
        };
        larger_numbers(&mut entry, extra);
        Ok(Next::of(named(name, entry)))
    }

    fn take(&mut self, bytes: usize) -> Result<Vec<u8>, SourceError> {
        if self.end - self.at < bytes as u64 {
            return Err(self.broken("its directory ends within an entry"));
        }
        let mut taken = vec![0; bytes];
        self.directory.read_exact(&mut taken).map_err(SourceError::read(&self.path))?;
        self.at += bytes as u64;
        Ok(taken)
    }

    fn broken(&self, why: &'static str) -> SourceError {
        SourceError::zip(&self.path, why)
    }

    /// Reads an entry.
    pub fn read(&mut self, entry: &Entry) -> Result<Vec<u8>, NotAReport> {
        if entry.flags & ENCRYPTED != 0 {
            return Err(NotAReport::Unreadable("it is encrypted".to_owned()));
        }
        if entry.size > MAX_BYTES || entry.packed > MAX_BYTES {
            return Err(NotAReport::TooLarge(MAX_BYTES));
        }
        let packed = self.packed(entry).map_err(|error| NotAReport::Unreadable(error.to_string()))?;
        let bytes = match entry.method {
            0 => packed,
            8 => inflated(&packed, entry.size)?,
            _ => {
                return Err(NotAReport::Unreadable(
                    "it is compressed in a form that provwatch does not read".to_owned(),
                ));
            }
        };
        if bytes.len() as u64 != entry.size || crc32(&bytes) != entry.crc {
            return Err(NotAReport::Unreadable("it does not agree with its checksum".to_owned()));
        }
        Ok(bytes)
    }

    /// The bytes of an entry, which stand behind a header of its own.
    fn packed(&mut self, entry: &Entry) -> std::io::Result<Vec<u8>> {
        let mut header = [0; LOCAL_BYTES];
        self.content.seek(SeekFrom::Start(entry.offset))?;
        self.content.read_exact(&mut header)?;
        let header = Bytes(&header);
        if header.u32(0) != LOCAL {
            return Err(std::io::Error::other("its header does not begin where it should"));
        }
        let behind = i64::from(header.u16(26)) + i64::from(header.u16(28));
        self.content.seek(SeekFrom::Current(behind))?;
        let mut packed = Vec::new();
        (&self.content).take(entry.packed).read_to_end(&mut packed)?;
        Ok(packed)
    }
}

/// A file of an entry. The checksum and the size are its state; folders are something else.
fn named(name: &[u8], entry: Entry) -> Option<NamedFile> {
    let name = std::str::from_utf8(name).ok()?.rsplit(['/', '\\']).next()?.to_owned();
    let stamp = stamp(&[entry.size, entry.crc.into()]);
    (!name.is_empty()).then_some(NamedFile { name, stamp, place: Place::Entry(entry) })
}

/// Where the central directory is.
struct Directory {
    start: u64,
    end: u64,
    entries: u64,
}

fn directory(file: &mut File, path: &Path) -> Result<Directory, SourceError> {
    let read = SourceError::read;
    let length = file.metadata().map_err(read(path))?.len();
    let tail = length.min(END_BYTES + COMMENT);
    let mut bytes = vec![0; usize::try_from(tail).unwrap_or_default()];
    file.seek(SeekFrom::Start(length - tail)).map_err(read(path))?;
    file.read_exact(&mut bytes).map_err(read(path))?;
    // The last record whose comment ends with the file: a comment could look like a record.
    let is_end = |at: &usize| {
        let rest = bytes.len() - at;
        Bytes(&bytes[*at..]).u32(0) == END && usize::from(Bytes(&bytes[*at..]).u16(20)) + 22 == rest
    };
    let last = bytes.len().checked_sub(22);
    let at = last.and_then(|last| (0..=last).rev().find(is_end));
    let at =
        at.ok_or_else(|| SourceError::zip(path, "it has no directory, so it is another kind of file or cut off"))?;
    let end = Bytes(&bytes[at..]);
    let (entries, size, start) = (u64::from(end.u16(10)), u64::from(end.u32(12)), u64::from(end.u32(16)));
    let is_large = entries == 0xffff || size == 0xffff_ffff || start == 0xffff_ffff;
    let place = length - tail + at as u64;
    let (entries, size, start) = if is_large {
        large_directory(file, path, place)?.unwrap_or((entries, size, start))
    } else {
        (entries, size, start)
    };
    let end = start.checked_add(size).filter(|end| *end <= place);
    let end = end.ok_or_else(|| SourceError::zip(path, "its directory is not within the file"))?;
    if entries > ENTRIES {
        return Err(SourceError::zip(path, "it has more than five million entries"));
    }
    Ok(Directory { start, end, entries })
}

/// The numbers of a Zip64 record, which a locator before the end record points to. `None`: there is none.
fn large_directory(file: &mut File, path: &Path, end: u64) -> Result<Option<(u64, u64, u64)>, SourceError> {
    let Some(locator) = end.checked_sub(20) else { return Ok(None) };
    let locator = read_at::<20>(file, locator).map_err(SourceError::read(path))?;
    if Bytes(&locator).u32(0) != LOCATOR_64 {
        return Ok(None);
    }
    let record = read_at::<56>(file, Bytes(&locator).u64(8)).map_err(SourceError::read(path))?;
    let record = Bytes(&record);
    if record.u32(0) != END_64 {
        return Err(SourceError::zip(path, "the record of its directory does not begin where it should"));
    }
    Ok(Some((record.u64(32), record.u64(40), record.u64(48))))
}

fn read_at<const LENGTH: usize>(file: &mut File, at: u64) -> std::io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Zip64: a number that does not fit is in the extra field, in a fixed order.
fn larger_numbers(entry: &mut Entry, extra: &[u8]) {
    let mut rest = extra;
    while let Some((head, behind)) = rest.split_at_checked(4) {
        let (tag, length) = (Bytes(head).u16(0), usize::from(Bytes(head).u16(2)));
        let Some((field, behind)) = behind.split_at_checked(length) else { return };
        if tag == EXTRA_64 {
            let mut numbers = field.chunks_exact(8).map(|bytes| Bytes(bytes).u64(0));
            for number in [&mut entry.size, &mut entry.packed, &mut entry.offset] {
                if *number == 0xffff_ffff {
                    *number = numbers.next().unwrap_or(*number);
                }
            }
        }
        rest = behind;
    }
}

/// Numbers in little-endian order. What is behind the end is zero.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn number<const LENGTH: usize>(&self, at: usize) -> [u8; LENGTH] {
        let bytes = self.0.get(at..at + LENGTH);
        bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; LENGTH])
    }

    fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.number(at))
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.number(at))
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.number(at))
    }
}

/// The checksum of zip files (CRC-32 of IEEE 802.3).
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// The state of the whole file: a walk through one that has not changed finds nothing.
pub fn state(path: &Path) -> Option<i64> {
    let about = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let changed = about.modified().ok()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(stamp(&[about.len(), changed.as_secs(), u64::from(changed.subsec_nanos())]))
}
