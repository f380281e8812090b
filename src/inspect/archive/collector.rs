//! Takes members from the readers of archives, within the limits, and notes what is odd about each.

use super::{
    content::{Content, Kept},
    contents::Contents,
    member::{Kind, Member},
    name::{self, Name},
    root::Root,
};
use crate::inspect::{
    anomaly::AnomalyKind,
    limits::{Limits, Meter, Stop, Stopped},
    nature::Nature,
};

/// What an archive says of a member before its content.
pub(super) struct Described<'a> {
    pub(super) name: &'a [u8],
    pub(super) kind: Kind,
    pub(super) mode: Option<u16>,
    pub(super) target: Option<&'a [u8]>,
}

/// A member whose content is being read.
pub(super) struct Open {
    path: String,
    kind: Kind,
    mode: Option<u16>,
    target: Option<Box<str>>,
    content: Content,
}

impl Open {
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn size(&self) -> u64 {
        self.content.size()
    }
}

/// Takes members from a reader.
pub(super) struct Collector<'a> {
    limits: &'a Limits,
    root: Root,
    keep: &'a dyn Fn(&str) -> bool,
    meter: Meter,
    first_root: Option<String>,
    paths: usize,
    texts: usize,
    found: Contents,
}

impl<'a> Collector<'a> {
    pub(super) fn new(limits: &'a Limits, root: Root, keep: &'a dyn Fn(&str) -> bool) -> Self {
        let (meter, found) = (Meter::new(limits), Contents::default());
        Self { limits, root, keep, meter, first_root: None, paths: 0, texts: 0, found }
    }

    pub(super) fn limits(&self) -> &'a Limits {
        self.limits
    }

    /// Notes an anomaly.
    pub(super) fn note(&mut self, kind: AnomalyKind, path: Option<&str>, detail: impl std::fmt::Display) {
        self.found.anomalies.add(kind, path, detail);
    }

    /// Counts unpacked bytes that belong to no member.
    pub(super) fn count(&mut self, bytes: usize, packed: u64) -> Result<(), Stopped> {
        self.meter.count(bytes, packed)
    }

    /// Begins a member. `None`: it is the root folder.
    pub(super) fn open(&mut self, described: &Described<'_>) -> Result<Option<Open>, Stopped> {
        let name = name::read(described.name, self.limits, &mut self.found.anomalies);
        let is_folder = described.kind == Kind::Folder || (described.kind == Kind::File && name.is_folder);
        let kind = if is_folder { Kind::Folder } else { described.kind };
        let Some(path) = self.rooted(&name, kind) else { return Ok(None) };
        // Readers that drop the first folder may find a place outside behind it.
        if let Some(why) = name::leads_outside(&path).filter(|_| name::leads_outside(&name.path).is_none())
            && !path.starts_with("../")
        {
            self.note(AnomalyKind::OutsidePath, Some(&path), why);
        }
        let target = described.target.map(|raw| String::from_utf8_lossy(raw).into_owned());
        self.check_kind(&path, kind, target.as_deref());
        self.paths += path.len() + target.as_ref().map_or(0, String::len);
        if self.found.members.len() == self.limits.members {
            return Err(Stopped::at(Stop::Members, self.limits));
        }
        if self.paths > self.limits.paths {
            return Err(Stopped::at(Stop::Paths, self.limits));
        }
        let content = Content::new(self.room_for(&path, kind));
        Ok(Some(Open { path, kind, mode: described.mode, target: target.map(String::into_boxed_str), content }))
    }

    /// Adds to its content, of an archive of which `packed` bytes were read.
    pub(super) fn feed(&mut self, open: &mut Open, chunk: &[u8], packed: u64) -> Result<(), Stopped> {
        self.meter.count(chunk.len(), packed)?;
        open.content.add(chunk);
        Ok(())
    }

    /// Ends a member that was read whole.
    pub(super) fn close(&mut self, open: Open) {
        self.end(open, true);
    }

    /// Ends a member whose content could not be read, or not to its end.
    pub(super) fn give_up(&mut self, open: Open, why: &str) {
        self.found.could_not_read(&open.path, why);
        self.end(open, false);
    }

    fn end(&mut self, open: Open, is_whole: bool) {
        let Open { path, kind, mode, target, content } = open;
        let measured = content.measured(&path);
        let is_content = |kept: &Kept| kind == Kind::File || !kept.bytes.is_empty();
        if let Some(mut kept) = measured.kept.filter(is_content) {
            kept.is_whole &= is_whole;
            self.texts += kept.bytes.len();
            self.found.texts.push((path.clone(), kept));
        }
        // Some readers take a link in a zip archive for a file.
        let is_file = kind == Kind::File || (kind != Kind::Folder && measured.size > 0);
        self.found.members.push(Member {
            path: path.into_boxed_str(),
            kind,
            size: measured.size,
            mode,
            sha256: (is_file && is_whole).then_some(measured.sha256),
            nature: if is_file { measured.nature } else { Nature::Empty },
            longest_line: measured.longest_line,
            target,
        });
    }

    /// The room for the text of a member that is wanted.
    fn room_for(&mut self, path: &str, kind: Kind) -> Option<usize> {
        if matches!(kind, Kind::Folder | Kind::HardLink) || !(self.keep)(path) {
            return None;
        }
        let room = self.limits.texts.saturating_sub(self.texts).min(self.limits.text);
        if room == 0 {
            self.found.could_not_read(path, "the archive has more text to look at than is kept");
        }
        (room > 0).then_some(room)
    }

    /// The path below the root folder. `None`: it is that folder.
    fn rooted(&mut self, name: &Name, kind: Kind) -> Option<String> {
        if name.path.is_empty() && kind == Kind::Folder {
            return None;
        }
        let (first, rest) = match name.path.split_once('/') {
            _ if self.root == Root::Nowhere => return Some(name.path.clone()),
            Some(("..", _)) => return Some(name.path.clone()),
            Some((first, rest)) => (first, Some(rest)),
            None => (name.path.as_str(), None),
        };
        if rest.is_none() && kind != Kind::Folder {
            self.note(AnomalyKind::OutsideRoot, Some(first), "it lies beside the archive's root folder");
            return Some(format!("../{first}"));
        }
        let root = self.first_root.get_or_insert_with(|| first.to_owned());
        if root == first {
            return rest.map(str::to_owned);
        }
        let detail = format!("it lies in another root folder than {root:?}");
        self.note(AnomalyKind::OutsideRoot, Some(&name.path), detail);
        match self.root {
            Root::Stripped => rest.map(str::to_owned),
            Root::One | Root::Nowhere => Some(format!("../{}", name.path)),
        }
    }

    fn check_kind(&mut self, path: &str, kind: Kind, target: Option<&str>) {
        match (kind, target) {
            (Kind::Symlink, Some(target)) => {
                if let Some(why) = name::link_leads_outside(path, target) {
                    self.note(AnomalyKind::OutsideLink, Some(path), format!("{why}: {target}"));
                }
            }
            (Kind::HardLink, Some(target)) => {
                self.note(AnomalyKind::HardLink, Some(path), format!("it is a hard link to {target}"));
                if let Some(why) = name::leads_outside(target) {
                    self.note(AnomalyKind::OutsideLink, Some(path), format!("{why}: {target}"));
                }
            }
            (Kind::Special, _) => self.note(AnomalyKind::SpecialFile, Some(path), "it is not a file, folder or link"),
            _ => {}
        }
    }

    /// What was found, once nothing more comes.
    pub(super) fn finish(self, outcome: Result<(), Stopped>) -> Contents {
        let Self { meter, mut found, .. } = self;
        found.unpacked = meter.unpacked();
        if let Err(stopped) = outcome {
            match stopped.kind {
                Stop::Bomb => found.anomalies.add(AnomalyKind::Bomb, None, &stopped.why),
                Stop::Damaged => found.anomalies.add(AnomalyKind::Damaged, None, &stopped.why),
                Stop::Unpacked | Stop::Members | Stop::Paths => {}
            }
            found.stopped = Some(stopped);
        }
        // A stable sort: those with one path stay in the order of the archive.
        found.members.sort_by(|one, other| one.path.cmp(&other.path));
        found
    }
}
