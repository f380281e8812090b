//! The members of an archive as they are kept: path, kind, size, mode, digest, nature.

use schemars::JsonSchema;
use serde::Serialize;

use crate::inspect::nature::Nature;

/// The kind of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Symlink,
    /// A hard link.
    HardLink,
    /// A device, a pipe, or something else.
    Special,
}

/// A member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path below the root folder of the format, `/` between folders; unsafe to show as it is.
    pub path: Box<str>,
    /// Its kind.
    pub kind: Kind,
    /// The size of its content in bytes.
    pub size: u64,
    /// Its permissions, where the archive has them: the nine bits and the three above.
    pub mode: Option<u16>,
    /// The digest of its content; `None`: it could not be read, or it has none.
    pub sha256: Option<[u8; 32]>,
    /// What its content is.
    pub nature: Nature,
    /// The length of its longest line in bytes; 0 if it is not text.
    pub longest_line: u64,
    /// Where a link leads.
    pub target: Option<Box<str>>,
}

impl Member {
    /// Whether its permissions let it be run.
    pub fn is_executable(&self) -> bool {
        self.kind == Kind::File && self.mode.is_some_and(|mode| mode & 0o111 != 0)
    }
}
