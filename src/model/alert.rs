//! Alerts: kind, status, evidence, and the members of a campaign.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AlertAction, AlertId, AlertKind, AlertStatus, Confidence, Development, Digest, Fingerprint, Package, ReleaseId,
    Repeated, Severity, Sightings, Signal, Tier, UsedBy,
};

/// One alert; `schema/alert.schema.json` is generated from this type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alert {
    /// Short and stable: the first 12 hex digits of the fingerprint.
    pub id: AlertId,
    /// The key of the alert, in lower-case hex SHA-256: two findings with the same fingerprint are one alert.
    pub fingerprint: Fingerprint,
    /// What it is about.
    pub kind: AlertKind,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The release, for alerts of kind `release`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub purl: Option<ReleaseId>,
    /// The package, for alerts about one package that are not about one release.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub package: Option<Package>,
    /// When that release, or the last member of the campaign, was published.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub published_at: Option<DateTime<Utc>>,
    /// When the alert was first raised.
    pub raised_at: DateTime<Utc>,
    /// One line.
    pub title: String,
    /// The reason for the severity, in one or two sentences.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub argument: String,
    /// Where it stands.
    pub status: AlertStatus,
    /// The evidence, worst first.
    pub signals: Vec<Signal>,
    /// The releases of a campaign.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub members: Vec<ReleaseId>,
    /// The releases of a campaign in detail: those first that no earlier message to the same receiver named, then the severest.
    /// Put together when the alert is sent or shown.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub member_details: Vec<Member>,
    /// The last release before it that is known to be normal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_good: Option<ReleaseId>,
    /// Where to look.
    #[serde(default)]
    pub links: Links,
    /// The evidence against a log that the alert tells of, by its id: another violation of the same kind has another one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<String>,
    /// The `[[logs.match]]` that it tells of.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none", default)]
    pub matched: Option<String>,
    /// The entries of logs that it tells of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub entries: Option<Sightings>,
    /// The later releases that showed the same deviation, where there are any: they raise no alert of their own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub repeated: Option<Repeated>,
    /// The id of the alert whose deviation this release repeats. Such an alert is stored, and not announced.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub repeats: Option<AlertId>,
    /// What became of its release, or of releases of its campaign, since it was raised, in the order of their sight. Severity
    /// and status do not follow from it: an attacker can withdraw a release, too.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub developments: Vec<Development>,
    /// The last action on it: who handles it, why, and until when.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub handling: Option<AlertAction>,
    /// The tier of its package in the watchlist when it was raised; of a campaign the highest of its releases.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tier: Option<Tier>,
    /// The team that the watchlist, or the `[[logs.match]]`, named when it was raised.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub team: Option<String>,
    /// The projects of the inventory that locked its package, or packages of its campaign, when it was raised.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub used_by: Option<UsedBy>,
    /// The tiers of the releases of a campaign, each once. Empty if provwatch does not know the tier of one of them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub member_tiers: Vec<Tier>,
    /// The teams of the releases of a campaign, each once. Empty if one of them has none.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub member_teams: Vec<String>,
    /// Why a message was sent, if not because the alert was raised: a repetition, an escalation, a notice of an action. Only
    /// messages have it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// The digest that it carries through the outbox, where it is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<Digest>,
}

/// What is known of one release of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// The release.
    pub purl: ReleaseId,
    /// The id of its own alert.
    pub alert: AlertId,
    /// How bad that is.
    pub severity: Severity,
    /// Its title without the release's name: what speaks against the release most.
    pub reason: String,
    /// The value that the leading signal expected.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub expected: String,
    /// The value that it saw instead.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub seen: String,
    /// When the release was published.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub published_at: Option<DateTime<Utc>>,
    /// The account that published it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub publisher: Option<String>,
    /// Install-time script hooks that the release before did not have.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub new_scripts: Vec<String>,
    /// Dependencies that the release before did not have.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub new_dependencies: Vec<String>,
    /// Where to look.
    #[serde(default)]
    pub links: Links,
    /// Whether no earlier message about the campaign named it to the same receiver.
    #[serde(default)]
    pub new: bool,
}

impl Alert {
    /// Whether it only tries a receiver: a test or a drill. Such an alert is not stored.
    pub fn is_test(&self) -> bool {
        self.id == AlertId::TEST || self.is_drill()
    }

    /// Whether it is about the made-up takeover of a drill.
    pub fn is_drill(&self) -> bool {
        self.id == AlertId::DRILL
    }

    /// An open alert about `subject`, without further details.
    pub fn about(
        kind: AlertKind,
        subject: &str,
        severity: Severity,
        confidence: Confidence,
        title: String,
        raised_at: DateTime<Utc>,
    ) -> Self {
        let fingerprint = Fingerprint::of(kind, subject);
        Self {
            id: fingerprint.id(),
            fingerprint,
            kind,
            severity,
            confidence,
            purl: None,
            package: None,
            published_at: None,
            raised_at,
            title,
            argument: String::new(),
            status: AlertStatus::Open,
            signals: Vec::new(),
            members: Vec::new(),
            member_details: Vec::new(),
            last_good: None,
            links: Links::default(),
            evidence: None,
            matched: None,
            entries: None,
            repeated: None,
            repeats: None,
            developments: Vec::new(),
            handling: None,
            tier: None,
            team: None,
            used_by: None,
            member_tiers: Vec::new(),
            member_teams: Vec::new(),
            note: None,
            digest: None,
        }
    }

    /// When its release was published, or else when it was raised.
    pub fn at(&self) -> DateTime<Utc> {
        self.published_at.unwrap_or(self.raised_at)
    }

    /// When the deviation was last seen: in its own release, or in the newest that repeats it.
    pub fn last_at(&self) -> DateTime<Utc> {
        self.repeated.as_ref().map_or(self.at(), |repeated| repeated.last_at.max(self.at()))
    }

    /// The package that it is about, if it is about one.
    pub fn of_package(&self) -> Option<&Package> {
        self.purl.as_ref().map(ReleaseId::package).or(self.package.as_ref())
    }

    /// The group of the alert, among which sinks take turns: a package, or a kind.
    pub fn whose(&self) -> String {
        self.of_package().map_or_else(|| self.kind.as_str().to_owned(), ToString::to_string)
    }
}

/// Where to look; URLs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Links {
    /// The release's page or document at its registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// The log entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The workflow run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}
