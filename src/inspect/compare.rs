//! Compares the files of two archives: added, removed, changed, moved.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    archive::{Contents, Kind, Member},
    format::Format,
    nature::Nature,
};

/// Most items of a list.
pub const LISTED: usize = 500;

/// Some of many, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Listed<T> {
    /// The number of all.
    pub count: u64,
    /// The first 500.
    pub items: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { count: 0, items: Vec::new() }
    }
}

impl<T> Listed<T> {
    /// Adds one.
    pub(super) fn push(&mut self, item: T) {
        self.count += 1;
        if self.items.len() < LISTED {
            self.items.push(item);
        }
    }
}

impl<T> FromIterator<T> for Listed<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut listed = Self::default();
        items.into_iter().for_each(|item| listed.push(item));
        listed
    }
}

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileShown {
    /// Its path, below the root folder of the format.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it is, by its first bytes.
    pub nature: Nature,
    /// Its SHA-256 in hex; missing where it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether its permissions let it be run.
    pub executable: bool,
    /// The length of its longest line in bytes, if it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_line: Option<u64>,
}

impl FileShown {
    /// A member, by its path.
    pub(super) fn of(path: &str, member: &Member) -> Self {
        Self {
            path: path.to_owned(),
            size: member.size,
            nature: member.nature,
            sha256: member.sha256.map(hex::encode),
            executable: member.is_executable(),
            longest_line: (member.nature == Nature::Text).then_some(member.longest_line),
        }
    }
}

/// A file that is in both archives, with other content or permissions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileChanged {
    /// The file as it was.
    pub before: FileShown,
    /// The file as it is.
    pub now: FileShown,
}

/// A file that has another path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileMoved {
    /// The former path.
    pub from: String,
    /// The path.
    pub to: String,
    /// Its size in bytes.
    pub size: u64,
}

/// How the files of an archive differ from those of another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Changes {
    /// Files that are new.
    pub added: Listed<FileShown>,
    /// Files that are gone.
    pub removed: Listed<FileShown>,
    /// Files with other content.
    pub changed: Listed<FileChanged>,
    /// Files with the same content at another path.
    pub moved: Listed<FileMoved>,
    /// Files that may be run now, or no longer.
    pub permissions: Listed<FileChanged>,
    /// The number of files that are the same.
    pub unchanged: u64,
}

impl Changes {
    /// Compares the files of an archive with those of an earlier one.
    pub fn between(before: &Contents, now: &Contents, format: &Format) -> Self {
        let (before, now) = (files(before, format), files(now, format));
        let mut changes = Self::default();
        let (mut added, mut removed) = (BTreeMap::new(), BTreeMap::new());
        for (path, member) in &now {
            match before.get(path) {
                None => _ = added.insert(path.as_str(), *member),
                Some(was) => changes.compare(path, was, member),
            }
        }
        removed
            .extend(before.iter().filter(|(path, _)| !now.contains_key(*path)).map(|(path, it)| (path.as_str(), *it)));
        changes.find_moved(&mut added, &mut removed);
        changes.added = added.into_iter().map(|(path, member)| FileShown::of(path, member)).collect();
        changes.removed = removed.into_iter().map(|(path, member)| FileShown::of(path, member)).collect();
        changes
    }

    fn compare(&mut self, path: &str, was: &Member, is: &Member) {
        let changed = || FileChanged { before: FileShown::of(path, was), now: FileShown::of(path, is) };
        let is_same = was.kind == is.kind && was.target == is.target && was.sha256 == is.sha256 && was.size == is.size;
        if !is_same {
            self.changed.push(changed());
        } else if was.is_executable() != is.is_executable() {
            self.permissions.push(changed());
        } else {
            self.unchanged += 1;
        }
    }

    /// A file that is gone and came again elsewhere has moved. An empty one says nothing.
    fn find_moved(&mut self, added: &mut BTreeMap<&str, &Member>, removed: &mut BTreeMap<&str, &Member>) {
        let mut gone: BTreeMap<[u8; 32], Vec<&str>> = BTreeMap::new();
        for (path, member) in removed.iter().filter(|(_, member)| member.size > 0) {
            if let Some(sha256) = member.sha256 {
                gone.entry(sha256).or_default().push(path);
            }
        }
        let mut moved = Vec::new();
        for (to, member) in added.iter() {
            let from = member.sha256.and_then(|sha256| gone.get_mut(&sha256)?.pop());
            if let Some(from) = from {
                moved.push((from, *to, member.size));
            }
        }
        for (from, to, size) in moved {
            added.remove(to);
            removed.remove(from);
            self.moved.push(FileMoved { from: from.to_owned(), to: to.to_owned(), size });
        }
    }
}

/// Everything but folders, by the path that it has in every version.
fn files<'a>(contents: &'a Contents, format: &Format) -> BTreeMap<String, &'a Member> {
    let files = contents.members.iter().filter(|member| member.kind != Kind::Folder);
    files.map(|member| ((format.common)(&member.path).into_owned(), member)).collect()
}
