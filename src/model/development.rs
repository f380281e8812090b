//! Developments: what became of a release after its alert was raised.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MalwareReport, ReleaseId, ReleaseStatus};

/// A fact about the release of an alert that came after the alert. Severity and status of the alert do not follow from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Development {
    /// What happened.
    pub kind: DevelopmentKind,
    /// When provwatch saw it.
    pub at: DateTime<Utc>,
    /// One or two sentences for people.
    pub text: String,
    /// The release, for alerts about several releases.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub purl: Option<ReleaseId>,
}

/// What happened to a release after its alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DevelopmentKind {
    /// It was yanked or removed.
    Withdrawn,
    /// The registry locked it.
    Quarantined,
    /// It can be installed again.
    Restored,
    /// A tag of its version came after it.
    LateTag,
    /// An attestation that verifies came after it.
    LateAttestation,
    /// A run of the operator's own release workflow was found to explain it.
    LateRun,
    /// Others report that it is malicious.
    Reported,
    /// Such a report was withdrawn.
    ReportWithdrawn,
}

impl DevelopmentKind {
    /// The words for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Quarantined => "quarantined by the registry",
            Self::Restored => "published again",
            Self::LateTag => "a tag appeared later, which proves nothing",
            Self::LateAttestation => "an attestation appeared later",
            Self::LateRun => "explained by a run of your release workflow",
            Self::Reported => "reported as malicious by others",
            Self::ReportWithdrawn => "a report about it was withdrawn",
        }
    }

    /// Whether it tells of a report, of which there may be several.
    const fn is_of_report(self) -> bool {
        matches!(self, Self::Reported | Self::ReportWithdrawn)
    }

    /// Whether it tells whether the release can be installed. Of these, only a change is news; the others happen once.
    pub const fn is_of_status(self) -> bool {
        matches!(self, Self::Withdrawn | Self::Quarantined | Self::Restored)
    }
}

/// What remains true whatever happens to the release.
const STAYS: &str = "machines that installed it before have it, and an attacker can withdraw a release, too";

impl Development {
    /// The development by which a release has another status at its registry.
    pub fn of_status(status: ReleaseStatus, at: DateTime<Utc>) -> Self {
        let (kind, text) = match status {
            ReleaseStatus::Yanked => (DevelopmentKind::Withdrawn, format!("It was yanked: {STAYS}.")),
            ReleaseStatus::Unpublished => (DevelopmentKind::Withdrawn, format!("It was removed: {STAYS}.")),
            ReleaseStatus::Quarantined => {
                let text = "The registry locked it during an investigation: machines that installed it before have it.";
                (DevelopmentKind::Quarantined, text.to_owned())
            }
            ReleaseStatus::Published => {
                (DevelopmentKind::Restored, "Its withdrawal was taken back: it can be installed again.".to_owned())
            }
        };
        Self { kind, at, text, purl: None }
    }

    /// The development by which a tag explains a release.
    pub fn late_tag(tag: Option<&str>, at: DateTime<Utc>) -> Self {
        let name = tag.map(|tag| format!(" {tag}")).unwrap_or_default();
        let text = format!(
            "The tag{name} exists now, and did not when the release was checked: an attacker can tag late, too."
        );
        Self { kind: DevelopmentKind::LateTag, at, text, purl: None }
    }

    /// The development by which an attestation explains a release.
    pub fn late_attestation(builder: &str, at: DateTime<Utc>) -> Self {
        let text = format!(
            "It has an attestation by {builder} that verifies, and had none when it was first checked. Compare its workflow with the usual one."
        );
        Self { kind: DevelopmentKind::LateAttestation, at, text, purl: None }
    }

    /// The development by which a run of one's own release workflow explains a release.
    pub fn late_run(at: DateTime<Utc>) -> Self {
        let text = "A run of your release workflow explains it now, and none did when it was checked. Make sure that you started that run.";
        Self { kind: DevelopmentKind::LateRun, at, text: text.to_owned(), purl: None }
    }

    /// The development by which others report a release as malicious.
    pub fn reported(report: &MalwareReport, at: DateTime<Utc>) -> Self {
        let day = report.published_at.format("%Y-%m-%d");
        let text = format!("Others report it as malicious since {day} ({}).", report.id);
        Self { kind: DevelopmentKind::Reported, at, text, purl: None }
    }

    /// The development by which such a report was withdrawn, or no longer is about the release.
    pub fn report_withdrawn(id: &str, on: DateTime<Utc>, at: DateTime<Utc>) -> Self {
        let day = on.format("%Y-%m-%d");
        let text = format!(
            "The report {id} no longer says that it is malicious, since {day}. What provwatch found by itself is not changed by that."
        );
        Self { kind: DevelopmentKind::ReportWithdrawn, at, text, purl: None }
    }

    /// Whether it is news beside the known developments of the same release.
    pub fn is_news(&self, known: &[Self]) -> bool {
        let mut same = known.iter().rev().filter(|known| known.purl == self.purl);
        if self.kind.is_of_status() {
            let last = same.find(|known| known.kind.is_of_status());
            return last.map_or(self.kind != DevelopmentKind::Restored, |last| last.kind != self.kind);
        }
        same.all(|known| known.kind != self.kind || (self.kind.is_of_report() && known.text != self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(id: &str) -> MalwareReport {
        let published_at = "2026-05-31T12:00:00Z".parse().unwrap();
        MalwareReport { id: id.to_owned(), published_at, withdrawn_at: None, aliases: Vec::new() }
    }

    #[test]
    fn a_development_is_news_once_and_a_change_is_news_again() {
        let at = "2026-06-01T12:00:00Z".parse().unwrap();
        let status = |status| Development::of_status(status, at);
        let mut known: Vec<Development> = Vec::new();
        for (development, is_news) in [
            (status(ReleaseStatus::Published), false),
            (status(ReleaseStatus::Yanked), true),
            (status(ReleaseStatus::Yanked), false),
            (status(ReleaseStatus::Unpublished), false),
            (Development::late_tag(Some("v1"), at), true),
            (Development::late_tag(None, at), false),
            (status(ReleaseStatus::Quarantined), true),
            (status(ReleaseStatus::Published), true),
            (status(ReleaseStatus::Published), false),
            (status(ReleaseStatus::Yanked), true),
            (Development::late_attestation("a", at), true),
            (Development::late_attestation("b", at), false),
            (Development::reported(&report("MAL-2026-1"), at), true),
            (Development::reported(&report("MAL-2026-1"), at), false),
            (Development::reported(&report("MAL-2026-2"), at), true),
            (Development::report_withdrawn("MAL-2026-1", at, at), true),
            (Development::report_withdrawn("MAL-2026-1", at, at), false),
            (Development::report_withdrawn("MAL-2026-2", at, at), true),
            (Development { purl: "pkg:npm/a@1".parse().ok(), ..status(ReleaseStatus::Yanked) }, true),
        ] {
            assert_eq!(development.is_news(&known), is_news, "{development:?} after {known:?}");
            known.extend(is_news.then_some(development));
        }
    }
}
