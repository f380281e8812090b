//! Anomalies of archives: what an honest tool does not write, and what readers understand differently.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{model::Severity, text::quoted};

/// A kind of anomaly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AnomalyKind {
    /// A path that leads out of the folder into which the archive is unpacked.
    OutsidePath,
    /// A link that leads out of it.
    OutsideLink,
    /// A member below a link: it is written to wherever the link leads.
    ThroughLink,
    /// A hard link, which no package format needs.
    HardLink,
    /// A device, a pipe, or another kind of member that no package needs.
    SpecialFile,
    /// Two members with one path: readers keep either.
    DuplicatePath,
    /// Two paths that are one file on some systems: they differ in capitals, in how letters are composed, or in dots and
    /// blanks at an end.
    PathCollision,
    /// A file with members below it.
    FileAsFolder,
    /// A name with characters that show as something else or mean a folder elsewhere.
    MisleadingName,
    /// A name that is not UTF-8.
    NotUtf8,
    /// A path that is too long or too deep.
    LongPath,
    /// A member beside the one folder that the format has.
    OutsideRoot,
    /// Two statements of the archive about itself that differ, so that readers differ.
    Disagreement,
    /// A member or a part that only some readers see.
    Hidden,
    /// Bytes that belong to no member.
    StrayBytes,
    /// An encrypted member.
    Encrypted,
    /// A part that is cut, malformed, or has another checksum than it states.
    Damaged,
    /// Content out of all proportion to the archive.
    Bomb,
}

impl AnomalyKind {
    /// How bad one is by itself.
    pub const fn severity(self) -> Severity {
        match self {
            Self::OutsidePath
            | Self::OutsideLink
            | Self::ThroughLink
            | Self::SpecialFile
            | Self::DuplicatePath
            | Self::FileAsFolder
            | Self::MisleadingName
            | Self::Disagreement
            | Self::Hidden
            | Self::Encrypted
            | Self::Bomb => Severity::High,
            Self::HardLink
            | Self::PathCollision
            | Self::NotUtf8
            | Self::LongPath
            | Self::OutsideRoot
            | Self::StrayBytes
            | Self::Damaged => Severity::Medium,
        }
    }

    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OutsidePath => "outside-path",
            Self::OutsideLink => "outside-link",
            Self::ThroughLink => "through-link",
            Self::HardLink => "hard-link",
            Self::SpecialFile => "special-file",
            Self::DuplicatePath => "duplicate-path",
            Self::PathCollision => "path-collision",
            Self::FileAsFolder => "file-as-folder",
            Self::MisleadingName => "misleading-name",
            Self::NotUtf8 => "not-utf8",
            Self::LongPath => "long-path",
            Self::OutsideRoot => "outside-root",
            Self::Disagreement => "disagreement",
            Self::Hidden => "hidden",
            Self::StrayBytes => "stray-bytes",
            Self::Encrypted => "encrypted",
            Self::Damaged => "damaged",
            Self::Bomb => "bomb",
        }
    }
}

/// Something that an honest tool does not write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Anomaly {
    /// Its kind.
    pub kind: AnomalyKind,
    /// The member, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What exactly, for people.
    pub detail: String,
}

/// Most anomalies of one kind that are kept; the rest are counted.
const KEPT: u64 = 20;

/// Most characters of a detail.
const MAX_DETAIL: usize = 300;

/// The anomalies of an archive: some of each kind, and the number of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anomalies {
    kept: Vec<Anomaly>,
    counts: BTreeMap<AnomalyKind, u64>,
}

impl Anomalies {
    /// Adds one.
    pub(super) fn add(&mut self, kind: AnomalyKind, path: Option<&str>, detail: impl std::fmt::Display) {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count <= KEPT {
            self.kept.push(Anomaly { kind, path: path.map(str::to_owned), detail: quoted(detail, MAX_DETAIL) });
        }
    }

    /// Those that are kept, in the order in which they were found.
    pub fn kept(&self) -> &[Anomaly] {
        &self.kept
    }

    /// The number of each kind.
    pub fn counts(&self) -> &BTreeMap<AnomalyKind, u64> {
        &self.counts
    }

    /// Whether one of this kind was found.
    pub fn has(&self, kind: AnomalyKind) -> bool {
        self.counts.contains_key(&kind)
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_of_each_kind_are_kept_and_all_are_counted() {
        let mut anomalies = Anomalies::default();
        for number in 0..1000 {
            anomalies.add(AnomalyKind::HardLink, Some("a"), number);
        }
        anomalies.add(AnomalyKind::Damaged, None, "x\u{1b}[2J".repeat(1000));
        assert_eq!((anomalies.kept().len(), anomalies.counts()[&AnomalyKind::HardLink]), (21, 1000));
        let last = anomalies.kept().last().unwrap();
        assert!(last.detail.chars().count() <= 301 && !last.detail.contains('\u{1b}'), "{last:?}");
    }

    #[test]
    fn the_words_are_those_of_the_json_form() {
        for kind in [AnomalyKind::OutsidePath, AnomalyKind::NotUtf8, AnomalyKind::StrayBytes, AnomalyKind::Bomb] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
