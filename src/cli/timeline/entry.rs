//! One line of a timeline: what happened, or what was seen, and when.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::changes::IdentityChange;
use crate::{
    model::{
        AlertId, AlertKind, AlertStatus, BaselineReason, ChangeKind, DevelopmentKind, EvidenceRank, ReleaseId,
        ReleaseLine, ReleaseStatus, Resolution, Severity,
    },
    store::{self, EventKind},
};

/// One line of the timeline.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Entry {
    /// When it happened, or where that is not known, when it was seen.
    pub at: DateTime<Utc>,
    /// Whether it is about the release that was named.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub marked: bool,
    #[serde(flatten)]
    pub(super) what: What,
}

/// What happened.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "what")]
pub(super) enum What {
    Release(Box<Release>),
    Event {
        /// The feed that announced it.
        source: String,
        kind: EventKind,
        /// In the registry's words.
        action: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    },
    /// The maintainers differ from those of the release before.
    Maintainers {
        /// The release with which it was seen first.
        purl: ReleaseId,
        added: Vec<String>,
        removed: Vec<String>,
    },
    /// A dist-tag, as it was last seen to move.
    DistTag {
        /// Its name.
        name: String,
        /// The version that it names since.
        version: String,
        /// The version that it named before.
        #[serde(skip_serializing_if = "Option::is_none")]
        before: Option<String>,
    },
    /// The registry lets the package be published in another way than before.
    Setting {
        /// The release with which it was seen first.
        purl: ReleaseId,
        /// Whether the registry refuses tokens, and takes trusted publishers only.
        tokens_disallowed: bool,
    },
    LogEntry {
        /// The log.
        log: String,
        /// The index in it.
        index: u64,
        /// The signer.
        signer: String,
        /// The release that carries it.
        #[serde(skip_serializing_if = "Option::is_none")]
        explained_by: Option<ReleaseId>,
        /// Whether it was judged whether a release explains it.
        judged: bool,
        /// Whether no trusted authority issued its certificate.
        forged: bool,
        /// When provwatch saw it.
        seen_at: DateTime<Utc>,
    },
    /// An alert was raised.
    Alert {
        id: AlertId,
        kind: AlertKind,
        severity: Severity,
        /// Where it stands.
        status: AlertStatus,
        title: String,
        /// The release, if it is about one.
        #[serde(skip_serializing_if = "Option::is_none")]
        purl: Option<ReleaseId>,
        /// The releases of a campaign.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        members: Vec<ReleaseId>,
        /// The alert that it repeats.
        #[serde(skip_serializing_if = "Option::is_none")]
        repeats: Option<AlertId>,
    },
    /// Something was done with an alert.
    AlertAction {
        id: AlertId,
        /// Where it stood afterwards.
        status: AlertStatus,
        by: String,
        reason: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        category: Option<Resolution>,
        /// The release of the alert.
        #[serde(skip_serializing_if = "Option::is_none")]
        purl: Option<ReleaseId>,
    },
    /// What became of a release after its alert.
    Development {
        id: AlertId,
        kind: DevelopmentKind,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        purl: Option<ReleaseId>,
    },
    /// A step of the baseline.
    Baseline {
        line: ReleaseLine,
        /// Counts from 1 within the line.
        version: u32,
        reason: BaselineReason,
        #[serde(skip_serializing_if = "Option::is_none")]
        purl: Option<String>,
        by: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// A planned change was announced.
    Expected {
        /// Its number.
        id: i64,
        change: ChangeKind,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        by: String,
        reason: String,
    },
    /// An announced change was removed.
    ExpectedRemoved {
        /// Its number.
        id: i64,
        change: ChangeKind,
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// A release in short.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Release {
    pub purl: ReleaseId,
    pub line: ReleaseLine,
    pub outcome: store::Outcome,
    pub status: ReleaseStatus,
    /// Whether the baseline has learned from it.
    #[serde(rename = "teaches")]
    pub in_baseline: bool,
    /// What could not be checked.
    pub unchecked: Vec<String>,
    /// By whom or by what it was published.
    pub by: String,
    /// What it proved.
    pub proof: String,
    /// How strong the evidence is that it came from its repository; null: not known.
    pub rank: Option<EvidenceRank>,
    /// When it was first recorded.
    pub observed_at: DateTime<Utc>,
    /// When to look again for what could not be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recheck_at: Option<DateTime<Utc>>,
    /// The release before on the same line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<ReleaseId>,
    /// How its identity differs from that of the release before on the same line.
    pub changes: Vec<IdentityChange>,
    /// The step with which the baseline learned from it at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<u32>,
    /// Whether something about it changed after the time of `--at`: what is shown of it is what is known today.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub changed_later: bool,
    /// The alert that it raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<Raised>,
}

/// An alert in short.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Raised {
    /// Its id.
    pub id: AlertId,
    /// How bad.
    pub severity: Severity,
    /// Where it stands.
    pub status: AlertStatus,
}

impl What {
    /// The release that it is about.
    pub fn release(&self) -> Option<&ReleaseId> {
        match self {
            Self::Release(release) => Some(&release.purl),
            Self::Maintainers { purl, .. } | Self::Setting { purl, .. } => Some(purl),
            Self::LogEntry { explained_by: purl, .. }
            | Self::Alert { purl, .. }
            | Self::AlertAction { purl, .. }
            | Self::Development { purl, .. } => purl.as_ref(),
            Self::Event { .. }
            | Self::DistTag { .. }
            | Self::Baseline { .. }
            | Self::Expected { .. }
            | Self::ExpectedRemoved { .. } => None,
        }
    }

    /// Whether it is about a release.
    pub fn is_about(&self, release: &ReleaseId) -> bool {
        let is_version = |version: &Option<String>| version.as_deref() == Some(release.version());
        match self {
            Self::Event { version, .. } => is_version(version),
            Self::DistTag { version, before, .. } => version == release.version() || is_version(before),
            Self::Baseline { purl, .. } => purl.as_deref() == Some(&*release.to_string()),
            Self::Alert { members, .. } if members.contains(release) => true,
            _ => self.release() == Some(release),
        }
    }
}
