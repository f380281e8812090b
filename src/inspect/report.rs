//! What a look inside a release says, for people and programs: of each file its digests, contents, changes and scripts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    anomaly::{Anomaly, AnomalyKind},
    archive::{Contents, Kind, Member},
    compare::{Changes, FileShown, Listed},
    format::Format,
    limits::{Limits, Stopped},
    look::Look,
    script_report::{ScriptShown, TextShown},
};
use crate::model::{ArchiveFormat, Digests};

/// A file of a release that was looked into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileReport {
    /// Its name.
    pub name: String,
    /// Its format; missing where provwatch does not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<ArchiveFormat>,
    /// Its size in bytes, as it was downloaded.
    pub size: u64,
    /// Its digests, of the bytes that were downloaded.
    pub digests: Digests,
    /// What others say of its digests.
    pub statements: Vec<Statement>,
    /// The name of the file of the other release that it was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared_with: Option<String>,
    /// What is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contents: Option<ContentsReport>,
}

/// What another party says of a file's digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Statement {
    /// Who.
    pub by: By,
    /// How it compares with the file.
    pub outcome: Agreement,
    /// What exactly, for people.
    pub detail: String,
}

/// Who says something of a file's digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The registry, now.
    Registry,
    /// provwatch, when it observed the release.
    Observation,
    /// The attestation.
    Attestation,
}

/// How a statement compares with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// It is about these bytes.
    Agrees,
    /// It is about other bytes.
    Contradicts,
    /// It does not hold.
    Invalid,
    /// There is none.
    None,
    /// It could not be had or checked.
    Unknown,
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ContentsReport {
    /// The number of its files.
    pub files: u64,
    /// The unpacked bytes that were read.
    pub unpacked: u64,
    /// Programs and libraries for a machine or a virtual one.
    pub binaries: Listed<FileShown>,
    /// Links.
    pub links: Listed<LinkShown>,
    /// What an honest tool does not write; some of each kind.
    pub anomalies: Vec<Anomaly>,
    /// The number of anomalies of each kind.
    pub anomaly_counts: BTreeMap<AnomalyKind, u64>,
    /// Why the look ended before the archive did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// What of it could not be read, besides; sentences.
    pub unread: Vec<String>,
    /// How its files differ from those of the other release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// What of it runs by itself, or is called.
    pub scripts: Vec<ScriptShown>,
    /// The files that were asked for.
    pub shown: Vec<TextShown>,
}

/// A link in an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LinkShown {
    /// Its path.
    pub path: String,
    /// Its kind.
    pub kind: Kind,
    /// Where it leads.
    pub target: String,
    /// Whether the other release does not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_new: Option<bool>,
}

impl ContentsReport {
    /// What is in an archive, beside what was in the other one.
    pub fn of(now: &Look, before: Option<&Look>, format: &Format, shown: &[String]) -> Self {
        let contents = &now.contents;
        let files = || contents.members.iter().filter(|member| member.kind == Kind::File);
        let binaries = files().filter(|member| member.nature.is_binary());
        let unread = contents.unread.iter().map(|(path, why)| format!("{path}: {why}"));
        let more = contents.unread_count.saturating_sub(contents.unread.len() as u64);
        let more = (more > 0).then(|| format!("and {more} more files"));
        Self {
            files: files().count() as u64,
            unpacked: contents.unpacked,
            binaries: binaries.map(|member| FileShown::of(&(format.common)(&member.path), member)).collect(),
            links: links(contents, before.map(|look| &look.contents)),
            anomalies: contents.anomalies.kept().to_vec(),
            anomaly_counts: contents.anomalies.counts().clone(),
            stopped: contents.stopped.clone(),
            unread: unread.chain(more).chain(now.scripts.unread.iter().cloned()).collect(),
            changes: before.map(|before| Changes::between(&before.contents, contents, format)),
            scripts: ScriptShown::all(now, before, format),
            shown: shown.iter().map(|path| TextShown::of(path, now, before, format)).collect(),
        }
    }

    /// Looks into an archive, beside the other one.
    pub fn look(now: &[u8], before: Option<&Look>, format: &Format, limits: &Limits, shown: &[String]) -> Self {
        Self::of(&Look::into(now, format, limits, shown), before, format, shown)
    }
}

fn links(contents: &Contents, before: Option<&Contents>) -> Listed<LinkShown> {
    let is_link = |member: &&Member| matches!(member.kind, Kind::Symlink | Kind::HardLink);
    let shown = |member: &Member| LinkShown {
        path: member.path.to_string(),
        kind: member.kind,
        target: member.target.as_deref().unwrap_or_default().to_owned(),
        is_new: before.map(|before| before.member(&member.path).is_none_or(|was| was.target != member.target)),
    };
    contents.members.iter().filter(is_link).map(shown).collect()
}
