//! Finds where the members of a zip archive are, and notes where directory and headers contradict each other, members
//! overlap, or bytes belong to none.

use std::ops::Range;

use super::{
    bytes::Bytes,
    collector::Collector,
    zip_end::Directory,
    zip_entry::{DEFLATED, ENTRY, Entry, LOCAL, Local, STORED, Stated},
};
use crate::inspect::{
    anomaly::AnomalyKind,
    limits::{Stop, Stopped},
};

/// A member, and where its content is; or else why it is not read.
pub(super) struct Placed<'a> {
    pub(super) entry: Entry<'a>,
    pub(super) content: Result<&'a [u8], String>,
    range: Option<(usize, usize)>,
    /// Whether its header says that a description follows the content.
    is_described_behind: bool,
}

impl<'a> Placed<'a> {
    fn unread(entry: Entry<'a>, why: &str) -> Self {
        Self { entry, content: Err(why.to_owned()), range: None, is_described_behind: false }
    }
}

/// The bytes behind a member that belong to none.
struct Gap<'a> {
    range: Range<usize>,
    /// The member before, if its description is to follow its content.
    described: Option<Stated<'a>>,
}

/// The members in the order of the directory, as far as it can be read, and why no further.
pub(super) fn places<'a>(
    bytes: &'a [u8],
    directory: &Directory,
    into: &mut Collector<'_>,
) -> (Vec<Placed<'a>>, Result<(), Stopped>) {
    let (mut placed, outcome) = entries(bytes, directory, into);
    let (stated, found) = (directory.entries, placed.len() as u64);
    if outcome.is_ok() && stated != found && stated != found % 0x1_0000 {
        let detail = format!("its end record names {stated} members, and its directory has {found}");
        into.note(AnomalyKind::Disagreement, None, detail);
    }
    let gaps = cover(directory, &mut placed, into);
    // Of a directory that was not read to its end, some members have no entry here.
    if outcome.is_ok() {
        for Gap { range, described } in gaps {
            between(&bytes[range], described.as_ref(), into);
        }
    }
    (placed, outcome)
}

fn entries<'a>(
    bytes: &'a [u8],
    directory: &Directory,
    into: &mut Collector<'_>,
) -> (Vec<Placed<'a>>, Result<(), Stopped>) {
    let (all, mut at, mut placed) = (Bytes(bytes), directory.start, Vec::new());
    while at < directory.end {
        if placed.len() == into.limits().members {
            return (placed, Err(Stopped::at(Stop::Members, into.limits())));
        }
        let Some(entry) = Entry::at(all, at).filter(|entry| entry.next <= directory.end) else {
            return (placed, Err(Stopped::damaged("an entry of its directory is malformed")));
        };
        at = entry.next;
        placed.push(place(all, directory, entry, into));
    }
    (placed, Ok(()))
}

fn place<'a>(all: Bytes<'a>, directory: &Directory, entry: Entry<'a>, into: &mut Collector<'_>) -> Placed<'a> {
    let name = String::from_utf8_lossy(entry.stated.name);
    let start = usize::try_from(entry.offset).ok().and_then(|offset| offset.checked_add(directory.shift));
    let local = start.and_then(|start| Some((start, Local::at(all, start)?)));
    let Some((start, local)) = local else {
        into.note(AnomalyKind::Disagreement, Some(&name), "it has an entry in the directory and no header");
        return Placed::unread(entry, "its header is missing");
    };
    compare(&entry.stated, &local.stated, into);
    let length = usize::try_from(entry.stated.packed).ok();
    let end = length.and_then(|length| local.content.checked_add(length)).filter(|end| *end <= directory.start);
    let (Some(length), Some(end)) = (length, end) else {
        into.note(AnomalyKind::Damaged, Some(&name), "its content reaches into the directory");
        return Placed::unread(entry, "its content is cut");
    };
    let content = all.at(local.content, length).ok_or_else(|| "its content is cut".to_owned());
    let content = content.and_then(|content| readable(&entry.stated).map(|()| content));
    if entry.stated.is_encrypted() {
        into.note(AnomalyKind::Encrypted, Some(&name), "its content is encrypted");
    }
    let is_described_behind = local.stated.is_described_behind();
    Placed { entry, content, range: Some((start, end)), is_described_behind }
}

fn readable(stated: &Stated<'_>) -> Result<(), String> {
    match stated.method {
        _ if stated.is_encrypted() => Err("its content is encrypted".to_owned()),
        STORED | DEFLATED => Ok(()),
        other => Err(format!("its content is compressed by method {other}, which is not read")),
    }
}

/// Notes what readers of directory and header understand differently.
fn compare(entry: &Stated<'_>, local: &Stated<'_>, into: &mut Collector<'_>) {
    let name = String::from_utf8_lossy(entry.name);
    for difference in differences(entry, local) {
        let detail = format!("directory and header name another {difference}: readers differ on it");
        into.note(AnomalyKind::Disagreement, Some(&name), detail);
    }
    if entry.is_ambiguous || local.is_ambiguous {
        into.note(AnomalyKind::Disagreement, Some(&name), "it has an extra field twice: readers differ on it");
    }
    let is_marked = entry.is_utf8() && local.is_utf8();
    if !is_marked && !entry.name.is_ascii() {
        let detail = "its name is not ASCII and has no mark of UTF-8: readers differ on its letters";
        into.note(AnomalyKind::NotUtf8, Some(&name), detail);
    }
}

/// What directory and header say differently.
fn differences(entry: &Stated<'_>, local: &Stated<'_>) -> Vec<&'static str> {
    // The header leaves these empty where they follow the content.
    let is_empty = |value: u64| local.is_described_behind() && [0, u64::from(u32::MAX)].contains(&value);
    let differs = |entry: u64, local: u64| entry != local && !is_empty(local);
    let other_name = |one: &Stated<'_>| one.unicode_name.is_some_and(|name| name != one.name);
    [
        ("name", entry.name != local.name || other_name(entry) || other_name(local)),
        ("method", entry.method != local.method),
        ("encryption", entry.is_encrypted() != local.is_encrypted()),
        ("checksum", differs(entry.crc.into(), local.crc.into())),
        ("size", differs(entry.size, local.size) || differs(entry.packed, local.packed)),
    ]
    .into_iter()
    .filter_map(|(what, differs)| differs.then_some(what))
    .collect()
}

/// The bytes between members. Members that overlap are not read: many that share one content would be very many bytes.
fn cover<'a>(directory: &Directory, placed: &mut [Placed<'a>], into: &mut Collector<'_>) -> Vec<Gap<'a>> {
    let mut order: Vec<(usize, usize, usize)> = Vec::with_capacity(placed.len());
    order.extend(placed.iter().enumerate().filter_map(|(at, one)| one.range.map(|(start, end)| (start, end, at))));
    order.sort_unstable();
    let (mut covered, mut described, mut gaps) = (directory.shift, None, Vec::new());
    for (start, end, at) in order {
        let one = &mut placed[at];
        if start < covered {
            let name = String::from_utf8_lossy(one.entry.stated.name);
            into.note(AnomalyKind::Disagreement, Some(&name), "its content overlaps with that of another member");
            one.content = Err("its content overlaps with that of another member".to_owned());
        } else {
            gaps.push(Gap { range: covered..start, described });
        }
        if end >= covered {
            covered = end;
            described = Some(one.entry.stated).filter(|_| one.is_described_behind);
        }
    }
    if covered <= directory.start {
        gaps.push(Gap { range: covered..directory.start, described });
    }
    gaps
}

/// Looks at the bytes behind a member, which may be its description.
fn between(gap: &[u8], described: Option<&Stated<'_>>, into: &mut Collector<'_>) {
    if gap.windows(LOCAL.len()).any(|window| window == LOCAL || window == ENTRY) {
        let detail = "a member has no entry in the directory: only some readers see it";
        into.note(AnomalyKind::Hidden, None, detail);
    } else if let Some(stated) = described {
        if !stated.is_described_by(gap) {
            let name = String::from_utf8_lossy(stated.name);
            let detail = "what follows its content is not its description: readers differ on it";
            into.note(AnomalyKind::Disagreement, Some(&name), detail);
        }
    } else if !gap.is_empty() {
        into.note(AnomalyKind::StrayBytes, None, format!("{} bytes between its members belong to none", gap.len()));
    }
}
