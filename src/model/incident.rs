//! Incidents: named cases that keep the accused releases together with what people noted and decided.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ReleaseId;

/// What ties a release to another one, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tie {
    /// One run built both.
    SameRun,
    /// One workflow, or one person, signed both.
    SameIdentity,
    /// One account published both, or one e-mail address belongs to both.
    SamePublisher,
    /// Both were built from one repository, or name it.
    SameRepository,
    /// One owner has both repositories.
    SameOwner,
    /// It names the other as a dependency.
    DependsOn,
    /// The same accounts can publish both.
    Beside,
}

impl Tie {
    /// All of them, the strongest first.
    pub const ALL: [Self; 7] = [
        Self::SameRun,
        Self::SameIdentity,
        Self::SamePublisher,
        Self::SameRepository,
        Self::SameOwner,
        Self::DependsOn,
        Self::Beside,
    ];

    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameRun => "same-run",
            Self::SameIdentity => "same-identity",
            Self::SamePublisher => "same-publisher",
            Self::SameRepository => "same-repository",
            Self::SameOwner => "same-owner",
            Self::DependsOn => "depends-on",
            Self::Beside => "beside",
        }
    }

    /// What a consumer of such a release should check.
    pub const fn check(self) -> &'static str {
        match self {
            Self::SameRun => {
                "Treat it as accused: whatever controlled the run could publish all of them. Remove it, and rotate what its \
                 installation could read."
            }
            Self::SameIdentity => {
                "Compare its commit and its tag with the repository: a valid signature says that this workflow ran, not that \
                 its input was good."
            }
            Self::SamePublisher => {
                "Ask the maintainer whether they published it. Until they answer, stay on the release before it."
            }
            Self::SameRepository => {
                "Check that its commit is on the default branch, and was reviewed. Who can push to the repository could \
                 release it."
            }
            Self::SameOwner => {
                "Look for the same change: a stolen account of the organization reaches all its repositories."
            }
            Self::DependsOn => "Check whether your lock file resolved the accused version through it.",
            Self::Beside => "Nothing accuses it. Watch its next release: the same accounts can publish it.",
        }
    }
}

impl fmt::Display for Tie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Tie {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL.into_iter().find(|tie| tie.as_str() == text).ok_or_else(|| format!("expected one of {}", words()))
    }
}

/// The kinds of events of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentEventKind {
    /// It was opened.
    Opened,
    /// A release became a member.
    Added,
    /// A release is not a member any more.
    Removed,
    /// Somebody noted something.
    Note,
    /// Somebody decided something.
    Decision,
    /// It was closed.
    Closed,
    /// It was opened again.
    Reopened,
}

/// Something that happened in an incident. Its events are its history, which only grows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; `provwatch` for what provwatch did itself.
    pub by: String,
    /// What.
    pub kind: IncidentEventKind,
    /// The release that was added or removed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub purl: Option<ReleaseId>,
    /// What ties it to the others, unless it was named.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tie: Option<Tie>,
    /// The reason, note or decision.
    pub text: String,
}

/// A named case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// Its name.
    pub name: String,
    /// Whether it is open.
    pub is_open: bool,
    /// The releases that belong to it now, in the order in which they came.
    pub members: Vec<IncidentMember>,
    /// Its history, the oldest first.
    pub events: Vec<IncidentEvent>,
}

/// A release of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentMember {
    /// The release.
    pub purl: ReleaseId,
    /// What ties it to the others, unless it was named.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tie: Option<Tie>,
    /// Why it was added.
    pub why: String,
    /// When.
    pub added_at: DateTime<Utc>,
    /// By whom.
    pub by: String,
}

/// An open incident that a release would join, and by what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Joined {
    /// What ties the release to a member.
    pub tie: Tie,
    /// The name of the incident.
    pub incident: String,
    /// The member.
    pub member: String,
    /// What both have: a run, an account, a repository.
    pub value: String,
    /// Since when the incident has been open.
    pub since: DateTime<Utc>,
}

impl Incident {
    /// An incident by its events, the oldest first.
    pub fn of(name: String, events: Vec<IncidentEvent>) -> Self {
        let mut incident = Self { name, is_open: false, members: Vec::new(), events: Vec::new() };
        for event in &events {
            incident.take(event);
        }
        Self { events, ..incident }
    }

    fn take(&mut self, event: &IncidentEvent) {
        match (event.kind, &event.purl) {
            (IncidentEventKind::Opened | IncidentEventKind::Reopened, _) => self.is_open = true,
            (IncidentEventKind::Closed, _) => self.is_open = false,
            (IncidentEventKind::Added, Some(purl)) if !self.has(purl) => self.members.push(IncidentMember {
                purl: purl.clone(),
                tie: event.tie,
                why: event.text.clone(),
                added_at: event.at,
                by: event.by.clone(),
            }),
            (IncidentEventKind::Removed, Some(purl)) => self.members.retain(|member| member.purl != *purl),
            _ => {}
        }
    }

    /// Whether a release belongs to it.
    pub fn has(&self, release: &ReleaseId) -> bool {
        self.members.iter().any(|member| member.purl == *release)
    }

    /// When it was opened first.
    pub fn opened_at(&self) -> Option<DateTime<Utc>> {
        self.events.first().map(|event| event.at)
    }

    /// The reason that it was opened for.
    pub fn reason(&self) -> &str {
        self.events.first().map_or("", |event| &event.text)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        IncidentEventKind::{Added, Closed, Decision, Opened, Removed, Reopened},
        *,
    };

    #[test]
    fn members_come_and_go_and_the_history_stays() {
        let event = |kind, purl: Option<&str>, text: &str| IncidentEvent {
            at: "2026-04-01T12:00:00Z".parse().unwrap(),
            by: "ada".to_owned(),
            kind,
            purl: purl.map(|purl| purl.parse().unwrap()),
            tie: None,
            text: text.to_owned(),
        };
        let events = vec![
            event(Opened, None, "axios was taken over"),
            event(Added, Some("pkg:npm/axios@1.14.1"), "accused"),
            event(Added, Some("pkg:npm/axios@1.14.1"), "twice"),
            event(Added, Some("pkg:npm/vite@1.0.0"), "same run"),
            event(Decision, None, "block both"),
            event(Removed, Some("pkg:npm/vite@1.0.0"), "an honest release"),
            event(Closed, None, "over"),
        ];
        let incident = Incident::of("axios".to_owned(), events.clone());
        assert_eq!((incident.is_open, incident.members.len(), incident.events.len()), (false, 1, 7));
        assert_eq!((incident.members[0].why.as_str(), incident.reason()), ("accused", "axios was taken over"));
        let again = Incident::of("axios".to_owned(), [events, vec![event(Reopened, None, "again")]].concat());
        assert!(again.is_open);
    }

    #[test]
    fn ties_are_read_as_they_are_written() {
        for tie in Tie::ALL {
            assert_eq!(tie.as_str().parse(), Ok(tie));
            assert_eq!(serde_json::to_value(tie).unwrap(), tie.as_str());
        }
        assert!("same run".parse::<Tie>().unwrap_err().contains("same-run, same-identity"));
    }
}
