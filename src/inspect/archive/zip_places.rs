//! Finds where the members of a zip archive are, and notes where directory and headers contradict each other, members
//! overlap, or bytes belong to none.

use std::ops::Range;

use super::{
    bytes::Bytes,
    collector::Collector,
    zip_end::Directory,
    zip_entry::{DEFLATED, Entry, LOCAL, Local, STORED, Stated},
};
use crate::inspect::{
    anomaly::AnomalyKind,
    limits::{Stop, Stopped},
};

/// The longest description that may follow a content.
const DESCRIPTION: usize = 24;

/// Most bytes between two members that are searched for a hidden one.
const SEARCHED: usize = 64 << 10;

/// A member, and where its content is; or else why it is not read.
pub(super) struct Placed<'a> {
    pub(super) entry: Entry<'a>,
    pub(super) content: Result<&'a [u8], String>,
    range: Option<(usize, usize)>,
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
        gaps.into_iter().for_each(|(gap, slack)| between(&bytes[gap], slack, into));
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
        return Placed { entry, content: Err("its header is missing".to_owned()), range: None };
    };
    for difference in differences(&entry.stated, &local.stated) {
        let detail = format!("directory and header name another {difference}: readers differ on it");
        into.note(AnomalyKind::Disagreement, Some(&name), detail);
    }
    let length = usize::try_from(entry.stated.packed).ok();
    let end = length.and_then(|length| local.content.checked_add(length)).filter(|end| *end <= directory.start);
    let (Some(length), Some(end)) = (length, end) else {
        into.note(AnomalyKind::Damaged, Some(&name), "its content reaches into the directory");
        return Placed { entry, content: Err("its content is cut".to_owned()), range: None };
    };
    let content = all.at(local.content, length).ok_or_else(|| "its content is cut".to_owned());
    let content = content.and_then(|content| readable(&entry.stated).map(|()| content));
    if entry.stated.is_encrypted() {
        into.note(AnomalyKind::Encrypted, Some(&name), "its content is encrypted");
    }
    Placed { entry, content, range: Some((start, end)) }
}

fn readable(stated: &Stated<'_>) -> Result<(), String> {
    match stated.method {
        _ if stated.is_encrypted() => Err("its content is encrypted".to_owned()),
        STORED | DEFLATED => Ok(()),
        other => Err(format!("its content is compressed by method {other}, which is not read")),
    }
}

/// What directory and header say differently.
fn differences(entry: &Stated<'_>, local: &Stated<'_>) -> Vec<&'static str> {
    // The header leaves these empty where they follow the content.
    let is_told = !local.is_described_behind();
    let other_name = |one: &Stated<'_>| one.unicode_name.is_some_and(|name| name != one.name);
    [
        ("name", entry.name != local.name || other_name(entry) || other_name(local)),
        ("method", entry.method != local.method),
        ("encryption", entry.is_encrypted() != local.is_encrypted()),
        ("checksum", is_told && entry.crc != local.crc),
        ("size", is_told && (entry.size, entry.packed) != (local.size, local.packed)),
    ]
    .into_iter()
    .filter_map(|(what, differs)| differs.then_some(what))
    .collect()
}

/// The bytes that lie between members, each with how many of them may describe the member before. Members that overlap are
/// not read: many that share one content would be very many bytes.
fn cover(directory: &Directory, placed: &mut [Placed<'_>], into: &mut Collector<'_>) -> Vec<(Range<usize>, usize)> {
    let mut order: Vec<(usize, usize, usize)> = Vec::with_capacity(placed.len());
    order.extend(placed.iter().enumerate().filter_map(|(at, one)| one.range.map(|(start, end)| (start, end, at))));
    order.sort_unstable();
    let (mut covered, mut slack, mut gaps) = (directory.shift, 0, Vec::new());
    for (start, end, at) in order {
        let one = &mut placed[at];
        if start < covered {
            let name = String::from_utf8_lossy(one.entry.stated.name);
            into.note(AnomalyKind::Disagreement, Some(&name), "its content overlaps with that of another member");
            one.content = Err("its content overlaps with that of another member".to_owned());
        } else if start > covered {
            gaps.push((covered..start, slack));
        }
        if end >= covered {
            covered = end;
            slack = if one.entry.stated.is_described_behind() { DESCRIPTION } else { 0 };
        }
    }
    if directory.start > covered {
        gaps.push((covered..directory.start, slack));
    }
    gaps
}

/// Looks at the bytes between two members, of which `slack` may describe the first.
fn between(gap: &[u8], slack: usize, into: &mut Collector<'_>) {
    let searched = &gap[..gap.len().min(SEARCHED)];
    if searched.windows(LOCAL.len()).any(|window| window == LOCAL) {
        let detail = "a member has no entry in the directory: only some readers see it";
        into.note(AnomalyKind::Hidden, None, detail);
    } else if gap.len() > slack {
        into.note(AnomalyKind::StrayBytes, None, format!("{} bytes between its members belong to none", gap.len()));
    }
}
