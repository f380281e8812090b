//! Finds the directory of a zip archive from the records at its end (APPNOTE 6.3.10, sections 4.3.14 to 4.3.16).

use super::{bytes::Bytes, collector::Collector, zip_entry::ENTRY};
use crate::inspect::{anomaly::AnomalyKind, limits::Stopped};

const END: &[u8; 4] = b"PK\x05\x06";
const END_64: &[u8; 4] = b"PK\x06\x06";
const LOCATOR_64: &[u8; 4] = b"PK\x06\x07";

/// The length of the fixed part of each record.
const END_LENGTH: usize = 22;
const END_64_LENGTH: usize = 56;
const LOCATOR_64_LENGTH: usize = 20;

/// The longest comment.
const MAX_COMMENT: usize = 0xffff;

/// Where the directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Directory {
    /// Where it begins.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// The number of entries that the end record names.
    pub(super) entries: u64,
    /// The bytes before the archive: every offset is counted from there.
    pub(super) shift: usize,
}

/// An end record: the place where the directory must end, and what the record says of it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stated {
    directory_end: usize,
    entries: u64,
    size: u64,
    offset: u64,
}

/// Finds the directory.
///
/// # Errors
/// The end record is missing or cannot be used.
pub(super) fn find(bytes: &[u8], into: &mut Collector<'_>) -> Result<Directory, Stopped> {
    let all = Bytes(bytes);
    let lowest = bytes.len().saturating_sub(END_LENGTH + MAX_COMMENT);
    let highest = bytes.len().checked_sub(END_LENGTH).ok_or_else(|| Stopped::damaged("it is too short for a zip"))?;
    let records: Vec<usize> = (lowest..=highest).rev().filter(|at| bytes[*at..].starts_with(END)).collect();
    let Some(at) = records.iter().copied().find(|at| comment_end(all, *at) <= bytes.len()) else {
        return Err(Stopped::damaged("it is not a zip, or its end is cut"));
    };
    let behind = bytes.len() - comment_end(all, at);
    if behind > 0 {
        into.note(AnomalyKind::StrayBytes, None, format!("{behind} bytes follow its end"));
    }
    let stated = stated(all, at, into)?;
    let directory = directory(&stated).ok_or_else(|| Stopped::damaged("its end record does not fit"))?;
    // One within a member is the end of an archive inside of this one.
    let is_inside = |at: usize| (directory.shift..directory.start).contains(&at);
    let is_other = |at: usize| stated_32(all, at).is_some_and(|other| directory_fits(bytes, &other));
    if records.iter().any(|other| *other != at && !is_inside(*other) && is_other(*other)) {
        let detail = "it has two end records, each with a directory: readers differ on its members";
        into.note(AnomalyKind::Hidden, None, detail);
    }
    if directory.shift > 0 {
        into.note(AnomalyKind::StrayBytes, None, format!("{} bytes stand before it", directory.shift));
        if all.begins(directory.start - directory.shift, ENTRY) {
            let detail = "it has two directories, by the place and by the size of one: readers differ on its members";
            into.note(AnomalyKind::Hidden, None, detail);
        }
    }
    Ok(directory)
}

fn comment_end(all: Bytes<'_>, at: usize) -> usize {
    at + END_LENGTH + all.u16(at + 20).map_or(0, usize::from)
}

fn directory(stated: &Stated) -> Option<Directory> {
    let size = usize::try_from(stated.size).ok()?;
    let start = stated.directory_end.checked_sub(size)?;
    let shift = start.checked_sub(usize::try_from(stated.offset).ok()?)?;
    Some(Directory { start, end: stated.directory_end, entries: stated.entries, shift })
}

/// Whether an end record has a directory of its own, perhaps an empty one.
fn directory_fits(bytes: &[u8], stated: &Stated) -> bool {
    directory(stated).is_some_and(|found| stated.size == 0 || bytes[found.start..].starts_with(ENTRY))
}

impl Stated {
    /// What a large end record says.
    fn of_64(all: Bytes<'_>, at: usize) -> Option<Self> {
        let (entries, size, offset) = (all.u64(at + 32)?, all.u64(at + 40)?, all.u64(at + 48)?);
        Some(Self { directory_end: at, entries, size, offset })
    }
}

fn stated_32(all: Bytes<'_>, at: usize) -> Option<Stated> {
    Some(Stated {
        directory_end: at,
        entries: u64::from(all.u16(at + 10)?),
        size: u64::from(all.u32(at + 12)?),
        offset: u64::from(all.u32(at + 16)?),
    })
}

/// What the end record says, or the larger one before it, if there is one.
fn stated(all: Bytes<'_>, at: usize, into: &mut Collector<'_>) -> Result<Stated, Stopped> {
    const CUT: &str = "its end record is cut";
    let small = stated_32(all, at).ok_or_else(|| Stopped::damaged(CUT))?;
    let locator = at.checked_sub(LOCATOR_64_LENGTH).filter(|at| all.begins(*at, LOCATOR_64));
    let Some(locator) = locator else { return Ok(small) };
    // Offsets do not count what stands before the archive: the record is also looked for beside its locator.
    let named = all.u64(locator + 8).and_then(|offset| usize::try_from(offset).ok());
    let beside = locator.checked_sub(END_64_LENGTH);
    let stated_64 = |at: usize| Stated::of_64(all, at).filter(|_| all.begins(at, END_64));
    let (named, beside) = (named.and_then(stated_64), beside.and_then(stated_64));
    if let (Some(named), Some(beside)) = (named, beside)
        && named != beside
    {
        let detail = "it has two large end records: readers differ on its members";
        into.note(AnomalyKind::Disagreement, None, detail);
    }
    let large = named.or(beside);
    let large = large.ok_or_else(|| Stopped::damaged("its large end record is not where it is said to be"))?;
    let differs = |small: u64, large: u64, unset: u64| small != unset && small != large;
    if differs(small.entries, large.entries, 0xffff)
        || differs(small.size, large.size, 0xffff_ffff)
        || differs(small.offset, large.offset, 0xffff_ffff)
    {
        let detail = "its two end records differ: readers differ on its members";
        into.note(AnomalyKind::Disagreement, None, detail);
    }
    Ok(large)
}
